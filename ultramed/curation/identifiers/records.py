"""Numbers of records, insurers, devices and official documents, by their label or by their format."""

import re
from collections.abc import Iterator

from ultramed.curation.identifiers.passage import Passage

_CANDIDATE = re.compile(r"\d(?:[-/. ]{0,2}[A-Za-z]{0,5}\d){3,}(?:[A-Za-z]{1,2}\b|-[A-Za-z]{1,3}\b)?")
_LETTERS = re.compile(r"(?:[A-Z]{1,6}|[A-Z]{2} )$")
_FILLER = (r"(?:\s*(?:\([a-z]{2,6}\)|\b(?:numbers?|no|num|nr|id|is|was|card|the|code|sn|rx|file|record|der)\b"
           r"|[:.\#=()№–°/-]))*\s*(?:[a-z]{1,6}[-/. ]?|[a-z]{1,4}[-/][a-z]{1,4}[-/ ]?)?$")
_NUMBER = r"(?:numbers?|no|num|nr|id|\#|№|card\s+(?:number|no)|card)"
_NAMED = re.compile(rf"""(?<![\w.])(?:
    m\.?r\.?n\b\.? | u\.?h\.?i\.?d\b\.? | mr\s*{_NUMBER}
    | (?:med(?:ical)?|health|hospital|hosp|patient|pt|clinic|chart|clinical|electronic)\.?(?:['’]s)?\s+
        (?:rec(?:ord)?s?|file|chart|id|ident\w*|card|registration|reg)
    | (?:hospital|hosp|patient|pt|chart|file|folder|record|registration|regn?|admission|encounter|visit|accession
        |specimen|lab
        |laboratory|insurance|policy|membership|member|subscriber|beneficiary|group|claim|account|acct|prescription
        |medicare|medicaid|nhs|chi|health\s?card|certificate|serial|unit|opd|ipd|op|ip|cr|case|abha|hic|ihi|hkid
            |referral|dl|employee|staff|student|sample|ticket|barcode)
        \.?\s*{_NUMBER}
    | (?:policy|insurance|membership|account|barcode)\s*(?=[:\#]) | uid | vin | barcode | licen[cs]e\s+plate
    | nhs | ihi | chi | rx\s*(?:number|no|\#)
    | aadhaa?r(?:\s+card)? | passport | driver['’]?s?\s+licen[cs]e | driving\s+licen[cs]e | licen[cs]e\s+(?:number|no)
    | national\s+(?:insurance|id|identity|identification) | ni\s+(?:number|no) | (?:emirates|voter|citizen
        |south\s+african)\s+id
    | (?:id|identity|ration|voter)\s+card | resident\s+registration | tax\s+id | codice\s+fiscale
    | (?:numéro\s+de\s+|n°\s+(?:de\s+)?)sécurité\s+sociale | (?:kranken)?versicher(?:ten|ungs)(?:nummer|-?nr)
        | steuer-?id
    | personnummer | sozialversicherungsnummer | cpr-?nr | rodné\s+číslo | cédula
    | pan|sin|tfn|cpf|dni|nie|nif|curp|rfc|bsn|pesel|cpr|cnic|nric|fin|nino|hkid|rut|cnp|oib|jmbg|egn|amka|nir|insee
        |ppsn?|abha|icn
    )(?![a-z]){_FILLER}""", re.VERBOSE)
_WORDS_TOO = re.compile(r"(?:pan|sin|nie|fin|rut|chi|nir|cpr|nhs|icn|pps)\W")  # in lower case these are words
_UNIT = re.compile(
    r"\s?(?:m[gl]\b|mb\b|gb\b|%|units?\b|patients\b|days?\b|weeks?\b|months?\b|years?\b|beds?\b|(?:of"
    r"|in)\s+the\s+(?:registry|series|cohort|study)|of\s+visits)")
_RESEARCH = re.compile(
    r"genbank|uniprot|ncbi|refseq|\bgeo\b|\bsra\b|\bena\b|ensembl|\bembl|\bpdb\b|protein|\bgene\b|sequence|\btrials?\b"
    r"|registry|prospero|isrctn|ethic|\birb\b|\bgrants?\b|protocol|catalog|\batcc\b|eudract|clinicaltrials|\bfda\b"
    r"|patent|model\b")
_RESEARCH_VALUE = re.compile(
    r"(?:nct|isrctn|actrn|chictr|crd|drks|umin|euctr|ctri|pmc|pmid|gse|gsm|srp|srr|prj|ens|e-mtab|[nx][mprcg]_|r01"
    r"|u\d\d\s)")
