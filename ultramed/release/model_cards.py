"""The pages published with a model: its card, notice and results. They show only names, codes and figures, escaped:
no row text, no time, no local path."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import ultramed
from ultramed.evaluation import metrics
from ultramed.methods import Method
from ultramed.params import LocalModel
from ultramed.release import model_results
from ultramed.release.cards import GATE, fill, input_of, models_used, yaml_text
from ultramed.release.model_results import Results
from ultramed.release.models import Model
from ultramed.release.notices import notice
from ultramed.release.shipment import MODEL
from ultramed.release.trained import Trained, source
from ultramed.sources import hub

LICENSES = {  # identifier on the Hub, its name if the Hub has none, and the reason
    "open": ("cc-by-4.0", None, "All that it learnt from, and its base, allow at least use with attribution."),
    "research": (
        "cc-by-nc-4.0", None,
        "Some of what it learnt from allows non-commercial use only, and the model can be no freer than that.",
    ),
    "recipe": (
        "other", "not-to-be-passed-on",
        "Some of what it learnt from may not be passed on, and whether weights pass it on is unsettled: no right to "
        "hand it on is granted.",
    ),
}
FORM = GATE | {  # the questions of the Hub's access form
    "extra_gated_prompt": (
        "This model learnt from text that is for research only, or that may not be passed on. It is not for clinical "
        "use: no output of it may guide the care of a patient without a qualified professional's own judgement."
    ),
    "extra_gated_fields": {
        "Affiliation": "text",
        "Intended use": "text",
        "I will use this model for non-commercial research only": "checkbox",
        "I will not pass it on, and not use it to guide the care of patients": "checkbox",
    },
}
NOT_SHOWN = ("from", "from_", "data", "method")  # recipe fields that the card says in words


@dataclass(frozen=True)
class ModelCard:
    """The values for all pages."""

    model: Model
    results: Results
    repo_id: str
    tag: str | None

    @property
    def method(self) -> Method:
        """How the model was trained."""
        return self.model.record.trained_by

    @cached_property
    def base(self) -> LocalModel:
        return self.model.settings.models.local[self.model.settings.base.model]

    @property
    def base_id(self) -> str | None:
        """owner/name of the base on the Hub; None if it came from elsewhere."""
        on_hub = self.base.location.startswith(hub.SCHEME)
        return hub.parse("models.local", self.base.location).repo_id if on_hub else None


def pages(card: ModelCard) -> dict[str, str]:
    """Everything sent besides the model's own files, by path."""
    made = {"README.md": readme(card), "NOTICE.md": _render("model-notice.md.j2", card)}
    return made | model_results.files(card.model.settings, card.results)


def readme(card: ModelCard) -> str:
    """README.md: YAML header and body."""
    return f"---\n{yaml_text(header(card))}---\n\n{_render('model.md.j2', card)}"


def header(card: ModelCard) -> dict[str, Any]:
    """The card's metadata as the Hub reads it. `datasets` is left out: its training data is not a data set on
    the Hub."""
    from huggingface_hub.repocard_data import eval_results_to_model_index

    license_id, license_name, _ = LICENSES[card.model.rights]
    values: dict[str, Any] = {"license": license_id}
    values |= {"license_name": license_name} if license_name else {}
    values |= {"language": ["en"], "library_name": "transformers", "pipeline_tag": card.method.head.pipeline}
    values["tags"] = ["medical", card.method.tag, "trl", "not-for-clinical-use"]
    values["tags"] += ["demonstration", "not-for-use"] if card.model.demonstration else []
    values |= {"base_model": card.base_id, "base_model_relation": "finetune"} if card.base_id else {}
    if entries := model_results.index(card.model.settings, card.results):
        values["model-index"] = eval_results_to_model_index(card.model.record.name, entries)
    return values | (FORM if card.model.rights in MODEL.gated else {})


def _render(template: str, card: ModelCard) -> str:
    settings, results, rights = card.model.settings, card.results, card.model.rights
    return fill(
        template, card=card, model=card.model, record=card.model.record, settings=settings, results=results,
        license=LICENSES[rights], gated=rights in MODEL.gated, options=_options,
        title=metrics.title, version=ultramed.__version__, base_origin=_origin(card.base),
        origin=lambda task: model_results.origin(settings, task), filed=model_results.files(settings, results),
        known=lambda share: notice(source(settings, share)),
        input_of=lambda share: input_of(settings, source(settings, share)),
        makers={name: settings.model(name).rights for name in models_used(settings)},
    )


def _options(trained: Trained) -> dict[str, str]:
    """A training's params as text; only the file name of a path."""
    values = {**trained.record.recipe, **trained.record.training}
    if launch := values.pop("launch", None):
        values["launch"] = Path(str(launch)).name
    return {name: _words(value) for name, value in values.items() if name not in NOT_SHOWN}


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(inner)}" for name, inner in value.items())
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _origin(base: LocalModel) -> str:
    """Where the base came from, on the Hub or in a package; never a local path."""
    known = base.location.startswith((hub.SCHEME, "package:"))
    return base.location if known else f"a file, {(base.sha256 or '')[:12]}"
