from dataclasses import replace

import pytest
from release_world import ROWS

from ultramed.claims import Claim, Claims, strictest
from ultramed.errors import ParamsError, RightsError
from ultramed.gates import entitlement
from ultramed.params import Override, Params, RemoteModel
from ultramed.records import Instruction
from ultramed.release.profiles import allowed, withhold

MEDQUAD: Instruction = ROWS[0][0]
MEDQA: Instruction = ROWS[5][0]


def changed(settings: Params, section: str, **values: object) -> Params:
    """The params with some values of one section replaced, unvalidated."""
    return settings.model_copy(update={section: getattr(settings, section).model_copy(update=values)})


def with_teacher(settings: Params, rights: str) -> Params:
    """The params with a remote model `teacher` of the given rights."""
    remote = RemoteModel(base_url="http://x", model="m", revision="1", provider="p", rights=rights)  # type: ignore[arg-type]
    return changed(settings, "models", remote={"teacher": remote})


def test_a_row_is_as_restricted_as_its_strictest_part(settings: Params) -> None:
    rights = Claims(with_teacher(settings, "recipe"))
    source = rights.source(MEDQUAD)
    assert source == Claim("source medquad", "open")
    assert rights.instruction(source, "smollm2").rights == "open"
    assert rights.instruction(source, "teacher") == Claim("model teacher", "recipe")
    assert rights.judged(source, "careful", "source", "teacher").rights == "recipe"


def test_an_unknown_author_denies(settings: Params) -> None:
    rights = Claims(settings)
    assert rights.judged(rights.source(MEDQUAD), "careful", "somebody", "smollm2") == Claim("model somebody", "deny")


def test_a_scoring_model_has_a_say(settings: Params) -> None:
    settings = changed(with_teacher(settings, "deny"), "score", model="teacher")
    rights = Claims(settings)
    assert rights.instruction(rights.source(MEDQUAD), None).rights == "deny"


def test_params_restrict_a_row_that_says_more(settings: Params) -> None:
    assert Claims(settings).source(replace(MEDQA, rights="open")).rights == "recipe"  # sources.medqa is recipe


def test_a_signed_override_replaces_the_source(settings: Params) -> None:
    signed = Override(rights="open", by="A. Person", on="2026-01-01", because="the authors agreed in writing")
    settings = changed(settings, "release", overrides={"medqa": signed})
    assert Claims(settings).source(MEDQA).rights == "open"


def test_no_profile_can_be_set_wider_than_its_kind(settings: Params) -> None:
    wide = settings.release.profiles["open"].model_copy(update={"allows": ["open", "recipe"]})
    with pytest.raises(RightsError, match=r"release\.profiles\.open\.allows: lists recipe; at most open"):
        allowed(changed(settings, "release", profiles={"open": wide}), "open")
    assert allowed(settings, "recipe") == {"open", "research", "recipe"}


def test_an_unknown_profile_is_named_with_the_known_ones(settings: Params) -> None:
    with pytest.raises(ParamsError, match="is 'opne'; expected one of open, recipe, research"):
        allowed(settings, "opne")


def test_the_first_of_the_strictest_claims_decides() -> None:
    claims = [Claim("a", "open"), Claim("b", "no such class"), Claim("c", "deny")]
    assert strictest(claims) == Claim("b", "deny")


def test_a_withheld_row_says_who_forbids_it() -> None:
    verdict = withhold("MedQA,5", "open", Claim("source medqa", "recipe"), frozenset({"open"}))
    assert (verdict.stage, verdict.outcome, verdict.code) == ("release@open", "dropped", "rights_recipe")
    assert verdict.reason == "source medqa allows 'recipe', and profile 'open' carries open"


WIKI = ROWS[3][0]


def test_a_model_read_anew_as_deny_takes_back_what_it_wrote(settings: Params) -> None:
    """The row still says `open`, as it did when it was written."""
    assert Claims(settings).source(WIKI).rights == WIKI.rights == "open"
    evolved = replace(WIKI, round=1, parent=WIKI.id)
    changes = {"wikipedia": (True, True), "evolve": (False, True), "textbook": (False, False)}
    for section, denied in changes.items():
        today = changed(with_teacher(settings, "deny"), section, model="teacher")
        for row, gone in zip((WIKI, evolved), denied, strict=True):
            claim = Claims(today).source(row)
            assert claim == (Claim("model teacher", "deny") if gone else Claim("source wikiinstruct", "open"))


@pytest.mark.parametrize(("source", "evolved"), [
    ("medqa", False), ("medquad", False), ("chatdoctor", False), ("medqa_evol", True), ("textbookqa", False),
    ("textbookqa", True), ("wikiinstruct", False), ("wikiinstruct", True), ("unheard_of", False)])
@pytest.mark.parametrize("rights", ["open", "research", "deny"])
@pytest.mark.parametrize("section", ["evolve", "textbook", "wikipedia", "score"])
def test_the_checks_come_to_the_same_class_by_code_of_their_own(
    settings: Params, source: str, evolved: bool, rights: str, section: str
) -> None:
    today = changed(with_teacher(settings, rights), section, model="teacher")
    row = replace(WIKI, source=source, round=int(evolved), rights="open")
    assert Claims(today).source(row).rights == entitlement.kinds(today).get((source, evolved), "deny")


@pytest.mark.parametrize("name", ["smollm2", "encoder", "careful", "source", "sft", "dpo", "nobody"])
def test_the_checks_come_to_the_same_class_of_a_model(settings: Params, name: str) -> None:
    assert Claims(settings).model(name).rights == entitlement.model(settings, name)
