"""The wording of refusals: clauses that decline, that say nothing about the question, or that do.

All gaps are bounded, so that no expression takes more than linear time.
"""

import re

_NOT_ALLOWED = (
    r"not\s+(?:be\s+|currently\s+|really\s+)?(?:able|allowed|permitted|authori[sz]ed|programmed|designed|equipped"
    r"|qualified|licensed|trained|willing|going|comfortable|in\s+a\s+position)(?:\s+to\s+be\s+able)?(?:\s+to)?"
)
_NEGATION = (
    r"(?:(?:can|could|should|will|must|may)\s*not|(?:will|can|could)\s+never|(?:ca|wo|should|could)n't"
    r"|(?:can't|cannot)\s+and\s+(?:won't|will\s+not)|(?:am|are|'m|be)\s+unable\s+to"
    rf"|(?:am|are|'m|will|must)\s+{_NOT_ALLOWED}|won't\s+be\s+able\s+to|refuse\s+to|decline\s+to"
    r"|do(?:n't|\s+not)\s+(?:feel\s+able\s+to|have\s+the\s+\w+\s+to|want\s+to)|have\s+no\s+\w+\s+to)"
)
_ADVERBS = r"(?:\s+(?!not\b)(?:in\s+good\s+conscience|to|be\s+able|\w{1,20}ly|even|just|also|do|be)){0,4}"
_ADVISING = (  # "I cannot recommend codeine" is advice, "I cannot recommend a drug" gives none
    r"(?:suggest|recommend|advis)\w*\s+(?:(?:on|for|against|you|any|that|this|how|what|which|whether|ways?|an?)\b"
    r"|(?:(?:the|your|specific|particular|certain)\s+){0,3}(?:medic|treatment|therap|dos|drug|remed|course|brand"
    r"|method|product|doctor|way))"
)
_VERB = (  # what a reply is asked to do; not "I can't help it", "I can't see why", "I can't give you hope"
    r"(?:help(?!\s+(?:it|but|\w+ing)\b)|(?:giv|offer)(?!\w*\s+(?:\w+\s+){0,2}(?:news|hope|guarantee|promise)\b)"
    r"|see\b(?!\s+(?:any|a|no|why|how)\b)|assist|provid|answer|respond|repl[yi]|compl[yei]|fulfil|satisf|accommodat"
    r"|support|condon|endors|promot|encourag|facilitat|discuss|talk|address|comment|engag|generat|creat|produc|writ"
    r"|rewrit|draft|shar|disclos|reveal|describ|explain|teach|show|prescrib|diagnos|interpret|evaluat|assess"
    r"|analy[sz]"
    r"|judg|tell|say\b|perform|brows|act\b|speculat|view|open\b|access|look|examin|process|do\s+(?:that|this|it|so)\b"
    r"|(?:go|get)\s+(?:further|into|on|along)\b|take\s+part|treat\b|speak\b|continu|proceed|participat|mak(?:e|ing)\b"
    rf"|role-?play|pretend|guess|confirm|name\b|{_ADVISING})"
)
_CANNOT_DO = rf"{_NEGATION}{_ADVERBS}\s+{_VERB}"
_RULES = r"(?:guideline|polic(?:y|ies)|terms|principle|rule|programming|restriction|safety|ethic)"
_REQUEST = r"(?:request|question|prompt|query|message|content|topic|input|response|information|advice|answer)s?"
_DO_NOT = r"(?:do\s+not|don't)"
_I_AM = r"(?:i'm|i\s+am)"

