"""Facts and rules about the drafts of written exam items: what their solvers said."""

from ultramed.gates.rules import Rule, between, holds
from ultramed.gates.store import Store

# SQL over a row with its key and its draft `d`; null for open questions
CONFIRMED = """case when r.key is not null then coalesce(d.for_key, 0) end as for_key,
    case when r.key is not null then coalesce(d.for_key >= d.against, false) end as key_leads"""


def rules(store: Store) -> list[Rule]:
    """Solvers found the key of every exam item."""
    agree = store.params.evolve.agree
    return [
        between("rows", "for_key", agree, None, "at least evolve.agree solvers found the key"),
        holds("rows", "key_leads", "no other letter has more votes than the key"),
    ]
