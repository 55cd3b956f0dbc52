"""Facts on preference pairs. Texts are compared through hashes: pairs never meet their texts in memory."""

from ultramed.gates.store import Store


def paired(store: Store) -> dict[str, str]:
    """All pairs, and the selected ones beside them."""
    store.connection.execute(f"""
        create or replace temp table answers as
        select id, any_value(instruction_id) as instruction_id, any_value(digest(bare(text))) as text_key,
            any_value(length(text)) as chars
        from {store.view('candidates')} group by id""")
    return {"rows": _pairs(store, "rows"), "selected": _selected(store)}


def _pairs(store: Store, table: str) -> str:
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
            coalesce(s.split = p.split, false) as split_as_assigned
        from {store.view('paired', table)} p
        left join answers c on c.id = p.chosen_id left join answers r on r.id = p.rejected_id
        left join {store.view('split')} s on s.id = p.instruction_id"""


def _selected(store: Store) -> str:
    rules = store.params.pair
    return f"""
        with chosen as ({_pairs(store, 'selected')}),
        asked as (
            select id, digest(list_transform(messages, lambda m: bare(m.content))::varchar || options::varchar)
                as prompt_key
            from {store.view('curated')}
        ),
        pairs as (select c.*, a.prompt_key from chosen c left join asked a on a.id = c.instruction_id)
        select p.* exclude (prompt_key),
            digest(concat_ws(chr(31), prompt_key, chosen_key, rejected_key)) as content_key,
            count(*) over (partition by instruction_id) as of_prompt, prompt_splits,
            w.id is not null as among_all,
            case label_type when 'easy' then margin >= {rules.easy} when 'hard' then margin <= {rules.hard}
                when 'length' then chosen_chars < {rules.length} * rejected_chars else false end as label_fits
        from pairs p
        left join (select prompt_key, count(distinct split) as prompt_splits from pairs group by prompt_key)
            using (prompt_key)
        left join (select distinct id from {store.view('paired')}) w on w.id = p.id"""
