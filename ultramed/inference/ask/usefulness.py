"""Whether anything usable comes back: a model that only thinks, or only talks, is found out before all is paid for."""

from collections import Counter

from ultramed.errors import ModelError
from ultramed.ledger.requests import Answer

ENOUGH = 24  # unusable replies without a single usable one, after which the stage stops
_REMEDY = {
    "truncated": "raise max_tokens, which a model that thinks needs for its thoughts, too; or make it think less, "
                 "models.remote.{0}.request: {{reasoning_effort: low}}",
    "empty": "raise max_tokens if it thinks; `ultramed doctor --probe {0}` shows what it sends",
    "unreadable": "set models.remote.{0}.replies to json_schema or json_object; `ultramed doctor --probe {0}` says "
                  "which",
    "invalid": "raise max_tokens where a text is too long; else see `ultramed doctor --probe {0}`",
    "refused": "name another model, or another prompt",
    "unfinished": "look into the endpoint's log",
}


class Usefulness:
    """Counts the replies of a model to one stage, second tries and those of the ledger included."""

    def __init__(self, model: str) -> None:
        self._model, self._usable = model, 0
        self._useless: Counter[str] = Counter()
        self._sample = ""

    def note(self, answer: Answer) -> None:
        """One reply, read."""
        if answer.ok:
            self._usable += 1
        else:
            self._useless[answer.failure] += 1
            self._sample = self._sample or f"'{' '.join(answer.text.split())[:80]}' ({answer.detail})"

    @property
    def fault(self) -> ModelError | None:
        """The error, where it is useless to go on."""
        if self._usable or self._useless.total() < ENOUGH:
            return None
        kinds = ", ".join(f"{n} {kind}" for kind, n in self._useless.most_common())
        shown = f", such as {self._sample}" if self._sample else ""
        remedy = _REMEDY.get(self._useless.most_common(1)[0][0], "look at what it sends: `ultramed doctor --probe {0}`")
        return ModelError(f"model '{self._model}'", f"sends nothing usable: {kinds}{shown}", remedy.format(self._model))
