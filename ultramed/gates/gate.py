"""A gate: facts, rules, a report, and either the stage's two small outputs or an error that says what failed."""

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

REPORT = "report.html"  # works offline, unlike Data Docs
PASSED = "passed\n"  # constant: a loosened threshold must not re-run later stages


@dataclass(frozen=True)
class Gate:
    """A gate's findings and the path of its report."""

    artifact: str
    report: Path
    figures: dict[str, Any]
    failures: list[str]


def check(artifact: str, params: Params, base: Path = Path(".")) -> list[str]:
    """Check an artifact. Writes `quality/<artifact>.json` and `quality/tokens/<artifact>` under `base`; returns what
    has drifted since figures were last accepted.

    Raises GateError naming every failed expectation; nothing of this artifact is then left in `quality/`,
    but the report stays in `.ultramed/quality/` of the main repository.
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
    """Write the file that later stages depend on: it never changes, so re-running a gate re-runs nothing else."""
    tables.write_text(base / "quality" / "tokens" / name, PASSED)


def judge(name: str, params: Params, base: Path = Path(".")) -> Gate:
    """Check an artifact and write its report and Data Docs; changes nothing in `quality/`.

    Raises ParamsError for an artifact without a gate.
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
    current = figures(facts, counted)
    return Gate(name, folder / REPORT, {
        "artifact": name, "success": not failures, "artifact_hash": digest, "failures": failures,
        "statistics": {"evaluated": len(outcomes), "successful": len(outcomes) - len(failures),
                       "unsuccessful": len(failures)},
        "counts": counted, "figures": current,
        "drift": drift(name, params.scale, current, base / BASELINES),
    }, failures)


def suite(store: Store, artifact: Artifact) -> list[Rule]:
    """The rules of an artifact, including reconciliation."""
    check = store.params.checks.get(artifact.name)
    enough = count("rows", check.min_rows if check else 1, "there are enough rows")
    return [enough, *suites.load(artifact).rules(store), *balanced()]


def _page(artifact: str, digest: str, outcomes: "list[Outcome]") -> str:
    import jinja2

    folder = jinja2.PackageLoader("ultramed", "report")
    environment = jinja2.Environment(loader=folder, autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template("gate.html.j2").render(artifact=artifact, digest=digest, outcomes=outcomes)