_DECLINES = (
    # I am unable to assist; "we" speaks for a guideline where it is about care
    rf"\b(?:i|we(?!.{{0,40}}\b(?:recommend|advis|suggest|offer|giv|prescrib|treat|diagnos)))"
    rf"(?:\s+(?:\w+ly|just|also|still|do|really|therefore))?\s*{_CANNOT_DO}",
    # I am not a doctor and cannot tell
    rf"^(?:i\b|being\b|as\b).{{0,90}}\b(?:and|so)\s+(?:therefore\s+)?{_CANNOT_DO}",
    # unable to comply; sorry, I can't
    rf"^(?:(?:sorry|no|unfortunately)\W+)*(?:unable\s+to|can't|cannot|won't){_ADVERBS}\s+{_VERB}",
    r"^(?:(?:i'm\s+)?sorry|no|nope)\W+(?:i\s+)?(?:can't|cannot|won't|can\s+not)\W*$",
    # broken off: as an AI, I do not
    rf"\bi\s+(?:{_DO_NOT}|can't|cannot|won't|am\s+unable\s+to|am\s+not\s+able\s+to)\W*$",
    # I must decline; I would rather not; I choose not to
    r"\bi(?:\s+\w+){0,2}(?:\s+|')(?:have\s+to|must|need\s+to|will|ll|m\s+going\s+to"
    r"|am\s+going\s+to)(?:\s+\w+){0,2}\s+"
    r"(?:decline|refuse|pass\s+on|stop\s+here|turn\s+(?:this|that|your|it|down))",
    rf"\b{_I_AM}\s+(?:declining|refusing)\b|\bi\s+(?:\w+ly\s+)?(?:decline|refuse)\b",
    r"\bi(?:'d|\s+would)\s+(?:rather|prefer)\s+not\b|\bi\s+(?:prefer|choose)\s+not\s+to\b",
    rf"\bi\s+{_DO_NOT}\s+think\s+(?:that\s+)?i\s+(?:should|can|could|am)\b",
    # it would not be right of me; I don't feel qualified
    r"(?:\bnot|\bnever|n't)\s+(?:be\s+)?(?:possible|appropriate|right|responsible|ethical|safe)\s+(?:for|of)\s+me\b",
    r"\b(?:inappropriate|irresponsible|unethical|wrong|unsafe|impossible)\s+(?:for|of)\s+me\b",
    rf"\bi\s+{_DO_NOT}\s+feel\s+(?:comfortable|qualified)\b(?!\s+with\b)",
    # that is not something I do; it is beyond my role
    r"(?:\bnot|n't)\s+(?:an?\s+)?(?:something|anything|subject|topic|question|request|matter)\s+(?:that\s+)?i(?:\s"
    r"|')",
    r"\bsomething\s+(?:that\s+)?i\s+(?:can't|cannot|won't)\b|\bnot\s+the\s+right\s+(?:source|place|person|tool)\b",
    r"\b(?:beyond|outside|not\s+within)\s+(?:\w+\s+){0,6}?(?:i(?:'m|\s+am|\s+can|\s+could)\b"
    r"|my\s+(?:\w+\s+){0,2}?(?:scope"
    r"|capabilit|abilit|area|expertise|role|remit|competence|knowledge|training|programming|guideline|function))",
    # I don't give advice; I don't have access; I am not licensed
    rf"\bi\s+{_DO_NOT}\s+(?:provide|give|offer|generate|create|produce|prescribe|diagnose)\b",
    rf"\bi\s+{_DO_NOT}\s+(?:\w+ly\s+)?have\s+(?:the\s+|any\s+)?(?:\w+\s+){{0,2}}?(?:ability|capability|expertise"
    rf"|access"
    r"|qualifications?|authority)\b|\bi\s+have\s+no\s+(?:ability|access|way\s+of)\b",
    rf"\b{_I_AM}\s+(?:\w+ly\s+)?not\s+(?:qualified|licensed|trained|allowed|permitted)\b",
    # it is against the rules
    rf"\b{_I_AM}\s+(?:\w+ly\s+)?(?:prohibited|barred|restricted|forbidden)\s+from\b|\bpolicy\s+violation\b",
    r"\b(?:instructed|told|required|obliged|programmed|designed|trained)\s+(?:not\s+to|to\s+(?:refuse|decline"
    r"|avoid))\b",
    rf"\b(?:my|our|the)\s+(?:\w+\s+)?{_RULES}s?\s+(?:{_DO_NOT}|does\s+not|doesn't|prevent|forbid|prohibit)\w*\b",
    rf"\b(?:violat\w*|(?:goes|is|be|are|it's)\s+against|conflicts?\s+with|breach\w*"
    rf"|contrary\s+to)\s+(?:\w+\s+){{0,3}}"
    rf"{_RULES}",
    # the request was blocked
    rf"(?<!'s )\b{_REQUEST}\s+(?:\w+\s+){{0,4}}(?:was|were|is|has\s+been)\s+(?:\w+\s+)?(?:blocked|rejected|flagged"
    r"|filtered|refused|declined)\b",
    rf"\b{_REQUEST}\s+(?:\w+\s+){{0,4}}(?:can't|cannot|could\s+not)\s+be\s+(?:\w+\s+)?(?:answered|discussed|provided"
    r"|fulfilled|processed|generated|completed|given)\b",
    rf"^{_REQUEST}\s+(?:rejected|blocked|refused|declined)\b",
)
DECLINES = re.compile("|".join(_DECLINES))
LIMITED = re.compile(  # a decline of one thing only: what follows is the answer
    r"diagnos|prescri|(?:medical|clinical|personal\w*|individual\w*|legal)\s+(?:medical\s+)?advice|certain|sure\b"
    r"|defin"
    r"|\bfirm\b|exact|precise|specific|particular|personal|examin|\bsee\b|view|open\b|access|\btell\b|\bsay\b|confirm"
    r"|assess|interpret|evaluat|analy|recommend|suggest|\bname\b|image|picture|photo|promise|without\b"
)
ASIDES = re.compile(  # sympathy, thanks and offers: they may name the topic, but answer nothing
    r"^(?:and\s+|but\s+|however\W+|instead\W+)?(?:(?:i'm|i\s+am)?\s*(?:so|very|really|truly|deeply"
    r"|terribly)?\s*sorry\b"
    r"|(?:i|my|many)?\s*(?:sincere\w*\s+)?apolog|i\s+(?:can\s+|do\s+|fully\s+|really\s+|completely\s+)?"
    r"(?:understand|hear|know|realise|realize|appreciate|hope|wish)\b|thank|i'm\s+glad|(?:that|it|this)\s+"
    r"(?:must\s+(?:be|have)\b|sounds?\s+(?:(?:so|very|really)\s+)?(?:hard|tough|difficult|stressful|painful"
    r"|frightening"
    r"|as\s+though|like\s+you(?:'re|'ve|\s+are|\s+have)\s+(?:been\s+)?(?:going|struggling|dealing))))"
    r"|\b(?:i\s+can|i\s+could|i'll|i\s+will|i'd|i\s+would)\s+(?:\w+\s+)?(?:be\s+(?:glad|happy)|help|offer|explain"
    r"|point|share"
    r"|provide|give|discuss|talk|assist|answer|describe|suggest\s+(?:some|ways)|do\s+my\s+best)\b"
    r"|^(?:would\s+you|do\s+you\s+want|shall\s+i|could\s+you|can\s+you|which\s+one|is\s+there|how\s+else"
    r"|let\s+me\s+know"
    r"|what\s+i\s+can\s+do|let's|if\s+you(?:'d|\s+would)\s+like)\b"
    r"|\b(?:feel\s+free|(?:don't|do\s+not)\s+hesitate|let\s+me\s+know|(?:i'm|i\s+am)\s+(?:here|happy|glad)\s+to)\b"
    r"|^(?:please\s+)?(?:provide|paste|rephrase|describe|modify)\b|\bdepends?\s+on\b|\bcrisis\s+line"
    r"|\bsuicide\b.{0,30}\blifeline"
)
CLAIMS = re.compile(  # turns from what is not said to what is, or states what is likely or what to take
    r"^(?:but|however|that\s+said|still|instead|though|in\s+general|generally|most|here\s+(?:is|are))\b"
    r"|\b(?:probably|(?:most\s+)?likel|typical|usually|commonly|often|consistent\s+with|points?\s+to|due\s+to"
    r"|caused\s+by)"
    r"|\b(?:around|about|roughly|approximately|every|one|two|nine)\s+(?:in\s+)?(?:one|two|three|four|five|ten|half"
    r"|\d)"
    r"|(?<!\bi)\s(?:suggests?|fits?|means?)\b|\d\s*(?:%|m?c?g\b|ml\b|mmol|weeks|days|hours|minutes)"
)
REFERS = re.compile(  # sends the asker to somebody else
    r"\b(?:consult|see|contact|speak|talk|ask|seek|visit|reach\s+out|discuss|check)\w*\b.{0,60}\b(?:doctors?"
    r"|physicians?|gp|pharmacists?|clinicians?|professionals?|providers?|(?:healthcare|care|medical)\s+team"
    r"|medical\s+(?:advice|attention|help|care)"
    r"|professional\s+(?:\w+\s+)?(?:advice|help)|advice\s+of)\b"
    r"|\bonly\s+(?:a|an|your)\s+(?:\w+\s+)?(?:doctor|physician|professional)\s+can\b"
    r"|\bfollow\s+the\s+(?:advice|instructions)\s+of\s+(?:your|a)\s+(?:doctor|physician)\b"
    r"|\bquestion\s+for\s+(?:your|a)\s+(?:doctor|physician|gp|pharmacist)\b"
)
ELSEWHERE = re.compile(r"\b(?:consult|contact|speak|talk|seek|reach\s+out|search|visit)\w*")
ADDRESSED = re.compile(r"\b(?:please|you|your|only|this\s+should|recommend|suggest|best|important|always|advisable)\b")
SPECIALIST = re.compile(r"^(?:\w{4,}ologists?|p(?:a)?ediatricians?|psychiatrists?|obstetricians?|midwi\w+|oncolog\w+"
                        r"|surgeons?|dentists?|nurses?|lawyers?|attorneys?|counsell?ors?|therapists?)$")

