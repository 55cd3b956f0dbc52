"""pair: feedback → all preference pairs and the selected ones. Usage: python -m stages.data.pair"""

from itertools import groupby

from ultramed import artifacts, params, stage, tables
from ultramed.annotation.pairs import all_pairs, limited, select, verdict
from ultramed.records import Assignment, Feedback, Instruction, Pair


def main() -> None:
    settings = params.load()
    candidates = {c.id: c for rows in artifacts.candidates(settings).values() for c in rows}
    keys, sources = {}, {}
    for i in tables.read(artifacts.CURATED, Instruction):
        keys[i.id], sources[i.id] = i.key, i.source
    splits = {a.id: a.split for a in tables.read(artifacts.SPLIT, Assignment)}
    pairs: list[Pair] = []
    selected: list[Pair] = []
    decided: list[tuple[str, list[Pair], list[Pair], int]] = []
    for row, given in groupby(tables.read(artifacts.JUDGED, Feedback), key=lambda f: f.instruction_id):
        feedback = list(given)
        row_pairs = list(all_pairs(feedback, candidates, splits[row], keys.get(row), settings.pair))
        chosen = select(row_pairs, candidates, settings)
        pairs += row_pairs
        selected += chosen
        decided.append((row, row_pairs, chosen, len(feedback)))
    kept = limited(selected, sources, settings)
    by_row = {row: list(own) for row, own in groupby(kept, key=lambda p: p.instruction_id)}
    verdicts = [verdict(row, own, chosen, by_row.get(row, []), judged) for row, own, chosen, judged in decided]
    artifacts.PAIRED.write(rows=pairs, selected=kept, verdicts=verdicts)


if __name__ == "__main__":
    stage.run(main)
