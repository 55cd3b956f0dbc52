"""Feedback: the scores, ranks and positions of an instruction's candidates are consistent.

Whether a ranking agrees with its scores is only a figure here; a rule of `paired` excludes pairs that contradict it.
"""

from ultramed.artifacts import CANDIDATES, JUDGED
from ultramed.gates.rules import Rule, between, holds, one_of, unique
from ultramed.gates.store import Store


def facts(store: Store) -> dict[str, str]:
    """Ranks and positions are compared with the number of candidates judged together."""
    return {"rows": f"""
        with feedback as (
            select *, count(*) over (partition by instruction_id) as together,
                count(*) over (partition by instruction_id, rank) as same_rank,
                count(*) over (partition by instruction_id, shown) as same_place,
                min(score) over (partition by instruction_id order by rank
                    rows between unbounded preceding and 1 preceding) as lowest_above
            from {store.view(JUDGED)}
        )
        select f.candidate_id as id, f.instruction_id, digest(f.candidate_id) as id_key, f.score, f.judge,
            f.same_rank = 1 and f.rank between 1 and f.together as rank_fits,
            f.same_place = 1 and f.shown between 1 and f.together as place_fits,
            coalesce(f.lowest_above >= f.score, true) as order_agrees,
            c.id is not null as candidate_known, c.instruction_id = f.instruction_id as own_instruction,
            f.together, length(bare(f.critique)) as critique_chars, bare(f.request_key) <> '' as has_request
        from feedback f
        left join (select id, any_value(instruction_id) as instruction_id
            from {store.view(CANDIDATES)} group by id) c on c.id = f.candidate_id"""}


def rules(store: Store) -> list[Rule]:
    settings = store.params.judge
    return [
        unique("rows", "id_key", "each candidate is judged once"),
        holds("rows", "candidate_known", "the candidate is a known one"),
        holds("rows", "own_instruction", "the candidate answers that instruction"),
        between("rows", "together", 2, None, "at least two candidates are judged together"),
        one_of("rows", "score", settings.scores, f"scores are 1 to {settings.scale}"),
        holds("rows", "rank_fits", "ranks are 1 to n, each once"),
        holds("rows", "place_fits", "positions shown are 1 to n, each once"),
        one_of("rows", "judge", (settings.model,), "feedback is by judge.model"),
        holds("rows", "has_request", "every feedback names the request it came from"),
    ]
