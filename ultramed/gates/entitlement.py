"""What params of today allow for each kind of row, worked out for the checks alone.

They must not share the code that decides, which is `ultramed/claims.py`. A kind is a source and whether the row was
evolved.
"""

from collections.abc import Iterable

from ultramed import synthetic
from ultramed.params import Params
from ultramed.rights import ORDER


def kinds(params: Params) -> dict[tuple[str, bool], str]:
    """The class of every (source, evolved) that a row may have; what is missing is denied."""
    overrides: dict[str, str] = {name: o.rights for name, o in params.release.overrides.items()}
    texts: dict[str, str] = {name: s.rights for name, s in params.sources.items()} | overrides
    evolver = model(params, params.evolve.model)
    found = {(name, False): rights for name, rights in texts.items()}
    for source, text, writer in (
        (synthetic.TEXTBOOKQA.source, params.textbook.rights, params.textbook.model),
        (synthetic.WIKIINSTRUCT.source, params.wikipedia.rights, params.wikipedia.model),
    ):
        own = [overrides.get(source, text), model(params, writer)]
        found[source, False], found[source, True] = least(own), least([*own, evolver])
    evolved = synthetic.MEDQA_EVOL
    found[evolved.source, True] = least([overrides.get(evolved.source, texts.get(evolved.set, "deny")), evolver])
    return found


def models(params: Params) -> dict[str, str]:
    """The class of every model that rows may name, pool members and models trained here among them."""
    names = {*params.models.local, *params.models.remote, *params.candidates.authors, *params.policies}
    return {name: model(params, name) for name in sorted(names)}


def model(params: Params, name: str) -> str:
    """The class of a model by its name in params or in the pool; the row's own answer is open."""
    if name == "source":
        return "open"
    known: dict[str, str] = {n: m.rights for n, m in params.models.local.items()}
    known |= {n: m.rights for n, m in params.models.remote.items()}
    member = params.candidates.pool.get(name)
    name = member.model if member and name not in known else name
    if name in params.policies:
        return least(params.mix.allows)
    return known.get(name, "deny")


def least(classes: Iterable[str]) -> str:
    """The class among these that allows the least; an unknown one allows nothing."""
    places = [ORDER.index(c) if c in ORDER else len(ORDER) - 1 for c in classes]
    return ORDER[max(places, default=len(ORDER) - 1)]
