"""Given names that people have in many countries, in lower case."""

from functools import cache
from importlib import import_module

from ultramed.curation.vocabulary import listed

_COUNTRIES = listed(
    "en_US en_GB en_IN en_IE en_NZ en_NG en_KE yo_NG ig_NG zu_ZA de_DE fr_FR es_ES it_IT pl_PL pt_BR nl_NL tr_TR sv_SE "
    "da_DK no_NO fi_FI hu_HU ro_RO cs_CZ hr_HR id_ID"
)
_MORE = listed(  # common ones that the lists lack
    "rahul amit sunil sanjay vijay anil suresh ramesh mahesh rajesh mukesh dinesh ganesh kavita sunita deepak manoj "
    "arun ashok vinod tariq asif hina saima hiroshi yuki kenji haruto minh linh trang kwame kofi akua chidi chioma "
    "tunde thabo sipho lerato naledi ananya vikram vivek vinay nikhil rohit sachin sandeep sandhya shreya shilpa swati "
    "meena geeta gita usha ritu rekha seema shanti kiran mohan prakash prasad rajan satish shankar shyam subhash "
    "venkat zoya dmitri jurgen francois hiroko hyun xiao emre raju rani savita pradeep praveen pankaj santosh sudha "
    "sushma vandana zubair nasreen"
)
_WORDS_TOO = listed(  # also words, places or drugs: not evidence of a name by themselves
    "may my ray lot cord among gene per don else line canal us harm floor job said tone iris urban tea bitten vera tan "
    "summer bent marine grant hope gun dawn meta ion harsh toy odd olive yoga mile pia rose poppy sole peer flora aura "
    "neo mark love crystal edu kick ante frank veli del peace faith ivy patience owe graham salami mahi cooper pierce "
    "mate dev magnus sever corona will grace joy art bill chase drew page dean major precious angel destiny autumn "
    "christian paris london virginia georgia victoria sydney austin florence charlotte chelsea india china asia israel "
    "jordan chad kenya america africa carolina dakota madison jackson houston dallas savannah brooklyn lincoln ella "
    "yasmin diane mirena allegra alli lily daisy jack heather hazel holly ginger basil rosemary sage amber ruby jade "
    "pearl coral melody harmony mercy charity honor trinity genesis nevada montana phoenix memphis milan vienna sofia "
    "lourdes salem derby chester lancaster lyon kent devon essex ireland france holland germany egypt cuba prince "
    "princess king queen duke earl baron miles max penny sunny misty stormy sandy rusty rocky cliff forest river lake "
    "ocean sky star moon sun rain storm april comfort blessing gift favour favor wisdom success progress innocent "
    "fortune praise glory miracle goodness teresa june august july monday friday sunday can has an in so as do he me "
    "be we or on at to no"
)


@cache
def names() -> frozenset[str]:
    """Given names in Latin letters that are rarely anything else."""
    lists = (import_module(f"faker.providers.person.{country}").Provider for country in sorted(_COUNTRIES))
    return frozenset(name.lower() for part in lists for name in _given(part)) - _WORDS_TOO | _MORE


def _given(provider: type) -> set[str]:
    parts = (getattr(provider, field) for field in dir(provider) if field.startswith("first_names"))
    return {name for part in parts for name in part if len(name) > 2 and " " not in name}
