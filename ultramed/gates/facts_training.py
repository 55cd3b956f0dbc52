"""Facts on what models learn from and on how they answer."""

from ultramed.gates.store import Store, text

SPOKEN = "list_transform(messages, lambda m: length(bare(m.content)))"

NEITHER = "select null::varchar as chosen, null::varchar as rejected where false"  # columns that examples lack


def general(store: Store) -> dict[str, str]:
    """Rows of general-domain sets; each part holds one set."""
    return {"rows": f"select *, source = part as in_own_part from ({_rows(store.view('general'), 'part')})"}


def instructions(store: Store) -> dict[str, str]:
    """Examples to learn from and to be watched on, beside the split of their instruction."""
    used = f"""select *, 'train' as used from {store.view('instructions')}
        union all by name select *, 'dev' as used from {store.view('instructions', 'dev')}"""
    assigned = f"select id, split from {store.view('split')}"
    return {"rows": _mixed(used, assigned)}


def preferences(store: Store) -> dict[str, str]:
    """Preferences to learn from and to be watched on, beside the split of their pair."""
    used = f"""select *, 'train' as used from {store.view('preferences')}
        union all by name select *, 'dev' as used from {store.view('preferences', 'dev')}"""
    assigned = f"select distinct id, split from {store.view('paired', 'selected')}"
    return {"rows": _mixed(used, assigned)}


def sampled(store: Store) -> dict[str, str]:
    """On-policy pairs beside the rewards of their two answers."""
    rows = _rows(f"(select *, part as round from {store.view('sampled')})", "round")
    drawn = store.view("sampled", "samples")
    samples = f"select part, id, any_value(reward) as reward from {drawn} group by part, id"
    return {"rows": f"""
        with pairs as (select *, split_part(id, '#', 1) as asked, split_part(split_part(id, '#', 2), '>', 1) as best,
            split_part(id, '>', 2) as worst from ({rows}))
        select p.* exclude (asked, best, worst), coalesce(c.reward > r.reward, false) as best_first
        from pairs p left join ({samples}) c on c.part = p.round and c.id = p.asked || '@' || p.best
        left join ({samples}) r on r.part = p.round and r.id = p.asked || '@' || p.worst"""}


def evaluated(store: Store) -> dict[str, str]:
    """Predictions; every policy must have answered the same items."""
    names = ", ".join(map(text, store.params.benchmarks)) or "null"
    return {"rows": f"""
        with all_items as (select count(distinct item_id) as n from {store.view('evaluated')})
        select id, digest(id) as id_key, policy = part as own_policy, task, mode, outcome,
            split_part(item_id, ',', 1) in ({names})
                and (task || '_').starts_with(split_part(item_id, ',', 1) || '_') as own_task,
            case when key is null then letter is null else (letter is not null) = (outcome = 'answered') end
                as letter_as_told,
            count(distinct item_id) over (partition by part) = n as all_items
        from {store.view('evaluated')}, all_items"""}


def _mixed(used: str, assigned: str) -> str:
    return f"""
        select r.*, case when r.source = 'medical' then coalesce(a.split = r.used, false) end as split_as_used,
            count(distinct r.used) over (partition by r.family_key) as family_uses
        from ({_rows(f'({used})', 'used')}) r left join ({assigned}) a using (id)"""


def _rows(rows: str, more: str) -> str:
    """SQL of what examples and preferences have in common; `chosen` is null where there is none."""
    return f"""
        select id, source, rights, {more}, digest(family) as family_key, digest(id) as id_key,
            messages[-1].role as last_role, list_min({SPOKEN}) as shortest_turn,
            list_sum({SPOKEN})::bigint as chars,
            least(length(bare(chosen)), length(bare(rejected))) as shortest_answer,
            bare(chosen) <> bare(rejected) as texts_differ
        from (select * from {rows} union all by name ({NEITHER}))"""
