"""One score per row."""

from ultramed.artifacts import SCORED
from ultramed.gates.rules import Rule, between, holds, one_of, present, unique
from ultramed.gates.store import Store


def facts(store: Store) -> dict[str, str]:
    return {"rows": f"""
        select id, digest(id) as id_key, score, method, bare(request_key) <> '' as has_request
        from {store.view(SCORED)}"""}


def rules(store: Store) -> list[Rule]:
    return [
        unique("rows", "id_key", "ids are unique"),
        present("rows", "score", "every row has a score"),
        between("rows", "score", 1, 10, "scores are in range"),
        one_of("rows", "method", (store.params.score.method,), "scores were taken by score.method"),
        holds("rows", "has_request", "every score names the request it came from"),
    ]
