"""Is the judge reliable? Scores by pool member, position bias, length bias; and the resulting pairs."""

from typing import Any

from ultramed.annotation.candidates import MOST_CUT
from ultramed.artifacts import CANDIDATES, JUDGED, PAIRED
from ultramed.gates.rules import SPLITS
from ultramed.gates.store import Store
from ultramed.report.blocks import COLOURS, Figure, Section, Table, figure, label, number, share


def judging(store: Store) -> Section:
    """The judge's scores by pool member, and what else they depend on."""
    _answers(store)
    blocks: list[Table | Figure] = [_members(store)]
    if store.rows("select count(*) as n from judged_answers")[0]["n"]:
        blocks += [_scores(store), _positions(store), _lengths(store)]
    return Section("judging", "Judge", "All candidates of an instruction are shown to the judge together, in an order "
                   f"drawn by seed; it scores each 1 to {store.params.judge.scale} and ranks them.", blocks)


def pairs(store: Store) -> Section:
    """Selected pairs by label type, margin and split."""
    tally = store.rows(f"""select label_type, margin, split, count(*) as n
        from {store.view(PAIRED, 'selected')} group by all order by all""")
    labels = sorted({r["label_type"] for r in tally})
    rows = [[name, *(number(sum(r["n"] for r in tally if r["label_type"] == name and r["split"] == s)) for s in SPLITS),
             number(sum(r["n"] for r in tally if r["label_type"] == name))] for name in labels]
    rows.append(["all", *(number(sum(r["n"] for r in tally if r["split"] == s)) for s in SPLITS),
                 number(sum(r["n"] for r in tally))])
    table = Table(["Label type", "Train", "Dev", "Test", "All"], rows, range(1, 5),
                  "Easy pairs are far apart in score, hard ones close; in length pairs the shorter answer won, against "
                  "length bias.", totals=1)
    return Section("pairs", "Preference pairs", "", [table, *_margins(tally, labels, store.params.judge.scale)])


def _answers(store: Store) -> None:
    store.connection.execute(f"""
        create or replace temp table judged_answers as
        select f.*, c.author, c.cut, length(c.text) as chars from {store.view(JUDGED)} f
        join {store.view(CANDIDATES)} c on c.id = f.candidate_id""")


def _members(store: Store) -> Table:
    rows = store.rows("""
        select author, count(*) as n, avg(score)::double as score, avg(rank)::double as rank,
            count(*) filter (rank = 1) as first, avg(chars)::double as chars, count(*) filter (cut) as cut
        from judged_answers group by author order by rank, author""")
    return Table(
        ["Pool member", "Judged", "Mean score", "Mean rank", "Ranked first", "Mean characters", "Cut"],
        [[r["author"], number(r["n"]), number(r["score"], 2), number(r["rank"], 2), share(r["first"], r["n"]),
          number(r["chars"]), share(r["cut"], r["n"])] for r in rows], range(1, 7),
        f"Mean rank: lower is better. A judge without an opinion gives everybody the same. {_limited(rows)}")


def _limited(rows: list[dict[str, Any]]) -> str:
    """A warning on members that lose by their token limit."""
    cut = [f"{r['author']} ({share(r['cut'], r['n'])})" for r in rows if r["cut"] > MOST_CUT * r["n"]]
    if not cut:
        return "Cut: answers that the token limit ended."
    return (f"WARNING: more than {MOST_CUT:.0%} of the answers of {', '.join(cut)} were cut by their token limit; they "
            "are judged as cut. Raise max_tokens of these members.")


def _scores(store: Store) -> Figure:
    import plotly.graph_objects as go

    rows = store.rows("select author, score, count(*) as n from judged_answers group by all order by all")
    authors, scale = sorted({r["author"] for r in rows}), store.params.judge.scores
    drawing = go.Figure()
    for n, author in enumerate(authors):
        own = {r["score"]: r["n"] for r in rows if r["author"] == author}
        total = sum(own.values())
        drawing.add_bar(x=list(scale), y=[round(own.get(s, 0) / total, 4) for s in scale],
                        name=label(author), marker_color=COLOURS[n % len(COLOURS)],
                        hovertemplate="score %{x}: %{y:.0%}<extra></extra>")
    return figure("judge-scores", drawing, "Share of each member's answers that got each score.", 320, barmode="group",
                  bargap=0.3, xaxis={"title": "score", "dtick": 1}, yaxis={"tickformat": ".0%"})


