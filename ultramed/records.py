"""The records that flow through the pipeline. No IO here: `tables` reads and writes them.

Ids keep the form of the original release: `MedQA,1592`, `MedQA-Evol,9986-synthetic-4`,
`TextBookQA,Anatomy_Gray_28`.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

Role = Literal["system", "user", "assistant"]
Category = Literal["exam", "literature", "open"]  # exam and literature have options and a key
QuestionKind = Literal["exam", "literature", "clinical", "research"]
VerdictOutcome = Literal["kept", "dropped", "quarantined"]
Mode = Literal["greedy", "self-consistency", "best-of-n"]
AnswerOutcome = Literal["answered", "unreadable", "truncated", "refused", "empty", "rejected"]


class Record:
    """Base of all records; `sort_key` names the fields that order a table."""

    sort_key: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True)
class Message(Record):
    role: Role
    content: str

    def chat(self) -> dict[str, str]:
        """The turn in the format of chat endpoints."""
        return {"role": self.role, "content": self.content}


@dataclass(frozen=True)
class Option(Record):
    letter: str  # A, B, C …
    text: str


@dataclass(frozen=True)
class Instruction(Record):
    """One question. Exam items carry options and a key; open ones may carry a reference answer."""

    id: str
    source: str  # key in params: medqa, medqa_evol …
    category: Category
    kind: QuestionKind
    synthetic: bool
    messages: list[Message]  # turns so far; the last one is the user's
    options: list[Option]  # empty for open questions
    key: str | None  # letter of the right option; None for open questions
    reference: str | None  # the answer that came with the row; None if it had none
    parent: str | None  # id it was evolved or derived from; None for raw rows
    round: int  # evolution round; 0 if not evolved
    family: str  # id of the oldest ancestor: families are never split
    rights: str  # open | research | recipe | quarantine | deny
    as_of: str | None  # ISO date the content was current at, if the source states one
    origin: str  # raw file and line or key; for synthetic rows, what it was made from

    @property
    def question(self) -> str:
        """The last user turn, without options."""
        return self.messages[-1].content

    @property
    def options_text(self) -> str:
        """Options as lines `A. …`."""
        return "\n".join(f"{o.letter}. {o.text}" for o in self.options)

    @property
    def prompt(self) -> str:
        """The question as a model sees it: stem, blank line, options `A. …`."""
        return f"{self.question}\n\n{self.options_text}" if self.options else self.question

    @property
    def dialogue(self) -> str:
        """The question with the turns that led to it, as one text: for models that score or judge."""
        turns = [m for m in self.messages[:-1] if m.role != "system"]
        speakers = {"user": "User", "assistant": "Assistant"}
        before = [f"{speakers[m.role]}: {m.content}" for m in turns]
        return "\n\n".join([*before, f"User: {self.prompt}"]) if before else self.prompt

    @property
    def chat(self) -> list[dict[str, str]]:
        """All turns for a chat endpoint, the last one with options."""
        return [m.chat() for m in self.messages[:-1]] + [{"role": "user", "content": self.prompt}]


@dataclass(frozen=True)
class Verdict(Record):
    """What one stage decided on one row, and why."""

    id: str
    stage: str
    outcome: VerdictOutcome
    code: str  # short and countable: near_duplicate, leak, phone_number …
    reason: str  # a sentence for people, with value and threshold where both exist

    @property
    def keep(self) -> bool:
        return self.outcome == "kept"


@dataclass(frozen=True)
class Draft(Record):
    """What a written item was kept or dropped by, beside its verdict."""

    id: str
    parent: str | None  # None if it was not evolved
    round: int
    method: str  # of evolution: constraint, specific …; "" if it was written, or its reply could not be read
    new_words: int | None  # that its nearest relative lacks; None if it has none
    growth: int | None  # words by which its question is longer than its parent's
    votes: int  # readable votes of solvers; 0 if none was asked
    for_key: int
    against: int  # most votes for one other letter
    blind: int | None  # solvers who found the key from the options alone; None if none was asked


@dataclass(frozen=True)
class Score(Record):
    id: str
    score: float  # 1 to 10
    method: str  # logprob | text
    justification: str  # "" if the method gives none
    request_key: str


@dataclass(frozen=True)
class Completion(Record):
    """An answer to an instruction: the teacher's completion, or one pool member's candidate."""

    id: str  # "<instruction id>@<author>"
    instruction_id: str
    author: str  # params name of the teacher or pool member; "source" for the row's own answer
    reasoning: str  # the text before the closing sentence
    text: str  # the whole answer
    extracted: str | None  # letter read from it; None for open questions and unreadable answers
    attempts: int  # 1 for a first-time success
    request_key: str | None  # None if no model was asked
    thinking: str | None = None  # what the teacher thought before it answered; None if it is not kept
    pass_rate: float | None = None  # share of the teacher's answers that reached the key; None for open questions
    cut: bool = False  # whether the token limit cut it


@dataclass(frozen=True)
class Feedback(Record):
    """The judge's feedback on one candidate, seen together with the instruction's other candidates."""

    candidate_id: str
    instruction_id: str
    score: int  # 1 to judge.scale
    critique: str
    rank: int  # 1 is best
    shown: int  # position in the judge's prompt, from 1
    judge: str
    request_key: str


@dataclass(frozen=True)
class Pair(Record):
    id: str  # "<instruction id>#<chosen author>><rejected author>"
    instruction_id: str
    chosen_id: str
    rejected_id: str
    chosen_score: int
    rejected_score: int
    chosen_rank: int
    rejected_rank: int
    margin: int  # difference of scores, 0 or more
    label_type: str  # a Label of annotation/pairs.py; "" for pairs that were not selected
    split: str  # train | dev | test


@dataclass(frozen=True)
class Assignment(Record):
    """The split of one instruction, fixed once for everything trained later."""

    id: str
    family: str  # cluster of evolution relatives and near-duplicates
    split: str  # train | dev | test


@dataclass(frozen=True)
class Example(Record):
    """A dialogue for supervised fine-tuning: a completed instruction, or a row of a general-domain set."""

    id: str
    source: str  # its set in the mixture: medical, ultrachat …
    messages: list[Message]  # all turns; the last one is the assistant's
    family: str  # of the split; its own id if the set has no families
    rights: str  # open | research | recipe | quarantine | deny
    thinking: str | None = None  # before the last turn; it is trained on


@dataclass(frozen=True)
class Preference(Record):
    """Two answers to the same turns, the better one as `chosen`."""

    id: str
    source: str  # its set in the mixture: medical, ultrafeedback …
    messages: list[Message]  # turns so far; the last one is the user's
    chosen: str
    rejected: str
    margin: int | None  # difference of judge scores; None if the set gives none
    label_type: str  # "" if the set has none
    family: str  # of the split; its own id if the set has no families
    rights: str  # open | research | recipe | quarantine | deny
    weight: float = 1.0  # in a training that heeds weights


@dataclass(frozen=True)
class Sample(Record):
    """A policy's answer to a question of a mixture, or the reference reply, with its reward."""

    id: str  # "<instruction id>@<author>-<number>", "<instruction id>@reference"
    instruction_id: str
    author: str  # name of the policy; "reference"
    text: str
    reward: float  # by the reward model, on its own scale; higher is better
    request_key: str | None  # None for the reference reply


