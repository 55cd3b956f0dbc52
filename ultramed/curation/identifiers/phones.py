"""Telephone numbers, by their format or after a cue."""

import re
from collections.abc import Iterator

import phonenumbers

from ultramed.curation.identifiers.passage import Passage

_CANDIDATE = re.compile(  # digits with at most two separators between them
    r"\d(?:[ \u00a0().\-–/]{0,2}\d){6,16}(?![\w%]|[.,:]\d|[-/–]\d|\s?[-/–]\s?\d{2})")
_OPENING = re.compile(r"(?:\+\s?\(?|\()$")
_JOINED = ".,/%<>=±×*~−-"  # a number after one of these is part of another one, or a quantity
_UNIT = re.compile(r"""\s* (?: (?:m|µ|μ|u|n|p|k)?(?:g|l|mol|m|iu|eq|s|hz|bp)\b | units?\b | cells?\b | copies
    | years?\b
    | / | % | × | x\s?10 | per\b | times\b | persons?\b | women\b | men\b | people\b | patients\b | births\b
    | platelets?\b )""", re.VERBOSE)
_TOLL_FREE = re.compile(r"^(?:\+?1\D*8(?:00|33|44|55|66|77|88)\D*\d{3}\D*\d{4}|\(?8(?:00|33|44|55|66|77"
                        r"|88)\D+\d{3}\D*\d{4})$|^0800|^0808|^1[38]00\D|^116\D?\d{3}$")
_DATES = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|(?:19|20)\d\d[/.-]\d{1,2}[/.-]\d{1,2}")
_SHAPES = re.compile(r"""(?:
      (?:1[ .-]?)?\([2-9]\d{2}\)[ ]?[2-9]\d{2}[ .-]\d{4}    # (202) 555-0143
    | (?:1[ .-])?[2-9]\d{2}([ .-])[2-9]\d{2}\1\d{4}         # 202-555-0143
    | 555-\d{4}
    | [2-9]\d{2}[2-9]\d{6}                                  # 2025550143
    | (?:(?:91|0)[ -]?)?[6-9]\d{4}[ -]?\d{5}                # India: 98765 43210
    | 0\d{2,4}[ -]\d{3,4}[ -]?\d{3,5}                       # 020 7946 0018
    | 07\d{9}                                               # a British mobile phone
    | 07\d{3}[ ]\d{3}[ ]\d{3}
    | 0\d{2,4}[ /-]\d{6,8}                                  # 0176 55501234, 080-25551234
    | 0[1-9](?:[ .]\d{2}){4}                                # France: 06 39 98 12 34
    | 0[1-9]-\d{8}                                          # the Netherlands
    | 0[1-9]-\d{4}-\d{4}                                    # Japan
    | 1[3-9]\d[ ]\d{4}[ ]\d{4}                              # China
    | \(0\d{1,4}\)[ ]?\d{3,4}[ -]?\d{3,4}                   # (020) 7946 0735
    | \([1-9]\d\)[ ]?9\d{4}-\d{4}                           # Brazil
    )""", re.VERBOSE)
_CUE = re.compile(r"""(?:
    \b(?:tele)?phones?\b | \btel\b | \bt[ée]l[ée]?(?:phone)?\b | \btelefon[eo]?\b
    | \bmob(?:ile|iel)?\b | \bm[óo]vil\b
    | \bcell(?:phone|ulare)?\b | \bcelular\b | \bhandy\b | \b(?:ruf|telefon)nummer\b | \bfax\b | \bwhats\s?app\b
        | \bpager\b
    | \blandline\b | \bcontact\b | \bph\b | \bsms\b | \bhelpline\b | \bkom\b | \bhotline\b
    | \b(?:m[yr]|our|his|her|their|mum's|mom's|wife's|husband's|son's|daughter's|the
        |call[\s-]?back)\s(?:\w+\s)?(?:number|no)\b
    | \b(?:call|ring|text|reach|sms|dial|phone|contact|whatsapp)\s+(?:me|us|him|her|them|on|at|my\s+\w+|our\s+\w+
        |his\s+\w+|her\s+\w+)\b )
    (?:\s*\b(?:number|numbers|no|nos|nr|me|us|is|are|on|at|back|in|the|evening|morning|best|my|or|and|can|be|reached
        |to|by
        |text|for|call|dial|ring|reply|home|work|office|mobile|cell)\b)* [\s.,:;\#=@–-]* $""", re.VERBOSE)
