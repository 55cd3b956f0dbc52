"""Home addresses: streets with a number, postcodes, PO boxes, except those of institutions."""

import re
from collections.abc import Iterator

from ultramed.curation.identifiers.passage import Passage

_TYPES = (r"Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Terrace|Crescent|Nagar|Marg|Parkway|Pkwy"
          r"|Highway|Hwy|Square|Sq|Court|Ct|Close|Way|Place|Pl|Gardens|Grove|Mews|Parade|Row|Quay|Circle|Cir|Trail"
          r"|Broadway|Colony|Layout|Enclave|Society|Heights|Walk|Green|Rise|View|Park|Hill|Plaza|Sector|Apartments"
          r"|Towers")
_WORD = r"[^\W\d_][\w'’.-]*"
_STREET = re.compile(
    r"\d{1,5}(?:[-/]\d{1,3})?[A-Za-z]?,?[^\S\n]+(?=[A-ZÀ-Þ\d])(?:(?:(?:[NSEW]|[A-ZÀ-Þ][\w'’.-]+|\d{1,3}(?:st|nd|rd"
    r"|th))[^\S\n]+){1,4}"
    rf"(?:{_TYPES})\b(?!\s+[A-Z][a-z]+\s+[a-z])|Broadway\b|(?:[NSEW]\s)?(?:County|State)\s(?:Road|Route"
    rf"|Highway)\s\d{{1,4}}\b)")
_NO_STREET = re.compile(
    r"\b(?:ml|mg|mcg|kg|cm|mm|gram|minutes?|hours?|days?|weeks?|months?|years?|year-old|step|degrees?|mile|miles|point"
    r"|points|percent|male|female|french|pain|phase|grade|type|stage|patients?|a|square|way\sstopcock|the|tablets?"
    r"|doses?|unit|units|lead|view|heart|chest|first|second|third|bed|beds|bedroom|metre|meter|star|hotel|way(?=\s)"
    r"|near|from|kids|children|km)\b")
_NUMBERED = re.compile(r"\b(?:phase|grade|type|stage|class|level|group|chapter|table|figure|score|the|day|week|age"
                       r"|aged)\s$")
_SUFFIXED = re.compile(
    r"(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|gracht|straat|laan|gatan|vägen|vej|gade|gata|utca)\s\d{1,4}(?!\d"
    r"|\s?%)")
_CAPITALISED = re.compile(r"(?<![\w-])[^\W\d_a-zäöüåæø][\w-]*$")
_SUFFIXED_HINTS = (
    "straße ", "strasse ", "str. ", "weg ", "platz ", "allee ", "gasse ", "gracht ", "straat ", "laan ", "gatan ",
    "vägen ", "vej ", "gade ", "gata ", "utca ",
)
_FRENCH = re.compile(
    r"\d{1,4}(?:\s?bis|\s?ter)?,?\s(?:rue|avenue|boulevard|chemin|allée|impasse|quai|cours)\s(?:d[eu]s?\s|de\sla\s"
    r"|d['’]|l['’])?[A-ZÉÈ]\w+")
_CROSS = re.compile(r"\d{1,4},?\s\d{1,2}(?:st|nd|rd|th)\s(?:Cross|Main|Block|Stage)\b")
_FRENCH_HINTS = (" rue ", " avenue ", " boulevard ", " chemin ", " allée ", " impasse ", " quai ", " cours ")
_ROMANCE_HINTS = (
    "calle ", "avenida ", "av. ", "paseo ", "rua ", "travessa ", "via ", "viale ", "piazza ", "corso ", "ul. ",
    "ulica ",
)
_ROMANCE = re.compile(
    r"(?:Calle|Avenida|Av\.|Paseo|Rua|Travessa|Via|via(?=\s\w+\s\d{1,4},\s[A-Z])|Viale|Piazza|Corso|Ul\.|ul\.|Ulica"
    r"|ulica)\s(?:d[aeo]s?\s|del\s|la\s)?[A-ZŁŚŻ]\w+(?:\s[A-Z]\w+)?,?\s(?:n[.º°]\s?)?\d{1,4}(?:/\d+)?(?=[,;.\s]"
    r"|$)(?!\s?(?:m[gl]|mcg|%|days?|hours?))")
