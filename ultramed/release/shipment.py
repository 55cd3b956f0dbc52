"""What is sent to the Hub, where to, and what its kind of repository may hold."""

import json
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Kind:
    """A kind of repository on the Hub, and the marks by which one of ours is known."""

    name: str  # in the Hub's words
    page: str  # what stands before the id in the address of its page
    word: str  # what one repository holds one of
    record: str  # the file that says which one
    told_by: tuple[str, ...]  # the values in it that do; a repository whose values are others is left alone
    ours: re.Pattern[str]  # files that may lie in one of ours
    maker: str  # what makes those files
    gated: frozenset[str]  # profiles, or classes of rights, behind the access form
    marked: bool  # whether one that holds files of ours always holds the record: it comes in one commit with them
    namesake: str | None = None  # the other kind, which must not have a repository of this id

    def identity(self, text: str) -> str:
        """What a record's text says it belongs to; `unreadable` for a text that is no such record."""
        try:
            found = json.loads(text)
            return ", ".join(str(found[name]) for name in self.told_by)
        except (ValueError, KeyError, TypeError):
            return "unreadable"


DATASET = Kind(
    name="dataset", page="datasets/", word="profile", record="lineage.json", told_by=("profile",),
    ours=re.compile(r"README\.md|NOTICE\.md|lineage\.json|\.gitattributes|"
                    r"data/(instructions|preference|rewardbench)/.+"),
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
    """What to send, and where to."""

    folder: Path
    repo_id: str
    profile: str  # of a release; of a model its class of rights
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
    """A repository as the Hub has it."""

    private: bool
    commit: str
    files: dict[str, str]  # path → SHA-256 of a large file, git blob id of a small one
    tags: dict[str, str]  # tag → commit
    identity: str | None  # of the release or model it holds; None when it holds none

    def foreign(self, kind: Kind) -> list[str]:
        """Files that nothing of ours put there."""
        if kind.marked and self.identity in (None, "unreadable"):
            return sorted(set(self.files) - {".gitattributes"})
        return sorted(path for path in self.files if not kind.ours.fullmatch(path))


@dataclass(frozen=True)
class Published:
    url: str
    commit: str
