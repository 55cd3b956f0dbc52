"""What verification lets through and throws away, with solvers of known skill; options-only items; even letters."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from oracle_endpoint import Served, exam, settings

from ultramed.curation.solve import Votes, panel
from ultramed.fakes.oracle import Biases
from ultramed.inference.client import connect
from ultramed.records import Instruction, Option
from ultramed.synthesis.items import dealt, flaw
from ultramed.synthesis.verification import Verified, verify

DRUGS = ["Lisinopril", "Amlodipine", "Metoprolol", "Hydralazine"]


def items(count: int, first: int = 0) -> list[Instruction]:
    return [exam(f"TextBookQA,Book_{n}", f"Which drug is right for the patient of case {n}?", DRUGS, "ABCD"[n % 4])
            for n in range(first, first + count)]


def verified(served: Served, rows: list[Instruction], blind: int = 0, **changes: Any) -> Verified:
    given = settings(served.address, **{"evolve__verifiers": 5, "evolve__agree": 2} | changes)
    with connect("oracle", "textbook", given) as client, panel(["oracle"], "textbook", given, client) as jury:
        return verify(jury, rows, given, "textbook", blind)


def wrong_key(item: Instruction) -> str:
    return DRUGS[("ABCD".index(item.key or "") + 1) % 4]


@pytest.mark.parametrize(
    ("skill", "wrong_kept", "right_lost"), [(0.6, 0.07, 0.2), (0.8, 0.03, 0.05), (0.95, 0.0, 0.01)])
@pytest.mark.parametrize("form", ["letter", "json", "text"])
def test_wrong_keys_fall_and_right_ones_stay(
    served: Served, skill: float, wrong_kept: float, right_lost: float, form: str
) -> None:
    """Planted: 150 right keys, 150 wrong ones. With 5 solvers of whom 2 must agree, about 3 % of the wrong keys are
    kept and 12 % of the right ones lost at a skill of 60 %; a majority of 3 would lose 32 %."""
    right, wrong = items(150), items(150, first=1000)
    served.oracle.truth = {"answers": {i.question: DRUGS["ABCD".index(i.key or "")] for i in right}
                           | {i.question: wrong_key(i) for i in wrong}}
    served.oracle.biases = Biases(error=1 - skill)
    changes = {"solve__format": form, "solve__max_tokens": 200}
    failed = set(verified(served, right + wrong, **changes).failed)
    assert sum(i.id not in failed for i in wrong) / 150 <= wrong_kept
    assert sum(i.id in failed for i in right) / 150 <= right_lost


def test_a_hard_item_is_lost_only_where_another_letter_leads(served: Served) -> None:
    """At 40 % skill three right keys of five would fail a majority vote; most stay here, because errors scatter."""
    rows = items(200)
    served.oracle.truth = {"answers": {i.question: DRUGS["ABCD".index(i.key or "")] for i in rows},
                           "errors": {i.question: 0.6 for i in rows}}
    found = verified(served, rows)
    majority = sum(found.votes[i.id].letters[:5].count(i.key or "") >= 3 for i in rows)
    assert len(rows) - len(found.failed) > 1.5 * majority


def test_votes_confirm_a_key_that_no_letter_leads() -> None:
    assert Votes(("A", "A", "B", "C", "D")).confirm("A", 2)
    assert Votes(("A", "A", "B", "B", "C")).confirm("A", 2)  # a tie speaks for the author
    assert Votes(("A", "B")).tied("A") and not Votes(("A", "A", "B")).tied("A") and not Votes(()).tied("A")
    assert not Votes(("A", "B", "B", "C", "D")).confirm("A", 1)
    assert not Votes(("A", "B")).confirm("A", 2)
    assert not Votes().confirm("A", 1)


def test_items_that_their_options_give_away_are_dropped_before_the_others_are_verified(served: Served) -> None:
    rows = items(8)
    obvious = [exam(f"TextBookQA,Book_{n}", f"Which statement holds in case {n}?",
                    ["Never", "Always", "Never ever", f"Usually, unless condition {n} holds"], "D")
               for n in range(100, 104)]
    served.oracle.truth = {"answers": {i.question: DRUGS["ABCD".index(i.key or "")] for i in rows},
                           "blind": {i.options[3].text: True for i in obvious}}
    found = verified(served, rows + obvious, blind=3)
    assert {i: v.code for i, v in found.failed.items()} == dict.fromkeys((i.id for i in obvious), "solvable_blind")
    assert found.failed[obvious[0].id].reason == "3 of 3 solvers found the key D from the options alone; 3 drop it"
    assert not {i.id for i in obvious} & set(found.votes), "nobody is paid to verify them"
    assert not any(i.question in prompt for i in rows for prompt in served.prompts() if "question is missing" in prompt)


def test_several_models_vote_in_turn(served: Served) -> None:
    rows = items(3)
    served.oracle.truth = {"answers": {i.question: DRUGS["ABCD".index(i.key or "")] for i in rows}}
    given = settings(served.address, evolve__verifiers=5)
    models = {"oracle": given.models.remote["oracle"], "second": given.models.remote["oracle"].model_copy(
        update={"model": "second"})}
    given = given.model_copy(update={"models": given.models.model_copy(update={"remote": models})})
    with connect("oracle", "evolve@medqa", given) as client, panel(
            ["second", "oracle"], "evolve@medqa", given, client) as jury:
        votes = jury.solve(rows, 5, "verify")
        uses = [(u.model, u.step) for u in jury.manifest() if u.row_id == rows[0].id]
    assert {i: v.letters for i, v in votes.items()} == {i.id: (i.key,) * 5 for i in rows}
    assert sorted(uses) == [("oracle", "verify-2"), ("oracle", "verify-4"), ("second", "verify-1"),
                            ("second", "verify-3"), ("second", "verify-5")]
    assert Counter(b["model"] for b in served.bodies) == {"oracle": 6, "second": 9}


def _number(n: int) -> str:
    return f"TextBookQA,Anatomy_Gray_{n}"


def _draw(n: int) -> str:
    return f"MedQA-Evol,{n * 37 % 10178}-synthetic-{1 + n % 2}"


@pytest.mark.parametrize(("name", "within"), [(_number, 0.001), (_draw, 0.03)])  # counted; drawn: 3 standard deviations
@pytest.mark.parametrize("seed", [1, 2, 20240606])
def test_letters_are_even_whatever_the_author_prefers(name: Callable[[int], str], within: float, seed: int) -> None:
    """2,000 items whose author always writes the right option first."""
    options = [Option(letter, text) for letter, text in zip("ABCD", DRUGS, strict=True)]
    made = [dealt(name(n), options, "A", seed) for n in range(2000)]
    assert all(next(o.text for o in order if o.letter == key) == DRUGS[0] for order, key in made)
    assert all("".join(o.letter for o in order) == "ABCD" for order, _ in made)
    shares = {letter: n / 2000 for letter, n in Counter(key for _, key in made).items()}
    assert all(abs(share - 0.25) <= within for share in shares.values()), shares
    assert len({tuple(o.text for o in order) for order, _ in made}) == 24


def test_a_letter_does_not_depend_on_other_rows() -> None:
    options = [Option(letter, text) for letter, text in zip("ABCD", DRUGS, strict=True)]
    assert dealt("MedQA-Evol,7-synthetic-1", options, "B", 5) == dealt("MedQA-Evol,7-synthetic-1", options, "B", 5)
    run = [dealt(f"MedQA-Evol,{n}-synthetic-1", options, "B", 5)[1] for n in range(8, 12)]
    assert sorted(run) == list("ABCD"), "a run of ids has all letters"
    assert dealt("WikiQA,Gene", options, "B", 5)[1] in "ABCD"


@pytest.mark.parametrize("texts", [
    ["Aspirin", "Heparin", "Warfarin", "All of the above"], ["Aspirin", "Heparin", "Both A and B", "Neither"],
    ["Aspirin", "Heparin", "A and B", "Warfarin"], ["Aspirin", "None of these options", "Heparin", "Warfarin"],
    ["Aspirin", "Heparin", "Warfarin", "A, B and C"],
])
def test_options_that_point_to_others_are_no_item(texts: list[str]) -> None:
    options = [Option(letter, text) for letter, text in zip("ABCD", texts, strict=True)]
    assert (flaw("Which of these drugs prolongs the bleeding time?", options) or ("",))[0] == "refers_to_options"


@pytest.mark.parametrize("texts", [
    ["Vitamin A", "Vitamin B", "Vitamin C", "Vitamin D"], ["Hepatitis A and B", "Factor VIII", "Protein C", "A1c"],
    ["Both kidneys", "Neither ureter", "The right kidney", "The bladder"], ["A band", "I band", "H zone", "Z line"],
    ["Blood group A", "Blood group B", "Blood group AB", "Blood group O"],
])
def test_options_with_letters_in_their_names_are(texts: list[str]) -> None:
    options = [Option(letter, text) for letter, text in zip("ABCD", texts, strict=True)]
    assert flaw("Which of these changes when a muscle contracts fully?", options) is None