_HOUSE = re.compile(
    r"\b(?:h\.?\s?no|house\s+no|flat\s+no|plot\s+no|door\s+no|d\.\s?no|apartment"
    r"|apt)\b[.:#]?\s+#?(?:number\s)?[a-z]?-?\d[\w/-]*|\b[a-z]-?\d{1,4},?\s(?:[a-z]+\s){1,3}(?:apartments?|society"
    r"|towers?|enclave|residency|heights|colony)\b")
_HOUSE_HINTS = (
    "house no", "h.no", "h. no", "h no", "flat no", "plot no", "door no", "d.no", "d. no", "apartment", "apt",
    "society", "tower", "enclave", "residency", "heights", "colony",
)
_LIVES = re.compile(
    rf"(?:live|lives|living|lived|reside[sd]?|residing|stay(?:s|ing)?|moved)\s+(?:at|to|in"
    rf"|on)\s+(?:number\s+)?(?:(?:flat|apartment|apt|house|h|plot|door|unit|room)\b[\s.#]*(?:no"
    rf"|number)?[\s.:#-]*)?\#?\d{{1,5}}[A-Za-z]?(?:[-/]\d{{1,4}})?[,/\s-]+(?:\d{{1,4}}[,\s]+)?(?:{_WORD}[,\s]+){{1,5}}?(?:{_TYPES.lower()})\b")
_LABEL = re.compile(
    r"(?<!ip )(?<!e-mail )(?<!email )(?<!mail )(?<!web )\b(?:(?:my|home|postal|mailing|residential|permanent|her"
    r"|his)\s+address(?:\s+is|\s*[:=–-])|address(?:\s+is|\s*[:=–-])|adresse\s*:|anschrift\s*:|dirección\s*:"
    r"|indirizzo\s*:|endereço\s*:|adres\s*:|wohnhaft\s|domicilié?e?\s+(?:au|à)\s|residing\s+at\s|lives\s*:"
    r"|my\s+home\s+is\s|house\s+no\.?\s)\s*")
_PLACE = re.compile(  # some word and some number on one line
    r"(?:[^\n;@]{0,40}?\d[\w/-]{0,12}[,\s]+[^\W\d_]{2,}|[^\W\d_]{3,}[^\n;@\d]{0,30}\d+)")
_BOX = re.compile(r"\bp\.?\s?o\.?\s+box\s+\d{1,6}\b|\b(?:rr|r\.r\.)\s\d{1,2},?\sbox\s\d{1,5}\b")
_POSTAL = re.compile(
    r"(?:A[KLRZ]|C[AOT]|DC|DE|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]"
    r"|W[AIVY])\s+\d{5}(?:-\d{4})?\b")
_TOWN = re.compile(r"[A-Z][a-z]+,\s+$")
_POSTCODE = re.compile(
    r"\b(?:zip(?:\s?code)?|pin\s?code|post(?:al)?\s?code|plz"
    r"|code\spostal)\b(?:\s+is)?[\s:.#-]*(?P<value>\d{5,6}(?:-\d{4})?|\d{3}\s\d{3}|\d{4}\s?[a-z]{2}"
    r"|[a-z]{1,2}\d[a-z\d]?\s?\d[a-z]{2}"
    r"|[a-z]\d[a-z]\s?\d[a-z]\d)\b",
    )
_INWARD = re.compile(r"\d[ABD-HJLNP-UW-Z]{2}(?![\w-])|\d[A-Z]\d(?![\w-])")
_OUTWARD = re.compile(  # of a British or a Canadian postcode
    r"(?<![\w-])(?:(?:A[BL]|B[ABDHLNRST]?|C[ABFHMORTVW]|D[ADEGHLNTY]|E[CHNX]?|F[KY]|G[LUY]?|H[ADGPRSUX]|I[GMPV]|JE"
    r"|K[ATWY]|L[ADELNSU]?|M[EKL]?|N[EGNPRW]?|O[LX]|P[AEHLOR]|R[GHM]|S[AEGKLMNOPRSTWY]?|T[ADFNQRSW]|UB|W[ACDFNRSV]?|YO"
    r"|ZE)\d[A-Z\d]?|(?!T\d[NXA])[ABCEGHJ-NPRSTVXY]\d[A-Z])\s$")
