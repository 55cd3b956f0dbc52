"""Preference pairs, all and selected. Texts are compared by hash, so pairs are never in memory with their texts."""

from typing import get_args

from ultramed.annotation.pairs import Label
from ultramed.artifacts import CANDIDATES, CURATED, PAIRED, SPLIT
from ultramed.gates.rules import SPLITS, Rule, between, holds, one_of, unique
from ultramed.gates.store import Store
from ultramed.params import Judge, PairRules

LABELS: tuple[Label, ...] = get_args(Label)


def facts(store: Store) -> dict[str, str]:
    store.connection.execute(f"""
        create or replace temp table answers as
        select id, any_value(instruction_id) as instruction_id, any_value(digest(bare(text))) as text_key,
            any_value(length(text)) as chars, any_value(extracted) as letter
        from {store.view(CANDIDATES)} group by id""")
    return {"rows": _pairs(store, "rows"), "selected": _selected(store), "limits": _limits(store)}


def _limits(store: Store) -> str:
    """By how many selected pairs a source exceeds its quota, and an author of chosen answers its share."""
    quota = store.lookup("quotas", dict(store.params.pair.quota), "double")
    chosen = f"""select s.id, i.source, a.author from {store.view(PAIRED, 'selected')} s
        left join {store.view(CURATED)} i on i.id = s.instruction_id
        left join (select id, any_value(author) as author from {store.view(CANDIDATES)} group by id) a
            on a.id = s.chosen_id"""
    return f"""
        select q.name as id, count(c.id) - q.value as over_quota, null::double as over_share
        from {quota} q left join ({chosen}) c on c.source = q.name group by q.name, q.value
        union all
        select 'author ' || author as id, null::double as over_quota,
            count(*) - {store.params.pair.author_share} * (select count(*) from ({chosen})) as over_share
        from ({chosen}) group by author"""


def _pairs(store: Store, table: str) -> str:
    allowed = str(store.params.pair.chosen_misses_key).lower()
    return f"""
        select p.id, p.instruction_id, digest(p.id) as id_key, p.label_type, p.split, p.margin,
            p.chosen_score, p.rejected_score, p.margin = p.chosen_score - p.rejected_score as margin_adds_up,
            p.chosen_rank < p.rejected_rank as chosen_ranks_first,
            digest(least(p.chosen_id, p.rejected_id) || chr(31) || greatest(p.chosen_id, p.rejected_id)) as pair_key,
            c.id is not null and r.id is not null as candidates_known,
            c.instruction_id = p.instruction_id and r.instruction_id = p.instruction_id as own_instruction,
            c.text_key <> r.text_key as texts_differ,
            c.text_key as chosen_key, r.text_key as rejected_key,
            c.chars as chosen_chars, r.chars as rejected_chars,
            coalesce(s.split = p.split, false) as split_as_assigned,
            k.key is null or coalesce(c.letter = k.key, false)
                or ({allowed} and r.letter is distinct from k.key) as agrees_with_key
        from {store.view(PAIRED, table)} p
        left join answers c on c.id = p.chosen_id left join answers r on r.id = p.rejected_id
        left join {store.view(SPLIT)} s on s.id = p.instruction_id
        left join (select id, key from {store.view(CURATED)}) k on k.id = p.instruction_id"""


def _selected(store: Store) -> str:
    return f"""
        with chosen as ({_pairs(store, 'selected')}),
        asked as (
            select id, digest(list_transform(messages, lambda m: bare(m.content))::varchar || options::varchar)
                as prompt_key
            from {store.view(CURATED)}
        ),
        pairs as (select c.*, a.prompt_key from chosen c left join asked a on a.id = c.instruction_id)
        select p.* exclude (prompt_key),
            digest(concat_ws(chr(31), prompt_key, chosen_key, rejected_key)) as content_key,
            count(*) over (partition by instruction_id) as of_prompt, prompt_splits,
            w.id is not null as among_all,
            case label_type {_fits(store.params.pair)} else false end as label_fits
        from pairs p
        left join (select prompt_key, count(distinct split) as prompt_splits from pairs group by prompt_key)
            using (prompt_key)
        left join (select distinct id from {store.view(PAIRED)}) w on w.id = p.id"""


def _fits(limits: PairRules) -> str:
    """SQL: the condition for each label type."""
    fits: dict[Label, str] = {
        "easy": f"margin >= {limits.easy}",
        "hard": f"margin between 1 and {limits.hard}",
        "length": f"chosen_chars < {limits.length} * rejected_chars",
    }
    return " ".join(f"when '{label}' then {fits[label]}" for label in LABELS)


def rules(store: Store) -> list[Rule]:
    return [
        *_pair_rules("rows", store.params.judge),
        one_of("rows", "label_type", ("",), "unselected pairs carry no label"),
        *_pair_rules("selected", store.params.judge),
        one_of("selected", "label_type", LABELS, "label types are known"),
        holds("selected", "label_fits", "margin or length fits the label type"),
        holds("selected", "among_all", "selected pairs are among all pairs"),
        unique("selected", "content_key", "no prompt comes twice with the same chosen and rejected text"),
        between("selected", "of_prompt", 1, store.params.pair.per_prompt,
                "pairs per prompt are within pair.per_prompt"),
        between("selected", "prompt_splits", 1, 1, "no prompt is in two splits"),
        between("limits", "over_quota", None, 0, "no source has more selected pairs than its pair.quota"),
        between("limits", "over_share", None, 1e-6, "no author has more chosen answers than pair.author_share"),
    ]


def _pair_rules(table: str, judge: Judge) -> list[Rule]:
    top = judge.scale
    return [
        unique(table, "id_key", "ids are unique"),
        unique(table, "pair_key", "two candidates make one pair"),
        holds(table, "candidates_known", "both candidates are known"),
        holds(table, "own_instruction", "both candidates answer that instruction"),
        holds(table, "texts_differ", "chosen and rejected differ"),
        holds(table, "chosen_ranks_first", "chosen ranks before rejected"),
        holds(table, "agrees_with_key", "no chosen answer misses a key that the rejected one has, or is allowed to"),
        one_of(table, "chosen_score", judge.scores, f"chosen scores are 1 to {top}"),
        one_of(table, "rejected_score", judge.scores, f"rejected scores are 1 to {top}"),
        between(table, "margin", 0, top - 1, f"margins are 0 to {top - 1}: ranks agree with scores"),
        holds(table, "margin_adds_up", "the margin is the difference of the scores"),
        one_of(table, "split", SPLITS, "splits are known"),
        holds(table, "split_as_assigned", "the split is the one its instruction was assigned"),
    ]
