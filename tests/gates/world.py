"""A small complete world: every artifact of the pipeline, consistent, made by hand without a model. Tests break it."""

import json
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from ultramed import params as params_module
from ultramed import tables
from ultramed.params import Params
from ultramed.records import Record

ROOT = Path(__file__).parents[2]
BENCHMARK = ("A 24-year-old marathon runner is tired and has brittle nails; her ferritin is 6 ng/mL and her blood "
             "film shows small pale cells. A deficiency of which of the following explains all of this best?")
MEMBERS = ("careful", "brief", "creative", "source")
Key = tuple[str, str, str]  # artifact, part ("" for none), table


@dataclass
class World:
    """Tables by (artifact, part, table); `write` puts them on disk under `base`."""

    base: Path
    params: Params
    kinds: dict[Key, type[Record]] = field(default_factory=dict)
    rows: dict[Key, list[Any]] = field(default_factory=dict)
    published: dict[Key, list[dict[str, Any]]] = field(default_factory=dict)  # by profile, config, split

    def put(self, kind: type[Record], rows: list[Any], artifact: str, part: str = "", table: str = "rows") -> None:
        self.kinds[artifact, part, table], self.rows[artifact, part, table] = kind, rows

    def copy(self, base: Path) -> "World":
        """The same world, written to another folder."""
        shutil.copytree(self.base / "data", base / "data")
        return World(base, self.params, dict(self.kinds), {key: list(rows) for key, rows in self.rows.items()},
                     {key: [dict(row) for row in rows] for key, rows in self.published.items()})

    def write(self, *artifacts: str) -> "World":
        """Write these artifacts; all of them if none is named."""
        for artifact, part in dict.fromkeys((a, p) for a, p, _ in self.rows):
            if artifacts and artifact not in artifacts:
                continue
            folder = self.base / "data" / artifact / part
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tables.artifact(folder) as partial:
                for (a, p, table), rows in self.rows.items():
                    if (a, p) == (artifact, part):
                        tables.write(partial, table, self.kinds[a, p, table], rows)
        self._write_raw()
        for (profile, config, name), shown in self.published.items():
            shard = self.base / "data" / "release" / profile / "data" / config / f"{name}-00000-of-00001.parquet"
            shard.parent.mkdir(parents=True, exist_ok=True)
            tables.write_arrow(shard, pa.Table.from_pylist(shown))
        return self

    def _write_raw(self) -> None:
        """The one benchmark, in MedQA's native format."""
        path = self.base / "data" / "raw" / "benchmarks" / "medqa_test" / "test.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        item = {"question": BENCHMARK, "answer": "Iron", "answer_idx": "A",
                "options": {"A": "Iron", "B": "Zinc", "C": "Copper", "D": "Iodine"}, "meta_info": "step1"}
        path.write_text(json.dumps(item) + "\n", encoding="utf-8")

    def change(self, artifact: str, part: str, table: str, at: int, **values: Any) -> None:
        """Change fields of one row."""
        rows = self.rows[artifact, part, table]
        rows[at] = replace(rows[at], **values)


def settings(**sections: dict[str, Any]) -> Params:
    """The committed params with gates that require one row, and some sections' values replaced."""
    values = params_module.load(ROOT / "params.yaml").model_dump()
    for check in values["checks"].values():
        check["min_rows"] = 1
    member = values["candidates"]["pool"]["careful"]
    values["candidates"] |= {"source": True, "pool": {m: member for m in MEMBERS[:-1]}}
    values["benchmarks"] = {"medqa_test": {"format": "medqa", "location": "test.jsonl", "sha256": "0" * 64}}
    for section, changed in sections.items():
        values[section] |= changed
    return Params.model_validate(values)
