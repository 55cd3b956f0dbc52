"""Rows for trainers: conversational, checked against the chat template, none cut by the length limit."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from ultramed import tables
from ultramed.errors import ModelError, ParamsError, SourceError
from ultramed.methods import WEIGHT
from ultramed.records import Example, Preference
from ultramed.rights import most_restrictive

CHECKED = 64  # rows rendered before training to check that the template drops nothing
OWN = "the tokenizer's chat template"
FIX = "fix the template named in base.template"
Row = Example | Preference


@dataclass(frozen=True)
class Data:
    """The rows of one training, and figures about them."""

    train: list[dict[str, Any]]
    dev: list[dict[str, Any]]
    counts: dict[str, int]  # rows trained on, by set
    too_long: int  # rows left out, train and dev together
    rights: str  # strictest class among the rows trained on


def read(folder: Path, kind: type[Row], tokenizer: Any, max_length: int) -> Data:
    """The rows of a mixture that fit into `max_length` tokens. Raises SourceError if none is left to train on."""
    train, dev = (list(tables.read(folder, kind, table)) for table in ("rows", "dev"))
    if not train:
        raise SourceError(str(folder), "holds no row to train on; expected at least 1",
                          "raise a weight under mix, or let curate and pair keep more")
    fit = [row for row in train if _tokens(row, tokenizer) <= max_length]
    watched = [row for row in dev if _tokens(row, tokenizer) <= max_length]
    if not fit:
        raise SourceError(str(folder), f"holds {len(train)} rows, none of at most {max_length} tokens",
                          "raise max_length of this model")
    left = len(train) + len(dev) - len(fit) - len(watched)
    return Data(train=_weighed(fit), dev=_weighed(watched),
                counts=dict(Counter(r.source for r in fit)), too_long=left,
                rights=most_restrictive(*{r.rights for r in fit}))


def _weighed(rows: list[Row]) -> list[dict[str, Any]]:
    """The rows shaped, with weights relative to their mean where they differ from one."""
    weights = [r.weight if isinstance(r, Preference) else 1.0 for r in rows]
    shaped = [shape(row) for row in rows]
    if any(weight != 1 for weight in weights):
        mean = sum(weights) / len(weights)
        return [row | {WEIGHT: weight / mean} for row, weight in zip(shaped, weights, strict=True)]
    return shaped


def shape(row: Row) -> dict[str, Any]:
    """A row in TRL's conversational form; thinking precedes the last turn in the marks that most models know."""
    turns = [m.chat() for m in row.messages]
    if isinstance(row, Example):
        if row.thinking:
            turns[-1]["content"] = f"<think>\n{row.thinking}\n</think>\n\n{turns[-1]['content']}"
        return {"messages": turns}
    return {"prompt": turns, "chosen": [_said(row.chosen)], "rejected": [_said(row.rejected)]}


def dialogues(shaped: dict[str, Any]) -> list[list[dict[str, str]]]:
    """The dialogues in a shaped row: one for an example, two for a preference."""
    if "messages" in shaped:
        return [shaped["messages"]]
    return [shaped["prompt"] + shaped[side] for side in ("chosen", "rejected")]


def template_text(template: str | None) -> str | None:
    """The chat template named in `base.template`. Raises ParamsError if it cannot be read."""
    try:
        return Path(template).read_text(encoding="utf-8") if template else None
    except OSError as error:
        raise ParamsError("params.yaml: base.template", f"cannot read {template}: {error.strerror}",
                          "name a Jinja file, or null for the tokenizer's own") from None


def check_template(tokenizer: Any, template: str | None, rows: list[dict[str, Any]]) -> None:
    """Raise ModelError if a template drops a turn, or if the training template renders other text than the
    tokenizer's own, which the model will be prompted with."""
    name, training = template or OWN, template_text(template)
    for turns in (turns for row in rows[:CHECKED] for turns in dialogues(row)):
        own = _rendered(tokenizer, turns, tokenize=False)
        said = _rendered(tokenizer, turns, name, tokenize=False, chat_template=training) if training else own
        position = 0
        for number, turn in enumerate(turns, 1):
            content = turn["content"].strip()
            if (start := said.find(content, position)) < 0:
                raise ModelError(name, f"drops turn {number} of {len(turns)} ({turn['role']})", FIX)
            position = start + len(content)
        if said != own:
            raise ModelError(name, f"renders {len(said)} characters that differ from the tokenizer's {len(own)}",
                             f"{FIX}: both must give the same text")


def _rendered(tokenizer: Any, turns: list[dict[str, str]], name: str = OWN, **how: Any) -> Any:
    """A dialogue as text or tokens. Raises ModelError if there is no template, or it rejects these turns."""
    try:
        return tokenizer.apply_chat_template(turns, return_dict=False, **how)
    except (TemplateError, ValueError) as error:
        roles, why = ", ".join(t["role"] for t in turns), str(error).splitlines()[0]
        raise ModelError(name, f"cannot render the turns {roles}: {why}", FIX) from None


def _tokens(row: Row, tokenizer: Any) -> int:
    return max(len(_rendered(tokenizer, turns, tokenize=True)) for turns in dialogues(shape(row)))


def _said(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}
