"""The written forms of direct identifiers. `identifiers` decides what counts as one."""

import re

_VI = re.VERBOSE | re.IGNORECASE
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = rf"""(?: \d{{1,4}}[/.\-]\d{{1,2}}[/.\-]\d{{2,4}}
    | \d{{1,2}}(?:st|nd|rd|th)? \s+ (?:of\s+)? {_MONTH}\.?,? \s+ \d{{2,4}}
    | {_MONTH}\.? \s+ \d{{1,2}}(?:st|nd|rd|th)?,? \s+ \d{{2,4}})"""
BIRTH = re.compile(rf"""\b (?:d\.?\s?o\.?\s?b\.? | date\s+of\s+birth | birth\s?date | birthday | born) \b
    (?:\s+(?:is|was|on|the))* [\s.:,\-–(]* {_DATE}""", _VI)

_AT = r"(?: @ | \(at\) | \[at\] | \s+at\s+(?=[\w-]+\s?(?:\(dot\)|\[dot\]|\sdot\s)))"
_DOT = r"(?: \. | \s?\(dot\)\s? | \s?\[dot\]\s? | \sdot\s)"
EMAIL = re.compile(rf"(?<![\w.]) [\w.+%-]+ \s? {_AT} \s? [\w-]+ (?:{_DOT}[\w-]+)* {_DOT} [A-Za-z]{{2,}} \b", _VI)

URL = re.compile(r"""\b (?: (?:https?://|www\.) (?P<host>[\w-]+(?:\.[\w-]+)+) \S*
    | (?P<site>(?:facebook|instagram|linkedin|twitter|x|tiktok|fb|t|wa)\.(?:com|me|org))/[\w.@/+-]+)""", _VI)
PUBLIC_HOST = re.compile(r"""\. (?:gov|mil|edu|int|org|museum) (?:\.[a-z]{2})? (?:and)? $
    | \. (?:nhs|ac|gob|gouv) \. [a-z]{2} $""", _VI)

PHONE_WRITTEN = re.compile(r"""(?<![\w.,/-])
    (?: \+\d{1,3}[\s.\-]?(?:\(\d{1,4}\)[\s.\-]?)?\d{2,5}(?:[\s.\-]?\d{2,5}){1,4}  # +44 20 7946 0018
      | (?:1[\s.\-])?\([2-9]\d{2}\)\s?[2-9]\d{2}[\s.\-]\d{4}                      # (202) 555-0143
      | (?:1[\s.\-])?[2-9]\d{2}([\s.\-])[2-9]\d{2}\1\d{4}                         # 202-555-0143
      | 0\d{2,4}[\s\-]\d{3,4}[\s\-]?\d{3,4}                                       # 020 7946 0018
      | 555-\d{4}
    ) (?![\w/%]|[.,]\d|-\d)""", re.VERBOSE)
PHONE_CUED = re.compile(r"""
    (?: \b(?:phone|telephone|tel|mobile|cell|fax|whats\s?app|pager|landline|contact|ph|helpline)\b
      | \bm(?:y|obile)\ (?:number|no)\b
      | \b(?:call|ring|text|reach|sms|dial|phone|contact|whatsapp)\s+(?:me|us|him|her|my\s+\w+)\b )
    (?:\s+(?:number|no|me|us|is|on|at|back|in|the|evening|morning|my|or|can|be|reached|to|by|text))* [\s.:\#=-]*
    (?P<number>\+?\(?\d[\d\s().\-]{5,16}\d) (?![\w/%]|[.,]\d)""", _VI)
MOBILE = re.compile(r"(?<![\w.,/+-])(?:91[\s-]?)?[6-9]\d{4}\s?\d{5}(?![\w/%]|[.,]\d|-\d)")  # India: 98765 43210
TOLL_FREE = re.compile(r"^\D*1?\D*8(?:00|33|44|55|66|77|88)\D*\d{3}\D*\d{4}$")
UNIT = re.compile(r"""\s* (?: (?:m|µ|μ|u|n|p|k)?(?:g|l|mol|m|iu|eq|s)\b | units?\b | cells?\b | copies
    | / | % | × | x\s?10 | per\b | times\b)""", _VI)

RECORD = re.compile(r"""\b
    (?: m\.?r\.?n\.? | u\.?h\.?i\.?d\.?
      | (?:medical|health|hospital|patient|clinic|chart)(?:'s)? \s+
        (?:record|file|chart|id|identification|card|registration)
      | (?:hospital|patient|chart|file|record|registration|admission|insurance|policy|membership|member|subscriber
          |beneficiary|account|nhs|medicare|medicaid|aadhaa?r|passport|licen[cs]e|certificate|health\s?card|op|ip|case)
        \s+ (?:number|no|id|num|card) ) \b
    (?:\s*(?:\(?mrn\)?|number|no|num|id|is|card))* [\s.:\#=()-]*
    (?=[A-Z0-9/\ -]*\d{3}) [A-Z]{0,4}[-/\ ]?\d[A-Z0-9/-]{2,}(?:\s\d{3,4}){0,3}""", _VI)

SSN = re.compile(r"(?<![\w.-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-]|\.\d)")
SSN_CUED = re.compile(r"""\b(?:ssn|social\s+security(?:\s+(?:number|no|card))?)\b (?:\s+(?:is|number|no))* [\s.:\#=-]*
    \d{3}[\s-]?\d{2}[\s-]?\d{4}\b""", _VI)

STREET = re.compile(r"""(?<![\w.,/-]) \d{1,5}[A-Za-z]?,? \s+
    (?:(?:N|S|E|W|North|South|East|West|[A-Z][\w'’-]+|\d{1,3}(?:st|nd|rd|th))\.?\s+){1,4}
    (?:Street|St\.|Avenue|Ave\.?|Road|Rd\.?|Lane|Ln\.?|Drive|Boulevard|Blvd\.?|Terrace|Crescent|Nagar|Marg|Parkway
      |Highway|Square|Court|Close|Way|Place) (?![\w-])""", re.VERBOSE)
STREET_CUED = re.compile(r"""\b
    (?: (?:live|lives|living|reside[sd]?|residing|stay(?:ing)?|moved)\s+(?:at|to|in)
      | (?:my|home|postal|mailing|residential)\s+address(?:\s+is)? | address\s*: ) [\s:,]*
    (?: (?:flat|apartment|apt|house|h|plot|door|unit|room)\b[\s.\#]*(?:no|number)?[\s.:\#-]* )?
    \#?\d{1,5}[A-Za-z]?[,/\s-]+(?:\d{1,4}[,\s]+)? (?:[A-Za-z][\w'’.-]*[,\s]+){1,5}?
    (?:street|st|avenue|ave|road|rd|lane|drive|boulevard|blvd|terrace|crescent|nagar|marg|colony|sector|square|court
      |close|way|place)\b""", _VI)
POSTAL = re.compile(r"""\b (?: P\.?\s?O\.?\s+Box\s+\d{1,6}
    | [A-Z][a-z]+,\s+(?:A[KLRZ]|C[AOT]|DC|DE|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]
      |UT|V[AT]|W[AIVY])\s+\d{5}(?:-\d{4})? ) \b""", re.VERBOSE)
