"""What counts as lying here, what money is unknown, what is assumed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from changed_params import changed

from ultramed import params
from ultramed.claims import of_models
from ultramed.errors import ParamsError
from ultramed.params import LocalModel, Models, Params, Price, RemoteModel
from ultramed.planning import mixtures
from ultramed.planning.assumptions import load
from ultramed.planning.here import Here
from ultramed.planning.machine import Machines
from ultramed.planning.plan import Asking, make
from ultramed.planning.ranges import Range, exact, total
from ultramed.planning.rows import Rows
from ultramed.planning.shown import gigabytes, hours, money, sentence, short, span, too_large, unpriced

REMOTE = RemoteModel(base_url="http://127.0.0.1:1/v1", model="m", revision="1", provider="p")


def with_remote(price: Price | None) -> Params:
    """The judge behind somebody else's endpoint."""
    settings = params.load()
    models = Models(local=settings.models.local, remote={"api": REMOTE.model_copy(update={"price": price})})
    return changed(settings.model_copy(update={"models": models}), judge={"model": "api"})


def test_a_price_is_tokens_times_usd_per_million(world: Path) -> None:
    found = make(with_remote(Price(prompt=2.0, completion=10.0)))
    judge = next(a for a in found.asking if a.stage == "judge")
    assert judge.price_usd is not None and judge.price_usd.expected == pytest.approx(
        (judge.prompt_tokens.expected * 2 + judge.generated_tokens.expected * 10) / 1e6)
    assert f"USD {judge.price_usd.expected:,.2f}" in money(found)


def test_a_price_that_nobody_stated_is_unknown_and_not_0(world: Path) -> None:
    found = make(with_remote(None))
    assert unpriced(found) == ["judge"] and money(found) == "price unknown: judge" and "USD 0" not in sentence(found)
    assert [a.price_usd for a in found.asking if a.stage == "judge"] == [None]
    assert money(make(params.load())) == "no remote model"


def test_quarantined_rows_are_not_reckoned_where_a_model_is_remote(world: Path) -> None:
    Path("dvc.lock").unlink()
    here = Rows(params.load(), load(), Here(params.load()))
    away = Rows(with_remote(None), load(), Here(with_remote(None)))
    assert here.screened("chatdoctor").expected > 0 and away.screened("chatdoctor") == exact(0)
    assert here.screened("medqa") == away.screened("medqa") == Range(8143, 9466, 10178)  # 0.8, 0.93 and all of 10,178


def test_rows_of_other_params_do_not_count(world: Path) -> None:
    """dvc.lock holds the params that a stage ran with; what is made from its output falls with it."""
    stages = {
        "screen": {"params": {"params.yaml": {"screen.min_words": params.load().screen.min_words}},
                   "outs": [{"path": "data/screened"}]},
        "curate": {"deps": [{"path": "data/screened"}], "outs": [{"path": "data/curated"}]},
    }
    Path("dvc.lock").write_text(json.dumps({"stages": stages}))
    here = Here(params.load())
    assert here.by_source(Path("data/curated")) == {"medqa": 10, "medquad": 4}
    assert here.count(Path("data/instructions")) is None  # no stage says it made them
    stages["screen"]["params"] = {"params.yaml": {"screen.min_words": 77}}
    Path("dvc.lock").write_text(json.dumps({"stages": stages}))
    here = Here(params.load())
    assert here.by_source(Path("data/curated")) is None and here.count(Path("data/screened")) is None


def test_rows_outlast_a_change_of_how_a_model_is_asked_but_not_of_whether_text_may_leave(world: Path) -> None:
    stages = {
        "params": {"outs": [{"path": "models/remote.json"}]},
        "screen": {"deps": [{"path": "models/remote.json"}], "outs": [{"path": "data/screened"}]},
        "curate": {"deps": [{"path": "data/screened"}], "outs": [{"path": "data/curated"}]},
    }
    Path("dvc.lock").write_text(json.dumps({"stages": stages}))
    Path("models").mkdir()
    local, remote = params.load(), with_remote(None)
    for path, text in of_models(remote).items():
        path.write_text(text)
    faster = remote.models.remote["api"].model_copy(update={"concurrency": 500, "base_url": "http://127.0.0.1:2/v1"})
    faster = changed(remote, models={"remote": {"api": faster}})
    assert Here(faster).has(Path("data/curated")), "another limit or port says nothing about rows"
    assert not Here(local).has(Path("data/curated")), "rows that must not leave may come in now"


def test_rows_outlast_another_load_of_a_local_model_but_not_other_weights(world: Path) -> None:
    settings = params.load()
    entry = {"location": "here.gguf", "sha256": "1", "engine": "llama.cpp", "rights": "open"}
    stages = {
        "model@smollm2": {"params": {"params.yaml": {"models.local.smollm2": entry | {"concurrency": 1}}},
                          "outs": [{"path": "models/identity/smollm2.json"}]},
        "curate": {"deps": [{"path": "models/identity/smollm2.json"}], "outs": [{"path": "data/curated"}]},
    }
    Path("dvc.lock").write_text(json.dumps({"stages": stages}))
    Path("models/identity").mkdir(parents=True)
    Path("models/identity/smollm2.json").write_text("{}")

    def rows_count(**now: str | int) -> bool:
        local = {"smollm2": LocalModel.model_validate(entry | now)}
        here = Here(changed(settings, models={"local": local}))
        assert here.has(Path("data/curated")) == here.has(Path("models/identity/smollm2.json"))
        return here.has(Path("data/curated"))

    assert rows_count(concurrency=1) and rows_count(concurrency=64, context=512)
    assert not rows_count(sha256="2") and not rows_count(location="there.gguf") and not rows_count(engine="vllm")


