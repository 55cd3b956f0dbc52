"""Assignments: each family is in one split."""

from ultramed.artifacts import CURATED, SPLIT
from ultramed.gates.rules import SPLITS, Rule, between, holds, one_of, unique
from ultramed.gates.store import Store


def facts(store: Store) -> dict[str, str]:
    """The number of splits each family is in, by cluster and by oldest ancestor."""
    return {"rows": f"""
        with assigned as (
            select a.id, a.family as cluster, a.split, c.family as ancestor
            from {store.view(SPLIT)} a left join {store.view(CURATED)} c using (id)
        )
        select id, digest(id) as id_key, split, bare(cluster) <> '' as has_family,
            family_splits, ancestor_splits
        from assigned
        left join (select cluster, count(distinct split) as family_splits from assigned group by cluster)
            using (cluster)
        left join (select ancestor, count(distinct split) as ancestor_splits from assigned group by ancestor)
            using (ancestor)"""}


def rules(_: Store) -> list[Rule]:
    return [
        unique("rows", "id_key", "each row is in one split"),
        one_of("rows", "split", SPLITS, "splits are known"),
        holds("rows", "has_family", "every row has a family"),
        between("rows", "family_splits", 1, 1, "no family is spread over splits"),
        between("rows", "ancestor_splits", 1, 1, "descendants of one row lie in one split"),
    ]
