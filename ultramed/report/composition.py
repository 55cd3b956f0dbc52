"""Table 1, and the length and difficulty of each source's instructions."""

from typing import Any

from ultramed import tables
from ultramed.artifacts import COLLECTED, CURATED, PAIRED, SCORED, UNCURATED
from ultramed.gates.store import Store
from ultramed.report import paper
from ultramed.report.blocks import CATEGORIES, Figure, Section, Table, figure, label, number, share

SHOWN = {"exam": "Examination", "literature": "Literature", "open": "Open-ended"}


def composition(store: Store) -> Section:
    """Table 1 beside the paper's."""
    return Section(
        "composition", "Instructions (Table 1)",
        "What was collected or made, how long and how difficult it is, and what was retained; the original's figures "
        "stand beside ours.", [_table(store)])


def distributions(store: Store) -> Section:
    """Lengths and scores by source."""
    names = store.params.prefixes
    rows = [r | {"name": names.get(r["source"], r["source"])} for r in by_source(store)]
    return Section("distributions", "Lengths and scores", "", [
        _boxes("lengths", rows, "words", "words",
               "Each box spans the middle half of a source, the line is its median, the whiskers reach the 5th and "
               "95th percentile. Literature items carry their abstract."),
        _boxes("scores", rows, "score", "difficulty, 1 to 10",
               "Difficulty as the scoring model sees it. Curation keeps what reaches the threshold of its source; "
               "boxes that hardly differ mean a model that hardly tells questions apart."),
    ])


def by_source(store: Store) -> list[dict[str, Any]]:
    """Figures of every source over all scored rows, in the order of the paper's table."""
    everything = " union all ".join(f"select * from {store.view(a)}" for a in UNCURATED)
    sources = store.rows(f"""
        with rows as (
            select id, source, category, synthetic,
                len(regexp_split_to_array(bare(messages[-1].content), '\\s+')) + coalesce(list_sum(list_transform(
                    options, lambda o: 1 + len(regexp_split_to_array(bare(o.text), '\\s+')))), 0) as words
            from ({everything})
        ), scored as (select id, max(score) as score from {store.view(SCORED)} group by id)
        select source, any_value(category) as category, bool_or(synthetic) as synthetic, count(*) as n,
            avg(words)::double as words, avg(score)::double as score,
            quantile_cont(words, [0.05, 0.25, 0.5, 0.75, 0.95]) as words_spread,
            quantile_cont(score, [0.05, 0.25, 0.5, 0.75, 0.95]) as score_spread
        from rows left join scored using (id) group by source""")
    order = list(paper.TABLE)
    return sorted(sources, key=lambda r: (order.index(r["source"]) if r["source"] in order else 99, r["source"]))


def _table(store: Store) -> Table:
    collected = _counts(store, f"select source, count(*) as n from {store.view(COLLECTED)} group by source")
    retained = _counts(store, f"select source, count(*) as n from {store.view(CURATED)} group by source")
    names = store.params.prefixes
    rows = [_row(r, names, collected, retained) for r in by_source(store)]
    for n in range(len(rows) - 1, 0, -1):  # name each category once
        rows[n][0] = "" if rows[n][0] == rows[n - 1][0] else rows[n][0]
    rows.append(_total(store, retained))
    rows.append(["", "", "Preference pairs", number(tables.count(store.path(PAIRED))), "–", "–",
                 number(tables.count(store.path(PAIRED), "selected")), "", paper.PAIRS[0], "–", "–", paper.PAIRS[1]])
    return Table(
        ["Category", "", "Data set", "Original", "Words", "Score", "Retained", "Kept", "Original", "Words", "Score",
         "Retained"], rows, range(3, 12),
        "★ synthetic. Words and score are means: of the question with its options, over all rows that were scored, and "
        "over the retained ones in the total. Original: rows the reader could use, or rows made.", totals=2,
        groups=[("", 3), ("this build", 5), ("the paper", 4)])


def _row(r: dict[str, Any], names: dict[str, str], collected: dict[str, int], retained: dict[str, int]) -> list[str]:
    source = r["source"]
    known = paper.TABLE.get(source)
    original = collected.get(source, r["n"])
    theirs = ["–"] * 4 if known is None else [
        known.original, number(known.length, 1), number(known.score, 2), number(known.retained)]
    star = "★" if r["synthetic"] or (known and known.synthetic) else ""
    return [SHOWN.get(r["category"], r["category"]), star, names.get(source, source), number(original),
            number(r["words"], 1), number(r["score"], 2), number(retained.get(source, 0)),
            share(retained.get(source, 0), original), *theirs]


def _total(store: Store, retained: dict[str, int]) -> list[str]:
    mean = store.rows(f"""select avg(s.score)::double as score, avg(
            len(regexp_split_to_array(bare(messages[-1].content), '\\s+')) + coalesce(list_sum(list_transform(
            options, lambda o: 1 + len(regexp_split_to_array(bare(o.text), '\\s+')))), 0))::double as words
        from {store.view(CURATED)} left join {store.view(SCORED)} s using (id)""")[0]
    words, score, count = paper.TOTAL
    return ["", "", "Instructions", "–", number(mean["words"], 1), number(mean["score"], 2),
            number(sum(retained.values())), "", "–", number(words, 1), number(score, 1), number(count)]


def _counts(store: Store, sql: str) -> dict[str, int]:
    return {r["source"]: r["n"] for r in store.rows(sql)}


def _boxes(name: str, rows: list[dict[str, Any]], what: str, axis: str, reading: str) -> Figure:
    import plotly.graph_objects as go

    drawing = go.Figure()
    for category, colour in CATEGORIES.items():
        own = [r for r in rows if r["category"] == category and r[f"{what}_spread"]]
        spread = [[round(v, 2) for v in r[f"{what}_spread"]] for r in own]
        if own:
            drawing.add_box(
                y=[label(r["name"]) for r in own], orientation="h", name=SHOWN[category], line={"color": colour},
                lowerfence=[s[0] for s in spread], q1=[s[1] for s in spread], median=[s[2] for s in spread],
                q3=[s[3] for s in spread], upperfence=[s[4] for s in spread], width=0.55)
    order = [label(r["name"]) for r in rows]
    return figure(name, drawing, reading, 120 + 32 * len(rows), xaxis_title=axis,
                  yaxis={"categoryorder": "array", "categoryarray": order[::-1]})
