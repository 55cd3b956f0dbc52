"""E-mail addresses, web addresses, and network addresses of devices."""

import re
from collections.abc import Iterator

from ultramed.curation.identifiers import given
from ultramed.curation.identifiers.passage import Passage

_AT = r"(?:\s?[@＠]\s?|\s?[(\[{]\s?at\s?[)\]}]\s?|\s+at\s+(?=[\w-]+(?:\s?[(\[{]|\s)\s?dot\b))"
_DOT = r"(?:\.|\s?[(\[{]\s?dot\s?[)\]}]\s?|\sdot\s|\s\.\s(?=(?:com|org|net|in|co|edu|uk)\b))"
_EMAIL = re.compile(
    rf"(?<![\w.+'’-])[\w+%'’-]{{1,64}}(?:(?:\.|\sdot\s(?=[\w.-]+\s+(?:at"
    rf"|\(at)))[\w+%'’-]{{1,64}}){{0,5}}{_AT}(?P<host>[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{0,4}}){_DOT}(?P<last>[^\W\d_]{{2,24}})\b")
_EMAIL_HINTS = ("@", "＠", " dot ", "(dot", "[dot", "{dot", "(at", "[at", "{at")
_GOVERNMENT = re.compile(r"(?:^|\.)(?:gov|mil|int|nih|nhs)(?:\.[a-z]{2})?$")

_ROLE = re.compile(
    r"\w*(?:info|contact|help|helpdesk|support|admin|office|press|media|enquir\w+|inquir\w+|webmaster|service|feedback"
    r"|publications)\W*$|(?:info|contact|press|media)\b")
_URL = re.compile(r"(?:https?://|www\.)(?P<host>[\w-]+(?:\.[\w-]+)*)(?::\d{2,5})?(?P<path>[/?#]\S*)?")
_URL_HINTS = ("://", "www.")
_SITE = re.compile(r"(?:facebook|instagram|linkedin|twitter|x|tiktok|fb|t|wa|snapchat|threads|vk|youtube)\.(?:com|me"
                   r"|org|net)/[\w.@/+?=-]+")
_SITE_HINTS = (".com/", ".me/", ".org/", ".net/")
_PUBLIC = re.compile(  # which articles refer to
    r"\.(?:gov|mil|edu|int|org|museum)(?:\.[a-z]{2})?(?:and)?$|\.(?:ac|gob|gouv|gc|europa)\.[a-z]{2}$|(?:^"
    r"|\.)(?:nhs\.uk|europa\.eu|(?:mdcalc|uptodate|webmd|medscape|drugs|rxlist|healthline|medicinenet|verywellhealth"
    r"|everydayhealth|emedicinehealth|medicalnewstoday|nature|sciencedirect|springer|biomedcentral|wiley|tandfonline"
    r"|sagepub|bmj|thelancet|cell|elsevier|oup|karger|mdpi|merckmanuals|msdmanuals|google|microsoft)\.com)$")
_PERSONAL = re.compile(
    r"[?&](?:id|uid|user|username|patient|mrn|name|email|token|record)=|/(?:u|user|users|profile|people|patients?"
    r"|members?)/|/[~@]\w|gofundme|justgiving|caringbridge|blogspot|livejournal|tumblr|/f/")
_ARTICLE = re.compile(  # of a journal, a shop, a manual
    r"[a-z]{2,30}-[a-z]{1,30}-[a-z]{2,30}|/(?:articles?|journals?|learn|health|drugs?|conditions?|diseases?|treatments?"
    r"|guides?|docs?|doi|news|products?|topics?|tutorials?|questions|medical|medicines?|abstract|full)(?:/|$)"
    r"|\.(?:html?|aspx|php|pdf)(?:$|[?#])")

_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = re.compile(rf"\d{{1,3}}\.{_OCTET}(?:\.{_OCTET}){{2}}(?![\w%-]|\.\d|,\d)")
_IPV6 = re.compile(r"[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){1,6}(?:::[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,5}"
                   r"|:[0-9a-f]{1,4})(?![\w:])")
_NETWORK = re.compile(r"\b(?:ip|ipv[46]|address|login|logged|host|server|network)\b")
_NUMBERED = re.compile(r"\b(?:version|v|release|sections?|chapter|ec|r|spss|sas|stata|software)[\s.:]*$|§\s*$")
_NEAR = 40  # characters before a number that may hold its cue


def emails(passage: Passage) -> Iterator[tuple[int, int]]:
    """E-mail addresses, including spelt-out ones ("at", "dot"), except the mailboxes of offices."""
    if not passage.has(_EMAIL_HINTS):
        return
    for match in _EMAIL.finditer(passage.lower):
        if not _is_desk(match.string[match.start() : match.start("host")], f"{match['host']}.{match['last']}"):
            yield match.span()


def _is_desk(mailbox: str, host: str) -> bool:
    """Whether a mailbox is an office's: "info@", the organisation's own name, a government's without a name."""
    named = host.rsplit(".", 2)[-2]
    government = _GOVERNMENT.search(host) and not re.search(r"[._]", mailbox)
    return bool(_ROLE.match(mailbox) or government or (len(named) > 2 and named in mailbox))


def addresses(passage: Passage) -> Iterator[tuple[int, int]]:
    """Web addresses, except those of public institutions and reference works, and network addresses."""
    if passage.has(_URL_HINTS):
        for match in _URL.finditer(passage.lower):
            if _PERSONAL.search(match[0]) or _private(match["host"], match["path"] or ""):
                yield match.span()
    if passage.has(_SITE_HINTS):
        for match in _SITE.finditer(passage.lower):
            if passage.stands_alone(match.start(), ".@/-"):
                yield match.span()
    if passage.numbers:
        yield from _devices(passage)


def _private(host: str, path: str) -> bool:
    """Whether a page may be personal: not an institution's, not an article, not an organisation's home page."""
    if "." not in host or _PUBLIC.search(host) or _ARTICLE.search(path):
        return False
    return len(path) > 1 or any(part in given.names() for part in re.split(r"[^a-z]+", host))


def _devices(passage: Passage) -> Iterator[tuple[int, int]]:
    for match in _IPV4.finditer(passage.text):
        before = passage.before(match.start(), _NEAR)
        if not passage.stands_alone(match.start(), ".,/-") or _NUMBERED.search(before):
            continue
        if sum(map(str.isdigit, match[0])) > 7 or _NETWORK.search(before):
            yield match.span()
    if "::" in passage.text or passage.text.count(":") > 6:
        for match in _IPV6.finditer(passage.lower):
            if passage.stands_alone(match.start(), ":.") and _NETWORK.search(passage.before(match.start(), _NEAR)):
                yield match.span()
