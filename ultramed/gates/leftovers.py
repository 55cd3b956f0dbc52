"""Leaks and duplicates that a screen missed, searched for again among the rows it kept."""

from ultramed import tables
from ultramed.artifacts import Artifact
from ultramed.gates.store import Store
from ultramed.records import Instruction


def leftovers(store: Store, artifact: Artifact) -> tuple[str, str]:
    """Names of two small tables (`name` the row's id, `value` what it repeats): leaks and duplicates still present.

    Reads all rows into memory, as the screening stage did. Raises SourceError for an unreadable benchmark.
    """
    from ultramed.curation.decontaminate import Index
    from ultramed.curation.dedup import exact_duplicates, near_duplicates, prioritised
    from ultramed.sources.questions import all_questions

    index = Index.from_items(all_questions(store.params, store.base), store.params.decontaminate)
    rows = prioritised(list(tables.read(store.path(artifact), Instruction)), list(store.params.sources))
    leaks = {row.id: leak.benchmark_id for row in rows if (leak := index.match(row))}
    same = exact_duplicates(rows)
    near = near_duplicates([row for row in rows if row.id not in same], store.params.dedup)
    same |= {row_id: duplicate.of for row_id, duplicate in near.items()}
    return store.lookup("leaks_left", leaks), store.lookup("duplicates_left", same)
