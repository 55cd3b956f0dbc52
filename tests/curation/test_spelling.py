"""British and American spellings, accents and look-alikes, the two names of one drug: no way round the leak screen."""

import os
from pathlib import Path

import pytest
from curation_rows import LEAKS, benchmark, row

from ultramed.curation.cleaning import clean
from ultramed.curation.comparison import words
from ultramed.curation.decontaminate import Index
from ultramed.curation.spelling import folded

PAIRS = """
haemophilia hemophilia|oedema edema|anaemia anemia|oesophagus esophagus|diarrhoea diarrhea|tumour tumor|tumours tumors
colour color|behavioural behavioral|organise organize|catheterisation catheterization|hospitalised hospitalized
paralyse paralyze|dialysed dialyzed|analyses analyzes|centre center|centred centered|litre liter|fibres fibers
titre titer
labelled labeled|signalling signaling|analogue analog|licence license|practise practice|programme program
sulphonamide sulfonamide|cephalexin cefalexin|leucocyte leukocyte|grey gray|ageing aging|manoeuvre maneuver
paediatric pediatric|foetus fetus|orthopaedic orthopedic|caesarean cesarean|ischaemia ischemia|goitre goiter
paracetamol acetaminophen|adrenaline epinephrine|noradrenaline norepinephrine|salbutamol albuterol|frusemide furosemide
pethidine meperidine|lignocaine lidocaine|rifampicin rifampin|glibenclamide glyburide|ciclosporin cyclosporine
suxamethonium succinylcholine|isoprenaline isoproterenol|aciclovir acyclovir|phenobarbitone phenobarbital
ménière meniere|sjögren sjogren|naïve naive|β beta|hеmophilia hemophilia|behçet behcet
""".replace("\n", "|").strip("|").split("|")
APART = [
    ("hyperkalemia", "hypokalemia"), ("four", "for"), ("epinephrine", "norepinephrine"), ("cefalexin", "cefazolin"),
    ("afferent", "efferent"), ("size", "side"), ("prednisone", "prednisolone"), ("hour", "hor"),
    ("chlorpropamide", "chlorpromazine"),
]


@pytest.mark.parametrize("pair", PAIRS)
def test_variants_share_a_spelling(pair: str) -> None:
    one, other = pair.split()
    assert folded(one) == folded(other) == folded(folded(one))


@pytest.mark.parametrize(("one", "other"), APART)
def test_other_words_do_not(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@pytest.mark.parametrize(("asked", "given"), [
    ("Drug causing pedal oedema?", "Drug causing pedal edema?"),
    ("Antidote of paracetamol is", "Antidote of acetaminophen is"),
    ("Side effect of glyceryl trinitrate?", "Side effect of nitroglycerin?"),
    ("Tumour marker of hepatoma", "tumor marker of hepatoma"),
    ("Sjögren syndrome is seen with", "Sjogren syndrome is seen with"),
    ("Sjo\u0308gren syndrome is seen with", "Sjögren syndrome is seen with"),
    ("True about h&aelig;mosiderosis is", "True about hemosiderosis is"),
    ("The ﬁrst sign of hypo\u00adcalcaemia is", "The first sign of hypocalcemia is"),
    ("Dose 5mg β-agonist in paediatric asthma", "Dose 5 mg beta agonist in pediatric asthma"),
])
def test_short_questions_leak_in_any_spelling(asked: str, given: str) -> None:
    for held, shown in ((asked, given), (given, asked)):
        assert Index.from_items([benchmark(1, held)], LEAKS).match(row("r", clean(shown))) is not None


def test_long_ones_too() -> None:
    text = ("A 60-year-old man with anaemia, oedema and a tumour of the oesophagus is hospitalised; he is given "
            "salbutamol and paracetamol. Which drug is next?")
    american = ("A 60-year-old man with anemia, edema and a tumor of the esophagus is hospitalized; he is given "
                "albuterol and acetaminophen. Which drug is next?")
    index = Index.from_items([benchmark(1, text)], LEAKS)
    assert (leak := index.match(row("r", american))) and leak.kind == "equal"
    assert (leak := index.match(row("r", f"Long ago. {american} Say it briefly."))) and leak.kind == "ngram"


def test_another_drug_is_another_question() -> None:
    index = Index.from_items([benchmark(1, "Antidote of paracetamol is")], LEAKS)
    assert index.match(row("r", "Antidote of warfarin is")) is None


def test_folding_twice_changes_nothing_more_on_real_text() -> None:
    if not (root := os.environ.get("ULTRAMED_REALDATA")):
        pytest.skip("ULTRAMED_REALDATA is not set: no real public files on this machine")
    text = (Path(root) / "01_training_sources/PubMedQA/ori_pqal.non_test_500.json").read_text(encoding="utf-8")
    for word in set(words(text)):
        assert folded(folded(word)) == folded(word)
