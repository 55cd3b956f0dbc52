"""The page: one file, reproducible bytes, and nothing from data becomes active in it."""

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from world import World

from ultramed.gates.gate import check
from ultramed.gates.store import Store
from ultramed.records import Message
from ultramed.report import page
from ultramed.report.verdicts import gates

HOSTILE = '</script><script>document.title="pwned"</script><img src=x onerror="document.title=\'pwned\'"><b>bold</b>'


class Reader(HTMLParser):
    """Tags outside scripts, ids of figures, and everything that would be loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attributes:
            if name == "id" and value:
                self.ids.append(value)
            if name in ("src", "href") and value and not value.startswith("#"):
                self.loads.append(value)


def spoil(world: World) -> None:
    """Put hostile text wherever outside text can reach the page."""
    for n in range(0, 40, 4):
        row = world.rows["curated", "", "rows"][n]
        world.change("curated", "", "rows", n, messages=[Message("user", HOSTILE + row.question)])
    world.rows["screened", "", "verdicts"] = [
        replace(v, code=HOSTILE) if v.outcome == "dropped" else v for v in world.rows["screened", "", "verdicts"]]
    world.rows["scored", "", "manifest"] = [
        replace(u, model=HOSTILE) for u in world.rows["scored", "", "manifest"]]
    world.write("curated", "screened", "scored")


@pytest.fixture(scope="module")
def clean(healthy: World, encoder: Path) -> str:
    """The page of the healthy world."""
    return page.render(Store(healthy.params, healthy.base), encoder)


@pytest.fixture(scope="module")
def hostile(healthy: World, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The written page of a world that holds hostile text."""
    world = healthy.copy(tmp_path_factory.mktemp("hostile"))
    spoil(world)
    page.write(world.params, world.base, encoder)
    return world.base / "reports" / "index.html"


def test_same_data_same_bytes_and_no_trace_of_where_it_was_made(world: World, encoder: Path, clean: str) -> None:
    page.write(world.params, world.base, encoder)
    again = (world.base / "reports" / "index.html").read_text(encoding="utf-8")
    assert again == clean
    assert str(world.base) not in again and str(encoder) not in again


def test_it_loads_nothing_and_every_figure_has_a_fixed_id(clean: str) -> None:
    reader = Reader()
    reader.feed(clean)
    assert reader.loads == []
    figures = [i for i in reader.ids if i.startswith("figure-")]
    assert figures == ["figure-lengths", "figure-scores", "figure-topics", "figure-verdicts", "figure-judge-scores",
                       "figure-judge-positions", "figure-judge-lengths", "figure-pairs"]
    assert len(reader.ids) == len(set(reader.ids))


def test_hostile_text_is_only_text(clean: str, hostile: Path) -> None:
    before, after = Reader(), Reader()
    before.feed(clean)
    text = hostile.read_text(encoding="utf-8")
    after.feed(text)

    assert "pwned" in text
    for tag in ("script", "img", "b"):
        assert after.tags.count(tag) == before.tags.count(tag)
    for script in re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[1:]:  # the first is the library
        for shown in (script, script.replace(r"\u003c", "<").replace(r"\u003e", ">").replace(r"\u002f", "/")):
            assert "<b>bold" not in shown and "<script>document" not in shown


@pytest.mark.slow
def test_it_opens_in_a_browser_and_draws_without_running_what_it_shows(hostile: Path) -> None:
    browser = next((b for b in ("chromium", "chromium-browser", "google-chrome") if shutil.which(b)), None)
    if browser is None:
        pytest.skip("no Chromium on this machine")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000", "--dump-dom",
         hostile.as_uri()], capture_output=True, text=True, timeout=120, check=True)

    drawn = done.stdout
    assert "<title>UltraMedical: what was built</title>" in drawn  # the hostile text would have changed it
    assert drawn.count('class="main-svg"') >= 8 and "pwned" in drawn


def test_where_nothing_was_judged_or_paired_there_is_still_a_page(world: World, encoder: Path, clean: str) -> None:
    """A model that is not for demonstration shows no banner either."""
    for key in (("judged", "", "rows"), ("judged", "", "verdicts"), ("paired", "", "rows"), ("paired", "", "selected"),
                ("paired", "", "verdicts")):
        world.rows[key] = []
    world.write("judged", "paired")
    local = {n: m.model_copy(update={"demonstration": False}) for n, m in world.params.models.local.items()}
    models = world.params.models.model_copy(update={"local": local})
    serious = world.params.model_copy(update={"models": models})

    text = page.render(Store(serious, world.base), encoder)

    assert "figure-judge-scores" not in text and "figure-pairs" not in text and 'id="judging"' in text
    assert "Demonstration scale, not for use." in clean and "Demonstration scale" not in text


def test_gates_that_have_run_are_shown_with_their_counts(world: World) -> None:
    check("split", world.params, world.base)
    rows = {row[0]: list(row) for row in gates(Store(world.params, world.base)).blocks[0].rows}  # type: ignore[union-attr]
    count = str(len(world.rows["curated", "", "rows"]))
    assert rows["split"] == ["split", "passed", "14", count, count, "0", "0", "–"]
    assert rows["paired"][1] == "not run"
