"""The only module that uses Great Expectations. Imported lazily: it takes seconds."""

import json
import logging
import os
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ultramed.gates.facts import Facts
from ultramed.gates.rules import Rule
from ultramed.tables import write_text

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10  # unexpected rows fetched for the report
NAMED = 3  # of those, named in a message


@dataclass(frozen=True)
class Outcome:
    """The result of one rule."""

    rule: Rule
    success: bool
    observed: str  # what was found, with numbers, and ids of the first failing rows

    @property
    def line(self) -> str:
        """The failure in one line, for people."""
        rule = self.rule
        return f"{rule.table}: {rule.words}: expected {rule.expected}, observed {self.observed}"


def validate(facts: Facts, rules: list[Rule], folder: Path) -> list[Outcome]:
    """Judge the facts; write Data Docs (`index.html`) and `validation.json` into the folder."""
    context = _context(folder)
    outcomes, record = [], {}
    for table in facts.tables:
        own = [r for r in rules if r.table == table]
        frame = facts.frame(table)
        results = _run(context, f"{facts.artifact.name}-{table}", own, frame)
        record[table] = [r.to_json_dict() for r in results]
        outcomes += [_outcome(rule, result, facts) for rule, result in _matched(own, results)]
    shutil.rmtree(folder / "static" / "images", ignore_errors=True)  # 3 MB of advertising
    write_text(folder / "validation.json", json.dumps(record, indent=1, default=str))
    return outcomes


def _context(folder: Path) -> Any:
    """An ephemeral context that writes Data Docs into the folder and sends nothing out."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="great_expectations")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)  # type: ignore[assignment]
    for name in list(context.list_data_docs_sites()):
        context.delete_data_docs_site(name)
    context.add_data_docs_site("local", {
        "class_name": "SiteBuilder", "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.resolve()),
        },
    })
    return context


def _run(context: Any, name: str, rules: list[Rule], frame: "pd.DataFrame") -> list[Any]:
    import great_expectations as gx

    suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=[_expectation(r) for r in rules]))
    batch = context.data_sources.add_pandas(name).add_dataframe_asset("facts")
    definition = context.validation_definitions.add(gx.ValidationDefinition(
        name=name, data=batch.add_batch_definition_whole_dataframe("all"), suite=suite))
    checkpoint = context.checkpoints.add(gx.Checkpoint(
        name=name, validation_definitions=[definition],
        actions=[gx.checkpoint.UpdateDataDocsAction(name="docs", site_names=["local"])],
        result_format={"result_format": "SUMMARY", "partial_unexpected_count": SHOWN}))
    run = checkpoint.run(batch_parameters={"dataframe": frame})
    return list(next(iter(run.run_results.values())).results)


def _expectation(rule: Rule) -> Any:
    import great_expectations.expectations as gxe

    said: dict[str, Any] = {"description": rule.words}
    if rule.kind == "count":
        return gxe.ExpectTableRowCountToBeBetween(min_value=int(rule.low or 0), **said)
    if rule.kind == "between":
        return gxe.ExpectColumnValuesToBeBetween(
            column=rule.column, min_value=rule.low, max_value=rule.high, **said)
    if rule.kind == "one_of":
        return gxe.ExpectColumnValuesToBeInSet(column=rule.column, value_set=list(rule.values), **said)
    if rule.kind == "unique":
        return gxe.ExpectColumnValuesToBeUnique(column=rule.column, **said)
    return gxe.ExpectColumnValuesToNotBeNull(column=rule.column, **said)


def _matched(rules: list[Rule], results: list[Any]) -> list[tuple[Rule, Any]]:
    """Rules with their results, in rule order: the library returns them in its own."""
    by_rule = {(r.expectation_config.description, r.expectation_config.kwargs.get("column", "")): r
             for r in results}
    return [(rule, by_rule[rule.words, rule.column]) for rule in rules]


def _outcome(rule: Rule, result: Any, facts: Facts) -> Outcome:
    summary = result.result
    if result.success or "element_count" not in summary:
        observed = str(summary.get("observed_value", "")) or _raised(result)
        return Outcome(rule, bool(result.success), observed)
    ids = facts.ids(rule.table, summary["partial_unexpected_index_list"])
    if rule.table == "balance":
        return Outcome(rule, False, _sums(summary, ids))
    told = rule.kind in ("unique", "present") or rule.values == (True,)
    ids, values = ids[:NAMED], [] if told else summary["partial_unexpected_list"]
    shown = [f"{name} ({value})" for name, value in zip(ids, values, strict=False)] or ids
    many = f"{summary['unexpected_count']} of {summary['element_count']} rows"
    return Outcome(rule, False, f"{many} otherwise, such as {', '.join(shown)}")


def _sums(summary: dict[str, Any], parts: list[str]) -> str:
    pairs = zip(parts, summary["partial_unexpected_list"], strict=False)
    return ", ".join(f"{value} in {part}" if part else str(value) for part, value in pairs)


def _raised(result: Any) -> str:
    """The library's message if it could not evaluate an expectation: a flat record, or one per metric."""
    info = result.exception_info or {}
    records = [info, *(i for i in info.values() if isinstance(i, dict))]
    return next((str(r["exception_message"]) for r in records if r.get("exception_message")), "")
