"""What a profile would publish: rows of every config and split, without their texts."""

from pathlib import Path

import pyarrow.parquet as pq

from ultramed.artifacts import COMPLETED, CURATED, PAIRED, RELEASE
from ultramed.gates import entitlement
from ultramed.gates.rules import Rule, between, holds, one_of, present, unique
from ultramed.gates.store import Store, text
from ultramed.rights import LOCAL_ONLY, ORDER

WITH_TEXT = ("open", "research")
TEXTS = {"conversations", "answer", "prompt", "messages", "question", "options", "text", "reasoning", "thinking"}
NOTHING = """select '' as part, [''] as allows, '' as config, '' as split, true as text_as_allowed, '' as id,
    '' as row_id, [''] as models where false"""
# A pair's id in configs with text: their published columns have none.
PAIR = "prompt_id || '#' || metadata.chosen_model || '>' || metadata.rejected_model"


def facts(store: Store) -> dict[str, str]:
    """Rows of every profile, with today's rights of the curated rows they quote and of the models behind them."""
    params = store.params
    classes = store.lookup("classes", {f"{s} {str(e).lower()}": c for (s, e), c in entitlement.kinds(params).items()})
    models = store.lookup("model_classes", entitlement.models(params))
    return {"rows": f"""
        with released as ({_released(store)}),
        placed as (
            select part, id, count(distinct split) as splits from released group by part, id
        )
        , behind as (
            select part, config, row_id, unnest(models) as model from released
            union all select r.part, r.config, r.row_id, c.author from released r
                join {store.view(COMPLETED)} c on c.instruction_id = r.id where r.config = 'instructions'
        ), credited as (
            select b.part, b.config, b.row_id,
                bool_and(list_contains(r.allows, coalesce(m.value, 'deny'))) as models_allowed
            from behind b join (select distinct part, allows from released) r using (part)
            left join {models} m on m.name = b.model group by all
        )
        select r.id, r.part as profile, digest(r.id) as id_key,
            digest(concat_ws(chr(31), r.part, r.config, r.row_id)) as row_key,
            r.text_as_allowed, p.splits, c.id is not null as known, coalesce(o.value, 'deny') as rights,
            list_contains(r.allows, coalesce(o.value, 'deny')) as allowed, w.models_allowed
        from released r left join placed p on p.part = r.part and p.id = r.id
        left join {store.view(CURATED)} c on c.id = r.id
        left join {classes} o on o.name = c.source || ' ' || (c.round > 0)
        left join credited w on w.part = r.part and w.config = r.config and w.row_id = r.row_id"""}


def rules(_: Store) -> list[Rule]:
    return [
        present("rows", "id_key", "every row has an id"),
        unique("rows", "row_key", "ids are unique within a profile's table"),
        holds("rows", "known", "every row comes from the curated set"),
        holds("rows", "allowed", "the profile allows the rights of every row"),
        holds("rows", "models_allowed", "the profile allows the rights of every model behind a row"),
        one_of("rows", "rights", tuple(r for r in ORDER if r not in LOCAL_ONLY),
               "quarantined and denied rows are in no profile"),
        holds("rows", "text_as_allowed", "profiles without text show none"),
        between("rows", "splits", 1, 1, "no instruction is in two splits of a profile"),
    ]


def made(store: Store) -> str:
    """Only these two configs: the others repeat their rows."""
    shown = f"({_released(store)}) where config in ('instructions', 'preference')"
    return f"select distinct part, row_id as id from {shown}"


def handed(store: Store) -> str:
    """Every profile decides on every curated row and every selected pair."""
    profiles = ", ".join(f"({text(part)})" for part in store.parts(RELEASE))
    ids = f"select id from {store.view(CURATED)} union select id from {store.view(PAIRED, 'selected')}"
    return f"select part, id from (values {profiles}) p(part), ({ids})"


def _released(store: Store) -> str:
    """SQL of all published rows: profile (`part`), config, split, the instruction's `id` and the row's."""
    profiles = store.params.release.profiles
    reads = [read for name, profile in profiles.items() for read in _shards(store, name, list(profile.allows))]
    return " union all ".join(reads) or NOTHING


def _shards(store: Store, profile: str, classes: list[str]) -> list[str]:
    """One query per shard `data/<config>/<split>-00000-of-00001.parquet` of a profile."""
    shards = sorted((store.path(RELEASE) / profile / "data").glob("*/*.parquet"))
    return [_shard(shard, profile, classes) for shard in shards]


def _shard(shard: Path, profile: str, classes: list[str]) -> str:
    names = pq.read_schema(shard).names
    instruction = "id" if "id" in names else "prompt_id"
    own = next((name for name in ("id", "pair_id") if name in names), PAIR)
    models = "[]::varchar[]"
    if "metadata" in names:
        models = "[metadata.chosen_model, metadata.rejected_model, metadata.judge]"
    elif "candidates" in names:
        models = ("list_concat(list_transform(candidates, lambda c: c.model), "
                  "list_filter(list_transform(candidates, lambda c: c.judge), lambda j: j is not null))")
        own = instruction
    elif "model" in names:
        models, own = "[model, judge]", "prompt_id || '@' || model"
    as_allowed = profile in WITH_TEXT or not TEXTS & set(names)
    return (f"select {text(profile)} as part, [{', '.join(map(text, classes))}] as allows, "
            f"{text(shard.parent.name)} as config, {text(shard.name.split('-')[0])} as split, "
            f"{str(as_allowed).lower()} as text_as_allowed, {instruction} as id, {own} as row_id, {models} as models "
            f"from read_parquet({text(shard)})")
