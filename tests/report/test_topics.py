"""The topic map: names by class-based TF-IDF, reproducible coordinates, escaped hovers."""

import html
from pathlib import Path

import numpy as np
import pytest
from world import World

from ultramed.embeddings import encode
from ultramed.gates.store import Store
from ultramed.report.topics import SHOWN, cluster_count, hover, names, place, topics

HEARTS = [f"ventricle valve murmur {n}" for n in range(12)]
KIDNEYS = [f"nephron dialysis creatinine {n}" for n in range(12)]


def test_clusters_are_named_by_the_words_that_set_them_apart() -> None:
    shared = [f"{text} blood pressure" for text in HEARTS + KIDNEYS]
    found = names(shared, [0] * 12 + [1] * 12)
    assert set(found[0].split(" · ")) == {"ventricle", "valve", "murmur"}
    assert set(found[1].split(" · ")) == {"nephron", "dialysis", "creatinine"}


def test_clusters_without_words_are_numbered() -> None:
    assert names(["12 34", "56 78"], [0, 1]) == ["cluster 1", "cluster 2"]


@pytest.mark.parametrize(("rows", "expected"), [(12, 2), (40, 2), (100, 5), (160, 8), (5_000, 8)])
def test_as_many_clusters_as_rows_allow(rows: int, expected: int) -> None:
    assert cluster_count(rows) == expected


def test_two_topics_fall_apart_and_come_out_the_same_again(encoder: Path) -> None:
    texts = HEARTS + KIDNEYS
    vectors = encode(texts, encoder)
    first, second = place(vectors, texts, 7), place(vectors, texts, 7)
    assert first == second
    assert len(set(first.cluster[:12])) == len(set(first.cluster[12:])) == 1
    assert first.cluster[0] != first.cluster[-1]
    middle = [np.mean([first.x[part], first.y[part]], axis=1) for part in (slice(12), slice(12, 24))]
    spread = max(np.std([first.x[part], first.y[part]]) for part in (slice(12), slice(12, 24)))
    assert np.linalg.norm(middle[0] - middle[1]) > spread / 2


def test_a_hover_is_cut_and_escaped() -> None:
    text = hover("<b>Is it & " + "long " * 60, "<i>medqa</i>")
    assert text.startswith("&lt;b&gt;Is it &amp; long") and text.endswith("<i>&lt;i&gt;medqa&lt;/i&gt;</i>")
    shown = html.unescape(text.rsplit("<br>", 1)[0].replace("<br>", " "))
    assert len(shown) <= SHOWN and shown.endswith("…")


def test_too_few_questions_make_no_map(world: World, encoder: Path) -> None:
    world.rows["curated", "", "rows"] = world.rows["curated", "", "rows"][:5]
    world.write("curated")
    found = topics(Store(world.params, world.base), encoder)
    assert found.blocks == [] and "5 questions are too few" in found.lead
