"""Pairs that reviewers agree on, and how a reward model ranks them."""

import json
from pathlib import Path

import pytest

from ultramed.errors import SourceError
from ultramed.evaluation.metrics import accuracy, by_label
from ultramed.evaluation.rewardbench import compare, labels, reviewed
from ultramed.records import Comparison, Message, Preference

PAIR = "MedQA,1#a>b"


def pair(name: str = PAIR, label_type: str = "easy", **texts: str) -> Preference:
    turns = [Message("user", f"What of {name}?")]
    return Preference(name, "medical", turns, texts.get("chosen", "good"), texts.get("rejected", "bad"), 2, label_type,
                      name, "open")


def line(preferred: object = "chosen", annotator: object = "r1", pair_id: object = PAIR) -> str:
    return json.dumps({"pair_id": pair_id, "annotator": annotator, "preferred": preferred})


def labelled(folder: Path, *lines: str) -> dict[str, list[str]]:
    (folder / "labels.jsonl").write_text("".join(f"{x}\n" for x in lines), encoding="utf-8")
    return labels(folder)


def votes(*preferred: str) -> list[str]:
    return [line(what, f"r{n}") for n, what in enumerate(preferred)]


def test_labels_are_read_by_pair(tmp_path: Path) -> None:
    found = labelled(tmp_path, *votes("chosen", "tie"), line("rejected", "r0", "MedQA,2#a>c"))
    assert found == {PAIR: ["chosen", "tie"], "MedQA,2#a>c": ["rejected"]}


@pytest.mark.parametrize("content", [None, "", "\n\n"])
def test_without_labels_every_pair_stands_unreviewed(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "labels.jsonl").write_text(content)
    pairs = [pair("a"), pair("b", "hard")]
    assert labels(tmp_path) == {}
    assert reviewed(pairs, labels(tmp_path)) == [(pairs[0], False), (pairs[1], False)]


SHAPE = "; expected pair_id, annotator, and preferred as one of chosen, rejected, tie; fix the line"


@pytest.mark.parametrize(("broken", "said"), [
    ('{"pair_id": "x", "annotator"', "; fix the line"),
    ('["x", "r1", "chosen"]', "a JSON list was found, an object expected; fix the line"),
    ('{"pair_id": "x", "annotator": "r1"}', "holds {'pair_id': 'x', 'annotator': 'r1'}" + SHAPE),
    ('{"pair_id": "x", "preferred": "chosen"}', "holds {'pair_id': 'x', 'preferred': 'chosen'}" + SHAPE),
    ('{"annotator": "r1", "preferred": "tie"}', "holds {'annotator': 'r1', 'preferred': 'tie'}" + SHAPE),
    (line("A", pair_id="x"), "holds {'pair_id': 'x', 'annotator': 'r1', 'preferred': 'A'}" + SHAPE),
    (line(["chosen"], pair_id="x"), "holds {'pair_id': 'x', 'annotator': 'r1', 'preferred': ['chosen']}" + SHAPE),
    (line(annotator=1, pair_id="x"), "holds {'pair_id': 'x', 'annotator': 1, 'preferred': 'chosen'}" + SHAPE),
    (line("rejected"), f"is a second label by annotator 'r1' on {PAIR}; expected 1; remove one of them"),
])
def test_a_line_of_another_shape_is_named_in_one_line(tmp_path: Path, broken: str, said: str) -> None:
    with pytest.raises(SourceError) as error:
        labelled(tmp_path, line(), broken, line("chosen", "r2"))
    assert str(error.value).startswith(f"{tmp_path}/labels.jsonl:2: ") and str(error.value).endswith(said)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("said", "becomes"), [
    (("chosen", "chosen"), "easy"), (("chosen", "chosen", "rejected"), "easy"), (("tie", "chosen", "chosen"), "easy"),
    (("rejected", "rejected"), "human"), (("chosen", "rejected", "rejected"), "human"),
    (("chosen",), None), (("rejected",), None), (("chosen", "rejected"), None), (("tie", "tie"), None),
    (("tie", "tie", "chosen"), None), (("chosen", "rejected", "tie"), None),
    (("chosen", "chosen", "rejected", "rejected"), None),
])
def test_two_who_agree_keep_a_pair_or_turn_it(tmp_path: Path, said: tuple[str, ...], becomes: str | None) -> None:
    found = reviewed([pair(), pair("MedQA,2#a>c")], labelled(tmp_path, *votes(*said)))
    assert [(p.id, p.label_type, seen) for p, seen in found] == ([(PAIR, becomes, True)] if becomes else [])
    for p, _ in found:  # the second pair is unlabelled and always excluded
        assert (p.chosen, p.rejected) == (("bad", "good") if becomes == "human" else ("good", "bad"))
        assert p.messages == pair().messages


def test_labels_on_other_pairs_are_refused() -> None:
    with pytest.raises(SourceError, match=r"refer to 2 pair\(s\) that are not in the test split, such as x#a>b; "):
        reviewed([pair()], {PAIR: ["chosen", "chosen"], "y#a>b": ["tie"], "x#a>b": ["chosen"]})


def test_each_reward_goes_to_its_answer(tmp_path: Path) -> None:
    worth = {"good": 3.0, "bad": -1.0, "fair": 0.5, "fine": 0.5}
    calls: list[list[list[dict[str, str]]]] = []

    def rewards(dialogues: list[list[dict[str, str]]]) -> list[float]:
        calls.append(dialogues)
        return [worth[d[-1]["content"]] for d in dialogues]

    pairs = [pair(), pair("MedQA,2#a>b", "hard", chosen="fair", rejected="fine"),
             pair("MedQA,3#a>b", "length", chosen="fair", rejected="good"), pair("MedQA,4#a>b", chosen="bad")]
    turned = [x for n in (1, 2) for x in (line("chosen", f"r{n}"), line("chosen", f"r{n}", "MedQA,2#a>b"),
                                          line("rejected", f"r{n}", "MedQA,3#a>b"))]
    found = compare(reviewed(pairs, labelled(tmp_path, *turned)), rewards)
    assert found == [Comparison(PAIR, "easy", 3.0, -1.0, True), Comparison("MedQA,2#a>b", "hard", 0.5, 0.5, True),
                     Comparison("MedQA,3#a>b", "human", 3.0, 0.5, True)]
    assert by_label(found) == {"easy": accuracy(1, 1), "hard": accuracy(0, 1), "human": accuracy(1, 1)}
    (dialogues,) = calls
    assert dialogues[:2] == [[{"role": "user", "content": f"What of {PAIR}?"}, {"role": "assistant", "content": text}]
                             for text in ("good", "bad")]
    assert len(dialogues) == 6
    assert compare([], rewards) == []
