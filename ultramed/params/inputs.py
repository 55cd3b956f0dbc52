"""Entries that read raw files: their pins, their format, and the columns of a plain one."""

from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator

from ultramed import registry
from ultramed.params.base import Positive, Rights, Section
from ultramed.params.models import Pin
from ultramed.params.names import Name
from ultramed.records import Category, QuestionKind, Role

PLAIN = "columns"  # the format of a file whose columns params name
COUNTED = "medmcqa"  # the format whose keys are numbers


def member(package: str) -> AfterValidator:
    """A check that a name is a member of a family."""

    def check(name: str) -> str:
        if name not in (known := registry.names(package)):
            raise ValueError(f"is '{name}'; expected one of {', '.join(known)}")
        return name

    return AfterValidator(check)


class Columns(Section):
    """Columns by name, or by dotted path into nested ones: `meta.id`, `conversations.0.value`."""

    id: str | list[str] | None = None  # several: the first that is set in a row; null: the row's index from 0

    @property
    def named(self) -> list[list[str]]:
        """Columns the files must have: at least one of each inner list."""
        single = {"question", "context", "answer", "key", "subject", "turns", "system", "chosen", "rejected",
                  "chosen_score", "rejected_score"}
        found = [[value] for name, value in self if name in single and value]
        options = getattr(self, "options", None) or []
        found += [[name] for name in ([options] if isinstance(options, str) else options)]
        return [*found, *([[self.id] if isinstance(self.id, str) else self.id] if self.id else [])]


class ExamColumns(Columns):
    context: str | None = None  # passage the question is about: text, or a list of texts
    answer: str | None = None  # reference answer
    options: str | list[str] | None = None  # a column with a list or an object {A: …}; several columns
    key: str | None = None  # the right option: its letter, its text, or with key_from its index
    key_from: Literal[0, 1] | None = None  # the index of the first option

    @model_validator(mode="after")
    def _options_have_a_key(self) -> "ExamColumns":
        if (self.options is None) != (self.key is None):
            raise ValueError("options and key go together; one of them is missing")
        return self


class DialogueColumns(Columns):
    question: str | None = None
    turns: str | None = None  # a list of objects, the whole dialogue
    role: str = "role"  # of a turn: who speaks
    content: str = "content"  # of a turn: what is said
    roles: dict[str, Role] = {}  # names of speakers beyond the usual ones
    system: str | None = None


class SourceColumns(DialogueColumns, ExamColumns):
    """One question per row. If the last turn is the assistant's, it is the reference answer."""

    @model_validator(mode="after")
    def _one_question(self) -> "SourceColumns":
        if (self.question is None) == (self.turns is None):
            raise ValueError("expected either question or turns")
        return self


class BenchmarkColumns(ExamColumns):
    question: str
    subject: str | None = None  # each subject is a task of its own


class GeneralColumns(DialogueColumns):
    """A dialogue (turns, or question and answer), or a pair: chosen and rejected are answers to turns or question, or
    else whole dialogues that differ in their last turn."""

    answer: str | None = None
    chosen: str | None = None
    rejected: str | None = None
    chosen_score: str | None = None
    rejected_score: str | None = None

    @model_validator(mode="after")
    def _dialogue_or_pair(self) -> "GeneralColumns":
        if (self.chosen is None) != (self.rejected is None):
            raise ValueError("chosen and rejected go together; one of them is missing")
        if (self.chosen_score is None) != (self.rejected_score is None) or (self.chosen_score and not self.chosen):
            raise ValueError("chosen_score and rejected_score go together, with chosen and rejected")
        if self.turns and self.question:
            raise ValueError("expected either question or turns")
        if bool(self.answer) != bool(self.question and not self.chosen):
            raise ValueError("a dialogue is turns, or question and answer; a pair has chosen and rejected, no answer")
        if not (self.turns or self.question or self.chosen):
            raise ValueError("expected turns, question and answer, or chosen and rejected")
        return self


class Input(Section):
    """An input and the format it is read in."""

    format: str
    columns: Columns | None = None
    key_from: Literal[0, 1] | None = None  # of format medmcqa: the first option's number; null: as all rows tell

    @model_validator(mode="after")
    def _columns_belong_to_their_format(self) -> "Input":
        if (self.format == PLAIN) != (self.columns is not None):
            raise ValueError(f"format is '{self.format}' {'without' if self.columns is None else 'with'} columns; "
                             f"they belong to format '{PLAIN}', which needs them")
        return self

    @model_validator(mode="after")
    def _key_from_belongs_to_its_format(self) -> "Input":
        if self.key_from is not None and self.format != COUNTED:
            raise ValueError(f"format is '{self.format}' with key_from; it belongs to format '{COUNTED}', and under "
                             "columns")
        return self


class Source(Input):
    """A public data set of questions, under a name that `raw` pins."""

    format: Annotated[str, member("ultramed.sources.formats")]
    columns: SourceColumns | None = None
    prefix: Name  # of its rows' ids: MedQA in `MedQA,1592`
    category: Category
    kind: QuestionKind
    rights: Rights  # class of the original, even if only a sample of it is read
    limit: Positive | None = None  # usable rows, a sample drawn by `seed`; null for all

    @model_validator(mode="after")
    def _exam_items_have_keys(self) -> "Source":
        if self.columns and (self.columns.key is None) != (self.category == "open"):
            raise ValueError(f"category is {self.category}; exam and literature need options and key, open has none")
        return self


class Benchmark(Input, Pin):
    """A pinned benchmark."""

    format: Annotated[str, member("ultramed.sources.benchmarks")]
    kind: Annotated[str, member("ultramed.evaluation.kinds")] | None = None  # of task; null: the format's
    columns: BenchmarkColumns | None = None


class GeneralSet(Input, Pin):
    """A pinned general-domain set."""

    format: Annotated[str, member("ultramed.sources.general")]
    columns: GeneralColumns | None = None
    prefix: Name
    rights: Rights
    limit: Positive | None = None  # usable rows, a sample drawn by `seed`; null for all