@dataclass(frozen=True)
class BenchmarkItem(Record):
    id: str  # "<benchmark>,<key of the raw row>"
    benchmark: str  # name in params
    question: str  # without context and options
    context: str | None  # passage the question is about
    options: list[Option]  # empty for open questions
    key: str | None  # letter of the right option; None for open questions
    reference: str | None = None  # the answer that came with the item
    subject: str | None = None  # None if the benchmark is a single task


@dataclass(frozen=True)
class Prediction(Record):
    """A policy's answer to one benchmark item."""

    id: str  # "<item id>@<policy>"
    item_id: str
    task: str  # the benchmark's name, or <benchmark>_<subject>: medqa_test, mmlu_anatomy …
    policy: str
    mode: Mode
    key: str | None  # letter of the right option; None if the task has no options
    letter: str | None  # read from the answer; None if it was unreadable
    outcome: AnswerOutcome
    text: str  # the whole answer; for a majority vote, the first answer with the winning letter
    correct: bool  # as graded by the task's kind


@dataclass(frozen=True)
class Comparison(Record):
    """A reward model's rewards for one preference pair of the Medical RewardBench."""

    id: str  # of the pair
    label_type: str  # easy | hard | length | human
    chosen_reward: float
    rejected_reward: float
    reviewed: bool  # whether human reviewers agreed on it

    @property
    def correct(self) -> bool:
        return self.chosen_reward > self.rejected_reward


@dataclass(frozen=True)
class Use(Record):
    """One reply a stage used. Through these, `dvc.lock` pins the replies."""

    row_id: str
    step: str  # the kind of request: attempt-1, verify-2, judge …
    request_key: str
    reply_hash: str
    model: str  # name in params
    prompt: str  # prompt file
    prompt_hash: str
    prompt_tokens: int
    completion_tokens: int
    price_usd: float  # price of this reply when it was paid for
    outcome: str  # ok, or the kind of failure: unreadable, truncated, refused, empty …


def keep(row_id: str, stage: str, code: str = "kept", reason: str = "") -> Verdict:
    return Verdict(id=row_id, stage=stage, outcome="kept", code=code, reason=reason)


def drop(row_id: str, stage: str, code: str, reason: str) -> Verdict:
    return Verdict(id=row_id, stage=stage, outcome="dropped", code=code, reason=reason)


def quarantine(row_id: str, stage: str, code: str, reason: str) -> Verdict:
    return Verdict(id=row_id, stage=stage, outcome="quarantined", code=code, reason=reason)


def as_dict(record: Any) -> dict[str, Any]:
    """A record as plain data, nested records included (faster than `dataclasses.asdict`)."""
    return {name: _plain(value) for name, value in record.__dict__.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return as_dict(value)
    return [_plain(v) for v in value] if isinstance(value, list) else value
