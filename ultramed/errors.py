"""Every error a user can meet, drawn as a tree:

UltramedError            one clear line: where, what was found, what was expected, the way out
├── EnvironmentFault     the machine: interpreter, disk, memory, another process in the way
├── ParamsError          params.yaml or a command-line value
├── SourceError          a raw file: unreadable, wrong hash, too many broken rows
├── PromptError          a prompt file, or a variable it was (not) given
├── ModelError           a model or its endpoint: unreachable, refused, does not start
│   ├── LedgerError      the record of replies: another version, read-only, damaged
│   └── BudgetError      no money left for the next request, or a price nobody knows
├── GateError            a data-quality check that did not hold
├── RightsError          something a profile forbids to publish
└── PublishError         the Hub, or a working tree that is not fit to be published

To add one: derive it here, draw it above, and raise it with `where`, `found` and `remedy`.
"""


class UltramedError(Exception):
    """A mistake the user can mend.

    Args:
        where: the file and line, row id, parameter or address concerned.
        found: what was found there, and what was expected.
        remedy: the command or the edit that mends it.
    """

    def __init__(self, where: str, found: str, remedy: str = "") -> None:
        self.where, self.found, self.remedy = where, found, remedy
        super().__init__(f"{where}: {found}" + (f"; {remedy}" if remedy else ""))


class EnvironmentFault(UltramedError):
    """The machine is not as the pipeline needs it."""


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
    """A data-quality gate did not hold."""


class RightsError(UltramedError):
    """A row may not be published under the profile asked for."""


class PublishError(UltramedError):
    """The release cannot be sent."""
