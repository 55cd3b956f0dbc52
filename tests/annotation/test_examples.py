"""Retrieved examples: the nearest questions of others, and nothing that gives the item's own answer away."""

from dataclasses import replace

import pytest
from oracle_endpoint import exam, settings

from ultramed.annotation.examples import nearest_others
from ultramed.records import Instruction

pytestmark = pytest.mark.usefixtures("encoder_here")
DRUGS = ["Furosemide", "Spironolactone", "Acetazolamide", "Mannitol"]
STEM = "A 61-year-old man with heart failure has swollen legs. Which diuretic acts on the thick ascending limb?"


def child(parent: Instruction, row_id: str, stem: str, options: list[str], key: str) -> Instruction:
    return replace(exam(row_id, stem, options, key), parent=parent.id, round=1, family=parent.family)


ITEM = exam("MedQA,1", STEM, DRUGS, "A")
OTHERS = {
    "another subject": exam("MedQA,2", "Which scaly lesion is found on both elbows?", ["Psoriasis", "Scabies"], "A"),
    "another question": exam("MedQA,3", "A man with heart failure and swollen legs has painful breasts. Which diuretic "
                             "is the cause?", DRUGS, "B"),
}
RELATIVES = {
    "its child": child(ITEM, "MedQA,1#evol", "An elderly man with oedema needs a diuretic that works on Henle's loop. "
                       "Which one?", ["Furosemide", "Amiloride", "Mannitol"], "A"),
    "its child with another key": child(ITEM, "MedQA,1#evol2", f"{STEM} His potassium is to be spared.", DRUGS, "B"),
    "the same in nearly the same words": exam("MedQA,4", STEM.replace("61", "62"), DRUGS[::-1], "A"),
    "the same key in other words": exam("MedQA,5", "Which diuretic of the loop relieves heart failure?",
                                        ["Bumetanide", "FUROSEMIDE."], "B"),
}


def shown(item: Instruction, pool: list[Instruction], count: int = 9) -> list[str]:
    (picks,) = nearest_others([item], pool, count, settings("http://127.0.0.1:1/v1").dedup)
    return [pool[n].id for n in picks]


@pytest.mark.parametrize("relative", RELATIVES)
def test_no_relative_is_shown_though_it_is_the_nearest(relative: str) -> None:
    pool = [RELATIVES[relative], *OTHERS.values()]
    assert shown(ITEM, pool) == ["MedQA,3", "MedQA,2"]


def test_parents_and_siblings_are_not_shown_to_a_child() -> None:
    pool = [ITEM, RELATIVES["its child with another key"], OTHERS["another question"]]
    assert shown(RELATIVES["its child"], pool) == ["MedQA,3"]


def test_an_item_with_relatives_only_gets_no_example() -> None:
    assert shown(ITEM, list(RELATIVES.values())) == []


def test_yes_and_no_are_shown_to_either() -> None:
    """If an item with the key "yes" saw "no" alone, the examples would tell it what not to say, or mislead it."""
    pool = [exam(f"PubMedQA,{n}", f"Does drug {name} lower the pressure?", ["yes", "no", "maybe"], key)
            for n, (name, key) in enumerate(zip(("atenolol", "digoxin", "aspirin", "ramipril"), "ABAB", strict=True))]
    asking = exam("PubMedQA,9", "Do sodium channels open in the cold?", ["yes", "no", "maybe"], "A")
    assert sorted(shown(asking, pool)) == sorted(i.id for i in pool)


def test_among_400_items_none_sees_its_family() -> None:
    """Planted: an evolved child of each is accepted, and nearer than any other question."""
    organs = ["liver", "kidney", "spleen", "thyroid", "pancreas", "retina", "cochlea", "uterus"]
    signs = ["pain", "swelling", "fever", "bleeding", "a mass", "failure", "an abscess", "atrophy", "stones", "a cyst"]
    ages = ["newborn", "child", "youth", "woman", "man"]
    items = [exam(f"MedQA,{n}", f"A {age} has {sign} of the {organ}. What is the next step in care?",
                  [f"Test {n}", f"Drug {n}", "Wait", "Operate"], "AB"[n % 2])
             for n, (age, sign, organ) in enumerate((a, s, o) for a in ages for s in signs for o in organs)]
    children = [child(i, f"{i.id}#evol", f"{i.question} Explain which finding decides it.",
                      [o.text for o in i.options], str(i.key)) for i in items]
    picks = nearest_others(items, children, 2, settings("http://127.0.0.1:1/v1").dedup)
    assert len(items) == 400 and all(picks)
    assert not [i.id for i, row in zip(items, picks, strict=True) if any(children[n].family == i.family for n in row)]
