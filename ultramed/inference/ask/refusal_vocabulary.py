"""The words that people use when they talk about a request instead of answering it."""

import re

_STEMS = (
    "112 911 988 999 abilit able abuse access accurat address advice advis against age ai aid allow alone already "
    "alternativ alway amount answer anyone anything apolog appoint approach appropriat area arrang artificial ask "
    "assess assist assum attention author available avoid aware base be best better beyond call capab care "
    "careful case cause caution center centre chang check circumstan clear clinic comfort comment compl concern "
    "condition conduct confidential consent consequenc consider consult contact content continu conversation "
    "correct could creat crime crimi crisis curious danger data deal deceiv decept decid decision depend descri "
    "deserv design detail determin develop diagnos differ dignit direct discuss dispute doctor doing domain "
    "dosage dose dr drug emergenc encounter encourag engag ensur equip essential ethic evaluat every evidence "
    "exam experien expert explain explicit factor feel fiction field filter follow forge fraud free friend full "
    "general generat genuin get give given giving glad goal good guidance guide handl happ harm harmless hate "
    "have health hear help helpful here hesitat high history honest hope hotline however human idea illegal "
    "illness immediat import improv inappropriat individual inform input instead instruct intend interest involv "
    "irresponsib issue journey judge judgi judgment kind know knowledg label lack language law leaflet legal "
    "licen life lifeline like limit line local long look make many matter may medic member mental mislead mistake "
    "misuse model modif monitor more must myself nearest necessar need number nurse occur offer ones online open "
    "option other ourself output oversight own part paste patient people perform person pharmac physical "
    "physician plac plan pleas point poison polic polite possib potential practi prefer prescri prevent principl "
    "priorit privacy private procedur process produc profession program prompt proper protect provid public "
    "purpos qualif qualit question rather reach read real reason receiv recommend record refer refus regard "
    "regulat relevant reliab rely remember repl replac request require research resource respect respond respons "
    "restrict result retry review right risk role room safe satisf scenario scope second see seek sensitive "
    "seriou servic setting severe share shari should sincere situation solel someone something speak specific "
    "standard step stop strict struggl subject substitut suggest suicid suitab supervis support sure symptom "
    "system tailor take taken talk team tell term test text thank therap there thing think thorough threat time "
    "together top topic train treat true trust try type unable unauthor understand unethical unfortunat unique "
    "unlaw unless unlicens unsafe upfront urgent usag use user using valid valu varies various vary violat violen "
    "visit vital want way weapon weight welfare well wellbeing who will wish word work world worr worse would "
    "write writing written wrong yourself "
)
_PLAIN = (
    "a about above after again all also although am an and any are aren't as at back because been before being "
    "both but by can can't cannot come day days did do does doesn't don't done during each either else er even "
    "ever few first for from go goes going got gp had has having he her his how i i'd i'll i'm i've if in into is "
    "isn't it it's its just least less let lets lot me might most much my never no non none nor not now null of "
    "off on one ones only or our out over per put really same set she since so some soon sorry still such than "
    "that that's the their them then there's these they this those though to today too two under until up us very "
    "was we were what when where which while who's whom whose why with within without won't yes yet you you're "
    "your yours "
)


def _forms(stem: str) -> str:
    """A long stem may have any ending, a short one those of its inflections: "air" is no form of "ai"."""
    if len(stem) > 4:
        return stem
    return rf"{stem[:-1]}(?:e|es|ed|ing)$" if stem.endswith("e") and len(stem) > 2 else rf"{stem}(?:s|ed|es|ing)?$"


ABOUT_THE_REQUEST = re.compile(
    rf"(?:{'|'.join(map(_forms, _STEMS.split()))})|(?:{'|'.join(_PLAIN.split())}|\w+ly|\w+(?:'ll|'ve|'re|n't))$"
)
