"""What counts as built, which prices are unknown, what is assumed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from plan_world import changed, lock

from ultramed import params
from ultramed.claims import of_models
from ultramed.errors import ParamsError
from ultramed.params import LocalModel, Models, Params, Price, RemoteModel
from ultramed.planning.assumptions import load
from ultramed.planning.built import Built
from ultramed.planning.display import gigabytes, hours, money, sentence, short, span, too_large, unpriced
from ultramed.planning.machine import Machines
from ultramed.planning.plan import Asking, make
from ultramed.planning.ranges import Range, exact, total

REMOTE = RemoteModel(base_url="http://127.0.0.1:1/v1", model="m", revision="1", provider="p")


def with_remote(price: Price | None) -> Params:
    """Params with a remote judge."""
    settings = params.load()
    models = Models(local=settings.models.local, remote={"api": REMOTE.model_copy(update={"price": price})})
    return changed(settings.model_copy(update={"models": models}), judge={"model": "api"})


def test_a_price_is_tokens_times_usd_per_million(world: Path) -> None:
    plan = make(with_remote(Price(prompt=2.0, completion=10.0)))
    judge = next(a for a in plan.asking if a.stage == "judge")
    assert judge.price_usd is not None and judge.price_usd.expected == pytest.approx(
        (judge.prompt_tokens.expected * 2 + judge.generated_tokens.expected * 10) / 1e6)
    assert f"USD {judge.price_usd.expected:,.2f}" in money(plan)


def test_a_price_that_nobody_stated_is_unknown_and_not_0(world: Path) -> None:
    plan = make(with_remote(None))
    assert unpriced(plan) == ["judge"] and money(plan) == "price unknown: judge" and "USD 0" not in sentence(plan)
    assert [a.price_usd for a in plan.asking if a.stage == "judge"] == [None]
    assert money(make(params.load())) == "no remote model"


def test_rows_of_other_params_do_not_count(world: Path) -> None:
    """dvc.lock holds the params that a stage ran with; everything made from its output is affected too."""
    stages = {
        "screen": {"params": {"params.yaml": {"screen.min_words": params.load().screen.min_words}},
                   "outs": [{"path": "data/screened"}]},
        "curate": {"deps": [{"path": "data/screened"}], "outs": [{"path": "data/curated"}]},
    }
    lock(stages)
    built = Built(params.load())
    assert built.rows("curate") == 14 and built.counted == ["data/curated"]
    assert built.rows("mix-instructions") is None, "no stage says it made them"
    stages["screen"]["params"] = {"params.yaml": {"screen.min_words": 77}}
    lock(stages)
    built = Built(params.load())
    assert built.rows("curate") is None and built.rows("screen") is None


def test_rows_of_a_damaged_table_do_not_count(world: Path) -> None:
    Path("data/curated/rows-00000-of-00001.parquet").write_bytes(b"cut")
    assert Built(params.load()).rows("curate") is None


def test_rows_outlast_a_change_of_how_a_model_is_asked_but_not_of_whether_text_may_leave(world: Path) -> None:
    stages = {
        "params": {"outs": [{"path": "models/remote.json"}]},
        "screen": {"deps": [{"path": "models/remote.json"}], "outs": [{"path": "data/screened"}]},
        "curate": {"deps": [{"path": "data/screened"}], "outs": [{"path": "data/curated"}]},
    }
    lock(stages)
    Path("models").mkdir()
    local, remote = params.load(), with_remote(None)
    for path, text in of_models(remote).items():
        path.write_text(text)
    faster = remote.models.remote["api"].model_copy(update={"concurrency": 500, "base_url": "http://127.0.0.1:2/v1"})
    faster = changed(remote, models={"remote": {"api": faster}})
    assert Built(faster).has("data/curated"), "another limit or port says nothing about rows"
    assert not Built(local).has("data/curated"), "rows that must not leave may come in now"


def test_rows_outlast_another_load_of_a_local_model_but_not_other_weights(world: Path) -> None:
    settings = params.load()
    entry = {"location": "here.gguf", "sha256": "1", "engine": "llama.cpp", "rights": "open"}
    stages = {
        "model@smollm2": {"params": {"params.yaml": {"models.local.smollm2": entry | {"concurrency": 1}}},
                          "outs": [{"path": "models/identity/smollm2.json"}]},
        "curate": {"deps": [{"path": "models/identity/smollm2.json"}], "outs": [{"path": "data/curated"}]},
    }
    lock(stages)
    Path("models/identity").mkdir(parents=True)
    Path("models/identity/smollm2.json").write_text("{}")

    def rows_count(**now: str | int) -> bool:
        local = {"smollm2": LocalModel.model_validate(entry | now)}
        built = Built(changed(settings, models={"local": local}))
        assert built.has("data/curated") == built.has("models/identity/smollm2.json")
        return built.has("data/curated")

    assert rows_count(concurrency=1) and rows_count(concurrency=64, context=512)
    assert not rows_count(sha256="2") and not rows_count(location="there.gguf") and not rows_count(engine="vllm")


def test_models_are_known_by_the_table_by_the_size_in_their_name_or_not(world: Path) -> None:
    settings = params.load()
    smollm2 = settings.models.local["smollm2"]
    strange = {"big": smollm2.model_copy(update={"location": "hf://models/a/unheard-of", "engine": "vllm"}),
               **{name: smollm2.model_copy(update={"location": f"hf://models/a/{name}"})
                  for name in ("own-7b.Q4.gguf", "Own3-30B-A3B-Instruct", "Own1.5-0.5B", "ab-12bits")},
               **settings.models.local}
    settings = settings.model_copy(update={"models": settings.models.model_copy(update={"local": strange})})
    machines = Machines(settings, load())
    assert machines.shape("smollm2").parameters == 0.1345 and machines.shape("sft") == machines.shape("base")
    sizes = {name: (machines.shape(name).parameters, machines.shape(name).active) for name in strange}
    assert sizes["own-7b.Q4.gguf"] == (7.0, None) and sizes["Own3-30B-A3B-Instruct"] == (30.0, 3.0)
    assert sizes["Own1.5-0.5B"] == (0.5, None) and sizes["ab-12bits"] == (8.0, None)
    assert sizes["big"] == (8.0, None) and "by default" in machines.assumptions.used["models.big"]


def test_what_no_gpu_holds_is_marked(world: Path) -> None:
    vllm = {"engine": "vllm", "location": "hf://models/Qwen/Qwen2.5-32B-Instruct"}
    settings = params.load()

    def judged(**options: object) -> Asking:
        model = settings.models.local["smollm2"].model_copy(update=vllm | {"options": options})
        models = Models(local={**settings.models.local, "judge": model}, remote={})
        plan = make(changed(settings.model_copy(update={"models": models}), judge={"model": "judge"}))
        return next(a for a in plan.asking if a.stage == "judge")
    one, two = judged(), judged(**{"tensor-parallel-size": 2, "gpu-memory-utilization": 0.5})
    assert one.weights == pytest.approx(2 * 32e9)  # 2 bytes for each of the 32 billion in its name
    assert (one.gpus, one.gpu) == (1, 0.9 * 80e9) and not too_large(one, 80)
    assert (two.gpus, two.gpu) == (2, 0.5 * 80e9) and not too_large(two, 80)
    assert too_large(judged(**{"gpu-memory-utilization": 0.5}), 80)


def test_everything_assumed_is_listed_with_its_reason(world: Path) -> None:
    plan = make(params.load())
    assert plan.assumed["complete.missed"] == "0.5 (0 to 1): test"
    assert "mix.medical" not in plan.assumed, "the mixtures are counted"
    assert "raw.textbooks" in plan.assumed and "remote.tokens" not in plan.assumed
    assert plan.counted == sorted(plan.counted) and "data/curated" in plan.counted


@pytest.mark.parametrize(("spoil", "said"), [
    (lambda t: t["numbers"].pop("screen.kept"), "numbers.screen.kept: is missing"),
    (lambda t: t["asks"][0].update(reads="x"), "conf/plan.yaml: asks.0.reads: is "),
    (lambda t: t["numbers"]["cpu.writing"].update(low=0), "numbers.cpu.writing: is 0; expected a number above 0"),
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
