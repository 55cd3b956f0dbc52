"""The final check of a release before it is sent: every file and row of the folder, read back from its Parquet,
against current rights."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ultramed import artifacts, tables
from ultramed.claims import Claim
from ultramed.errors import PublishError, RightsError, UltramedError
from ultramed.gates import entitlement
from ultramed.params import Params
from ultramed.records import Completion, Instruction
from ultramed.release import recipe, shards
from ultramed.release.profiles import allowed
from ultramed.release.selection import WITH_TEXT

PAGES = ("README.md", "NOTICE.md", "lineage.json")
SHARD = re.compile(r"data/([a-z]+)/(train|validation|test)-\d{5}-of-\d{5}\.parquet")


def audit(params: Params, profile: str, folder: Path) -> list[UltramedError]:
    """Everything that forbids publishing this folder under this profile; empty if nothing does."""
    classes = allowed(params, profile)
    if not folder.is_dir():
        return [PublishError(str(folder), "does not exist", "run `dvc repro` (or `dvc pull`) to make it")]
    refusals: list[UltramedError] = list(_layout(params, profile, folder))
    forbidden: Counter[str] = Counter()
    for name, claim in _claims(params, folder):
        if claim.rights not in classes:
            forbidden[f"{name} ({claim.holder}: {claim.rights})"] += 1
    if forbidden:
        listed = ", ".join(f"{who} {count}" for who, count in sorted(forbidden.items()))
        refusals.append(RightsError(
            str(folder), f"{sum(forbidden.values())} row(s) may not be published as '{profile}', which carries "
            f"{', '.join(sorted(classes)) or 'nothing'}: {listed}", f"run `dvc repro release@{profile}`",
        ))
    return refusals


def rows_of(folder: Path) -> dict[str, int]:
    """Rows by `config split`, from the files' footers."""
    counts: Counter[str] = Counter()
    for path in _parquet(folder):
        counts[f"{path.parent.name} {path.name.split('-')[0]}"] += pq.read_metadata(path).num_rows
    return dict(counts)


def _parquet(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.parquet"))


def _layout(params: Params, profile: str, folder: Path) -> Iterator[PublishError]:
    """Files that do not belong in a release, columns other than the published ones, and an empty release."""
    schemas = shards.schemas(params) if profile in WITH_TEXT else recipe.SCHEMAS
    for path in sorted(p for p in folder.rglob("*") if not p.is_dir()):
        name = path.relative_to(folder).as_posix()
        match = SHARD.fullmatch(name)
        if path.is_symlink() or not (name in PAGES or (match and match[1] in schemas)):
            yield PublishError(str(path), f"has no place in a release of profile '{profile}'", "remove it")
        elif match and not pq.read_schema(path).equals(schemas[match[1]]):
            yield PublishError(str(path), f"does not have the columns of config '{match[1]}'", "run `dvc repro`")
    if missing := [name for name in PAGES if not (folder / name).is_file()]:
        yield PublishError(str(folder), f"lacks {', '.join(missing)}", f"run `dvc repro release@{profile}`")
    if not _parquet(folder):
        yield PublishError(str(folder), f"is empty: no row may be released as '{profile}'", "see its NOTICE.md")


def _claims(params: Params, folder: Path) -> Iterator[tuple[str, Claim]]:
    """(source, deciding claim) of each row; an id missing from the curated set is `deny`."""
    classes = entitlement.kinds(params)
    known = {row.id: (row.source, Claim(f"source {row.source}", classes.get((row.source, row.round > 0), "deny")))
             for row in tables.read(artifacts.CURATED, Instruction)}
    teachers = {c.instruction_id: c.author for c in tables.read(artifacts.COMPLETED, Completion)}
    for path in _parquet(folder):
        for row in _rows(path):
            row_id = row.get("id") or row.get("prompt_id") or ""
            name, source = known.get(row_id, ("unknown", Claim("unknown id", "deny")))
            yield name, _deciding(params, source, _models(params, row, teachers.get(row_id)))


def _models(params: Params, row: dict[str, Any], teacher: str | None) -> list[str]:
    """The models behind a row: the pool members or their models, teacher, scorer and judge."""
    if about := row.get("metadata"):
        return [about["chosen_model"], about["rejected_model"], about["judge"]]
    if "model" in row:
        return [row["model"], row["judge"]]
    scored = [params.score.model, *([teacher] if teacher else [])] if "id" in row else []
    return [*scored, *(name for c in row.get("candidates") or [] for name in (c["model"], c["judge"]) if name)]


def _deciding(params: Params, source: Claim, models: list[str]) -> Claim:
    claims = [source, *(Claim(f"model {name}", entitlement.model(params, name)) for name in models)]
    worst = entitlement.least(claim.rights for claim in claims)
    return next(claim for claim in claims if entitlement.least([claim.rights]) == worst)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """Rows, with only the columns that affect rights."""
    with pq.ParquetFile(path) as file:
        wanted = {"id", "prompt_id", "metadata", "candidates", "model", "judge"} & set(file.schema_arrow.names)
        for batch in file.iter_batches(columns=sorted(wanted)):
            yield from batch.to_pylist()
