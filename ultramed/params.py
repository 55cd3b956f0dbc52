"""`params.yaml` as types. Every stage validates the whole file, so a mistyped name stops the first stage, not the last.

The file says what each value means; here stand the types, the allowed values and the ranges.
"""

import difflib
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML, YAMLError

from ultramed.errors import ParamsError

Rights = Literal["open", "research", "recipe", "quarantine", "deny"]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Temperature = Annotated[float, Field(ge=0, le=2)]


class Section(BaseModel):
    """Base of all sections: unknown names are refused, values are not coerced silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Pin(Section):
    location: str
    sha256: str | None = None
    revision: str | None = None


class Price(Section):
    prompt: Annotated[float, Field(ge=0)]  # USD per million tokens
    completion: Annotated[float, Field(ge=0)]


class LocalModel(Pin):
    engine: Literal["llama.cpp", "vllm", "model2vec"]
    rights: Rights
    context: Positive = 4096  # tokens, prompt and reply together
    concurrency: Positive = 8
    demonstration: bool = False
    options: dict[str, Any] = {}  # passed to the engine as it is


class RemoteModel(Section):
    base_url: str
    model: str
    revision: str
    provider: str
    api_key_env: str | None = None
    rights: Rights = "deny"
    concurrency: Positive = 16
    context: Positive = 128_000
    price: Price | None = None
    demonstration: bool = False


class Models(Section):
    local: dict[str, LocalModel]
    remote: dict[str, RemoteModel]


class Source(Section):
    format: Literal["medqa", "medmcqa", "pubmedqa", "alpaca", "conversation", "medquad"]
    prefix: str
    category: Literal["exam", "literature", "open"]
    kind: Literal["exam", "literature", "clinical", "research"]
    rights: Rights
    limit: Positive | None = None


class Benchmark(Section):
    format: Literal["medqa", "medmcqa", "pubmedqa", "mmlu"]


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


class Sampled(Section):
    """What every model-calling section has."""

    model: str
    temperature: Temperature
    max_tokens: Positive


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


SetName = Literal["medqa", "textbook", "wikipedia"]


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


class PairRules(Section):
    easy: Annotated[int, Field(ge=1, le=4)]
    hard: Annotated[int, Field(ge=0, le=4)]
    length: Share
    per_prompt: Positive


class Check(Section):
    path: str
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


class Params(Section):
    scale: str
    seed: int
    raw: dict[str, Pin]
    models: Models
    sources: dict[str, Source]
    benchmarks: dict[str, Benchmark]
    collect: Collect
    screen: Screen
    dedup: Dedup
    decontaminate: Decontaminate
    textbook: Textbook
    wikipedia: Wikipedia
    evolve: Evolve
    score: Score
    curate: Curate
    split: Split
    complete: Complete
    candidates: Candidates
    judge: Judge
    pair: PairRules
    checks: dict[str, Check]
    release: Release

    @model_validator(mode="after")
    def _names_refer_to_something(self) -> "Params":
        known = sorted([*self.models.local, *self.models.remote])
        used = {f"{section}.model": getattr(self, section).model
                for section in ("textbook", "wikipedia", "evolve", "score", "complete", "judge")}
        used |= {f"candidates.pool.{n}.model": m.model for n, m in self.candidates.pool.items()}
        for where, name in used.items():
            if name not in known:
                raise ValueError(f"{where} is '{name}', which is no name in models; expected one of {', '.join(known)}")
        for name in [*self.sources, *self.benchmarks, self.textbook.corpus]:
            if name not in self.raw:
                raise ValueError(f"raw.{name} is missing: every source and benchmark has a pinned raw input")
        if self.split.dev + self.split.test >= 1:
            raise ValueError(f"split.dev + split.test is {self.split.dev + self.split.test}; expected less than 1")
        return self

    def model(self, name: str) -> LocalModel | RemoteModel:
        """The model of that name. Raises KeyError for an unknown one (validation has refused those)."""
        return self.models.local.get(name) or self.models.remote[name]


def load(path: Path = Path("params.yaml")) -> Params:
    """Read and validate the file. Raises ParamsError with the first mistake, its place and the allowed values."""
    try:
        values = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(str(path), "is not here", "run from the root of the repository") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(str(path), f"is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise ParamsError(str(path), "holds no sections", "`git checkout params.yaml` brings back the last ones kept")
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        raise _explain(path, error) from None


def _explain(path: Path, error: ValidationError) -> ParamsError:
    # a misspelt name shows as one missing and one unknown: the unknown one says more
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    place = [str(part) for part in first["loc"] if part != "[key]"]
    name = ".".join(place)
    if first["type"] == "extra_forbidden":
        allowed = _allowed(place[:-1])
        near = difflib.get_close_matches(place[-1], allowed, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        return ParamsError(f"{path}: {name}", f"is unknown; {hint}allowed here: {', '.join(allowed)}")
    if first["type"] == "missing":
        return ParamsError(f"{path}: {name}", "is missing", "`git diff params.yaml` shows what was taken out")
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return ParamsError(str(path), message)
    return ParamsError(f"{path}: {name}", f"is {first['input']!r}; {message[0].lower()}{message[1:]}")


def _allowed(place: list[str]) -> list[str]:
    """Names allowed at a place in the file, read from the types."""
    kind: Any = Params
    for part in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[part].annotation if part in kind.model_fields else None
        elif get_origin(kind) is dict:
            kind = get_args(kind)[1]
        if get_origin(kind) is UnionType:
            kind = get_args(kind)[0]
    return sorted(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []
