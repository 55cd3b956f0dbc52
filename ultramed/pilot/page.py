"""The page about a pilot: what was kept and why not, what was cut, keys, rows to read, cost, the plan for the whole."""

from math import comb
from pathlib import Path

import jinja2

from ultramed.artifacts import CANDIDATES, COMPLETED, CURATED, EVOLVED, JUDGED, SCORED, SYNTHETIC, Artifact
from ultramed.gates.balance import codes
from ultramed.gates.store import Store
from ultramed.params import Params
from ultramed.report.blocks import Section, Table, number, share
from ultramed.report.composition import distributions
from ultramed.report.judging import judging
from ultramed.report.summary import asking, spent, uses
from ultramed.report.synthesis import answers, drafts
from ultramed.report.verdicts import completions

ASKED = (SYNTHETIC, EVOLVED, SCORED, COMPLETED, CANDIDATES, JUDGED)
READ = 10  # rows shown whole
LONG = 900  # characters of a text that are shown


def render(params: Params, folder: Path, plan: str, cost: str, other: tuple[Path, str] | None = None) -> str:
    """The page as HTML. `plan`: the plan for the whole in one line; `other`: the folder of the same pilot with another
    prompt, and that prompt's name."""
    from plotly.offline import get_plotlyjs

    store = Store(params, folder)
    sections = [_kept(store), _replies(store), drafts(store), completions(store), answers(store), _agreement(store),
                distributions(store), judging(store), _rows(store)]
    if other:
        sections.insert(0, _difference(store, Store(params, other[0]), other[1]))
    loader = jinja2.ChoiceLoader([jinja2.PackageLoader("ultramed", folder) for folder in ("pilot", "report")])
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
                                     lstrip_blocks=True)
    return environment.get_template("pilot.html.j2").render(
        sections=sections, plotly=get_plotlyjs(), scale=params.scale, plan=plan, cost=cost) + "\n"


def cost(params: Params, folder: Path) -> str:
    """What the replies used have cost, in one sentence."""
    money = spent(Store(params, folder), ASKED)
    return (f"{money['requests']:,} replies, {money['prompt_tokens']:,} tokens read, {money['completion_tokens']:,} "
            f"written, USD {money['price_usd']:.2f}")


def _kept(store: Store) -> Section:
    rows = []
    for artifact in ASKED:
        found = store.rows(codes(store, artifact))
        total, kept = sum(r["n"] for r in found), sum(r["n"] for r in found if r["outcome"] == "kept")
        why = ", ".join(f"{r['n']} {r['code']}" for r in sorted(found, key=lambda r: -r["n"]) if r["outcome"] != "kept")
        rows.append([artifact.name, number(total), number(kept), share(kept, total), why or "–"])
    return Section("kept", "Kept, and why not", "", [
        Table(["Artifact", "In", "Kept", "Share", "Others"], rows, range(1, 4), prose=[4])])


def _replies(store: Store) -> Section:
    rows = store.rows(f"""
        select artifact, model, count(*) as n, count(*) filter (outcome = 'truncated') as cut,
            count(*) filter (outcome not in ('ok', 'truncated')) as unusable,
            quantile_cont(completion_tokens, [0.5, 0.95]) as written
        from ({uses(store, asking(store, ASKED))}) group by artifact, model order by artifact, model""")
    shown = [[r["artifact"], r["model"], number(r["n"]), share(r["cut"], r["n"]), share(r["unusable"], r["n"]),
              *(number(v) for v in r["written"])] for r in rows]
    return Section("replies", "Replies", "", [
        Table(["Artifact", "Model", "Replies", "Cut", "Unusable", "Tokens, median", "95 %"], shown, range(2, 7),
              "Cut: by max_tokens, and so of no use; raise it where that is more than a few in a hundred.")])


