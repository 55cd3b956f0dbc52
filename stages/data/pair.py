"""pair: feedback → all preference pairs and the selected ones. Usage: python -m stages.data.pair"""

from itertools import groupby

from ultramed import artifacts, params, stage, tables
from ultramed.annotation.pairs import all_pairs, select, verdict
from ultramed.records import Assignment, Feedback, Instruction, Pair, Verdict


def main() -> None:
    settings = params.load()
    candidates = {c.id: c for rows in artifacts.candidates(settings).values() for c in rows}
    keys = {i.id: i.key for i in tables.read(artifacts.CURATED, Instruction) if i.key}
    splits = {a.id: a.split for a in tables.read(artifacts.SPLIT, Assignment)}
    pairs: list[Pair] = []
    selected: list[Pair] = []
    verdicts: list[Verdict] = []
    for row, given in groupby(tables.read(artifacts.JUDGED, Feedback), key=lambda f: f.instruction_id):
        feedback = list(given)
        row_pairs = list(all_pairs(feedback, candidates, splits[row], keys.get(row), settings.pair))
        chosen = select(row_pairs, candidates, settings)
        pairs += row_pairs
        selected += chosen
        verdicts.append(verdict(row, row_pairs, chosen, len(feedback)))
    artifacts.PAIRED.write(rows=pairs, selected=selected, verdicts=verdicts)


if __name__ == "__main__":
    stage.run(main)
