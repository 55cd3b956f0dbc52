"""The screen of general-domain sets."""

from oracle_endpoint import settings
from training_rows import LEAKS, benchmark, example, preference

from ultramed.curation.decontaminate import Index
from ultramed.sources.raw import Broken
from ultramed.training.general import Screened, screen

LEAKED = "Which intrinsic laryngeal muscle abducts the vocal folds?"


def screened(**sets: list) -> Screened:
    index = Index.from_items([benchmark(1, LEAKED, options=["Posterior cricoarytenoid", "Cricothyroid"])], LEAKS)
    return screen(sets, index, settings(mix__max_characters=300))


def codes(found: Screened, name: str) -> dict[str, str]:
    return {v.id: v.code for v in found.verdicts[name]}


def test_every_row_gets_one_verdict() -> None:
    rows = [example("u,1", "What is two plus two?"), example("u,2", LEAKED), example("u,3", said="x" * 300),
            example("u,4", "Why?", rights="deny"), Broken("5", "train.jsonl:5", "broken_json", "is not valid JSON"),
            example("u,6", "What is two plus  two?")]
    found = screened(ultrachat=rows)
    assert codes(found, "ultrachat") == {"u,1": "kept", "u,2": "leak", "u,3": "too_long", "u,4": "rights_denied",
                                         "UltraChat,5": "broken_json", "u,6": "exact_duplicate"}
    assert [r.id for r in found.rows["ultrachat"]] == ["u,1"]
    assert {v.id: v.outcome for v in found.verdicts["ultrachat"]}["UltraChat,5"] == "quarantined"
    assert LEAKED not in str(found.verdicts)


def test_a_question_falls_to_an_earlier_set_of_its_kind() -> None:
    same = "Which ion falls?"
    found = screened(ultrachat=[example("u,1", same)], sharegpt=[example("s,1", same)],
                     ultrafeedback=[preference("f,1")])
    assert codes(found, "sharegpt") == {"s,1": "exact_duplicate"} and codes(found, "ultrafeedback") == {"f,1": "kept"}


def test_answers_are_looked_at_too() -> None:
    found = screened(ultrafeedback=[preference("f,1", rejected=LEAKED)], sharegpt=[example("s,1", "Quiz?", LEAKED)])
    assert codes(found, "ultrafeedback") == {"f,1": "leak"} and codes(found, "sharegpt") == {"s,1": "leak"}
