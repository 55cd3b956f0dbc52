"""Written items: what became of their drafts, whether verification throws away the hard ones, and where keys stand."""

from typing import Any

from ultramed import synthetic
from ultramed.artifacts import COMPLETED, CURATED, EVOLVED, SCORED, SYNTHETIC
from ultramed.gates.store import Store
from ultramed.report.blocks import Section, Table, number, share

LETTERS = "ABCDE"
BANDS = ((1, 4), (4, 6), (6, 8), (8, 10.01))  # of difficulty scores
UNNAMED = {False: "written", True: "unread"}  # drafts without a method
USELESS = ("nothing_new", "repeats_relative", "unchanged", "grown_too_long")  # drafts dropped before a solver is asked
UNVERIFIED = ("key_unverified", "solvable_blind")


def drafts(store: Store) -> Section:
    """Drafts by set, round and method; the same by the difficulty of what they were made from."""
    _drafts(store)
    return Section("drafts", "Written and evolved items",
                   "A draft must be usable and say something new before solvers are paid to verify its key.",
                   [_by_method(store), *_by_difficulty(store)])


def answers(store: Store) -> Section:
    """Where the keys stand, and how often the teacher finds them."""
    return Section("answers", "Keys and pass rates",
                   "A model that always names one letter, or always says yes, should gain nothing by it.",
                   [*_letters(store), *_words(store), *_pass_rates(store)])


def _drafts(store: Store) -> None:
    scores = f"select id, max(score) as score from {store.view(SCORED)} group by id"
    tables = " union all ".join(
        f"select d.*, v.outcome, v.code from {store.view(a, 'drafts')} d "
        f"join {store.view(a, 'verdicts')} v using (part, id)" for a in (SYNTHETIC, EVOLVED))
    store.connection.execute(f"""create or replace temp table drafts as
        select d.*, s.score as parent_score from ({tables}) d left join ({scores}) s on s.id = d.parent""")


def _by_method(store: Store) -> Table:
    rows = store.rows(f"""
        select part, round, method, count(*) as n, count(*) filter (outcome = 'kept') as kept,
            count(*) filter (code in {USELESS}) as useless, count(*) filter (code in {UNVERIFIED}) as unverified,
            avg(new_words)::double as new_words, avg(growth)::double as growth
        from drafts group by part, round, method order by part, round, method""")
    shown = [[r["part"], number(r["round"]), r["method"] or UNNAMED[r["round"] > 0], number(r["n"]), number(r["kept"]),
              share(r["kept"], r["n"]), number(r["useless"]), number(r["unverified"]),
              number(r["n"] - r["kept"] - r["useless"] - r["unverified"]), number(r["new_words"], 1),
              number(r["growth"], 1)] for r in rows]
    return Table(["Set", "Round", "Method", "Drafts", "Kept", "Share", "Nothing new", "Key not found", "Unusable",
                  "New words", "Growth"], shown, (1, *range(3, 11)),
                 "Round 0 is written from a passage, later ones are evolved. Nothing new: dropped for saying no more "
                 "than a relative, or for growing too long, before any solver was asked. New words: of the question, "
                 "beside its nearest relative. Growth: in words, beside its parent.")


def _by_difficulty(store: Store) -> list[Table]:
    """Verified and dropped items by the score of their parents: a verifier that drops the hard ones is seen."""
    rows = []
    for low, high in BANDS:
        found = store.rows(f"""
            select count(*) as n, count(*) filter (outcome = 'kept') as kept,
                avg(for_key / votes)::double as agreement from drafts
            where votes > 0 and parent_score >= {low} and parent_score < {high}""")[0]
        if found["n"]:
            rows.append([f"{low:g} to {min(high, 10):g}", number(found["n"]), number(found["n"] - found["kept"]),
                         share(found["n"] - found["kept"], found["n"]), share(found["agreement"], 1)])
    return [Table(["Difficulty of the parent", "Verified", "Dropped", "Share", "Votes for the key"], rows, range(1, 5),
                  "A share that rises with difficulty means that solvers throw away the hard items rather than the "
                  "wrong ones: name stronger ones.")] if rows else []


def _letters(store: Store) -> list[Table]:
    rows = store.rows(f"""
        select source, key, count(*) as n from {store.view(CURATED)} where key is not null and category = 'exam'
        group by all order by all""")
    sources = sorted({r["source"] for r in rows})
    names = store.params.prefixes
    written = {s.source for s in synthetic.SOURCES.values()}
    shown = [[names.get(source, source), "★" if source in written else "", *_shares(rows, source, LETTERS)]
             for source in sources]
    return [Table(["Exam set", "", "Items", *LETTERS], shown, range(2, 8),
                  "Share of items whose right option has that letter. ★ written here: options are dealt by seed, and a "
                  "gate holds their letters to even.")] if shown else []


def _words(store: Store) -> list[Table]:
    rows = store.rows(f"""
        select source, lower(bare(list_filter(options, lambda o: o.letter = key)[1].text)) as key, count(*) as n
        from {store.view(CURATED)} where key is not null and category = 'literature' group by all order by all""")
    words, names = ("yes", "no", "maybe"), store.params.prefixes
    sources = sorted({r["source"] for r in rows})
    shown = [[names.get(source, source), *_shares(rows, source, words)] for source in sources]
    return [Table(["Literature set", "Items", *words], shown, range(1, 5),
                  "Share of each answer; curate.answer_share limits the commonest.")] if shown else []


def _pass_rates(store: Store) -> list[Table]:
    rows = store.rows(f"""
        select i.source, count(*) as n, avg(c.pass_rate)::double as mean,
            count(*) filter (c.pass_rate < 0.5) as hard, count(*) filter (c.pass_rate >= 1) as easy
        from {store.view(COMPLETED)} c join {store.view(CURATED)} i on i.id = c.instruction_id
        where c.pass_rate is not null group by i.source order by i.source""")
    names = store.params.prefixes
    shown = [[names.get(r["source"], r["source"]), number(r["n"]), number(r["mean"], 2), share(r["hard"], r["n"]),
              share(r["easy"], r["n"])] for r in rows]
    return [Table(["Data set", "Completed", "Mean pass rate", "Below a half", "All right"], shown, range(1, 5),
                  "Pass rate: share of the teacher's answers to an item that reached its key; difficulty by solver.")
            ] if shown else []


def _shares(rows: list[dict[str, Any]], source: str, keys: str | tuple[str, ...]) -> list[str]:
    own = {r["key"]: r["n"] for r in rows if r["source"] == source}
    total = sum(own.values())
    return [number(total), *(share(own.get(key, 0), total) for key in keys)]
