"""HTML and Markdown that was converted badly: words stay apart, one word stays one, mathematics stays as it is."""

import pytest

from ultramed.curation.cleaning import clean, repaired


@pytest.mark.parametrize(("broken", "mended"), [
    ("<td>Sodium</td><td>140</td><td>mmol/L</td>", "Sodium 140 mmol/L"),
    ("<table><tr><td>Rest</td></tr><tr><td>Ice</td></tr></table>", "Rest\n\nIce"),
    ("<b>Causes</b>Smoking and<i>heat</i>", "Causes Smoking and heat"),
    ("fever</span><span class='x'>chills", "fever chills"),
    ("fever</b><i>chills", "fever chills"),
    ("<dt>Dose</dt><dd>5 mg</dd>", "Dose\n\n5 mg"),
    ("rest<img src='a.png'>ice", "rest ice"),
    ("fever&nbspand chills&nbsp;at night", "fever and chills at night"),
    ("fevernbsp;and chills", "fever and chills"),
    ("p&lt0.05 and Fe&#160now", "p<0.05 and Fe now"),
    ("&amp;amp;amp;lt;b&amp;amp;amp;gt;rest&amp;amp;amp;lt;/b&amp;amp;amp;gt;", "rest"),
    ("see [the leaflet](https://example.org/a_b) first", "see the leaflet first"),
    (r"5 \* 3 and \_so\_ on", "5 * 3 and _so_ on"),
    ("Answer**: rest and ice", "Answer: rest and ice"),
])
def test_words_are_not_glued(broken: str, mended: str) -> None:
    assert clean(broken) == mended
    assert clean(mended) == mended


@pytest.mark.parametrize(("marked", "plain"), [
    ("<u>hypo</u>kalemia and <b>hyper</b>kalemia", "hypokalemia and hyperkalemia"),
    ("CO<sub>2</sub> and HCO<sub>3</sub><sup>-</sup>", "CO2 and HCO3⁻"),
    ("<i>p</i>-value, <i>N</i>-acetyl, <b>B</b>12", "p-value, N-acetyl, B12"),
])
def test_one_word_stays_one(marked: str, plain: str) -> None:
    assert clean(marked) == plain


@pytest.mark.parametrize("text", [
    "p <b and c> d", "T2a (<or =10 cm vs >10 cm)", "number removed (<or=4 and>or=5 myomas)", "<<title>> as asked",
    "**Rest** and **ice**", "x**2 + y**2 and n**0.5", "Visa ****5678", "p<0.05*, p<0.01**", "`a **b` is code",
    "1 amp; then 2 amp; repeat", "R&D, AT&T, Head&Neck", "[FTC](14.6 %)", "```\nif a ** b: \\_\n```",
])
def test_what_only_looks_like_markup_stays(text: str) -> None:
    assert repaired(text) == (text, [])


@pytest.mark.parametrize("text", [
    "<script>" * 12_000, "<!--" * 25_000, "&amp;" + "amp;" * 25_000, "<sup>" + " " * 100_000, "<b " + "a=1 " * 25_000,
    "[" * 100_000, "[a](" * 25_000, "**" * 50_000, "chat doctor " + "regards,   " * 9_000 + "chat doctor",
    "chat doctor. hope this" + " " * 100_000 + "x", "a<b>" * 25_000, "<|" * 50_000, "<think>" * 14_000,
])
@pytest.mark.timeout(20)
def test_hostile_text_takes_no_time(text: str) -> None:
    assert len(clean(text)) <= len(text)
