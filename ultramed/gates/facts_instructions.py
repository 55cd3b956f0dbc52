"""Facts on instructions, their scores and their splits."""

from ultramed.gates.leftovers import leftovers
from ultramed.gates.store import Store

# Sources no raw set has, and the prefix of their ids.
SYNTHETIC = {"medqa_evol": "MedQA-Evol", "textbookqa": "TextBookQA", "wikiinstruct": "WikiInstruct"}


def collected(store: Store) -> dict[str, str]:
    """Rows as the readers made them; each part holds one source."""
    return {"rows": f"select *, source = part as in_own_part from ({_instructions(store, 'collected')})"}


def screened(store: Store) -> dict[str, str]:
    """Rows that may be shown to a model; leaks and duplicates are looked for again."""
    return {"rows": _with_leftovers(store, "screened", _instructions(store, "screened"))}


def synthetic(store: Store) -> dict[str, str]:
    """Rows made from textbooks and encyclopaedia entries."""
    return {"rows": _instructions(store, "synthetic")}


def evolved(store: Store) -> dict[str, str]:
    """Rows evolved from others: the parent and its family are looked up in what they were evolved from."""
    known = " union all ".join(
        f"select id, family from {store.view(a)}" for a in ("screened", "synthetic", "evolved"))
    return {"rows": f"""
        select r.*, p.id is not null as parent_known, p.family = r.family_id as parent_family
        from ({_instructions(store, 'evolved', extra='parent, family as family_id,')}) r
        left join (select id, any_value(family) as family from ({known}) group by id) p on r.parent = p.id"""}


def scored(store: Store) -> dict[str, str]:
    """One score per row."""
    return {"rows": f"""
        select id, digest(id) as id_key, score, method, bare(request_key) <> '' as has_request
        from {store.view('scored')}"""}


def curated(store: Store) -> dict[str, str]:
    """Rows that were retained, with their score and its distance from the source's threshold."""
    thresholds = store.lookup("thresholds", dict(store.params.curate.min_score), "double")
    rows = _with_leftovers(store, "curated", _instructions(store, "curated"))
    return {"rows": f"""
        select r.*, s.score, s.score - t.value as over_threshold
        from ({rows}) r
        left join (select id, max(score) as score from {store.view('scored')} group by id) s using (id)
        left join {thresholds} t on r.source = t.name"""}


def split(store: Store) -> dict[str, str]:
    """Assignments; families count in how many splits they lie, by cluster and by oldest ancestor."""
    return {"rows": f"""
        with assigned as (
            select a.id, a.family as cluster, a.split, c.family as ancestor
            from {store.view('split')} a left join {store.view('curated')} c using (id)
        )
        select id, digest(id) as id_key, split, bare(cluster) <> '' as has_family,
            family_splits, ancestor_splits
        from assigned
        left join (select cluster, count(distinct split) as family_splits from assigned group by cluster)
            using (cluster)
        left join (select ancestor, count(distinct split) as ancestor_splits from assigned group by ancestor)
            using (ancestor)"""}


def prefixes(store: Store) -> dict[str, str]:
    """The id prefix of every source a row may have."""
    return {name: source.prefix for name, source in store.params.sources.items()} | SYNTHETIC


def _with_leftovers(store: Store, artifact: str, rows: str) -> str:
    leaks, duplicates = leftovers(store, artifact)
    return f"""select w.*, l.name is null as no_leak, d.name is null as no_duplicate from ({rows}) w
        left join {leaks} l on l.name = w.id left join {duplicates} d on d.name = w.id"""


def _instructions(store: Store, artifact: str, extra: str = "") -> str:
    known = store.lookup("prefixes", prefixes(store))
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
