"""Facts on answers and on what the judge made of them."""

from ultramed.gates.store import Store


def completed(store: Store) -> dict[str, str]:
    """The teacher's answers beside the key of their instruction."""
    return {"rows": _answers(store, "completed", "curated")}


def candidates(store: Store) -> dict[str, str]:
    """Answers of the pool, one part per member; a pair of member and instruction comes once."""
    return {"rows": f"""
        select *, author = part as own_author, digest(concat_ws(chr(31), instruction_id, part)) as once_key
        from ({_answers(store, 'candidates', 'curated')})"""}


def judged(store: Store) -> dict[str, str]:
    """Feedback; ranks and positions are compared with the number of candidates judged together."""
    return {"rows": f"""
        with feedback as (
            select *, count(*) over (partition by instruction_id) as together,
                count(*) over (partition by instruction_id, rank) as same_rank,
                count(*) over (partition by instruction_id, shown) as same_place,
                min(score) over (partition by instruction_id order by rank
                    rows between unbounded preceding and 1 preceding) as lowest_above
            from {store.view('judged')}
        )
        select f.candidate_id as id, f.instruction_id, digest(f.candidate_id) as id_key, f.score, f.judge,
            f.same_rank = 1 and f.rank between 1 and f.together as rank_fits,
            f.same_place = 1 and f.shown between 1 and f.together as place_fits,
            coalesce(f.lowest_above >= f.score, true) as order_agrees,
            c.id is not null as candidate_known, c.instruction_id = f.instruction_id as own_instruction,
            f.together, length(bare(f.critique)) as critique_chars, bare(f.request_key) <> '' as has_request
        from feedback f
        left join (select id, any_value(instruction_id) as instruction_id
            from {store.view('candidates')} group by id) c on c.id = f.candidate_id"""}


def _answers(store: Store, artifact: str, asked: str) -> str:
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
                from {store.view(asked)} group by id) i on c.instruction_id = i.id
        ) a"""