def test_a_mixture_is_what_rights_and_weights_let_in(world: Path) -> None:
    Path("dvc.lock").unlink()
    settings = changed(params.load(), mix={"allows": ["open"], "instructions": {"medical": 2.0, "openorca": 0.5}},
                       split={"dev": 0.25, "test": 0.25})
    rows = Rows(settings, load(), Here(settings))
    # of the sources medquad alone is open; of its 47,457 rows 31,029 have no answer. Written rows are open here, too
    medquad = rows.curated()["medquad"].expected
    assert medquad == 5501  # ⌈0.36 × ⌈0.93 × 16,428⌉⌉ = ⌈0.36 × 15,279⌉
    synthetic = mixtures.completed(rows)
    own = medquad + sum(synthetic[n].expected for n in ("textbookqa", "wikiinstruct"))
    assert mixtures.mixed(rows, "instructions").expected == pytest.approx(own * 0.5 * 2, abs=1)
    wider = changed(settings, mix={"allows": ["open", "research"]})
    more = mixtures.mixed(Rows(wider, load(), Here(wider)), "instructions").expected
    widened = Rows(wider, load(), Here(wider))
    medical = mixtures.allowed(widened, mixtures.completed(widened)).expected
    assert more == pytest.approx(medical + 0.5 * 0.9 * 994_896, abs=2)


def test_models_are_known_by_name_by_files_or_not(world: Path) -> None:
    settings = params.load()
    smollm2 = settings.models.local["smollm2"]
    strange = {"big": smollm2.model_copy(update={"location": "hf://models/a/unheard-of", "engine": "vllm"}),
               "file": smollm2.model_copy(update={"location": "weights/own.gguf"}), **settings.models.local}
    Path("weights").mkdir()
    Path("weights/own.gguf").write_bytes(b"0" * 2_000_000)
    settings = settings.model_copy(update={"models": settings.models.model_copy(update={"local": strange})})
    machines = Machines(settings, load())
    assert machines.shape("smollm2").parameters == 0.1345 and machines.shape("sft") == machines.shape("base")
    assert machines.shape("file").parameters == pytest.approx(2_000_000 * 8 / 16 / 1e9)
    assert machines.shape("big").parameters == 8.0 and "does not know it" in machines.book.used["models.big"]


def test_what_no_gpu_holds_is_marked(world: Path) -> None:
    vllm = {"engine": "vllm", "location": "hf://models/Qwen/Qwen2.5-32B-Instruct"}
    settings = params.load()

    def judged(**options: object) -> Asking:
        model = settings.models.local["smollm2"].model_copy(update=vllm | {"options": options})
        models = Models(local={**settings.models.local, "judge": model}, remote={})
        found = make(changed(settings.model_copy(update={"models": models}), judge={"model": "judge"}))
        return next(a for a in found.asking if a.stage == "judge")
    one, two = judged(), judged(**{"tensor-parallel-size": 2, "gpu-memory-utilization": 0.5})
    assert one.weights == pytest.approx(2 * 32.8e9)  # 2 bytes for each of 32.8 billion
    assert (one.gpus, one.gpu) == (1, 0.9 * 80e9) and not too_large(one, 80)
    assert (two.gpus, two.gpu) == (2, 0.5 * 80e9) and not too_large(two, 80)
    assert too_large(judged(**{"gpu-memory-utilization": 0.5}), 80)


def test_everything_assumed_is_listed_with_its_reason(world: Path) -> None:
    found = make(params.load())
    assert found.assumed["complete.missed"] == "0.5 (0 to 1): test"
    assert "sources.medqa" in found.assumed and "remote.tokens" not in found.assumed
    assert found.counted == sorted(found.counted) and "data/curated" in found.counted


@pytest.mark.parametrize(("spoil", "said"), [
    (lambda t: t["numbers"].pop("screen.kept"), "numbers.screen.kept: is missing"),
    (lambda t: t["numbers"]["cpu.writing"].update(low=0), "numbers.cpu.writing: is 0; a number above 0"),
    (lambda t: t["numbers"]["cpu.writing"].update(expected="fast"), "numbers.cpu.writing.expected: is 'fast'"),
    (lambda t: t.pop("models"), "conf/plan.yaml: models: is "),
])
def test_a_mistake_in_the_assumptions_is_one_line(world: Path, spoil: Callable[[dict], object], said: str) -> None:
    Path("dvc.lock").unlink()
    tree = json.loads(Path("conf/plan.yaml").read_text())
    spoil(tree)
    Path("conf/plan.yaml").write_text(json.dumps(tree))
    with pytest.raises(ParamsError) as error:
        make(params.load())
    assert said in str(error.value) and "\n" not in str(error.value)


def test_numbers_are_short() -> None:
    assert [short(v) for v in (0, 9999, 10_000, 99_950, 1_234_567, 2.5e9, 999_900)] == [
        "0", "9,999", "10.0K", "100K", "1.23M", "2.50B", "1.00M"]
    assert [hours(v) for v in (0.5, 1.5, 300)] == ["30.0 m", "1.5 h", "300 h"]
    assert [gigabytes(v) for v in (1.4e9, 80e9, 1.3e12)] == ["1.4 GB", "80 GB", "1.3 TB"]
    assert (span(exact(3)), span(Range(1, 2, 3))) == ("", "1–3")
    assert total([Range(1, 2, 3), exact(1)]) == Range(2, 3, 4) and total([]) == exact(0)
