"""A gate: facts, rules, report, and then the stage's two small outputs or an error saying what failed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ultramed import paths, tables
from ultramed.artifacts import Artifact
from ultramed.errors import GateError
from ultramed.gates import suites
from ultramed.gates.balance import balanced
from ultramed.gates.content import content_hash
from ultramed.gates.drift import BASELINES, counts, drift, figures
from ultramed.gates.facts import Facts
from ultramed.gates.rules import Rule, count
from ultramed.gates.store import Store
from ultramed.params import Params

if TYPE_CHECKING:
    from ultramed.gates.validation import Outcome

REPORT = "report.html"  # opens without a network, which Data Docs do not
PASSED = "passed\n"  # constant: a loosened threshold must not re-run what comes after


@dataclass(frozen=True)
class Gate:
    """What a gate found, and where its report lies."""

    artifact: str
    report: Path
    figures: dict[str, Any]
    failures: list[str]


def check(artifact: str, params: Params, base: Path = Path(".")) -> list[str]:
    """Judge an artifact. Writes `quality/<artifact>.json` and `quality/tokens/<artifact>` under `base`, and returns
    what has drifted since figures were last accepted.

    Raises GateError naming every failed expectation; then nothing of this artifact is left in `quality/`,
    while the report stays in `.ultramed/quality/` of the main repository.
    """
    figures_path, token_path = base / "quality" / f"{artifact}.json", base / "quality" / "tokens" / artifact
    figures_path.unlink(missing_ok=True)
    token_path.unlink(missing_ok=True)
    gate = judge(artifact, params, base)
    if gate.failures:
        listed = "".join(f"\n  - {line}" for line in gate.failures)
        evaluated = gate.figures["statistics"]["evaluated"]
        raise GateError(
            f"gate '{artifact}'",
            f"{len(gate.failures)} of {evaluated} expectations do not hold:{listed}\n",
            f"the report is {gate.report}",
        )
    text = json.dumps(gate.figures, indent=1, sort_keys=True, ensure_ascii=False)
    tables.write_text(figures_path, text + "\n")
    write_token(artifact, base)
    drifted: list[str] = gate.figures["drift"]
    return drifted


def write_token(name: str, base: Path = Path(".")) -> None:
    """Write what stages behind a gate wait for: it never changes, so a gate that runs again re-runs nothing."""
    tables.write_text(base / "quality" / "tokens" / name, PASSED)


def judge(name: str, params: Params, base: Path = Path(".")) -> Gate:
    """Judge an artifact and write its report, Data Docs beside it; changes nothing in `quality/`.

    Raises ParamsError for a name without a gate.
    """
    from ultramed.gates.validation import validate

    store, artifact = Store(params, base), suites.gated(name)
    facts = Facts(store, artifact)
    digest = content_hash(store.path(artifact))
    folder = paths.home() / "quality" / digest.removesuffix(".dir") / name
    with tables.artifact(folder) as partial:
        outcomes = validate(facts, suite(store, artifact), partial)
        tables.write_text(partial / REPORT, _page(name, digest, outcomes))
    failures = [o.line for o in outcomes if not o.success]
    counted = counts(facts)
    found = figures(facts, counted)
    return Gate(name, folder / REPORT, {
        "artifact": name, "success": not failures, "artifact_hash": digest, "failures": failures,
        "statistics": {"evaluated": len(outcomes), "successful": len(outcomes) - len(failures),
                       "unsuccessful": len(failures)},
        "counts": counted, "figures": found,
        "drift": drift(name, params.scale, found, base / BASELINES),
    }, failures)


def suite(store: Store, artifact: Artifact) -> list[Rule]:
    """The rules of an artifact, reconciliation included."""
    check = store.params.checks.get(artifact.name)
    enough = count("rows", check.min_rows if check else 1, "there are enough rows")
    return [enough, *suites.load(artifact).rules(store), *balanced()]


def _page(artifact: str, digest: str, outcomes: "list[Outcome]") -> str:
    import jinja2

    folder = jinja2.PackageLoader("ultramed", "report")
    environment = jinja2.Environment(loader=folder, autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template("gate.html.j2").render(artifact=artifact, digest=digest, outcomes=outcomes)
