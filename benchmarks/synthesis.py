"""Rules for written items, with planted truth: what is kept and what is dropped.

    ULTRAMED_REALDATA=… python -m benchmarks.synthesis

- Novelty: children of real questions that say one thing more, and children that only reword, pad or respell. Beside it
  the rule by word shingles alone (`dedup.threshold`), which curation had before.
- Verification: items with right and with wrong keys, solved by an oracle of known skill. Beside it a majority vote of
  the same number of solvers.
- Letters: 2,000 items whose author always writes the right option first.
"""

import json
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ultramed import params
from ultramed.curation.likeness import Comparer
from ultramed.curation.novelty import novelty
from ultramed.curation.solve import Votes
from ultramed.records import Instruction, Message, Option
from ultramed.synthesis.items import dealt

QUESTIONS = "01_training_sources/MedQA_dev/medqa_full_dev.json"
LETTERS = "ABCD"
SENTENCES = (
    "Her serum calcium concentration is 11.8 mg/dL", "A pericardial friction rub is heard at the left sternal border",
    "He returned from a trip to rural Peru six weeks earlier", "Urinalysis shows dysmorphic erythrocytes and casts",
    "Genetic testing reveals a deletion on the long arm of chromosome 22", "The spleen tip is palpable on inspiration",
    "Two cousins died of sudden cardiac arrest before the age of 30", "A purpuric rash has spread over both ankles",
    "Symptoms return within an hour of each meal and wake the patient at night", "Reflexes are brisk with ankle clonus",
    "Anti-mitochondrial antibodies are positive at a titer of 1:160", "CT of the head shows a hypodense frontal lesion",
)
FILLERS = (
    "Read the whole case with care before you answer.", "Based on the information provided, pick the best option.",
    "This is a clinical scenario from everyday practice.", "Please select the single most appropriate answer below.",
    "Take all of the details given above into consideration.", "Only one of the options is correct.",
)
SWAPS = (
    ("physician", "doctor"), ("presents", "comes in"), ("because of", "owing to"), ("history of", "known"),
    ("most likely", "most probable"), ("Which of the following", "Which one of these"), ("examination", "exam"),
    ("shows", "reveals"), ("began", "started"), ("approximately", "about"), ("patient", "individual"),
)


@dataclass(frozen=True)
class Family:
    """A real question, a child that obeys, and one that only rewords."""

    parent: Instruction
    obedient: Instruction
    cosmetic: Instruction


def families(folder: Path, count: int, seed: int = 5) -> Iterator[Family]:
    """Planted children of questions in a folder of public data."""
    rows, chance = json.loads((folder / QUESTIONS).read_text(encoding="utf-8")), random.Random(seed)
    for number, row in enumerate(chance.sample(rows, count)):
        options = [Option(text[0], text[3:]) for text in row["options"]]
        key = next(o.letter for o in options if o.text == row["answer"])
        parent = _item(f"MedQA,{number}", row["question"], options, key)
        sentences = row["question"].split(". ")
        place = chance.randrange(max(1, len(sentences) - 1)) + (len(sentences) > 1)
        longer = ". ".join([*sentences[:place], chance.choice(SENTENCES), *sentences[place:]])
        reworded = row["question"]
        for old, new in SWAPS:
            reworded = re.sub(rf"\b{old}\b", new, reworded)
        filler = chance.choice(FILLERS)
        padded = f"{filler} {reworded}" if chance.random() < 0.5 else f"{reworded} {filler}"
        yield Family(parent, _child(parent, "1", longer), _child(parent, "2", padded))


def _item(row_id: str, question: str, options: list[Option], key: str) -> Instruction:
    return Instruction(row_id, "medqa", "exam", "exam", False, [Message("user", question)], options, key, None, None, 0,
                       row_id, "open", None, "")


def _child(parent: Instruction, number: str, question: str) -> Instruction:
    return replace(parent, id=f"{parent.id}-synthetic-{number}", messages=[Message("user", question)], round=1)


def novel(folder: Path, count: int) -> None:
    """Shares kept and dropped, by both rules."""
    settings, kept, dropped, by_shingles = params.load().dedup, 0, 0, 0
    for family in families(folder, count):
        kept += novelty(family.obedient, family.parent).enough
        dropped += not novelty(family.cosmetic, family.parent).enough
        by_shingles += Comparer([family.parent, family.obedient], settings).similarity(1, 0) < settings.threshold
    print(f"novelty, {count} questions: {kept / count:.1%} of obedient children kept ({by_shingles / count:.1%} by "
          f"shingles alone), {dropped / count:.1%} of cosmetic ones dropped before a solver is asked")


def verified(skill: float, solvers: int = 5, agree: int = 2, items: int = 20_000) -> None:
    """Shares of wrong keys kept and of right ones lost."""
    chance = random.Random(1)

    def here(votes: Votes, again: Callable[[], Votes]) -> bool:
        undecided = votes.tied("A") and votes.count("A") >= agree
        return (votes + again() if undecided else votes).confirm("A", agree)

    rules: dict[str, Callable[[Votes, Callable[[], Votes]], bool]] = {
        "here": here, "majority": lambda votes, _: votes.count("A") > solvers / 2}
    told = []
    for name, rule in rules.items():
        lost = sum(not rule(*_votes(chance, skill, "A", solvers)) for _ in range(items)) / items
        kept = sum(rule(*_votes(chance, skill, "B", solvers)) for _ in range(items)) / items
        told.append(f"{name}: {kept:.1%} of wrong keys kept, {lost:.1%} of right ones lost")
    print(f"verification, skill {skill:.0%}, {solvers} solvers, {agree} must agree: {'; '.join(told)}")


def _votes(chance: random.Random, skill: float, truth: str, solvers: int) -> tuple[Votes, Callable[[], Votes]]:
    """Votes of solvers who err evenly over the other letters, and a second ballot of the same."""
    others = [letter for letter in LETTERS if letter != truth]

    def ballot() -> Votes:
        return Votes(tuple(truth if chance.random() < skill else chance.choice(others) for _ in range(solvers)))

    return ballot(), ballot


def letters(items: int = 2_000) -> None:
    """Largest deviation from an even share."""
    options = [Option(letter, f"option {letter}") for letter in LETTERS]
    named = {"counted ids": "TextBookQA,Anatomy_Gray_{}", "ids drawn from 10,178": "MedQA-Evol,{}-synthetic-1"}
    for what, name in named.items():
        numbers = range(items) if "counted" in what else sorted(random.Random(2).sample(range(10_178), items))
        shares = Counter(dealt(name.format(n), options, "A", 20240606)[1] for n in numbers)
        worst = max(abs(shares[letter] / items - 1 / len(LETTERS)) for letter in LETTERS)
        print(f"letters, {items} items, {what}: at most {100 * worst:.2f} points from even")


def main() -> None:
    if folder := os.environ.get("ULTRAMED_REALDATA"):
        novel(Path(folder), 400)
    else:
        print("novelty: set ULTRAMED_REALDATA to a folder of public questions", file=sys.stderr)
    for skill in (0.4, 0.6, 0.8, 0.95):
        verified(skill)
    letters()


if __name__ == "__main__":
    main()
