"""`ultramed publish models` in a small Git and DVC repository with two trained models, against the loopback Hub
over HTTP."""

import contextlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import model_world
import pytest
from release_world import PROJECT, LoopbackHub, run

pytestmark = pytest.mark.slow  # trains, dvc, servers and clients

DVC_YAML = """
stages:
  base:
    cmd: python base.py
    outs: [models/transformers/base]
  train:
    foreach: [sft, reward]
    do:
      cmd: python -m stages.models.train ${item}
      deps: [models/transformers/base, data/instructions/ultramix, data/preferences/ultramix, data/preferences/ranked]
      outs: ['models/transformers/${item}', 'models/identity/${item}.json', 'reports/training/${item}']
  check-curated:
    cmd: python gate.py curated data/curated
    deps: [data/curated]
    outs:
      - quality/curated.json:
          cache: false
  check-paired:
    cmd: python gate.py paired data/paired
    deps: [data/paired]
    outs:
      - quality/paired.json:
          cache: false
"""
BASE = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(PROJECT / "tests/training")!r})
from training_rows import tiny
tiny(Path("models/transformers/base"))
"""
GATE = """
import json, pathlib, sys
from ultramed.gates.content import content_hash
name, path = sys.argv[1:]
found = {"artifact": name, "success": True, "artifact_hash": content_hash(pathlib.Path(path)), "failures": []}
pathlib.Path(f"quality/{name}.json").write_text(json.dumps(found, sort_keys=True))
"""
GENERATE = """
import sys
from transformers import AutoModelForCausalLM, AutoTokenizer
name, revision = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(name, revision=revision)
model = AutoModelForCausalLM.from_pretrained(name, revision=revision)
turns = [{"role": "user", "content": "Which ion falls?"}]
inputs = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)
made = model.generate(**inputs, max_new_tokens=4, min_new_tokens=4, do_sample=False)
print(made.shape[1] - inputs["input_ids"].shape[1])
"""
REWARD = """
import sys, torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
name, revision = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(name, revision=revision)
model = AutoModelForSequenceClassification.from_pretrained(name, revision=revision)
turns = [{"role": "user", "content": "Which ion falls?"}, {"role": "assistant", "content": "Potassium."}]
with torch.no_grad():
    logits = model(**tokenizer.apply_chat_template(turns, return_tensors="pt", return_dict=True)).logits
print(tuple(logits.shape), bool(torch.isfinite(logits).all()))
"""
DOWNLOAD = """
import sys
from huggingface_hub import snapshot_download
name, revision = sys.argv[1:]
print(snapshot_download(name, revision=revision))
"""
RESULTS = """
import json, sys
from huggingface_hub import HfApi, ModelCard, hf_hub_download, parse_eval_result_entries
from ruamel.yaml import YAML
name, revision = sys.argv[1:]
card = ModelCard.load(name)  # the head of main
path = hf_hub_download(name, ".eval_results/medqa_test.yaml", revision=revision)
entry, = parse_eval_result_entries(YAML(typ="safe").load(open(path).read()))
greedy = [r.metric_value for r in card.data.eval_results if r.metric_name == "Accuracy, greedy"]
print(json.dumps([card.data.license, greedy, entry.dataset_id, entry.value]))
"""


@pytest.fixture(scope="session")
def built_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two gates, a tiny base, `sft` (open) and `reward` (research), everything committed."""
    path = tmp_path_factory.mktemp("trained") / "repository"
    path.mkdir()
    with contextlib.chdir(path):
        model_world.write_params(path)
        model_world.write_mixtures()
        model_world.write_results()
        shutil.copytree(PROJECT / "conf/templates", "conf/templates")
        for name in ("data/curated", "data/paired", "quality", "models/identity", "reports/training"):
            Path(name).mkdir(parents=True)
        for name in ("curated", "paired"):
            Path(f"data/{name}/rows").write_text(name)
        ignored = "/data/\n/models/\n/reports/\n/.ultramed/\n"
        for name, text in {"dvc.yaml": DVC_YAML, "gate.py": GATE, "base.py": BASE, ".gitignore": ignored}.items():
            Path(name).write_text(text, encoding="utf-8")
        commit = ("git add -A", "git commit -q -m state")
        for command in ("git init -q", "dvc init -q", *commit, "dvc repro -q", *commit):
            run(path, *command.split())
    return path


