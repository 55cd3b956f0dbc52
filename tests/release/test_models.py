"""Whether a model may be sent: rights, records, hashes and files, on folders no library needs to read."""

from pathlib import Path

import model_world
import pytest

from ultramed import artifacts
from ultramed.errors import ParamsError, PublishError
from ultramed.params import Params
from ultramed.release.models import audit, find, packed
from ultramed.sources.models import weights_hash
from ultramed.training.job import data_hash

SFT = artifacts.MODELS / "sft"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The models of the world in a fresh current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    settings = model_world.write_params(tmp_path)
    model_world.write_models()
    return settings


def refusals(settings: Params, name: str = "sft", public: bool = False) -> list[str]:
    return [str(refusal) for refusal in audit(find(settings, name), public)]


@pytest.mark.parametrize(("name", "rights"), [("sft", "open"), ("reward", "research"), ("dpo", "research")])
def test_a_model_is_as_free_as_the_least_free_of_what_it_learnt_from(here: Params, name: str, rights: str) -> None:
    assert find(here, name).rights == rights
    assert refusals(here, name) == []


def test_an_open_model_may_be_public_and_a_research_one_never(here: Params) -> None:
    assert refusals(here, "sft", public=True) == []
    assert refusals(here, "reward", public=True) == [
        "--public: cannot be used with model 'reward': its rights are 'research', and models trained on such text stay "
        "private and gated, because of ultrainteract, 2 row(s) of reward; leave it out"
    ]


def test_a_model_inherits_from_the_one_it_started_from(here: Params) -> None:
    model_world.change_record("sft", rights="recipe")
    dpo = find(here, "dpo")
    assert (dpo.rights, dpo.culprits) == ("recipe", ["sft/training.json"])


@pytest.mark.parametrize(("path", "culprit"), [
    (("general", "ultrainteract", "rights"), "ultrainteract, 2 row(s) of dpo"),
    (("sources", "medquad", "rights"), "medical (MedQuad), 6 row(s) of sft"),  # two models earlier
    (("models", "local", "smollm2", "rights"), "model smollm2"),  # base, teacher and judge
])
@pytest.mark.parametrize("rights", ["quarantine", "deny"])
def test_forbidden_rights_name_who_brought_them_about(here: Params, path: tuple, culprit: str, rights: str) -> None:
    settings = model_world.change_params(Path(), *path, value=rights)
    refusal, = refusals(settings, "dpo")
    assert f"model 'dpo': its rights are '{rights}', which nobody may publish, because of " in refusal
    assert culprit in refusal
    assert "\n" not in refusal


def test_a_round_inherits_from_the_reward_model_that_ranked_it(here: Params) -> None:
    (artifacts.SAMPLED / "1").mkdir(parents=True)
    for shard in model_world.PREFERENCES.iterdir():
        (artifacts.SAMPLED / "1" / shard.name).write_bytes(shard.read_bytes())
    model_world.write_files(artifacts.MODELS / "iterate-1")
    hashes = {"start": weights_hash(artifacts.MODELS / "dpo"), "data": data_hash(artifacts.SAMPLED / "1")}
    model_world.write_record("iterate-1", model_world.record("iterate-1", "dpo", hashes) | {"method": "dpo"})
    model_world.change_record("reward", rights="quarantine")
    model_world.lock()
    assert find(here, "iterate-1").culprits == ["reward, which ranked the pairs of iterate-1"]


def test_a_set_that_params_do_not_know_is_denied(here: Params) -> None:
    model_world.change_record("sft", rows={"medical": 6, "found_on_a_disk": 1})
    assert find(here, "sft").rights == "deny"


def test_demonstration_is_never_public(here: Params) -> None:
    model_world.change_record("sft", demonstration=True)
    model_world.lock()
    assert find(here, "sft").demonstration
    refusal, = [r for r in refusals(here, "sft", public=True) if "--public" in r]
    assert "cannot be used with model 'sft', which is for demonstration only" in refusal


@pytest.mark.parametrize(("name", "error", "words"), [
    ("base", PublishError, "is the base, which was not trained here and cannot be published"),
    ("stf", ParamsError, "is 'stf'; expected one of sft, reward, dpo, kto, iterate-1"),
    ("kto", PublishError, "the model has not been trained; run `dvc repro train@kto`"),
    ("iterate-1", PublishError, "the model has not been trained; run `dvc repro iterate@1`"),
])
def test_what_is_no_trained_model_of_ours_is_refused(here: Params, name: str, error: type, words: str) -> None:
    with pytest.raises(error, match=words.replace("(", r"\(")):
        find(here, name)


@pytest.mark.parametrize(("text", "words"), [
    ("{", "is damaged: the file: Invalid JSON"),
    ('{"name": "sft"}', "is damaged: method: Field required"),
    ('{"name": "sft", "method": "spo"}', "is damaged: method: is 'spo'; expected one of dpo, kto, reward"),
    ("[]", "is damaged: the file: "),
])
@pytest.mark.parametrize("name", ["sft", "dpo"])  # itself, and one that started from it
def test_a_damaged_record_is_one_line(here: Params, name: str, text: str, words: str) -> None:
    (SFT / "training.json").write_text(text)
    with pytest.raises(PublishError, match=f"sft/training.json: {words}") as refusal:
        find(here, name)
    assert "\n" not in str(refusal.value)


def test_the_record_of_another_model_is_refused(here: Params) -> None:
    model_world.change_record("sft", name="dpo")
    with pytest.raises(PublishError, match="is the record of 'dpo', not of 'sft'"):
        find(here, "sft")


def test_weights_that_dvc_did_not_version_are_refused(here: Params) -> None:
    (SFT / "model.safetensors").write_text("tampered")
    refusal, = refusals(here)
    assert "models/transformers/sft: is " in refusal
    assert ", dvc.lock has " in refusal
    # a model that started from it no longer matches its record either
    assert any("records models/transformers/sft with SHA-256" in r for r in refusals(here, "dpo"))


def test_data_that_it_was_not_made_from_are_refused(here: Params) -> None:
    shard = next(model_world.INSTRUCTIONS.glob("dev-*"))
    shard.write_bytes(shard.read_bytes() + b" ")
    refusal, = refusals(here)
    assert "records data/instructions/ultramix with SHA-256" in refusal


def test_all_refusals_are_named_at_once(here: Params) -> None:
    (SFT / "pytorch_model.bin").write_text("a pickle")
    (SFT / "modeling.py").write_text("code")
    (SFT / "model.safetensors").unlink()
    model_world.change_record("sft", rights="quarantine")
    found = refusals(here)
    assert [r.split(": ")[1][:18] for r in found] == [
        "has no place in a ", "has no place in a ", "holds no weights; ", "is " + found[3].split(": is ")[1][:15],
        "its rights are 'qu",
    ]


def test_mixtures_that_are_gone_are_named(here: Params) -> None:
    for shard in model_world.INSTRUCTIONS.iterdir():
        shard.unlink()
    assert any("data/instructions" in r for r in refusals(here))


def test_what_is_packed_is_what_lies_there_and_the_pages(here: Params) -> None:
    model = find(here, "sft")
    with packed(model, {"README.md": "card", ".eval_results/medqa.yaml": "- x"}) as folder:
        found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    own = {p.name: p.read_bytes() for p in SFT.iterdir()}
    assert found == own | {"README.md": b"card", ".eval_results/medqa.yaml": b"- x"}
    assert not folder.exists()
    assert len(list(SFT.iterdir())) == len(own)  # nothing was left behind
