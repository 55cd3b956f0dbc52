"""Sections of the data half: every stage from raw rows to releases."""

from typing import Annotated, Literal

from pydantic import Field

from ultramed.params.base import Count, Positive, Rights, Sampled, Section, Share, Temperature
from ultramed.synthetic import SetName as SetName


class Collect(Section):
    max_broken: Share


Identifier = Literal[
    "email", "phone", "url", "date_of_birth", "record_number", "person_name", "street_address", "ssn"
]


class Screen(Section):
    min_words: Count
    max_words: Positive
    identifiers: list[Identifier]


class Dedup(Section):
    threshold: Share
    shingle: Positive
    permutations: Positive


class Decontaminate(Section):
    ngram: Positive
    short: Share


class Textbook(Sampled):
    corpus: str
    rights: Rights
    paragraphs: Positive | None
    demonstrations: Count
    demonstration_sets: Positive | None  # shared by the passages; null for one each
    tries: Positive


class Wikipedia(Sampled):
    rights: Rights
    domains: Positive | None
    subfields: Positive
    instructions: Positive


class EvolveSet(Section):
    rows: str
    parents: Positive | None  # drawn at random; null for all
    rounds: Positive
    variants: Positive


class Evolve(Sampled):
    verifiers: Positive
    agree: Positive
    tries: Positive
    sets: dict[SetName, EvolveSet]


class Score(Section):
    model: str
    words: Positive | None  # of a question that the scorer sees; null for all
    method: Literal["logprob", "text"]
    top_logprobs: Annotated[int, Field(ge=10, le=20)]
    temperature: Temperature


class Curate(Section):
    min_score: dict[str, Annotated[float, Field(ge=1, le=10)]]


class Split(Section):
    dev: Share
    test: Share


class Complete(Sampled):
    format: Literal["text", "json"]
    open_prompt: str
    cut: bool
    attempts: Positive
    examples: Count
    solvers: Count
    contested: Positive


class Member(Section):
    model: str
    prompt: str
    temperature: Temperature
    max_tokens: Positive


class Candidates(Section):
    prompts: Positive | None
    source: bool
    pool: dict[str, Member]

    @property
    def authors(self) -> list[str]:
        """Everyone whose answers compete, in the order of the pool; `source` stands for the rows' own."""
        return [*self.pool, *(["source"] if self.source else [])]


class Judge(Sampled):
    critique: Positive
    scale: Annotated[int, Field(ge=2)]  # the best score; 1 is the worst

    @property
    def scores(self) -> tuple[int, ...]:
        return tuple(range(1, self.scale + 1))


class PairRules(Section):
    easy: Positive
    hard: Count
    length: Share
    per_prompt: Positive


class Check(Section):
    min_rows: Count


class Profile(Section):
    allows: list[Rights]


class Override(Section):
    rights: Rights
    by: str
    on: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    because: Annotated[str, Field(min_length=20)]


class Release(Section):
    name: str
    profiles: dict[Literal["open", "research", "recipe"], Profile]
    overrides: dict[str, Override]
