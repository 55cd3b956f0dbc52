"""Mixing training data: weights, splits, rights, lengths, leaks; and a verdict on every row."""

from collections import Counter

import pytest
from oracle_endpoint import asked, exam, settings
from training_rows import LEAKS, benchmark, example, preference

from ultramed.claims import Claims
from ultramed.curation.decontaminate import Index
from ultramed.params import Params
from ultramed.records import Assignment, Completion, Message, Pair, Preference
from ultramed.training.mix import Mixture, examples, mix, preferences, times

CAREFUL = "candidates__pool__careful__model"
LEAKED = "Which intrinsic laryngeal muscle abducts the vocal folds?"


def index() -> Index:
    return Index.from_items([benchmark(1, LEAKED, options=["Posterior cricoarytenoid", "Cricothyroid"])], LEAKS)


def params(weights: dict[str, float], **changes: object) -> Params:
    only_pairs = "ranked" in weights
    return settings(mix__instructions={"ultramix": {"medical": 1.0} if only_pairs else weights}, mix__preferences={
        "ultramix": {"medical": 1.0} if only_pairs else weights, "ranked": weights}, **changes)


def mixed(weights: dict[str, float], medical: list, general: dict | None = None, **changes: object) -> Mixture:
    return mix("instructions", "ultramix", {"medical": medical}, general or {}, index(), params(weights, **changes))


def codes(mixture: Mixture) -> dict[str, str]:
    return {v.id: v.code for v in mixture.verdicts}


def test_splits_rights_lengths_and_leaks() -> None:
    rows = [(example("a"), "train"), (example("b"), "dev"), (example("c"), "test"),
            (example("d", rights="quarantine"), "train"), (example("e", said="x" * 500), "train"),
            (example("f", said=f"Think: {LEAKED}"), "train"), (example("g", rights="deny"), "dev")]
    found = mixed({"medical": 1.0}, rows, mix__max_characters=400)
    assert [r.id for r in found.train] == ["a"] and [r.id for r in found.dev] == ["b"]
    assert codes(found) == {"a": "drawn", "b": "dev", "c": "not_train", "d": "rights_quarantine", "e": "too_long",
                            "f": "leak", "g": "rights_deny"}
    assert all(v.reason for v in found.verdicts) and LEAKED not in str(found.verdicts)


def test_no_turn_is_opened_by_a_text() -> None:
    """Wherever the tokens come from, a source or the model that answered."""
    rows = [(example("a", said="Rest. <|im_end|> <|im_start|>user"), "train"), (example("b"), "train")]
    general = {"orca_math": [example("o", said="5</s> 6")]}
    mixture = mixed({"medical": 1.0, "orca_math": 1.0}, rows, general)
    assert codes(mixture) == {"a": "special_token", "b": "drawn", "o": "special_token"}
    assert [r.id for r in mixture.train] == ["b"]


@pytest.mark.parametrize(("weight", "least", "most"), [
    (0.25, 180, 320), (0.5, 420, 580), (1.0, 1000, 1000), (2.0, 2000, 2000), (1.5, 1420, 1580)])
def test_a_weight_is_a_multiple_of_the_rows(weight: float, least: int, most: int) -> None:
    found = mixed({"orca_math": weight}, [], {"orca_math": [example(f"o,{n}") for n in range(1000)]})
    assert least <= len(found.train) <= most
    assert sum(v.code == "not_drawn" for v in found.verdicts) == 1000 - len({r.id for r in found.train})


def test_a_weight_of_0_takes_nothing() -> None:
    found = mixed({"orca_math": 0.0, "openorca": 1.0}, [], {"orca_math": [example("o")], "openorca": [example("p")]})
    assert [r.id for r in found.train] == ["p"] and codes(found) == {"o": "not_drawn", "p": "drawn"}


def test_a_raised_weight_keeps_what_a_lower_one_took() -> None:
    taken = [{n for n in range(300) if times(w, 7, "s", n)} for w in (0.1, 0.3, 0.9)]
    assert taken[0] < taken[1] < taken[2]


def test_a_whole_number_is_a_number_of_rows(capsys: pytest.CaptureFixture[str]) -> None:
    general = {"orca_math": [example(f"o,{n}") for n in range(300)], "openorca": [example(f"p,{n}") for n in range(20)]}
    found = mixed({"orca_math": 120, "openorca": 50}, [], general)
    taken = Counter(r.id.partition(",")[0] for r in found.train)
    assert taken == {"o": 120, "p": 20} and len({r.id for r in found.train}) == 140
    told = "mix.instructions.ultramix.openorca is 50, and 20 of 20 rows can be used: 30 short"
    assert told in capsys.readouterr().err
    more = mixed({"orca_math": 200}, [], general)
    assert {r.id for r in found.train if r.id.startswith("o")} < {r.id for r in more.train}


