"""Answers that break off, and those that merely end without a full stop."""

import pytest
from curation_rows import row, settings

from ultramed.curation.dirt.broken_off import broken_off
from ultramed.curation.screen import screen

TORN = [
    "You should have a chest X-ray and a sputum smear for acid-fast bac Chat Doctor.",
    "It seems to be an inflam ChatDoctor.",
    "Take it with ChatDoctor.",
    "The tablet of 1 ChatDoctor. twice a day after food should help you.",
    "Hello. I suggest that you take a painkiller such as ChatDoctor. Come again in a week.",
    "Thanks for asking on Chat Doctor. It can be a sign of iron defi HealthCareMagic.com",
    "Drink enough, rest, and see a doctor if the fever lasts for more than",
    "These medicines can raise the pressure in the eye, the blood sugar, the weight,",
    "The first choice is a thiazide diuretic or a calcium channel blocker (amlodi",
    "There are several ways to treat this, which depend on age and include surgery (",
    "Rest your eyes for twenty seconds every twenty minutes and use the 20-20-",
]
WHOLE = [
    "Calcitonin", "Insulin, glucagon and somatostatin", "It is caused by hepatitis A",
    "The patient should take a daily dose of vitamin a", "Rest, ice and a bandage help in most cases",
    "Symptoms:\n- fever\n- cough\n- pain on breathing in", "See the clinic (open daily).",
    "I am sorry to hear that you are ill :(",
    "Sometimes surgery can help. NIH: National Institute of Neurological Disorders and Stroke",
    "Casually wish them luck on any gift they still need to do", "Kind regards,\nGratefully,\nAll the best,",
    "Welcome to Chat Doctor, I am Chat Doctor and will help you. Drink enough.",
    "You can ask me again on Chat Doctor. Drink enough.", "Chat Doctor is a website.",
]


@pytest.mark.parametrize("answer", TORN)
def test_a_torn_answer_is_set_aside(answer: str) -> None:
    result = screen([row("r", "What should I do about this illness?", reference=answer)], [], settings())
    assert [v.code for v in result.verdicts] == ["broken_off"]
    assert "a whole one expected" in result.verdicts[0].reason


@pytest.mark.parametrize("answer", WHOLE)
def test_a_whole_answer_stays(answer: str) -> None:
    assert broken_off(answer) is None


@pytest.mark.parametrize(("answer", "left"), [
    ("It is a cyst. Chat Doctor.", "It is a cyst."),
    ("It is a cyst.\nChatDoctor", "It is a cyst."),
    ("Take rest for a week Regards, Chat Doctor.", "Take rest for a week"),
    ("It is a cyst. Hope this helps. Take care, ChatDoctor", "It is a cyst."),
])
def test_a_signature_behind_a_whole_answer_goes(answer: str, left: str) -> None:
    result = screen([row("r", "What should I do about this illness?", reference=answer)], [], settings())
    assert [r.reference for r in result.rows] == [left]


def test_hostile_answers_take_no_time() -> None:
    for text in ("(" * 100_000 + " a b c d e f", "chatdoctor " * 9_000, "a " * 50_000 + "("):
        broken_off(text)
