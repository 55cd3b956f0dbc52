"""`params.yaml` as types. Every stage validates the whole file, so a mistyped name stops the first stage, not the last.

The file says what each value means; here stand the types, the allowed values and the ranges.
"""

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
from ultramed.params.whole import MEDICAL, Params

__all__ = [
    "MEDICAL", "Base", "BatchSettings", "Benchmark", "BenchmarkColumns", "BudgetUSD", "Candidates", "Check", "Collect",
    "Complete", "Curate", "Deadlines", "Decontaminate", "Dedup", "DialogueColumns", "Ensemble", "Evaluate", "Evolve",
    "EvolveSet", "ExamColumns", "GeneralColumns", "GeneralSet", "Identifier", "Input", "Iterate", "Judge", "LocalModel",
    "Lora", "Member", "Mix", "Models", "Override", "PairRules", "Params", "Pin", "Price", "Profile", "Recipe",
    "Release", "RemoteModel", "Rights", "Round", "Score", "Screen", "Section", "Serving", "SetName", "Source",
    "SourceColumns", "Split", "Textbook", "Trained", "Training", "Wikipedia", "load",
]
