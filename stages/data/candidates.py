"""candidates: a pool member's answers to chosen instructions. Usage: python -m stages.data.candidates MEMBER|source"""

import sys
from collections.abc import Iterable

from ultramed import artifacts, params, stage, tables
from ultramed.annotation.candidates import choose, from_source, sample, warning
from ultramed.inference.client import connect
from ultramed.records import Instruction, Score, Use, Verdict


def main(name: str) -> None:
    settings = params.load()
    scores = {s.id: s.score for s in tables.read(artifacts.SCORED, Score)}
    contested = {v.id for v in tables.read(artifacts.COMPLETED, Verdict, "verdicts") if v.code == "contested"}
    chosen = choose(tables.read(artifacts.CURATED, Instruction), contested, scores, settings)
    uses: Iterable[Use] = []
    if name == "source":
        read = list(from_source(name, chosen))
    else:
        member = settings.candidates.pool[name]
        with connect(member.model, f"candidates@{name}", settings) as client:
            read = list(sample(client, name, member, chosen, settings))
        uses = client.manifest
        if told := warning(name, member, read, settings):
            print(f"  {told}", file=sys.stderr, flush=True)
    artifacts.CANDIDATES.write(
        name, rows=(row for row, _ in read if row), verdicts=(verdict for _, verdict in read), manifest=uses)


if __name__ == "__main__":
    stage.run(main)
