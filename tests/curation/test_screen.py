"""The screen as a whole: every row gets one verdict, in the right order of reasons."""

from collections import Counter

import pytest
from curation_rows import benchmark, row, settings

from ultramed.curation.screen import screen
from ultramed.errors import SourceError
from ultramed.params import RemoteModel

LEAKED = "Which intrinsic laryngeal muscle abducts the vocal folds?"


def test_one_verdict_a_row_in_order_and_counts_reconcile() -> None:
    rows = [
        row("c,1", "Does gout hurt at night?"), row("c,2", "Does  gout hurt, at night"), row("c,3", "..."),
        row("c,4", "Call 202-555-0143 about my gout"), row("c,5", LEAKED), row("c,6", "Is&nbsp;gout inherited?"),
        row("c,7", "What is mumps, really?", rights="deny"),
    ]
    result = screen(rows, [benchmark(1, LEAKED)], settings())
    assert [(v.id, v.outcome, v.code) for v in result.verdicts] == [
        ("c,1", "kept", "kept"), ("c,2", "dropped", "exact_duplicate"), ("c,3", "dropped", "junk"),
        ("c,4", "quarantined", "identifier_phone"), ("c,5", "dropped", "leak"), ("c,6", "kept", "cleaned"),
        ("c,7", "dropped", "rights_denied"),
    ]
    assert [i.id for i in result.rows] == ["c,1", "c,6"]
    assert result.rows[1].question == "Is gout inherited?"
    assert next(v.reason for v in result.verdicts if v.id == "c,6") == "repaired: html, white space"
    outcomes = Counter(v.outcome for v in result.verdicts)
    assert len(rows) == outcomes["kept"] + outcomes["dropped"] + outcomes["quarantined"]
    assert {v.stage for v in result.verdicts} == {"screen"}


def test_rights_come_before_identifiers_and_identifiers_before_dirt() -> None:
    both = row("r,1", "Call 202-555-0143 about my gout", rights="deny")
    dirty = row("r,2", "a@example.com")
    codes = [v.code for v in screen([both, dirty], [], settings()).verdicts]
    assert codes == ["rights_denied", "identifier_email"]


def test_identifiers_hidden_by_entities_are_found_once_cleaned() -> None:
    result = screen([row("r", "Please write to marge&#64;example.com about it")], [], settings())
    assert [(v.outcome, v.code) for v in result.verdicts] == [("quarantined", "identifier_email")]
    assert result.verdicts[0].reason.endswith("of the question, once cleaned")
    assert result.rows == []


def test_duplicates_are_compared_with_what_passed_only() -> None:
    """The first of two equal rows is quarantined for its reference answer, so the second is kept."""
    first = row("r,1", "Does gout hurt at night?", reference="Write to a@example.com")
    second = row("r,2", "Does gout hurt at night?")
    assert [i.id for i in screen([first, second], [], settings()).rows] == ["r,2"]


def test_quarantined_rights_are_held_back_once_a_remote_model_is_configured() -> None:
    params = settings()
    rows = [row("r,1", "Does gout hurt at night?", rights="quarantine"), row("r,2", "What is mumps like?")]
    assert [i.id for i in screen(rows, [], params).rows] == ["r,1", "r,2"]
    api = RemoteModel(base_url="https://api.example.com/v1", model="m", revision="1", provider="p")
    remote = params.model_copy(update={
        "models": params.models.model_copy(update={"remote": {"api": api}}),
        "judge": params.judge.model_copy(update={"model": "api"}),
    })
    result = screen(rows, [], remote)
    assert [i.id for i in result.rows] == ["r,2"]
    assert (result.verdicts[0].outcome, result.verdicts[0].code) == ("dropped", "rights_local_only")


def test_an_id_that_occurs_twice_stops_the_screen() -> None:
    with pytest.raises(SourceError, match="r,1: is the id of 2 rows; 1 expected"):
        screen([row("r,1", "What is gout?"), row("r,1", "What is mumps?")], [], settings())