_INSTITUTION = re.compile(
    r"\b(?:institutes?|cent(?:er|re)s?|hospital|department|university|foundation|association|society|national"
    r"|clearinghouse|agency|office|building|bldg|mailstop|cdc|nih|clinic|college|school|council|ministry|alliance"
    r"|organi[sz]ation"
    r"|academy|division|branch|program(?:me)?|network|coalition|inc|publications?|bureau|laborator(?:y|ies)|campus)\b",
    )
_LIVES_HINTS = ("live", "living", "resid", "stay", "moved")
_LABEL_HINTS = (
    "address", "adres", "anschrift", "dirección", "indirizzo", "endereço", "wohnhaft", "domicili", "residing",
    "lives", "home is", "house no",
)
_NEAR = 120  # characters before an address that may name its institution


def find(passage: Passage) -> Iterator[tuple[int, int]]:
    """Home addresses; after "I live at" or "address:", in any form."""
    if not passage.numbers:
        return
    yield from _anyhow(passage)
    if passage.has(_HOUSE_HINTS):
        for match in _HOUSE.finditer(passage.lower):
            if not _institution(passage, match.start(), match.start()):
                yield match.span()
    for span in (*_streets(passage), *_codes(passage)):
        if not _institution(passage, *span):
            yield span


def _anyhow(passage: Passage) -> Iterator[tuple[int, int]]:
    text = passage.lower
    if passage.has(_LIVES_HINTS):
        yield from (match.span() for match in _LIVES.finditer(text) if not _NO_STREET.search(match[0]))
    if passage.has(_LABEL_HINTS):
        for cue in _LABEL.finditer(text):
            place = _PLACE.match(text, cue.end())
            if place and not _institution(passage, cue.start(), place.end()):
                yield place.span()
    if passage.has(("code", "zip", "plz")):
        yield from (match.span("value") for match in _POSTCODE.finditer(text))


def _streets(passage: Passage) -> Iterator[tuple[int, int]]:
    text = passage.text
    for match in _STREET.finditer(text):
        numbered = _NUMBERED.search(passage.before(match.start(), 12))
        if passage.stands_alone(match.start(), ".,/%-") and not numbered and not _NO_STREET.search(match[0].lower()):
            yield match.span()
    yield from (match.span() for match in _CROSS.finditer(text))
    for pattern, hints in ((_FRENCH, _FRENCH_HINTS), (_ROMANCE, _ROMANCE_HINTS)):
        if passage.has(hints):
            yield from (match.span() for match in pattern.finditer(text) if passage.stands_alone(match.start(), ".,-"))
    if passage.has(_SUFFIXED_HINTS):
        for match in _SUFFIXED.finditer(passage.lower):
            if word := _CAPITALISED.search(text, max(0, match.start() - 30), match.start()):
                yield word.start(), match.end()


def _codes(passage: Passage) -> Iterator[tuple[int, int]]:
    text = passage.text
    if passage.has((" box ",)):
        yield from (match.span() for match in _BOX.finditer(passage.lower))
    for match in _POSTAL.finditer(text):
        if town := _TOWN.search(text, max(0, match.start() - 30), match.start()):
            yield town.start(), match.end()
    for match in _INWARD.finditer(text):
        if outward := _OUTWARD.search(text, max(0, match.start() - 6), match.start()):
            yield outward.start(), match.end()


def _institution(passage: Passage, start: int, end: int) -> bool:
    """Whether an institution is named in the address or shortly before it."""
    return _INSTITUTION.search(passage.lower, max(0, start - _NEAR), end) is not None
