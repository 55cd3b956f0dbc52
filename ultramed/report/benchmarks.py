"""Accuracy of policies and reward models beside the paper's figures, and answers before and after training."""

from ultramed import artifacts, tables
from ultramed.evaluation.metrics import Accuracy
from ultramed.gates.store import Store
from ultramed.records import Prediction
from ultramed.report import paper
from ultramed.report.blocks import Section, Table, number
from ultramed.report.models import Result, rankings, results
from ultramed.sources.questions import all_questions

BESIDE = ("Harness, prompts, number of items and size of the models differ from the paper's, so its rows say where the "
          "original stands and not how good these models are.")
EXAMPLES, CUT = 4, 300


def benchmarks(store: Store) -> Section:
    """Accuracy by task, answer outcomes, pair accuracy."""
    policies = results(store)
    return Section("benchmarks", "Benchmarks", "Chain of thought without examples, generated and read; an answer that "
                   "settles on no option counts as wrong. " + BESIDE,
                   [_tasks(policies), _read(policies), *_rewards(store)])


def generations(store: Store) -> Section:
    """The same questions answered before and after training."""
    evaluated = [(n, f) for n, f in store.parts(artifacts.EVALUATED).items() if any(f.glob("rows-*.parquet"))]
    if len(evaluated) < 2:
        return Section("generations", "Before and after", "No two policies have been evaluated.")
    first, last = evaluated[0], evaluated[-1]
    before, after = ({p.item_id: p for p in tables.read(f, Prediction)} for _, f in (first, last))
    both = sorted((i for i in before if i in after), key=lambda i: (before[i].text == after[i].text, i))[:EXAMPLES]
    asked = _questions(store)
    rows = [[f"{i}: {_cut(asked.get(i, ''))}", before[i].key or "", _said(before[i]), _said(after[i])] for i in both]
    return Section("generations", "Before and after", "", [Table(
        ["Item", "Key", first[0], last[0]], rows, (),
        "Greedy answers, cut; the letter that was read from each, or what became of it, stands first.",
        prose=(0, 2, 3))])


def _questions(store: Store) -> dict[str, str]:
    """Stems of the benchmarks' items by id."""
    fetched = (store.base / artifacts.BENCHMARKS).exists()
    return {item.id: item.question for item in all_questions(store.params, store.base)} if fetched else {}


def _tasks(policies: list[Result]) -> Table:
    rows = [[_name(r), f"{r.mean.share:.1%}", f"{r.mean.low:.0%} to {r.mean.high:.0%}",
             *(f"{r.tasks[task].share:.0%}" if task in r.tasks else "–" for task in paper.COLUMNS)] for r in policies]
    guessed = [100 / (3 if task == "pubmedqa_test" else 4) for task in paper.COLUMNS]
    for name, values in {"guessing": guessed, **paper.RESULTS}.items():
        who = f"paper: {name.removeprefix('UltraMix + ')}" if name in paper.RESULTS else name
        rows.append([who, f"{sum(values) / len(values):.1f}%", "", *(f"{v:.1f}%" for v in values)])
    counts = policies[0].tasks if policies else {}
    heads = [f"{head}, {counts[t].total}" if t in counts else head for t, head in paper.COLUMNS.items()]
    return Table(["Model", "Mean", "95 %", *heads], rows, range(1, 12),
                 "Share of right answers, by task with its number of items. The mean is the plain mean of the nine "
                 "tasks; with few items its interval is wide, and differences inside it mean nothing. Guessing finds "
                 "one letter of four, of PubMedQA's one of three. The paper's rows: Llama-3-8B-Instruct, and 8B models "
                 "trained on UltraMix by the method named.",
                 beside=len(paper.RESULTS) + 1)


def _name(result: Result) -> str:
    return result.policy if result.mode == "greedy" else f"{result.policy}, {result.mode}"


def _read(policies: list[Result]) -> Table:
    kinds = sorted({k for r in policies for k in r.outcomes}, key=lambda k: (k != "answered", k))
    rows = [[_name(r), *(number(r.outcomes.get(k, 0)) for k in kinds)] for r in policies]
    return Table(["Model", *kinds], rows, range(1, 1 + len(kinds)),
                 "What became of the answers. Truncated ones were cut by the token limit before they chose.")


def _rewards(store: Store) -> list[Table]:
    reward_models = rankings(store)
    if not reward_models:
        return []
    labels = sorted({*paper.REWARDS, *(name for r in reward_models for name in r.labels)})
    rows = [[r.model, *(_accuracy(r.labels.get(name)) for name in labels), f"{r.mean.share:.1%}",
             f"{sum(a.right for a in r.labels.values())} of {sum(a.total for a in r.labels.values())}",
             "reviewed" if r.reviewed else "unreviewed"] for r in reward_models]
    rows.append(["paper: UltraMedRM-8B", *(f"{v:.1f}%" if (v := paper.REWARDS.get(name)) else "–" for name in labels),
                 f"{sum(paper.REWARDS.values()) / len(paper.REWARDS):.1f}%", "", "reviewed"])
    return [Table(["Reward model", *labels, "Mean", "Pairs", "Labels"], rows, range(1, len(labels) + 3),
                  "Medical RewardBench: how often the chosen answer of a pair in the split test gets the higher "
                  "reward; the mean is that of the labels. Unreviewed: the pairs stand as the judge left them, no "
                  "person has looked at them.",
                  beside=1)]


def _accuracy(rate: Accuracy | None) -> str:
    return "–" if rate is None or not rate.total else f"{rate.share:.0%} ({rate.right} of {rate.total})"


def _said(p: Prediction) -> str:
    return f"[{p.letter or p.outcome}] {_cut(p.text)}"


def _cut(text: str) -> str:
    return text if len(text) <= CUT else text[:CUT] + "…"