def publish(
    hub: LoopbackHub, repository: Path, model: str, *options: str, repo: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    command = ("-m", "ultramed.cli.publish", "models", "--repo-id", repo or f"me/{model}", "--model", model)
    done = hub.run(*command, *options, cwd=repository, **more)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def refusals(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 1, done.stdout
    return [line for line in done.stderr.splitlines() if line.startswith("ERROR")]


def client(hub: LoopbackHub, code: str, *arguments: str, **more: str) -> str:
    """The output of a process with a fresh cache."""
    done = hub.run("-c", code, *arguments, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commits(hub: LoopbackHub) -> int:
    return sum("/commit/" in r["path"] or "/tag/" in r["path"] for r in hub.requests())


def test_a_policy_is_read_back_as_it_was_trained(
    start_hub: Callable[..., LoopbackHub], repository: Path, tmp_path: Path
) -> None:
    hub, fresh = start_hub(), {"HF_HOME": str(tmp_path / "fresh")}
    done = publish(hub, repository, "sft", "--tag", "v1")
    assert done.returncode == 0, done.stderr
    assert "UltraMedical, model sft → me/sft (private, tag v1)" in done.stdout
    assert "6 rows   medical" in done.stdout
    assert done.stdout.splitlines()[-2:] == [
        f"{hub.url}/me/sft", "AutoModelForCausalLM.from_pretrained('me/sft', revision='v1')"
    ]
    assert client(hub, GENERATE, "me/sft", "v1", **fresh) == "4"
    there = Path(client(hub, DOWNLOAD, "me/sft", "v1", **fresh))
    own = {p.name: p.read_bytes() for p in (repository / "models/transformers/sft").iterdir()}
    assert {name: (there / name).read_bytes() for name in own} == own  # model.safetensors among them
    assert {"model.safetensors", "training.json", "tokenizer.json", "chat_template.jinja"} <= set(own)
    added = {p.relative_to(there).as_posix() for p in there.rglob("*") if p.is_file()} - set(own)
    assert added == {"README.md", "NOTICE.md", ".eval_results/medqa_test.yaml", ".gitattributes"}
    # 2 of 3 MedQA items, 0 of 1 anatomy item
    results = json.loads(client(hub, RESULTS, "me/sft", "v1", **fresh))
    assert results == ["cc-by-4.0", [0.6667, 0.0], "someone/medqa", 0.6667]
    before = commits(hub)
    again = publish(hub, repository, "sft", "--tag", "v1")
    assert (again.stdout, commits(hub)) == (done.stdout, before)
    assert list((repository / ".ultramed").glob("publish-*")) == []


def test_a_reward_model_is_gated_and_read_back_as_a_classifier(
    start_hub: Callable[..., LoopbackHub], repository: Path, tmp_path: Path
) -> None:
    hub = start_hub()
    done = publish(hub, repository, "reward", "--tag", "v1")
    assert done.returncode == 0, done.stderr
    assert "(private and gated, tag v1)" in done.stdout
    assert client(hub, REWARD, "me/reward", "v1", HF_HOME=str(tmp_path / "fresh")) == "(1, 1) True"
    state = "from huggingface_hub import HfApi; i = HfApi().model_info('me/reward'); print(i.private, i.gated)"
    assert client(hub, state) == "True manual"
    paths = [r["path"] for r in hub.requests()]
    assert paths.index("/api/models/me/reward/settings") < paths.index("/api/models/me/reward/commit/main")


def test_public_is_for_open_models_alone(start_hub: Callable[..., LoopbackHub], repository: Path) -> None:
    hub = start_hub()
    refusal, = refusals(publish(hub, repository, "reward", "--public"))
    assert "--public: cannot be used with model 'reward': its rights are 'research'" in refusal
    assert "because of ultrainteract, 2 row(s) of reward" in refusal
    assert not (hub.root / "requests.jsonl").exists()
    assert publish(hub, repository, "sft", "--public").returncode == 0
    seen = "from huggingface_hub import HfApi; print(HfApi().model_info('me/sft').private)"
    assert client(hub, seen, HF_TOKEN="") == "False"


@pytest.mark.parametrize(("path", "value", "options", "words"), [
    (("general", "ultrainteract", "rights"), "quarantine", [], "its rights are 'quarantine', which nobody may publish, "
     "because of ultrainteract, 2 row(s) of reward"),
    (("models", "local", "smollm2", "rights"), "deny", [], "because of model smollm2"),
    (("models", "local", "smollm2", "demonstration"), True, ["--public"], "which is for demonstration only"),
])
def test_what_params_forbid_now_is_refused(
    start_hub: Callable[..., LoopbackHub], repository: Path, path: tuple, value: object, options: list[str], words: str
) -> None:
    hub = start_hub()
    with contextlib.chdir(repository):
        model_world.change_params(repository, *path, value=value)
    run(repository, "git", "commit", "-q", "-a", "-m", "rights")
    found = refusals(publish(hub, repository, "reward", *options))
    assert any(words in line for line in found), found
    assert not (hub.root / "requests.jsonl").exists()


def test_all_refusals_are_named_at_once(start_hub: Callable[..., LoopbackHub], repository: Path) -> None:
    hub = start_hub()
    (repository / "stray.txt").write_text("x")
    (repository / "quality/paired.json").unlink()
    weights = repository / "models/transformers/sft/model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.unlink()  # an output may be a link into the cache
    weights.write_bytes(content)
    found = refusals(publish(hub, repository, "sft", "--dry-run", "--tag", "a tag"))
    assert [line.split(": ")[0] for line in found] == [
        "ERROR models/transformers/sft", "ERROR --tag", "ERROR git", "ERROR dvc", "ERROR gate 'paired'"
    ]
    assert ", dvc.lock has " in found[0]
    assert "train@sft" in found[3]
    assert not (hub.root / "requests.jsonl").exists()


@pytest.mark.parametrize(("model", "words"), [
    ("base", "--model: is the base, which was not trained here and cannot be published"),
    ("kto", "the model has not been trained"), ("stf", "--model: is 'stf'; expected one of sft, reward"),
])
def test_what_is_no_trained_model_of_ours_is_refused(
    start_hub: Callable[..., LoopbackHub], repository: Path, model: str, words: str
) -> None:
    refusal, = refusals(publish(start_hub(), repository, model))
    assert words in refusal


def test_a_dry_run_shows_everything_and_asks_nobody(start_hub: Callable[..., LoopbackHub], repository: Path) -> None:
    hub = start_hub()
    done = publish(hub, repository, "sft", "--dry-run", HF_TOKEN="")
    assert done.returncode == 0, done.stderr
    for name in ("model.safetensors", "README.md", "NOTICE.md", ".eval_results/medqa_test.yaml", "training.json"):
        assert f"bytes  {name}\n" in done.stdout
    assert "token and Hub repository were not checked" in done.stdout
    assert not (hub.root / "requests.jsonl").exists()


def test_a_published_tag_never_moves(start_hub: Callable[..., LoopbackHub], repository: Path) -> None:
    hub = start_hub()
    assert publish(hub, repository, "sft", "--tag", "v1").returncode == 0
    with contextlib.chdir(repository):
        model_world.change_params(repository, "evaluate", "items", value=3)  # this changes the card
    run(repository, "git", "commit", "-q", "-a", "-m", "items")
    refusal, = refusals(publish(hub, repository, "sft", "--tag", "v1"))
    assert "me/sft, tag v1: marks commit " in refusal and "choose another --tag" in refusal
    assert publish(hub, repository, "sft", "--tag", "v2").returncode == 0


def test_repositories_that_hold_something_else_are_left_alone(
    start_hub: Callable[..., LoopbackHub], repository: Path
) -> None:
    hub = start_hub()
    assert publish(hub, repository, "sft").returncode == 0
    refusal, = refusals(publish(hub, repository, "reward", repo="me/sft"))
    assert "me/sft: holds model 'sft, open', and its history stays readable; this is 'reward, research'" in refusal
    client(hub, "from huggingface_hub import HfApi; api = HfApi()\n"
                "api.create_repo('me/data', repo_type='dataset', private=True)\n"
                "api.create_repo('me/theirs')\n"
                "api.upload_file(path_or_fileobj=b'{}', path_in_repo='config.json', repo_id='me/theirs')")
    refusal, = refusals(publish(hub, repository, "sft", repo="me/data"))
    assert "me/data: is a dataset on the Hub; expected a model" in refusal
    refusal, = refusals(publish(hub, repository, "sft", "--public", repo="me/theirs"))
    assert "me/theirs: holds 1 file(s) that no training here made, the first is config.json" in refusal
