"""Sections of the data half: every stage from raw rows to releases."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ultramed.params.base import Count, Decoding, Positive, Rights, Sampled, Section, Share, Tokens
from ultramed.params.names import Key, PromptName
from ultramed.synthetic import SetName as SetName


def _each_once(names: list[str]) -> list[str]:
    if len({*names}) < len(names):
        raise ValueError(f"names a model twice; expected each once: {', '.join(dict.fromkeys(names))}")
    return names


Solvers = Annotated[list[str], Field(min_length=1), AfterValidator(_each_once)]  # under models.local or models.remote


class Collect(Section):
    """Reading the raw files of the sources."""

    max_broken: Share  # of a source's rows that may be unreadable before the stage fails


Identifier = Literal[  # kinds of personal identifiers that the screen can find
    "email",
    "phone",
    "url",  # personal web pages and network addresses, not institutions or articles
    "date_of_birth",  # after a cue, in digits or words
    "record_number",  # of records, insurers, devices, vehicles, passports and other official documents
    "person_name",  # after a cue such as a title; not eponyms, brands or historical figures
    "street_address",  # also postcodes and PO boxes
    "ssn",  # of the United States
]


class Screen(Section):
    """What a raw question must look like before any model sees it."""

    min_words: Count
    max_words: Positive
    identifiers: list[Identifier]  # a question with one of these is quarantined


class Dedup(Section):
    """Near-duplicates, by MinHash."""

    threshold: Share  # Jaccard similarity of word shingles from which two questions are near-duplicates
    shingle: Positive  # words in a shingle
    permutations: Positive  # of MinHash; more find near-duplicates more reliably


class Decontaminate(Section):
    """Leaks: text shared with a benchmark question."""

    ngram: Positive  # words; a shared n-gram is a leak unless it is boilerplate
    short: Share  # Jaccard similarity from which a question of fewer words is a leak


class Textbook(Sampled):
    """Questions written from passages of textbooks."""

    corpus: str  # the books' name under `raw`
    rights: Rights  # of the books' text
    paragraphs: Positive | None  # passages drawn at random; null for all
    demonstrations: Count  # example questions in each prompt
    demonstration_sets: Positive | None  # sets of examples, shared by the passages; null for one each
    tries: Positive  # drafts of a question, each with a different seed, until one is usable
    blind: Count  # solvers who are shown the options alone; an item is dropped if all of them find its key. 0: no test


class Wikipedia(Sampled):
    """Instructions written from a tree of topics: domain, subfield, instruction."""

    rights: Rights  # of the list of domains
    domains: Positive | None  # drawn at random; null for all
    subfields: Positive  # of each domain
    instructions: Positive  # of each subfield
    passages: Positive  # encyclopaedia entries that ground a subfield, nearest first


class EvolveSet(Section):
    """One set of questions that are evolved into harder ones."""

    rows: str  # path of the artifact that holds the parents
    parents: Positive | None  # drawn at random; null for all
    rounds: Positive  # each evolves the output of the one before
    variants: Positive  # of each parent in each round


class Solve(Decoding):
    """How independent solvers answer an exam item, its options shuffled for each."""

    format: Literal["letter", "json", "text"]  # a letter at once, for weak models | reasoning in JSON | free reasoning
    max_tokens: Tokens  # of a reply


class Evolve(Sampled):
    """Questions rewritten into harder ones; independent solvers check the key of an exam item."""

    method: Literal["drawn", "chosen"]  # how a question is made harder: drawn by seed, or chosen by the author
    growth: Positive  # words by which a question may grow in one round
    verifier: Solvers  # models that solve evolved items, and those written from textbooks
    verifiers: Positive  # solvers of an item, dealt to those models in turn
    agree: Positive  # solvers that must find its key; a letter with more votes than the key drops the item
    tries: Positive  # drafts of a question, each with a different seed, until one is usable
    sets: dict[SetName, EvolveSet]


class Score(Decoding):
    """A model's score of each question, 1 to 10."""

    model: str  # a name under models.local or models.remote
    words: Positive | None  # of a question that the scorer sees; null for all
    method: Literal["logprob", "text"]  # the expected value over the score token, or a written justification and score
    top_logprobs: Annotated[int, Field(ge=10, le=20)]  # tokens whose probabilities are requested


