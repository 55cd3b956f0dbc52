"""Every method, with LoRA and with all weights: what it writes, and that it teaches what it should."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from training_rows import OWN, example, job, mixture, preference, record, training

from ultramed import methods, tables
from ultramed.records import Example, Message, Preference, Verdict
from ultramed.sources.models import weights_hash
from ultramed.training.data import dialogues, shape
from ultramed.training.job import Job, data_hash, versions
from ultramed.training.monitoring import write_curves
from ultramed.training.reward_model import RewardModel

LORA = {"rank": 4, "alpha": 8}
KINDS = [(method, lora) for lora in (None, LORA) for method in methods.names()]
IDS = [f"{method}-{'lora' if lora else 'all'}" for method, lora in KINDS]
IONS = ["Sodium", "Calcium", "Iron", "Zinc", "Copper", "Iodine", "Chloride", "Lithium"]
EXAMPLES = [example(f"MedQA,{n}", f"Which ion is {name}?", f"{name} is an ion.", rights="research")
            for n, name in enumerate(IONS)]
PAIRS = [preference(f"MedQA,{n}#a>b", f"{name} is an ion.", "I do not know.",
                    messages=[Message("user", f"Which ion is {name}?")]) for n, name in enumerate(IONS)]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root := tmp_path_factory.mktemp("run"))
        patch.setenv("DVC_ROOT", str(root))
        mixture(root / "instructions", EXAMPLES, EXAMPLES[:2])
        mixture(root / "preferences", PAIRS, PAIRS[:2])
        yield root


def planned(here: Path, start: Path, method: str, lora: dict | None, **changes: Any) -> Job:
    data = here / methods.get(method).data
    given = {"name": f"{method}-{'lora' if lora else 'all'}", "steps": 30, "learning_rate": 1e-2} | changes
    return job(method, start, data, training=training(lora=lora, save_every=10), **given)


def made(job: Job) -> Job:
    from ultramed.training.run import train_and_export

    train_and_export(job, "open", demonstration=True)
    return job


@pytest.fixture(scope="module")
def finished(here: Path, tiny_model: Path) -> dict[str, Job]:
    return {name: made(planned(here, tiny_model, *kind)) for name, kind in zip(IDS, KINDS, strict=True)}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def points(job: Job, curve: str) -> list[tuple[int, float]]:
    head, *rows = (job.curves / f"{curve}.tsv").read_text().splitlines()
    assert head == f"step\t{curve.split('/')[1]}"
    return [(int(row.split("\t")[0]), float(row.split("\t")[1])) for row in rows]


def loaded(folder: Path, method: str = "sft") -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

    kind = AutoModelForSequenceClassification if method == "reward" else AutoModelForCausalLM
    return kind.from_pretrained(folder, dtype="float32"), AutoTokenizer.from_pretrained(folder)


def likelihood(parts: tuple[Any, Any], row: Example | Preference, said: str) -> float:
    """log p(said | turns before), summed over the reply's tokens."""
    import torch

    model, tokenizer = parts
    turns = [m.chat() for m in row.messages if m.role != "assistant"]
    asked = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False)
    whole = asked + tokenizer.encode(said + "<|im_end|>", add_special_tokens=False)
    with torch.no_grad():
        scores = model(torch.tensor([whole])).logits[0].log_softmax(-1)
    return sum(scores[n - 1, whole[n]].item() for n in range(len(asked), len(whole)))


@pytest.mark.parametrize("name", IDS)
def test_the_checkpoint_is_one_that_transformers_loads(finished: dict[str, Job], tiny_model: Path, name: str) -> None:
    out, method = finished[name].out, name.split("-")[0]
    model, tokenizer = loaded(out, method)
    assert method != "reward" or (model.config.num_labels == 1 and model.config.pad_token_id == 2)
    assert model.config.use_cache and json.loads((out / "config.json").read_text())["dtype"] == "bfloat16"
    assert tokenizer.chat_template == OWN  # not the one for training
    assert (out / "tokenizer.json").read_bytes() == (tiny_model / "tokenizer.json").read_bytes()
    before = {name: w.bfloat16().float() for name, w in loaded(tiny_model)[0].state_dict().items()}
    changed = [n for n, w in before.items() if not w.equal(model.state_dict().get(n, w))]
    assert any("q_proj" in n for n in changed)
    assert any("embed_tokens" in n for n in changed) == name.endswith("-all")


@pytest.mark.parametrize("name", IDS)
def test_what_was_done_is_written_down(finished: dict[str, Job], here: Path, name: str) -> None:
    job, found = finished[name], record(finished[name].out)
    assert found["hashes"] == job.inputs
    assert found["rights"] == ("research" if job.recipe.method == "sft" else "open") and found["demonstration"]
    assert (found["name"], found["start"], found["seed"], found["steps"]) == (name, "base", 7, 30)
    assert (found["rows"], found["dev_rows"], found["too_long"]) == ({"medical": 8}, 2, 0)
    assert (found["method"], found["versions"]) == (job.recipe.method, versions())
    assert found["recipe"] == job.recipe.model_dump() and found["training"] == job.training.model_dump()
    assert str(here) not in (job.out / "training.json").read_text() + (job.out / "config.json").read_text()
    assert [p.name for p in (here / ".ultramed/checkpoints").glob(f"*{name}*")] == []
    for curve, value in found["figures"].items():
        rows = points(job, curve)  # KTO has no margin at a step whose batch is all of one kind
        assert rows[-1][1] == pytest.approx(value) and (len(rows) == 1 if curve.startswith("dev/") else len(rows) > 10)
    assert {"train/loss", "train/learning_rate", "dev/loss"} < set(found["figures"])
    assert [step for step, _ in points(job, "train/loss")] == list(range(1, 31))