def test_every_prompt_of_the_ranked_pairs_weighs_the_same_whatever_was_left_out() -> None:
    pairs = [(preference(f"MedQA,1#{n}>z", source="ranked", rejected=LEAKED if n < 2 else "x"), "train")
             for n in range(5)]
    pairs.append((preference("MedQA,2#a>b", source="ranked"), "train"))
    found = mix("preferences", "ranked", {"ranked": pairs}, {}, index(), params({"ranked": 1.0}))
    assert [(r.id, r.weight) for r in found.train] == [
        *((f"MedQA,1#{n}>z", 1 / 3) for n in (2, 3, 4)), ("MedQA,2#a>b", 1.0)]


def test_a_number_of_rows_counts_those_that_can_be_used() -> None:
    rows = [(example(f"m,{n}"), ("train", "dev", "test")[n % 3]) for n in range(90)]
    found = mixed({"medical": 20}, rows)
    assert (len(found.train), len(found.dev)) == (20, 30)


def test_sets_come_in_the_order_of_the_weights_and_unnamed_ones_not_at_all() -> None:
    general = {"orca_math": [example("o")], "openorca": [example("p")], "ultrachat": [example("u")]}
    found = mixed({"openorca": 1.0, "medical": 1.0, "orca_math": 1.0}, [(example("m"), "train")], general)
    assert [r.id for r in found.train] == ["p", "m", "o"]


def test_a_completion_becomes_a_dialogue_in_the_form_it_is_asked_in() -> None:
    talk = [Message("user", "I bleed."), Message("assistant", "Where?"), Message("user", "Gums.")]
    i = exam("MedQA,1", "Which drug?", ["Aspirin", "Heparin"], "B", messages=talk, rights="recipe")
    c = Completion("MedQA,1@oracle", "MedQA,1", "oracle", "", "So, the answer is B.", "B", 1, "k")
    (row, split), = examples([c], {i.id: i}, {i.id: Assignment(i.id, "family-9", "dev")}, Claims(settings()))
    assert split == "dev" and (row.id, row.family, row.rights) == ("MedQA,1", "family-9", "recipe")
    assert [(m.role, m.content) for m in row.messages] == [
        ("user", "I bleed."), ("assistant", "Where?"), ("user", "Gums.\n\nA. Aspirin\nB. Heparin"),
        ("assistant", "So, the answer is B.")]


def test_a_pair_gets_its_texts() -> None:
    row, split = paired(settings())
    assert (split, row.chosen, row.rejected, row.margin, row.label_type, row.rights) == (
        "train", "brief says", "careful says", 2, "easy", "research")


def paired(params: Params) -> tuple[Preference, str]:
    """A pair by two pool members, on a row of a source of class research, whatever the row itself says."""
    i = asked("MedInstruct-52k,1", "What now?", source="medinstruct_52k", rights="open")
    names = ("brief", "careful")
    answers = {f"{i.id}@{a}": Completion(f"{i.id}@{a}", i.id, a, "", f"{a} says", None, 1, "k") for a in names}
    p = Pair("MedInstruct-52k,1#brief>careful", i.id, *answers, 5, 3, 1, 2, 2, "easy", "train")
    assigned = {i.id: Assignment(i.id, "f", "train")}
    found, = preferences([p], answers, {i.id: i}, assigned, Claims(params), params.judge.model)
    return found


@pytest.mark.parametrize(("place", "model", "rights"), [
    ("judge__model", "encoder", "deny"), ("judge__model", "smollm2", "research"), (CAREFUL, "encoder", "deny"),
    (CAREFUL, "smollm2", "research"), (CAREFUL, "sft", "recipe")])
def test_authors_and_judge_have_a_say_in_what_may_be_learnt(place: str, model: str, rights: str) -> None:
    assert paired(settings(**{place: model}))[0].rights == rights


def test_the_teacher_has_a_say_in_what_may_be_learnt() -> None:
    i = asked("MedQuad,1", "What now?", source="medquad", rights="open")
    c = Completion(f"{i.id}@encoder", i.id, "encoder", "", "Rest.", None, 1, "k")
    found = examples([c], {i.id: i}, {i.id: Assignment(i.id, i.id, "train")}, Claims(settings()))
    assert codes(mixed({"medical": 1.0}, list(found))) == {i.id: "rights_deny"}


def test_a_leak_in_either_answer_of_a_pair_counts() -> None:
    pairs = [(preference("a", rejected=LEAKED), "train"), (preference("b"), "train")]
    found = mix("preferences", "ultramix", {"medical": pairs}, {}, index(), params({"medical": 1.0}))
    assert codes(found) == {"a": "leak", "b": "drawn"}
