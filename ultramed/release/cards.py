"""The dataset card and the notice, from templates in `cards/`. They show only names, codes and figures,
escaped, and no row text."""

import html
import re
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from ruamel.yaml import YAML

import ultramed
from ultramed.annotation.pairs import criteria
from ultramed.params import LocalModel, Params, RemoteModel
from ultramed.release.figures import Figures
from ultramed.release.notices import notice
from ultramed.release.shards import SPLITS

SAMPLE = "data/raw/sample/"  # the small data set that ships with the project
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
LICENSES = {
    "open": ("cc-by-4.0", "Every row comes from sources and models whose terms allow at least use with attribution."),
    "research": (
        "cc-by-nc-4.0",
        "Some rows come from sources that allow non-commercial use only, and the set can be no freer than they are.",
    ),
    "recipe": (
        "cc-by-4.0",
        "It covers our annotations alone. Nothing here grants a right to the items that the ids refer to.",
    ),
}
GATE = {  # the questions of the Hub's access form
    "extra_gated_heading": "Access for non-commercial research",
    "extra_gated_prompt": (
        "Some rows are licensed for non-commercial use only. This data set is not for clinical use: no output of a "
        "model trained on it may guide the care of a patient without a qualified professional's own judgement."
    ),
    "extra_gated_fields": {
        "Affiliation": "text",
        "Intended use": "text",
        "I will use this data for non-commercial research only": "checkbox",
        "I will not use it, or models trained on it, to guide the care of patients": "checkbox",
    },
    "extra_gated_button_content": "Ask for access",
}


@dataclass(frozen=True)
class Card:
    """The values for both templates."""

    params: Params
    profile: str
    rows: dict[str, dict[str, int]]  # config → Hub split → rows
    figures: Figures
    lineage: dict[str, Any]

    @property
    def demonstration(self) -> list[str]:
        """Names of used models whose output is marked as demonstration."""
        return [name for name in models_used(self.params) if self.params.model(name).demonstration]


def readme(card: Card) -> str:
    """README.md: YAML header and body."""
    return f"---\n{yaml_text(header(card))}---\n\n{_render('readme.md.j2', card)}"


def notice_text(card: Card) -> str:
    """NOTICE.md: rights and rows of each source."""
    return _render("notice.md.j2", card)


def header(card: Card) -> dict[str, Any]:
    """The card's metadata as the Hub reads it."""
    total = sum(sum(splits.values()) for splits in card.rows.values())
    values: dict[str, Any] = {
        "pretty_name": f"{card.params.release.name} ({card.profile})",
        "license": LICENSES[card.profile][0],
        "language": ["en"],
        "task_categories": ["text-generation", "question-answering"],
        "tags": ["medical", "instruction-tuning", "preference", "reward-model", "synthetic", "not-for-clinical-use"],
        "size_categories": [next((name for limit, name in SIZES if total < limit), "1M<n<10M")],
    }
    if card.rows:
        values["configs"] = [_config(name, splits, n == 0) for n, (name, splits) in enumerate(card.rows.items())]
    return values | (GATE if card.profile == "research" else {})


def _config(name: str, splits: dict[str, int], default: bool) -> dict[str, Any]:
    files = [{"split": split, "path": f"data/{name}/{split}-*"} for split in splits]
    return {"config_name": name, **({"default": True} if default else {}), "data_files": files}


def models_used(params: Params) -> list[str]:
    """Names of the models that wrote, scored or judged something."""
    sections = (params.textbook, params.wikipedia, params.evolve, params.score, params.complete, params.judge)
    names = [section.model for section in sections]
    names += [member.model for member in params.candidates.pool.values()]
    return list(dict.fromkeys(names))


def _render(template: str, card: Card) -> str:
    return fill(
        template,
        params=card.params, profile=card.profile, rows=card.rows, figures=card.figures, lineage=card.lineage,
        demonstration=card.demonstration, license=LICENSES[card.profile], notice=notice, splits=SPLITS,
        models={name: _describe(card.params.model(name)) for name in models_used(card.params)},
        labels=criteria(card.params.pair), version=ultramed.__version__,
        input_of=lambda name: input_of(card.params, name),
    )


def fill(template: str, **values: Any) -> str:
    """Fill a template of `cards/`: every value except our own markup is escaped; an unknown name is an error."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("cards")), undefined=StrictUndefined,
        autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        finalize=escape,
    )
    return environment.get_template(template).render(values)


def escape(value: Any) -> Any:
    """Make a value safe in Markdown: it cannot add markup or end a table cell or line."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    text = html.escape(re.sub(r"\s*\n\s*", " ", value), quote=False)
    for mark in "|`[]":
        text = text.replace(mark, f"&#{ord(mark)};")
    return Markup(text)


def _describe(model: LocalModel | RemoteModel) -> dict[str, str]:
    if isinstance(model, LocalModel):
        return {"served": model.engine, "pin": (model.sha256 or model.revision or "")[:12], "rights": model.rights}
    served = f"{model.provider}: {model.model}"
    return {"served": served, "pin": model.revision, "rights": model.rights}


def input_of(params: Params, source: str) -> str:
    """`sample` for a source read from the sample that ships with the project, else its pins; never a location."""
    known = {**params.raw, **params.general}
    pins = [known[name] for name in notice(source).raw or (source,) if name in known]
    if any(pin.location.startswith(SAMPLE) for pin in pins):
        return "sample"
    return ", ".join((pin.sha256 or pin.revision or "")[:12] for pin in pins) or "none recorded"


def yaml_text(values: Any) -> str:
    """YAML in block style, keys in insertion order."""
    writer, text = YAML(typ="safe"), StringIO()
    writer.default_flow_style, writer.width = False, 1000
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    writer.dump(values, text)
    return text.getvalue()