def _positions(store: Store) -> Figure:
    import plotly.graph_objects as go

    rows = store.rows("""select shown, avg(score)::double as score, avg(rank)::double as rank, count(*) as n
        from judged_answers group by shown order by shown""")
    drawing = go.Figure()
    for n, what in enumerate(("score", "rank")):
        drawing.add_bar(x=[r["shown"] for r in rows], y=[round(r[what], 3) for r in rows], name=f"mean {what}",
                        marker_color=COLOURS[n], customdata=[r["n"] for r in rows],
                        hovertemplate="position %{x}: %{y:.2f} over %{customdata}<extra></extra>")
    spread = max(r["rank"] for r in rows) - min(r["rank"] for r in rows)
    words = ("Position bias: the order shown is random, so bars of one colour should be level. Mean ranks of the "
             f"positions differ by {spread:.2f}. {_first(store)}")
    return figure("judge-positions", drawing, words, 320, barmode="group", bargap=0.35,
                  xaxis={"title": "position in the judge's prompt", "dtick": 1})


def _first(store: Store) -> str:
    """How often the answer shown earlier ranks higher, with a warning if chance does not explain it."""
    won, n = store.rows("""
        select count(*) filter (a.rank < b.rank) as won, count(*) as n from judged_answers a join judged_answers b
            on a.instruction_id = b.instruction_id and a.shown < b.shown""")[0].values()
    sentence = f"The answer shown earlier ranks higher in {share(won, n)} of {n:,} comparisons."
    if abs(won - n / 2) <= max(1.96 * n**0.5 / 2, 0.1 * n):  # within the 95 % interval around a half, or close to it
        return sentence
    return f"{sentence} WARNING: this judge ranks by position, so its pairs say little about the answers."


def _lengths(store: Store) -> Figure:
    import plotly.graph_objects as go

    rows = store.rows("""select score, quantile_cont(chars, [0.05, 0.25, 0.5, 0.75, 0.95]) as spread
        from judged_answers group by score order by score""")
    spread = [[round(v, 1) for v in r["spread"]] for r in rows]
    drawing = go.Figure()
    drawing.add_box(x=[r["score"] for r in rows], lowerfence=[s[0] for s in spread], q1=[s[1] for s in spread],
                    median=[s[2] for s in spread], q3=[s[3] for s in spread], upperfence=[s[4] for s in spread],
                    line={"color": COLOURS[0]}, width=0.5, showlegend=False)
    return figure("judge-lengths", drawing, _bias(store), 340, xaxis={"title": "score", "dtick": 1},
                  yaxis={"title": "characters", "rangemode": "tozero"})


def _bias(store: Store) -> str:
    """Correlation of length and score, and how often the longer of two answers wins."""
    bias = store.rows("""
        with met as (
            select a.chars > b.chars as longer_won from judged_answers a join judged_answers b
                on a.instruction_id = b.instruction_id and a.rank < b.rank and a.chars <> b.chars
        )
        select (select corr(chars, score) from judged_answers)::double as r, count(*) as n,
            count(*) filter (longer_won) as won from met""")[0]
    correlation = bias["r"]
    told = "cannot be told" if correlation is None or correlation != correlation else f"is {correlation:.2f}"
    return (f"Length bias: the correlation of length and score {told}; of two answers the longer one ranks higher in "
            f"{share(bias['won'], bias['n'])} of {bias['n']:,} comparisons. Half would mean that length does not "
            "matter.")


def _margins(tally: list[dict[str, object]], labels: list[str], scale: int) -> list[Figure]:
    import plotly.graph_objects as go

    if not tally:
        return []
    drawing = go.Figure()
    for n, name in enumerate(labels):
        own = {m: sum(int(str(r["n"])) for r in tally if r["label_type"] == name and r["margin"] == m)
               for m in range(scale)}
        drawing.add_bar(x=list(own), y=list(own.values()), name=label(name), marker_color=COLOURS[n % len(COLOURS)],
                        hovertemplate="margin %{x}: %{y} pairs<extra></extra>")
    return [figure("pairs", drawing, "Margin is the difference of the two scores; at 0 only the ranking speaks.", 320,
                   barmode="stack", bargap=0.4, xaxis={"title": "margin", "dtick": 1}, yaxis_title="pairs")]