FOREIGN_DECLINES = re.compile(
    r"\bich\s+(?:kann|darf|werde)\b.{0,60}\b(?:nicht|keine\w*)\b|\bkann\s+ich\b.{0,60}\b(?:nicht|keine\w*)\b"
    r"|\bbin\s+(?:leider\s+)?nicht\s+in\s+der\s+lage\b"
    r"|\bje\s+ne\s+(?:peux|puis|suis)\s+(?:\w+\s+)?pas\b|\bje\s+refuse\s+de\b"
    r"|\bno\s+(?:puedo|podemos|me\s+es\s+posible|estoy\s+(?:en\s+condiciones|autorizad\w))\b"
    r"|\bnão\s+(?:posso|podemos|consigo|estou\s+autorizad\w)\b|\bnon\s+(?:posso|possiamo|sono\s+in\s+grado)\b"
    r"|\bik\s+(?:kan|mag)\b.{0,60}\b(?:niet|geen)\b|\bя\s+не\s+(?:могу|имею|буду)\b|\bnie\s+mogę\b"
    r"|(?:我|本人)?(?:无法|不能|無法|不便)(?:为您|向您|為您|给您)?(?:提供|回答|协助|帮助|协助|處理|处理|满足)"
    r"|(?:できません|できかねます|いたしかねます)|(?:도와드릴|답변할|답변드릴|제공할)\s?수\s?없"
)
FOREIGN_ASIDES = re.compile(
    r"^(?:(?:es\s+)?tut\s+mir\s+leid|entschuldig|leider|désolée?|je\s+suis\s+désolée?|lo\s+siento|lamento|desculpe"
    r"|sinto"
    r"|mi\s+dispiace|sorry|het\s+spijt|извините|к\s+сожалению|przepraszam|抱歉|对不起|對不起|申し訳|죄송)"
    r"|\b(?:arzt|ärzt\w+|médecin|professionn?els?|m[eé]dic[oa]|profesional(?:es)?|profissional|apotheker|arts"
    r"|huisarts"
    r"|врач\w*|lekarz\w*)\b|医生|医師|醫生|专业|의사|전문"
)
