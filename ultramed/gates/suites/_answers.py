"""Facts and rules about answers: completions, candidates, and the examples and preferences made from them."""

from collections.abc import Iterable

from ultramed.artifacts import CURATED, Artifact
from ultramed.gates.rules import Rule, between, holds, one_of, unique
from ultramed.gates.store import Store

SPOKEN = "list_transform(messages, lambda m: length(bare(m.content)))"

NEITHER = "select null::varchar as chosen, null::varchar as rejected where false"  # columns that examples lack


def rules() -> list[Rule]:
    """Each answer belongs to a known instruction and is not empty."""
    return [
        unique("rows", "id_key", "ids are unique"),
        holds("rows", "id_in_form", "ids have the form <instruction id>@<author>"),
        holds("rows", "instruction_known", "the instruction is in the curated set"),
        between("rows", "chars", 1, None, "no answer is empty"),
    ]


def facts(store: Store, artifact: Artifact) -> str:
    """SQL of the facts about answers, with the key of their curated instruction."""
    return f"""
        select a.id, a.part, a.instruction_id,
            digest(a.id) as id_key, digest(a.instruction_id) as instruction_key,
            a.id = a.instruction_id || '@' || a.author as id_in_form, a.author, a.attempts,
            length(bare(a.text)) as chars,
            a.source_of is not null as instruction_known, a.source_of as source,
            case when a.key is not null then coalesce(a.extracted = a.key, false) end as matches_key,
            a.request_key is not null as has_request
        from (
            select c.*, i.source as source_of, i.key from {store.view(artifact)} c
            left join (select id, any_value(source) as source, any_value(key) as key
                from {store.view(CURATED)} group by id) i on c.instruction_id = i.id
        ) a"""


def example_rules(store: Store, sets: Iterable[str], rights: Iterable[str], *last: str) -> list[Rule]:
    """Rows come from known sets, have allowed rights, and end with a turn of an allowed role."""
    return [
        one_of("rows", "source", tuple(sets), "sets are known"),
        one_of("rows", "rights", tuple(rights), "rights are among those that may be learnt from"),
        one_of("rows", "last_role", last, "the last turn is the right one's"),
        between("rows", "shortest_turn", 1, None, "no turn is empty"),
        between("rows", "chars", 1, store.params.mix.max_characters, "texts are within mix.max_characters"),
    ]


def preference_rules() -> list[Rule]:
    """A preference has two different answers."""
    return [
        holds("rows", "texts_differ", "chosen and rejected differ"),
        between("rows", "shortest_answer", 1, None, "no answer is empty"),
    ]


def split_rules() -> list[Rule]:
    """A mixture respects the splits."""
    return [
        holds("rows", "split_as_used", "medical rows are used as their split says"),
        between("rows", "family_uses", 1, 1, "no family is both learnt from and watched on"),
    ]


def mixed_facts(store: Store, artifact: Artifact, assigned: str) -> str:
    """SQL of the facts about a mixture, with the split assigned to its medical rows."""
    used = f"""select *, 'train' as used from {store.view(artifact)}
        union all by name select *, 'dev' as used from {store.view(artifact, 'dev')}"""
    own = "r.source in ('medical', 'ranked')"
    return f"""
        select r.*, case when {own} then coalesce(a.split = r.used, false) end as split_as_used,
            count(distinct r.used) over (partition by r.part, r.family_key) as family_uses
        from ({example_facts(f'({used})', 'part, used')}) r left join ({assigned}) a using (id)"""


def example_facts(rows: str, more: str) -> str:
    """SQL of the facts about training rows, plus `more` columns; `chosen` is null if there is none."""
    return f"""
        select id, source, rights, {more}, digest(family) as family_key, digest(id) as id_key,
            messages[-1].role as last_role, list_min({SPOKEN}) as shortest_turn,
            list_sum({SPOKEN})::bigint as chars,
            least(length(bare(chosen)), length(bare(rejected))) as shortest_answer,
            bare(chosen) <> bare(rejected) as texts_differ
        from (select * from {rows} union all by name ({NEITHER}))"""
