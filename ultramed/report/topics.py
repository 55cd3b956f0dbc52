"""The topic map: questions placed by meaning, clusters named by the words that set them apart."""

import html
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ultramed.artifacts import CURATED
from ultramed.embeddings import encode
from ultramed.gates.store import Store
from ultramed.report.blocks import COLOURS, Figure, Section, figure, label
from ultramed.seeds import draw

if TYPE_CHECKING:
    import numpy as np

SAMPLE = 5_000  # most questions on the map
SMALLEST = 12  # fewest questions for a map
SHOWN = 160  # characters of a question shown on hover
# Words too common in questions to name a topic.
GENERIC = frozenset((
    "ago", "associated", "based", "best", "case", "cause", "causes", "common", "context", "day", "days", "dear",
    "describe", "discuss", "doctor", "does", "explain", "female", "finding", "findings", "following", "given",
    "hello", "history", "include", "including", "information", "likely", "male", "man", "maybe", "medical",
    "months", "old", "option", "patient", "patients", "presents", "provide", "question", "shows", "study",
    "suggest", "symptoms", "thank", "thanks", "treatment", "use", "used", "using", "weeks", "what", "which",
    "woman", "year", "yes",
))


@dataclass(frozen=True)
class Map:
    """Coordinates of questions in the plane, their clusters, and the clusters' names."""

    x: list[float]
    y: list[float]
    cluster: list[int]
    names: list[str]


def topics(store: Store, encoder: Path) -> Section:
    """The map of the curated questions."""
    ids = [r["id"] for r in store.rows(f"select id from {store.view(CURATED)} order by id")]
    picked = store.lookup("on_map", dict.fromkeys(draw(ids, SAMPLE, store.params.seed, "topics"), ""))
    rows = store.rows(f"""select id, source, messages[-1].content as question
        from {store.view(CURATED)} where id in (select name from {picked}) order by id""")
    lead = "Questions that mean similar things lie close; each cluster is named by the words that set it apart."
    if len(rows) < SMALLEST:
        return Section("topics", "Topics", f"{len(rows)} questions are too few for a map; {SMALLEST} are needed.")
    questions, titles = [r["question"] for r in rows], store.params.prefixes
    topic_map = place(encode(questions, encoder), questions, store.params.seed)
    return Section("topics", "Topics", lead, [
        _drawn(topic_map, questions, [titles.get(r["source"], r["source"]) for r in rows])])


def place(vectors: "np.ndarray", texts: list[str], seed: int) -> Map:
    """Cluster unit vectors (k-means) and lay them out in two dimensions (t-SNE from principal components).

    Runs on one thread: sums must not depend on the number of cores.
    """
    from sklearn.cluster import KMeans
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        clusters = KMeans(cluster_count(len(texts)), random_state=seed % 2**32, n_init=4).fit_predict(vectors)
        flat = TSNE(2, perplexity=min(30.0, (len(texts) - 1) / 3), init="pca", random_state=seed % 2**32,
                    n_jobs=1).fit_transform(vectors)
    labels = [int(c) for c in clusters]
    return Map([round(float(v), 2) for v in flat[:, 0]], [round(float(v), 2) for v in flat[:, 1]], labels,
               names(texts, labels))


def cluster_count(rows: int) -> int:
    """Two to eight clusters, about one for every 20 rows."""
    return max(2, min(8, rows // 20))


def names(texts: list[str], clusters: list[int], words: int = 3) -> list[str]:
    """The words with the highest class-based TF-IDF of each cluster: frequency in the cluster × log(1 + average words
    per cluster / overall frequency) (Grootendorst 2022)."""
    import numpy as np
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

    joined = [" ".join(t for t, own in zip(texts, clusters, strict=True) if own == c)
              for c in range(max(clusters) + 1)]
    counter = CountVectorizer(stop_words=sorted(ENGLISH_STOP_WORDS | GENERIC), token_pattern=r"[A-Za-z][A-Za-z-]{2,}")
    try:
        counts = counter.fit_transform(joined).toarray()
    except ValueError:  # no words left: questions without Latin letters
        return [f"cluster {n + 1}" for n in range(len(joined))]
    totals = counts.sum(axis=0)
    weights = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1) * np.log1p(counts.sum() / len(joined) / totals)
    vocabulary = counter.get_feature_names_out()
    best = [[str(vocabulary[i]) for i in np.argsort(-row, kind="stable")[:words] if row[i] > 0] for row in weights]
    return [" · ".join(own) or f"cluster {n + 1}" for n, own in enumerate(best)]


def hover(question: str, source: str) -> str:
    """The question, cut, escaped and wrapped, and its source."""
    text = " ".join(question.split())
    cut = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    lines = [html.escape(line) for line in textwrap.wrap(cut, 60)]
    return "<br>".join([*lines, f"<i>{html.escape(source)}</i>"])


def _drawn(topic_map: Map, questions: list[str], sources: list[str]) -> Figure:
    import plotly.graph_objects as go

    drawing = go.Figure()
    for cluster, name in enumerate(topic_map.names):
        own = [i for i, c in enumerate(topic_map.cluster) if c == cluster]
        drawing.add_scatter(
            x=[topic_map.x[i] for i in own], y=[topic_map.y[i] for i in own], mode="markers", name=label(name),
            text=[hover(questions[i], sources[i]) for i in own], hovertemplate="%{text}<extra></extra>",
            marker={"color": COLOURS[cluster % len(COLOURS)], "size": 9 if len(questions) < 600 else 5,
                    "opacity": 0.85, "line": {"width": 0.5, "color": "white"}})
    nothing = {"visible": False}
    return figure(
        "topics", drawing, "Hover for a question and its source; a click on a name hides its cluster, a double click "
        "shows it alone. Distances within a cluster mean something, those between far clusters do not.", 620,
        xaxis=nothing, yaxis=nothing)
