"""Facts and rules shared by all instructions: form, options, keys, and nothing left that a screen drops."""

from collections.abc import Iterable

from ultramed.artifacts import Artifact
from ultramed.gates.leftovers import leftovers
from ultramed.gates.rules import Rule, between, holds, one_of, unique
from ultramed.gates.store import Store
from ultramed.rights import ORDER

SOLVED = """case when r.key is not null then coalesce(d.for_key, 0) end as for_key,
    case when r.key is not null then coalesce(d.for_key >= d.against, false) end as key_leads"""
"""SQL over a row with its key and its draft `d`; null for open questions."""


def rules(sources: Iterable[str]) -> list[Rule]:
    """The form of instructions from these sources."""
    return [
        unique("rows", "id_key", "ids are unique"),
        holds("rows", "id_in_form", "ids have the form Prefix,key with their source's prefix"),
        one_of("rows", "source", tuple(sources), "sources are known"),
        one_of("rows", "category", ("exam", "literature", "open"), "categories are known"),
        one_of("rows", "kind", ("exam", "literature", "clinical", "research"), "question kinds are known"),
        one_of("rows", "rights", ORDER, "the class of rights is known"),
        holds("rows", "has_family", "every row has a family"),
        holds("rows", "ends_with_user", "the last turn is the user's"),
        between("rows", "shortest_text", 1, None, "no turn and no option is empty"),
        between("rows", "option_count", 2, 10, "exam and literature items have 2 to 10 options"),
        holds("rows", "letters_in_order", "options are lettered A, B, C …"),
        holds("rows", "has_key", "items with options have a key"),
        holds("rows", "key_is_letter", "the key is one of the option letters"),
    ]


def solved_rules(store: Store) -> list[Rule]:
    """Solvers found the key of every written exam item. The facts are `SOLVED`."""
    agree = store.params.evolve.agree
    return [
        between("rows", "for_key", agree, None, "at least evolve.agree solvers found the key"),
        holds("rows", "key_leads", "no other letter has more votes than the key"),
    ]


def screened_rules() -> list[Rule]:
    """Nothing that a screen holds back is left."""
    return [
        one_of("rows", "rights", ORDER[:-1], "rows whose rights are denied were held back"),
        unique("rows", "text_key", "no question is there twice, word for word"),
        holds("rows", "no_duplicate", "no near-duplicate is left"),
        holds("rows", "no_leak", "no row gives away a benchmark question"),
    ]


def screened_facts(store: Store, artifact: Artifact) -> str:
    """SQL of the facts about instructions, with leaks and duplicates searched for again."""
    rows, (leaks, duplicates) = facts(store, artifact), leftovers(store, artifact)
    return f"""select w.*, l.name is null as no_leak, d.name is null as no_duplicate from ({rows}) w
        left join {leaks} l on l.name = w.id left join {duplicates} d on d.name = w.id"""


def facts(store: Store, artifact: Artifact, extra: str = "") -> str:
    """SQL of the facts about an artifact's instructions, plus `extra` columns."""
    known = store.lookup("prefixes", store.params.prefixes)
    texts = ("list_transform(messages, lambda m: m.role || ' ' || m.content)"
             " || list_transform(options, lambda o: o.text)")
    whole = f"lower(regexp_replace(bare(array_to_string({texts}, ' | ')), '\\s+', ' ', 'g'))"
    letters = "list_transform(options, lambda o: o.letter)"
    return f"""
        select id, part, digest(id) as id_key,
            regexp_full_match(id, '[A-Za-z0-9][A-Za-z0-9_-]*,\\S[^\\n]*')
                and coalesce(split_part(id, ',', 1) = k.value, true) as id_in_form,
            source, category, kind, rights, round, synthetic, {extra}
            bare(coalesce(family, '')) <> '' as has_family,
            len(messages) > 0 and messages[-1].role = 'user' as ends_with_user,
            least(list_min(list_transform(messages, lambda m: length(bare(m.content)))),
                list_min(list_transform(options, lambda o: length(bare(o.text))))) as shortest_text,
            case when bare(messages[-1].content) = '' then 0
                else len(regexp_split_to_array(bare(messages[-1].content), '\\s+')) end as words,
            case when category <> 'open' or len(options) > 0 then len(options) end as option_count,
            array_to_string({letters}, '') = left('ABCDEFGHIJKLMNOPQRSTUVWXYZ', len(options))
                as letters_in_order,
            case when len(options) > 0 then key is not null end as has_key,
            case when key is not null then list_contains({letters}, key) end as key_is_letter,
            digest({whole}) as text_key
        from {store.view(artifact)} left join {known} k on source = k.name"""