def _agreement(store: Store) -> Section:
    rows = store.rows(f"""
        select c.author, count(*) as n, count(*) filter (c.extracted = i.key) as matched,
            count(*) filter (c.extracted is null) as unread from {store.view(CANDIDATES)} c
        join {store.view(CURATED)} i on i.id = c.instruction_id where i.key is not null group by c.author
        order by c.author""")
    judged = store.rows(f"""
        with met as (select a.rank < b.rank as right_won from {store.view(JUDGED)} a join {store.view(JUDGED)} b
            on a.instruction_id = b.instruction_id
            join {store.view(CANDIDATES)} x on x.id = a.candidate_id join {store.view(CANDIDATES)} y
                on y.id = b.candidate_id
            join {store.view(CURATED)} i on i.id = a.instruction_id
            where x.extracted = i.key and y.extracted is distinct from i.key)
        select count(*) as n, count(*) filter (right_won) as won from met""")[0]
    shown = [[r["author"], number(r["n"]), number(r["matched"]), share(r["matched"], r["n"]), number(r["unread"])]
             for r in rows]
    above = share(judged["won"], judged["n"])
    return Section("agreement", "Agreement with keys", "", [
        Table(["Pool member", "Exam items", "Right", "Share", "No letter"], shown, range(1, 5),
              f"The judge ranks an answer that has the key above one that has not in {above} of {judged['n']:,} "
              "comparisons; half would be chance.")])


def _rows(store: Store) -> Section:
    """Questions with the teacher's answer beside the best and the worst candidate, taken from the sources in turn."""
    rows = store.rows(f"""
        with ranked as (
            select f.instruction_id, arg_min(c.text, f.rank) as best, arg_max(c.text, f.rank) as worst,
                arg_min(c.author, f.rank) as by_best, arg_max(c.author, f.rank) as by_worst
            from {store.view(JUDGED)} f join {store.view(CANDIDATES)} c on c.id = f.candidate_id
            group by f.instruction_id
        )
        select i.id, i.messages[-1].content as question, i.options, i.key, t.text as answer, r.*
        from {store.view(CURATED)} i left join {store.view(COMPLETED)} t on t.instruction_id = i.id
        left join ranked r on r.instruction_id = i.id
        order by r.best is null, row_number() over (partition by i.source order by i.id), i.id limit {READ}""")
    shown = [[r["id"], _asked(r), _cut(r["answer"]), *(f"{r[f'by_{side}']}: {_cut(r[side])}" if r[side] else "–"
             for side in ("best", "worst"))] for r in rows]
    return Section("rows", f"{len(shown)} rows to read", "Read them as a reader of the data set would.", [
        Table(["Id", "Question", "Teacher's answer", "Ranked best", "Ranked worst"], shown, prose=[1, 2, 3, 4])])


def _asked(row: dict) -> str:
    options = " ".join(f"{o['letter']}. {o['text']}" for o in row["options"])
    return _cut(row["question"]) + (f" — {options} — key {row['key']}" if row["key"] else "")


def _cut(text: str | None) -> str:
    return "–" if not text else text if len(text) <= LONG else f"{text[:LONG]} …"


def _difference(store: Store, other: Store, prompt: str) -> Section:
    """The same rows under both prompts."""
    rows = [[a.name, *_paired(store, other, a)] for a in ASKED]
    return Section("difference", f"With another {prompt}", "", [
        Table(["Artifact", "Rows in both", "Kept as is", "With the other", "As is alone", "Other alone", "p"], rows,
              range(1, 7),
              "Rows that were handed over in both pilots. p: two-sided sign test of the rows that one of them alone "
              "kept; small where the difference is more than chance.")])


def _paired(store: Store, other: Store, artifact: Artifact) -> list[str]:
    def kept(of: Store) -> dict[tuple[str, str], bool]:
        read = f"select part, id, outcome = 'kept' as kept from {of.view(artifact, 'verdicts')}"
        return {(r["part"], r["id"]): r["kept"] for r in of.rows(read)}

    own, others = kept(store), kept(other)
    both = own.keys() & others.keys()
    alone = sum(own[i] and not others[i] for i in both)
    beside = sum(others[i] and not own[i] for i in both)
    return [number(len(both)), share(sum(own[i] for i in both), len(both)),
            share(sum(others[i] for i in both), len(both)), number(alone), number(beside),
            f"{sign_test(alone, beside):.2f}" if alone + beside else "–"]


def sign_test(first: int, second: int) -> float:
    """Two-sided p of so uneven a split if both sides are equally likely."""
    n, least = first + second, min(first, second)
    return min(1.0, 2 * sum(comb(n, k) for k in range(least + 1)) / 2**n)
