"""Whether anything usable comes back: a model that only thinks, or only talks, is found out before all is paid for."""

from collections import Counter

from ultramed.errors import ModelError
from ultramed.ledger.requests import Answer

ENOUGH = 24  # unusable replies without a single usable one, after which the stage stops
_REMEDY = {
    "truncated": "raise max_tokens, which also holds a model's thinking",
    "empty": "raise max_tokens if the model thinks",
    "invalid": "raise max_tokens if a text is too long",
    "refused": "name another model or another prompt",
    "unfinished": "check the endpoint's log",
}
_REMOTE_REMEDY = {
    "truncated": "; or make it think less, models.remote.{0}.request: {{reasoning_effort: low}}",
    "unreadable": "; or set models.remote.{0}.replies to json_schema or json_object",
}


class Usefulness:
    """Counts the replies of a model to one stage, including second tries and those in the ledger."""

    def __init__(self, model: str, remote: bool) -> None:
        self._model, self._remote, self._usable = model, remote, 0
        self._useless: Counter[str] = Counter()
        self._sample = ""

    def note(self, answer: Answer) -> None:
        """Count one reply."""
        if answer.ok:
            self._usable += 1
        else:
            self._useless[answer.failure] += 1
            self._sample = self._sample or f"'{' '.join(answer.text.split())[:80]}' ({answer.detail})"

    @property
    def fault(self) -> ModelError | None:
        """The error if going on is pointless."""
        if self._usable or self._useless.total() < ENOUGH:
            return None
        kinds = ", ".join(f"{n} {kind}" for kind, n in self._useless.most_common())
        return ModelError(f"model '{self._model}'", f"sends nothing usable: {kinds}, such as {self._sample}",
                          self._remedy(self._useless.most_common(1)[0][0]))

    def _remedy(self, kind: str) -> str:
        remedy = _REMEDY.get(kind, "name a model that can reply in JSON")
        if not self._remote:
            return remedy
        return f"{remedy}{_REMOTE_REMEDY.get(kind, '')}; `ultramed doctor --probe {{0}}` shows what it sends".format(
            self._model)
