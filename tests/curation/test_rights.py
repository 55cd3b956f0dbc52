"""The order of rights, their intersection, and what stays on this machine."""

from itertools import permutations

import pytest
from curation_rows import row, settings

from ultramed.claims import remote_models_configured
from ultramed.curation.screen import screen_rights
from ultramed.params import RemoteModel
from ultramed.rights import may_leave, most_restrictive

ORDER = ["open", "research", "recipe", "quarantine", "deny"]


def test_the_most_restrictive_wins_in_any_order() -> None:
    for number, strictest in enumerate(ORDER):
        for classes in permutations(ORDER[: number + 1]):
            assert most_restrictive(*classes) == strictest


@pytest.mark.parametrize("classes", [(), ("unknown",), ("open", "MIT"), ("open", ""), ("Open",)])
def test_unknown_is_deny(classes: tuple[str, ...]) -> None:
    assert most_restrictive(*classes) == "deny"


def test_a_call_intersects_row_and_models() -> None:
    assert most_restrictive("open", "open", "research") == "research"
    assert most_restrictive("recipe", "open") == "recipe"
    assert most_restrictive("open", "deny") == "deny"


def test_quarantine_and_deny_never_leave() -> None:
    assert [may_leave(c) for c in [*ORDER, "unknown"]] == [True, True, True, False, False, False]


@pytest.mark.parametrize(("rights", "local", "remote"), [
    ("open", None, None), ("research", None, None), ("recipe", None, None), ("quarantine", None, "rights_local_only"),
    ("deny", "rights_denied", "rights_denied"), ("unheard of", "rights_denied", "rights_denied"),
])
def test_what_the_screen_holds_back(rights: str, local: str | None, remote: str | None) -> None:
    for is_remote, expected in ((False, local), (True, remote)):
        found = screen_rights(row("r", "What is gout?", rights=rights), is_remote)
        assert (found and found[0]) == expected


def test_one_remote_model_in_use_counts_and_an_unused_one_does_not() -> None:
    params = settings()
    assert not remote_models_configured(params)
    api = RemoteModel(base_url="http://127.0.0.1:1/v1", model="m", revision="1", provider="p")
    models = params.models.model_copy(update={"remote": {"api": api}})
    with_api = params.model_copy(update={"models": models})
    assert not remote_models_configured(with_api)
    judged = with_api.model_copy(update={"judge": params.judge.model_copy(update={"model": "api"})})
    assert remote_models_configured(judged)
    trusted = with_api.model_copy(update={"models": models.model_copy(
        update={"remote": {"api": api.model_copy(update={"trusted": True})}})})
    assert not remote_models_configured(trusted.model_copy(update={"judge": judged.judge}))
    member = next(iter(params.candidates.pool.values())).model_copy(update={"model": "api"})
    candidates = params.candidates.model_copy(update={"pool": {"guest": member}})
    assert remote_models_configured(with_api.model_copy(update={"candidates": candidates}))