_NO_PHONE = re.compile(r"""\b(?:isbn|issn|ndc|cas|pmid|pmcid|doi|nct|grants?|version|lot|chr\w*|codes?|trial|protocol
    |registry
    |cd4|cd8|counts?|doses?|platelets?|titres?|titers?|ratio|range|levels?|glucose|hcg|rows?|lane|sections?|table
    |mrn|uhid|record|chart|file|case|policy|claim|member|nhs|account|admission|registration|certificate|hospital|patient
    |insurance|passport|aadhaa?r|ssn|security|dob|birth|born|sin|tfn|bsn|id)\b[^.;]{0,20}$""", re.VERBOSE)
_DESK = re.compile(  # of an office
    r"\btty\b|toll[- ]free|business\shours|after\shours|office\shours|internet:|clearinghouse|www\.[\w.-]+\.(?:org"
    r"|gov)")
_DESK_NEAR = 100  # characters around a number
_BEFORE = 48  # characters before a number that may hold its cue
_REGIONS = (
    "AE", "AT", "AU", "BD", "BE", "BR", "CH", "DE", "EG", "FR", "GB", "HU", "ID", "IE", "IN", "IT", "JP", "KE", "KR",
    "MY", "NG", "NL", "NZ", "PH", "PK", "SA", "SE", "TR", "VN", "ZA",
)
_ABROAD = re.compile(r"00[1-9]")
_DIGITS = re.compile(r"\d+")


def find(passage: Passage) -> Iterator[tuple[int, int]]:
    """Numbers in a telephone format or after a cue, except toll-free ones, offices' and quantities."""
    if not passage.numbers:
        return
    for match in _CANDIDATE.finditer(passage.text):
        opening = _OPENING.search(passage.text, max(0, match.start() - 3), match.start())
        start = opening.start() if opening else match.start()
        if passage.stands_alone(start, _JOINED) and _is_phone(passage, start, match.end()):
            yield start, match.end()


def _is_phone(passage: Passage, start: int, end: int) -> bool:
    number = passage.text[start:end]
    digits = sum(map(str.isdigit, number))
    if not 7 <= digits <= 15 or _TOLL_FREE.match(number) or _UNIT.match(passage.lower, end) or _DATES.fullmatch(number):
        return False
    if _DESK.search(passage.lower, max(0, start - _DESK_NEAR), end + _DESK_NEAR):
        return False
    if number.startswith("+"):
        return _possible(number)
    if _ABROAD.match(number):
        return _possible(f"+{number[2:]}")
    before = passage.before(start, _BEFORE)
    if _CUE.search(before):
        return not _decimal(number)
    number = number.replace("(0)", "0")
    shaped = _SHAPES.fullmatch(number) or (number[0] in "(0" and _national(number))
    return bool(shaped) and not _series(number) and not _NO_PHONE.search(before)


def _possible(number: str) -> bool:
    """Whether a number with "+" has a country code, and the length that the country allows."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number.replace("(0)", "")))
    except phonenumbers.NumberParseException:
        return False


def _national(number: str) -> bool:
    """Whether this is how some country writes one of its valid numbers."""
    for region in _REGIONS:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
        if _plain(written) == _plain(number) and phonenumbers.is_valid_number(parsed):
            return True
    return False


def _plain(number: str) -> str:
    return number.replace("-", " ")


def _series(number: str) -> bool:
    """Round numbers in a row are quantities: doses of 350-500-1000."""
    return all(len(group) > 2 and group.endswith("0") for group in _DIGITS.findall(number))


def _decimal(number: str) -> bool:
    return number.count(".") == 1 and number.replace(".", "").isdigit()
