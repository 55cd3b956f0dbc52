"""All user-facing errors as a tree:

UltramedError            one clear line: where, what was found, what was expected, how to fix it
├── EnvironmentFault     the machine: interpreter, disk, memory, a conflicting process
├── ParamsError          params.yaml or a command-line value
├── SourceError          a raw file: unreadable, wrong hash, too many broken rows
├── PromptError          a prompt file, or a missing or extra variable
├── ModelError           a model or its endpoint: unreachable, refused, does not start
│   ├── LedgerError      the record of replies: wrong version, read-only, damaged
│   └── BudgetError      no money left for the next request, or an unknown price
├── GateError            a data-quality check that failed
├── RightsError          something a profile does not allow to be published
└── PublishError         the Hub, or a working tree that is not ready to be published

To add one: derive it here, draw it above, and raise it with `where`, `found` and `remedy`.
"""


class UltramedError(Exception):
    """A mistake the user can fix.

    Args:
        where: the file and line, row id, parameter or address.
        found: what was found there, and what was expected.
        remedy: the command or the edit that fixes it.
    """

    def __init__(self, where: str, found: str, remedy: str = "") -> None:
        self.where, self.found, self.remedy = where, found, remedy
        super().__init__(f"{where}: {found}" + (f"; {remedy}" if remedy else ""))


class EnvironmentFault(UltramedError):
    """The machine does not meet the pipeline's needs."""


class ParamsError(UltramedError):
    """A parameter is unknown, mistyped or out of range."""


class SourceError(UltramedError):
    """A raw file cannot be read, is not the pinned one, or holds too many broken rows."""


class PromptError(UltramedError):
    """A prompt file is malformed, or was given the wrong variables."""


class ModelError(UltramedError):
    """A model cannot be reached, started or used."""


class LedgerError(ModelError):
    """The ledger cannot be opened or written."""


class BudgetError(ModelError):
    """The budget has no room for the next request, or its price is unknown."""


class GateError(UltramedError):
    """A data-quality gate failed."""


class RightsError(UltramedError):
    """A row may not be published under the requested profile."""


class PublishError(UltramedError):
    """The release cannot be sent."""
