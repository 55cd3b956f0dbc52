"""How the models were trained: data and curves."""

from ultramed.gates.store import Store
from ultramed.report.blocks import COLOURS, Figure, Section, Table, figure, label, number
from ultramed.report.models import curve, trainings

DASHES = ("solid", "dash", "dot", "dashdot")  # tell curves apart where their colours do not
SHOWN = {"loss": "loss", "pair_accuracy": "share of pairs ranked rightly", "margin": "reward margin"}


def training(store: Store) -> Section:
    """All trainings side by side."""
    records = trainings(store)
    rows = [[name, t["method"], t["start"], _sets(t["rows"]), number(t["steps"]), number(t["epochs"], 2),
             t["rights"], number(t["dev_rows"]),
             *(number(t["figures"].get(f"dev/{c}"), 3) for c in SHOWN)] for name, t in records.items()]
    table = Table(
        ["Model", "Method", "From", "Rows", "Steps", "Epochs", "Rights", "Dev rows", "Dev loss", "Dev accuracy",
         "Dev margin"], rows, (4, 5, 7, 8, 9, 10),
        "Rows by set, as there were to learn from; the steps went through them so many times (epochs). A model "
        "inherits the strictest rights among them. Dev figures are of the last step, on rows of the split dev; an en "
        "dash where there are none. Losses of different methods do not compare.")
    drawn = [_curves(store, list(records), name, words) for name, words in SHOWN.items()]
    return Section("training", "Training", "", [table, *(d for d in drawn if d)])


def _curves(store: Store, models: list[str], name: str, words: str) -> Figure | None:
    import plotly.graph_objects as go

    drawing = go.Figure()
    for n, model in enumerate(models):
        if points := curve(store, model).get(f"train/{name}"):
            drawing.add_scatter(x=[s for s, _ in points], y=[round(v, 5) for _, v in points], name=label(model),
                                mode="lines+markers",
                                line={"color": COLOURS[n % len(COLOURS)], "dash": DASHES[n % len(DASHES)]},
                                hovertemplate="step %{x}: %{y:.3f}<extra>" + label(model) + "</extra>")
    if not drawing.data:
        return None
    told = {"loss": "Loss on the training rows, step by step. Small batches make it jump.",
            "pair_accuracy": "How often the chosen answer gets the higher reward: the reward model's own, or for DPO "
                             "the one implied by policy and reference. Half is chance.",
            "margin": "By how much the chosen answer's reward exceeds the rejected one's."}[name]
    return figure(f"training-{name.replace('_', '-')}", drawing, told, 340, xaxis={"title": "step"},
                  yaxis={"title": words})


def _sets(rows: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in sorted(rows.items(), key=lambda r: (-r[1], r[0])))
