"""Cleaning repairs writing and leaves numbers, units and order alone; dirt names what cleaning cannot save."""

from dataclasses import replace

import pytest
from curation_rows import SCREEN, row

from ultramed.curation.cleaning import clean, repaired
from ultramed.curation.dirt import dirt
from ultramed.curation.findings import Finding
from ultramed.curation.screen import cleaned
from ultramed.records import Option

UNTOUCHABLE = [
    "folate 250 µg daily and 5 μg of vitamin D; temperature 38.5 °C (101.3 °F), SpO₂ ≥ 94 %",
    "platelets 150–400 ×10⁹/L, WBC < 4.0 × 10³/mm³ or > 11.0; Na⁺ 140, HCO₃⁻ 24",
    "α-fetoprotein, β-blocker, γ-GT, Δ 0.5 ± 0.1, λ-chains, ½ tablet, p<0.05 and q>0.1",
    "5<x and x<10; if a<b and c>d then stop; AT&T; R&D; ratio 3:1; 1,000,000 IU/mL; −2.5 D",
    "10^9/L\n\nQuestion: is 120/80 mm Hg normal?",
]


@pytest.mark.parametrize("text", UNTOUCHABLE)
def test_numbers_units_and_greek_letters_stay(text: str) -> None:
    assert clean(text) == text
    assert repaired(text)[1] == []


@pytest.mark.parametrize(
    ("broken", "mended", "name"),
    [
        ("The patientâ€™s temperature is 39.1Â°C", "The patient’s temperature is 39.1°C", "mojibake"),
        ("2,400 leukocytes/ÂµL", "2,400 leukocytes/µL", "mojibake"),
        ("Itch.<br><br>I am 32.&nbsp;Help", "Itch.\n\nI am 32. Help", "html"),
        ("platelets 80 x 10<sup>9</sup>/L", "platelets 80 x 10⁹/L", "html"),
        ("H<sub>2</sub>O &lt; 5 &amp; rising", "H2O < 5 & rising", "html"),
        ('<p class="a">One</p><a href="x">two</a>', "One\ntwo", "html"),
        ("&amp;lt;b&amp;gt;bold&amp;lt;/b&amp;gt; &#956;g", "bold μg", "html"),
        (
            "zero\u200bwidth and \x07bell and soft\u00adhyphen",
            "zerowidth and bell and softhyphen",
            "control characters",
        ),
        ("  two   spaces\t\tand \r\n\r\n\r\n\r\nlines ", "two spaces and\n\nlines", "white space"),
        ("500\u00a0mg", "500 mg", "white space"),
    ],
)
def test_repairs(broken: str, mended: str, name: str) -> None:
    assert clean(broken) == mended
    assert clean(mended) == mended
    assert name in repaired(broken)[1]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            "Hello dear, welcome to Chat Doctor. Drink enough. Hope this answers your question, wish you good health."
            " Thanks for choosing Chat Doctor. Regards, Chat Doctor.",
            "Drink enough.",
        ),
        ("Hi, Thanks for writing to Chat Doctor. It is a cyst. Take care. Chat Doctor.", "It is a cyst."),
        ("It is a cyst.\nRegards,\nDr. ChatDoctor", "It is a cyst."),
        ("Welcome to HealthCareMagic. See a dentist.", "See a dentist."),
    ],
)
def test_boilerplate_of_the_consultation_sites_goes(text: str, left: str) -> None:
    assert clean(text) == left
    assert "boilerplate" in repaired(text)[1]


def test_boilerplate_alone_is_not_emptied_and_other_greetings_stay() -> None:
    assert clean("Chat Doctor.") == "Chat Doctor."
    assert (
        clean("Hello doctor, thank you for reading. My knee hurts.")
        == "Hello doctor, thank you for reading. My knee hurts."
    )


def test_cleaning_a_row_keeps_the_order_of_options_and_the_key() -> None:
    options = ["10&nbsp;mg", "5 mg", "2.5Â°C", "0.5 mg"]
    tidy, repaired = cleaned(row("r", "Which   dose?", options, "C"))
    assert [(o.letter, o.text) for o in tidy.options] == [
        ("A", "10 mg"),
        ("B", "5 mg"),
        ("C", "2.5°C"),
        ("D", "0.5 mg"),
    ]
    assert tidy.key == "C"
    assert repaired == ["html", "mojibake", "white space"]
    unchanged = row("r", "Which dose?", ["1 mg", "2 mg"], "A")
    assert cleaned(unchanged) == (unchanged, [])


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("...", "junk"),
        ("12 34 56 78", "junk"),
        ("Gout therapy?", "too_short"),
        ("word " * 51, "too_long"),
        ("¿Cuál es el tratamiento de una fractura de la cadera en los ancianos?", "not_english"),
        ("Welche Therapie ist bei einem Patienten mit Gicht und Niereninsuffizienz nicht geeignet?", "not_english"),
        ("高血压的治疗方法是什么 高血压 药物", "not_english"),
    ],
)
def test_dirty_questions(question: str, code: str) -> None:
    found = dirt(row("r", question), SCREEN)
    assert found is not None and found.code == code


@pytest.mark.parametrize(
    "question",
    [
        "Bitot's spots are seen in",
        "What is the most likely diagnosis?",
        "α-thalassemia with β-thalassemia trait: what is expected?",
        "Is a PAS stain, con A or an LE cell test of any use?",
        " ".join(["word"] * 50),
    ],
)
def test_clean_questions(question: str) -> None:
    assert dirt(row("r", question), SCREEN) is None


def test_reasons_tell_both_numbers() -> None:
    short, long = dirt(row("r", "Gout therapy?"), SCREEN), dirt(row("r", "a " * 51), SCREEN)
    assert short == Finding("too_short", "the question has 2 word(s); screen.min_words is 3")
    assert long == Finding("too_long", "the question has 51 words; screen.max_words is 50")


@pytest.mark.parametrize(
    ("reference", "refuses"),
    [
        ("As an AI language model, I am not able to give medical advice.", True),
        ("I'm sorry, but I cannot help with that.", True),
        ("I am an AI and have no body.", True),
        ("I'm sorry to hear that. Anastrozole, as an AI (aromatase inhibitor), lowers oestrogen.", False),
        (None, False),
    ],
)
def test_refusals(reference: str | None, refuses: bool) -> None:
    found = dirt(row("r", "What helps against gout?", reference=reference), SCREEN)
    assert (found is not None and found.code == "refusal") == refuses


def test_options_must_be_there_and_differ() -> None:
    item = row("r", "Which hormone lowers calcium?", ["Calcitonin", "PTH", "pth "], "A")
    assert dirt(item, SCREEN) == Finding("repeated_option", "3 options hold 2 different texts; all must differ")
    emptied = replace(item, options=[Option("A", "Calcitonin"), Option("B", " ")])
    assert dirt(emptied, SCREEN) == Finding("empty_option", "option B of 2 is empty")
