"""One release, as a folder with the Hub's layout:

    README.md  NOTICE.md  lineage.json  data/<config>/<split>-00000-of-00001.parquet
"""

import json
from pathlib import Path

from ultramed import tables
from ultramed.params import Params
from ultramed.release import recipe, shards
from ultramed.release.cards import Card, notice_text, readme
from ultramed.release.figures import measure
from ultramed.release.provenance import lineage
from ultramed.release.selection import Selection


def build(params: Params, selection: Selection, folder: Path) -> dict[str, dict[str, int]]:
    """Fill `folder` with the release of a selection; returns rows by config and Hub split."""
    writer = shards if selection.with_text else recipe
    rows = writer.write_configs(selection, folder / "data")
    made_from = lineage(params, selection.profile, rows)
    card = Card(params, selection.profile, rows, measure(selection), made_from)
    tables.write_text(folder / "README.md", readme(card))
    tables.write_text(folder / "NOTICE.md", notice_text(card))
    text = json.dumps(made_from, indent=1, sort_keys=True, ensure_ascii=False)
    tables.write_text(folder / "lineage.json", text + "\n")
    return rows