@pytest.mark.parametrize(("method", "lora"), KINDS, ids=IDS)
def test_two_runs_from_nothing_are_equal_byte_for_byte(
    here: Path, finished: dict[str, Job], method: str, lora: dict | None
) -> None:
    job = finished[f"{method}-{'lora' if lora else 'all'}"]
    before, curves = contents(job.out), contents(job.curves)
    made(planned(here, job.start, method, lora))
    assert contents(job.out) == before and contents(job.curves) == curves


@pytest.mark.parametrize("name", ["sft-all", "sft-lora"])
def test_sft_makes_the_reply_more_likely(finished: dict[str, Job], tiny_model: Path, name: str) -> None:
    before, after = loaded(tiny_model), loaded(finished[name].out)
    for row in EXAMPLES:
        gain = likelihood(after, row, row.messages[-1].content) - likelihood(before, row, row.messages[-1].content)
        assert gain > (30 if name == "sft-all" else 3)
    losses = [loss for _, loss in points(finished[name], "train/loss")]
    assert losses[-1] < losses[0] - 0.1


@pytest.mark.parametrize("name", ["dpo-all", "dpo-lora", "kto-all", "kto-lora"])
def test_preferences_raise_the_margin(finished: dict[str, Job], tiny_model: Path, name: str) -> None:
    """Margin: log p(chosen) − log p(rejected), compared with the model it started from."""
    before, after = loaded(tiny_model), loaded(finished[name].out)
    for row in PAIRS:
        margins = [likelihood(m, row, row.chosen) - likelihood(m, row, row.rejected) for m in (before, after)]
        assert margins[1] > margins[0] + 1


@pytest.mark.parametrize("name", ["reward-all", "reward-lora"])
def test_a_reward_model_ranks_the_pairs_it_learnt_from(finished: dict[str, Job], name: str) -> None:
    found = RewardModel(finished[name].out).rewards([d for row in PAIRS for d in dialogues(shape(row))])
    assert all(chosen > rejected + 1 for chosen, rejected in zip(found[::2], found[1::2], strict=True))


def test_what_is_no_lesson_changes_neither_record_nor_identity(
    here: Path, finished: dict[str, Job], tmp_path: Path
) -> None:
    done = finished["sft-lora"]
    before, name = done.inputs["data"], weights_hash(done.out)
    data = tmp_path / "data"
    shutil.copytree(done.data, data)
    tables.write(data, "verdicts", Verdict, [Verdict("MedQA,9", "mix", "dropped", "leak", "It is.")])
    assert data_hash(data) == before
    tables.write(data, "dev", Example, EXAMPLES[:1])
    assert data_hash(data) != before
    model = tmp_path / "model"
    shutil.copytree(done.out, model)
    (model / "training.json").write_text("{}", encoding="utf-8")
    assert weights_hash(model) == name
    (model / "chat_template.jinja").write_text("another", encoding="utf-8")
    assert weights_hash(model) != name


def test_curves_are_written_in_a_git_repository_without_a_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run("git init -q . && dvc init -q", shell=True, cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STUDIO_TOKEN", "never-sent")
    write_curves({"train/loss": [[1, 2.5], [2, 1.5]]}, folder := tmp_path / "curves")
    assert (folder / "train/loss.tsv").read_text() == "step\tloss\n1\t2.5\n2\t1.5\n"
    assert [p.name for p in folder.iterdir()] == ["train"]


def test_a_model_inherits_the_rights_of_the_one_it_started_from(here: Path, finished: dict[str, Job]) -> None:
    job = made(planned(here, finished["sft-lora"].out, "dpo", LORA, steps=2, name="second"))
    assert (record(job.out)["start"], record(job.out)["rights"]) == ("sft-lora", "research")


def test_kto_sees_both_kinds_from_the_start(here: Path, tiny_model: Path) -> None:
    """In TRL's own order every desirable row would come before the first undesirable one."""
    from transformers import AutoTokenizer

    from ultramed.training.data import read
    from ultramed.training.parts import load

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    data = read(here / "preferences", Preference, tokenizer, 256)
    rows = methods.get("kto").trainer(load(planned(here, tiny_model, "kto", LORA), data, tokenizer)).train_dataset
    assert sum(rows["label"]) == 8 == len(rows) / 2 and {True, False} == set(rows["label"][:6])


@pytest.mark.parametrize("method", ["dpo", "kto"])
def test_the_reference_model_is_of_the_revision_that_is_trained(
    here: Path, tiny_model: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A base that stays on the Hub is a pointer; both models must come from its target."""
    from transformers import PreTrainedModel

    seen, load = [], PreTrainedModel.from_pretrained.__func__  # type: ignore[attr-defined]

    def watched(kind: type, path: str, *args: Any, revision: str = "main", **more: Any) -> Any:
        seen.append((str(path), revision))
        return load(kind, path, *args, revision=revision, **more)

    monkeypatch.setattr(PreTrainedModel, "from_pretrained", classmethod(watched))
    (here / f"pointer-{method}").mkdir()
    (here / f"pointer-{method}/model.json").write_text(json.dumps({"hub_id": str(tiny_model), "revision": "abc"}))
    made(planned(here, here / f"pointer-{method}", method, None, steps=2, name=f"pointed-{method}"))
    assert [revision for path, revision in seen if path == str(tiny_model)] == ["abc", "abc"]
