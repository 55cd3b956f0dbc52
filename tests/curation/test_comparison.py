"""Words for comparison, and the differences that make similar questions distinct."""

import pytest

from ultramed.curation.comparison import content, difference, jaccard, letters, normalise, words


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("What IS gout?", "what is  gout"),
        ("5 µg of folate", "5 μg of folate"),
        ("38 ℃", "38 °C"),
        ("I'm 41", "I am 41"),
        ("it doesn’t hurt", "it does not hurt"),
        ("COVID‑19", "covid-19"),
        ("range 5–10", "range 5-10"),
        ("Crohn's disease", "Crohn disease"),
        ("TSH => 5 mU", "TSH ≥ 5 mU"),
        ("LDL >= 190", "LDL ≧ 190"),
        ("nodes <or=3 cm", "nodes ≤ 3 cm"),
        ("glucose -> pyruvate", "glucose ⟶ pyruvate"),
        ("5 +/- 2 days", "5 ± 2 days"),
        ("give 5mg and 2.5ml", "give 5 mg and 2.5 ml"),
        ("ferritin⬆", "ferritin ↑"),
        ("5 % of them", "5 percent of them"),
    ],
)
def test_writing_does_not_count(a: str, b: str) -> None:
    assert normalise(a) == normalise(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Rh+ donor", "Rh- donor"),
        ("a lens of -2.5 D", "a lens of +2.5 D"),
        ("K < 3", "K > 3"),
        ("1.5 mg", "15 mg"),
        ("10⁹/L", "10⁶/L"),
        ("PTH ↑, calcium ↓", "PTH ↓, calcium ↑"),
        ("A → B", "A ← B"),
        ("A ⇌ B", "A → B"),
        ("5 ± 2", "5 2"),
        ("FEV1 ≥ 80", "FEV1 ≤ 80"),
        ("FEV1 >= 80", "FEV1 > 80"),
        ("HBsAg (+), anti-HBc (−)", "HBsAg (−), anti-HBc (+)"),
        ("HBsAg +, anti-HBc -", "HBsAg -, anti-HBc +"),
        ("Ca²⁺ channel", "Ca channel"),
        ("5 µg", "5 mg"),
        ("♂ with gout", "♀ with gout"),
    ],
)
def test_meaning_does(a: str, b: str) -> None:
    assert normalise(a) != normalise(b)


def test_words_keep_decimals_and_names_with_numbers() -> None:
    assert words("B12 1.5 mg, 2,400/mm3") == ["b12", "1.5", "mg", "2,400", "mm3"]


LONG = "a patient with chest pain for some hours is seen in the clinic and the doctor thinks about what to give next"


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        ("give 2 mg", "give 20 mg", "numbers"),
        ("give 2,400 units", "give 240 units", "numbers"),
        ("factor VIII", "factor IX", "numbers"),
        ("vitamin B12", "vitamin B6", "numbers"),
        ("vitamin D", "vitamin K", "letters that stand alone"),
        ("which is seen", "which is not seen", "negation"),
        ("all are true except", "all are true", "negation"),
        ("most likely", "least likely", "opposites"),
        ("the left kidney", "the right kidney", "opposites"),
        ("what increases it", "what decreases it", "opposites"),
        ("hyperkalemia", "hypokalemia", "opposites"),
        ("symptomatic", "asymptomatic", "opposites"),
        ("preoperative", "postoperative", "opposites"),
        ("K < 3", "K > 3", "opposites"),
        ("in men", "in women", "opposites"),
        ("autosomal dominant", "autosomal recessive", "opposites"),
        ("ferritin ↑", "ferritin ↓", "opposites"),
        ("ferritin ↑", "ferritin decreased", "opposites"),
        ("ferritin ↑ and iron ↓", "ferritin ↓ and iron ↑", "signs"),
        ("glucose → pyruvate", "glucose ← pyruvate", "signs"),
        ("sodium ≥ 3", "sodium 3", "signs"),
        ("give 5 mg", "give 5 µg", "units"),
        ("for 3 days", "for 3 weeks", "units"),
    ],
)
def test_what_matters_differs(a: str, b: str, why: str) -> None:
    """In a short text and after a long identical one."""
    for before in ("", LONG + " "):
        assert difference(words(before + a), words(before + b)) == why
        assert difference(words(before + b), words(before + a)) == why


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("after 1 hour and three days", "after one hour and 3 days"),
        ("one of the following is", "which of the following is"),
        ("type II diabetes", "type 2 diabetes"),
        ("39.1 C in 2 L/min", "39.1 celsius at 2 liters/min"),
        ("I never want it", "I do not want it"),
        ("iron ↓ and ferritin ↑", "ferritin ↑ and iron ↓"),
        ("give 5 mcg", "give 5 micrograms"),
        ("commonest cause of post-partum hemorrhage", "most common causes of postpartum haemorrhage"),
    ],
)
def test_wording_alone_is_no_difference(a: str, b: str) -> None:
    assert difference(words(LONG + " " + a), words(LONG + " " + b)) is None


def test_short_questions_must_have_the_same_subject() -> None:
    """ "elbow" for "ankle" is one word in eleven; in 40 words a paraphrase may change as many."""
    elbow, ankle = "a lot of pain and swelling in my elbow", "a lot of pain and swelling in my ankle"
    assert difference(words(elbow), words(ankle)) == "content words"
    assert difference(words(f"{LONG} {elbow}"), words(f"{LONG} {ankle}")) is None


def test_jaccard_and_letters() -> None:
    assert jaccard(frozenset("abc"), frozenset("bcd")) == 2 / 4
    assert jaccard(frozenset(), frozenset()) == 1.0
    assert letters(words("the post-partum haemorrhage")) == letters(words("postpartum hemorrhage"))
    assert letters(["gout"]) == {"gou", "out"}
    assert content(words("What is the cause of gout?")) == {"cause", "gout"}