class Curate(Section):
    """Which scored questions are kept."""

    min_score: dict[Key, Annotated[float, Field(ge=1, le=10)]]  # by source; a question with exactly this score is kept
    answer_share: dict[Key, Annotated[float, Field(gt=0, le=1)]]  # by source: most of its rows that have one answer
    keep: dict[Key, Count | Annotated[float, Field(gt=0, le=1)]]  # by source: a number of rows, or a share of those
    # handed to the stage, best scores first; no limit for others
    topics: Count  # clusters from which those rows are taken in turn; 0 for none


class Split(Section):
    """Shares of families that are set aside; the rest is the train split."""

    dev: Share
    test: Share


class Complete(Sampled):
    """A teacher's answers to the curated questions."""

    format: Literal["text", "json"]  # of exam answers: free reasoning with a closing line, or constrained JSON
    open_prompt: PromptName  # for open questions
    keep_thinking: bool = False  # keep, train on and release the teacher's thinking, in a field of its own
    cut: bool  # whether an open answer cut by max_tokens is accepted
    attempts: Positive  # until an exam item's key is reached, or an open answer is usable
    samples: Positive  # answers to an exam item in the first attempt; the later ones are one each
    least_pass_rate: Share  # of an exam item's answers that must reach the key for the item to be kept
    most_pass_rate: Share  # likewise; below 1, items that every answer gets right are dropped as too easy
    check_reasoning: bool  # whether a reader must find the key from the reasoning, its letters struck out
    examples: Count  # accepted answers retrieved for those attempts
    solver: Solvers  # models that are asked if no attempt reached the key
    solvers: Count  # of an item, dealt to those models in turn
    contested: Positive  # solvers that must agree on another letter for the key to be contested


class Member(Decoding):
    """A member of the pool: a model with its own prompt and sampling."""

    model: str  # a name under models, `base`, or a model of `train` that learns from instructions
    prompt: PromptName
    max_tokens: Tokens  # of an answer


class Candidates(Section):
    """Answers that compete for preference pairs."""

    prompts: Positive | dict[Key, Count] | None  # instructions that get candidates, best scores first: in all, sources
    # in turn; of each source, 0 for those not named; null for all
    cut: Literal["drop", "mark", "again"]  # answers cut by max_tokens: left out | judged as cut | asked for again with
    # twice the room, then judged as cut
    source: bool  # whether the row's own answer competes as the candidate `source`
    pool: dict[Key, Member]

    @property
    def authors(self) -> list[str]:
        """Everyone whose answers compete, in the order of the pool; `source` stands for the rows' own."""
        return [*self.pool, *(["source"] if self.source else [])]


class Judge(Sampled):
    """The model that ranks and scores candidates."""

    critique: Positive  # most characters in a critique
    scale: Annotated[int, Field(ge=2)]  # the best score; 1 is the worst

    @property
    def scores(self) -> tuple[int, ...]:
        """All scores, from worst to best."""
        return tuple(range(1, self.scale + 1))


class PairRules(Section):
    """Which pairs of judged candidates are selected; a margin is a difference of scores, at most judge.scale - 1."""

    easy: Positive  # margin from which a pair is easy
    hard: Count  # margin from 1 up to which a pair is hard
    chosen_misses_key: bool  # whether an exam answer without the right letter may be chosen, if the rejected has none
    length: Share  # a chosen text shorter than this share of the rejected one makes the pair a `length` pair
    per_prompt: Positive  # most pairs selected per instruction
    quota: dict[Key, Count]  # most pairs selected of a source, by its name; no limit for others
    author_share: Annotated[float, Field(gt=0, le=1)]  # most of the selected pairs whose chosen answer has one author


class Check(Section):
    """The gate after one artifact."""

    min_rows: Count  # fewer fail the gate
    least_of_accepted: Share = 0.5  # of the rows a source had when figures were last accepted; fewer fail `collected`


class Profile(Section):
    """Which rows a release holds."""

    allows: list[Rights]  # classes of the rows


class Override(Section):
    """A person's signed decision that sets the class of a source."""

    rights: Rights
    by: str  # who decided
    on: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]  # ISO date
    because: Annotated[str, Field(min_length=20)]


class Release(Section):
    """What part of the data is published."""

    name: str  # of the data set
    profiles: dict[Literal["open", "research", "recipe"], Profile]
    overrides: dict[Key, Override]  # by source