_OPENING = re.compile(r"[a-z]*[-_/]?$")
_YEARS = re.compile(r"(?:19|20)\d\d(?:\s*[-–/]\s*(?:(?:19|20)\d\d|\d\d))?")
_IN_CASE = re.compile(r"\b(?:in|only|any)\s$")
_OWN_FORM = re.compile(r"""(?:
    \d{3}\.\d{3}\.\d{3}-\d{2}                                                # Brazil
    | \d{5}-\d{7}-\d                                                         # Pakistan
    | 784-(?:19|20)\d{2}-\d{7}-\d                                            # Emirates
    | [2-9]\d{3}([ -])\d{4}\1\d{4}                                           # India
    | [12][ ]\d{2}[ ](?:0[1-9]|1[0-2])[ ]\d[\dAB][ ]\d{3}[ ]\d{3}[ ]\d{2}    # France
    | [1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])[0-3]\d{4}[\dX]               # China
    | \d{2}(?:0[1-9]|1[0-2])[0-3]\d-[1-4]\d{6}                               # Korea
    | [A-Z]{2}[ ]\d{2}[ ]\d{2}[ ]\d{2}[ ][A-D]                               # National Insurance
    | [STFGM]\d{7}[A-Z]                                                      # Singapore
    | [A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]                                    # India, taxes
    | [A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]                          # Italy
    | [A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d                                    # Mexico
    )(?![\w-]|\.\d|[ ]\d)""", re.VERBOSE)
_GROUPS = re.compile(r"\d+")
_SSN = re.compile(r"\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-]|\.\d)")
_NO_AREA = ("000", "666", "9")
_SSN_HINTS = ("ssn", "s.s.n", "soc", "ss #", "ss#")
_SSN_NAMED = re.compile(
    r"\b(?:s\.?s\.?n\b\.?|soc(?:ial)?\.?\s+sec(?:urity)?\b|(?:my|his|her)\s+social\b|ss\s?\#)(?:\s*(?:\(ssn\)|\b(?:is"
    r"|number|no|num|card)\b|[:.#=–-]))*\s*(?P<number>\d{3}[\s-]?\d{2}[\s-]?\d{4})\b")
_REACH = 64  # characters before a number that may hold its label


def find(passage: Passage) -> Iterator[tuple[int, int]]:
    """Numbers after the label of a record or document, except those of trials, genes, grants and the like."""
    if not passage.numbers:
        return
    for match in _CANDIDATE.finditer(passage.text):
        named = _NAMED.search(passage.before(match.start(), _REACH))
        if named and _is_record(passage, match.start() - len(named.string) + named.start(), match):
            yield match.span()
        letters = _LETTERS.search(passage.text, max(0, match.start() - 7), match.start())
        own = _OWN_FORM.match(passage.text, letters.start() if letters else match.start())
        if own and passage.stands_alone(own.start(), ".,/+-") and not _is_series(own[0]):
            yield own.span()


def social_security(passage: Passage) -> Iterator[tuple[int, int]]:
    """Social Security numbers of the United States."""
    if not passage.numbers:
        return
    for match in _SSN.finditer(passage.text):
        if passage.stands_alone(match.start(), ".-") and not match[0].startswith(_NO_AREA):
            yield match.span()
    if passage.has(_SSN_HINTS):
        yield from (match.span("number") for match in _SSN_NAMED.finditer(passage.lower))


def _is_record(passage: Passage, start: int, value: re.Match[str]) -> bool:
    """Whether the number after the label at `start` belongs to a person."""
    named = passage.lower[start : value.start()]
    if _UNIT.match(passage.lower, value.end()) or _YEARS.fullmatch(value[0]):
        return False
    opening = _OPENING.search(named)
    if opening and _RESEARCH_VALUE.match(opening[0] + value[0].lower()):
        return False
    if _WORDS_TOO.match(named) and (not passage.text[start : start + 3].isupper() or len(value[0]) < 8):
        return False
    before = passage.before(start, 40)
    return not (_RESEARCH.search(before) or (named.startswith("case") and _IN_CASE.search(before)))


def _is_series(number: str) -> bool:
    """Years or round numbers in a row."""
    groups = _GROUPS.findall(number)
    return len(groups) == 3 and (all(g.endswith("00") for g in groups) or all("1900" <= g <= "2099" for g in groups))
