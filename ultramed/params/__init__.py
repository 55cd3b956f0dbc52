"""`params.yaml` as types. Every stage validates the whole file, so a mistyped name stops the first stage, not the last.

Each section is a class: its fields say what a value means, in which unit, what is allowed, and what null means.
"""
# ruff: noqa: F401

from ultramed.params.base import Rights, Section
from ultramed.params.data import (
    Candidates,
    Check,
    Collect,
    Complete,
    Curate,
    Decontaminate,
    Dedup,
    Evolve,
    EvolveSet,
    Identifier,
    Judge,
    Member,
    Override,
    PairRules,
    Profile,
    Release,
    Score,
    Screen,
    SetName,
    Split,
    Textbook,
    Wikipedia,
)
from ultramed.params.inputs import (
    Benchmark,
    BenchmarkColumns,
    DialogueColumns,
    ExamColumns,
    GeneralColumns,
    GeneralSet,
    Input,
    Source,
    SourceColumns,
)
from ultramed.params.models import BatchSettings, BudgetUSD, Deadlines, LocalModel, Models, Pin, Price, RemoteModel
from ultramed.params.reading import load
from ultramed.params.training import (
    Base,
    Ensemble,
    Evaluate,
    Iterate,
    Lora,
    Mix,
    Recipe,
    Round,
    Serving,
    Trained,
    Training,
)
from ultramed.params.whole import MEDICAL, RANKED, Params
