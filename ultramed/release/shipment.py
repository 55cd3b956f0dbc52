"""What is sent to the Hub, where it goes, and what each kind of repository may hold."""

import json
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Kind:
    """A kind of repository on the Hub, and how to recognise one made by this project."""

    name: str  # the Hub's name for it
    page: str  # URL path before the id
    word: str  # what a repository holds exactly one of
    record: str  # the file that says which one
    told_by: tuple[str, ...]  # the values in it that identify it; a repository with other values is left alone
    ours: re.Pattern[str]  # files that a repository of this project may hold
    maker: str  # what makes those files
    gated: frozenset[str]  # profiles, or classes of rights, behind the access form
    marked: bool  # whether the record is always there, in the same commit as the other files
    namesake: str | None = None  # the other kind, which must not have a repository with this id

    def identity(self, text: str) -> str:
        """What a record's text says it belongs to; `unreadable` if it is not such a record."""
        try:
            values = json.loads(text)
            return ", ".join(str(values[name]) for name in self.told_by)
        except (ValueError, KeyError, TypeError):
            return "unreadable"


DATASET = Kind(
    name="dataset", page="datasets/", word="profile", record="lineage.json", told_by=("profile",),
    ours=re.compile(r"README\.md|NOTICE\.md|lineage\.json|\.gitattributes|"
                    r"data/(instructions|preference|ranked|kto|rewardbench)/.+"),
    maker="release", gated=frozenset({"research"}), marked=False,
)
WEIGHTS = re.compile(r"(additional_chat_templates/)?[\w-][\w.-]*\.(safetensors|json|jinja|txt|model)", re.ASCII)
MODEL = Kind(
    name="model", page="", word="model", record="training.json", told_by=("name", "rights"),
    ours=re.compile(rf"README\.md|NOTICE\.md|\.gitattributes|\.eval_results/[\w-]+\.yaml|{WEIGHTS.pattern}", re.ASCII),
    maker="training here", gated=frozenset({"research", "recipe"}), marked=True, namesake=DATASET.name,
)


@dataclass(frozen=True)
class Shipment:
    """What to send, and where."""

    folder: Path
    repo_id: str
    profile: str  # of a release; for a model, its rights class
    tag: str | None
    public: bool
    message: str  # of the commit
    kind: Kind = DATASET

    @property
    def gated(self) -> bool:
        return self.profile in self.kind.gated

    @property
    def identity(self) -> str:
        return self.kind.identity((self.folder / self.kind.record).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Remote:
    """A repository as it is on the Hub."""

    private: bool
    commit: str
    files: dict[str, str]  # path → SHA-256 of a large file, git blob id of a small one
    tags: dict[str, str]  # tag → commit
    identity: str | None  # of the release or model it holds; None if it holds none

    def foreign(self, kind: Kind) -> list[str]:
        """Files that this project did not put there."""
        if kind.marked and self.identity in (None, "unreadable"):
            return sorted(set(self.files) - {".gitattributes"})
        return sorted(path for path in self.files if not kind.ours.fullmatch(path))


@dataclass(frozen=True)
class Published:
    url: str
    commit: str
