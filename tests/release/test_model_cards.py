"""Cards, notices and results of models. Expected numbers come from `model_world.write_results`."""

import re
from pathlib import Path

import model_world
import pytest
from huggingface_hub import ModelCard as HubCard
from huggingface_hub import parse_eval_result_entries
from ruamel.yaml import YAML

from ultramed.params import Params
from ultramed.release import model_results
from ultramed.release.model_cards import ModelCard, pages
from ultramed.release.models import find
from ultramed.training.job import data_hash

SAMPLE = "data/raw/sample/medqa_test/test.jsonl"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The models of the world in a fresh current folder."""
    monkeypatch.chdir(tmp_path)
    settings = model_world.write_params(tmp_path)
    model_world.write_models()
    return settings


def made(settings: Params, name: str = "sft", tag: str | None = "v1") -> dict[str, str]:
    return pages(ModelCard(find(settings, name), model_results.measure(settings, name), f"me/{name}", tag))


def read(card: str) -> HubCard:
    """The card as the Hub's client reads it; a header it cannot read is an error."""
    return HubCard(card, ignore_metadata_errors=False)


def cells(card: str, first: str) -> list[str]:
    line = next(line for line in card.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_an_open_policy(here: Params) -> None:
    data = read(made(here)["README.md"]).data
    assert (data.license, data.library_name, data.pipeline_tag) == ("cc-by-4.0", "transformers", "text-generation")
    assert (data.language, data.base_model, data.datasets) == (["en"], None, None)
    assert "demonstration" not in data.tags
    assert "extra_gated_prompt" not in data


def test_a_research_reward_model_asks_before_giving_access(here: Params) -> None:
    card = made(here, "reward")["README.md"]
    data = read(card).data
    assert (data.license, data.pipeline_tag) == ("cc-by-nc-4.0", "text-classification")
    assert "reward-model" in data.tags
    assert "not for clinical use" in data["extra_gated_prompt"]
    assert "AutoModelForSequenceClassification.from_pretrained(name, revision=revision)" in card
    # the hard pair has equal rewards: wrong; the two easy ones are right
    assert cells(card, "hard")[:4] == ["hard", "0", "1", "0.0"]
    assert cells(card, "easy")[:4] == ["easy", "2", "2", "100.0"]
    assert cells(card, "all")[:4] == ["all", "2", "3", "66.7"]
    assert "**unreviewed**" in card


def test_recipe_has_a_licence_of_no_name_on_the_hub(here: Params) -> None:
    model_world.change_record("sft", rights="recipe")
    data = read(made(here)["README.md"]).data
    assert (data.license, data.license_name) == ("other", "not-to-be-passed-on")


def test_a_base_on_the_hub_is_named(here: Params) -> None:
    settings = model_world.change_params(Path(), "models", "local", "smollm2", "location",
                                         value="hf://models/HuggingFaceTB/SmolLM2-135M-Instruct")
    assert read(made(settings)["README.md"]).data.base_model == "HuggingFaceTB/SmolLM2-135M-Instruct"


def test_results_stand_in_the_card_with_their_intervals(here: Params) -> None:
    card = made(here)["README.md"]
    # 2 of 3 by Wilson's interval: (2/3 + 1.92/3 ± 1.96 · sqrt(2/27 + 0.96/9)) / (1 + 3.84/3) = 0.208 and 0.939
    assert cells(card, "MedQA") == ["MedQA", "someone/medqa", "2", "3", "66.7", "20.8 to 93.9"]
    assert cells(card, "MMLU anatomy")[1:4] == ["sample, written for this project", "0", "1"]
    mean = cells(card, "Mean over 2 of the paper's nine tasks")
    assert mean[4] == "33.3"  # of 66.7 and 0
    assert "Answers: answered 3, unreadable 1." in card
    assert "**Self-consistency of 3**" in card
    assert "**Best of 3**, zero-shot, the answer that `reward` rewards most" in card
    assert "must not be set beside" in card


def test_model_index_holds_every_way_of_answering(here: Params) -> None:
    found = read(made(here)["README.md"]).data.eval_results
    assert found is not None
    by_name = {(r.dataset_name, r.metric_name): r for r in found}
    greedy = by_name["MedQA (someone/medqa)", "Accuracy, greedy"]
    assert (greedy.dataset_type, greedy.dataset_revision) == ("someone/medqa", model_world.REVISION)
    assert (greedy.metric_value, greedy.metric_args["items"]) == (0.6667, 3)
    assert by_name["MedQA (someone/medqa)", "Accuracy, self-consistency of 3"].metric_value == 1.0
    assert by_name["MMLU anatomy (sample, written for this project)", "Accuracy, greedy"].dataset_type == "custom"


def test_only_all_items_of_a_data_set_on_the_hub_are_filed_under_it(here: Params) -> None:
    found = made(here)
    assert [path for path in found if path.startswith(".eval_results/")] == [".eval_results/medqa_test.yaml"]
    entry, = parse_eval_result_entries(YAML(typ="safe").load(found[".eval_results/medqa_test.yaml"]))
    assert (entry.dataset_id, entry.task_id, entry.value) == ("someone/medqa", "default", 0.6667)
    assert (entry.dataset_revision, entry.date) == (model_world.REVISION, None)
    assert entry.notes is not None and entry.notes.startswith("3 items, greedy, zero-shot")


@pytest.mark.parametrize(("path", "value"), [
    (("evaluate", "items"), 3),
    (("benchmarks", "medqa_test"), {"location": SAMPLE, "sha256": "0" * 64, "format": "medqa"}),
])
def test_a_part_and_the_sample_are_filed_nowhere(here: Params, path: tuple, value: object) -> None:
    found = made(model_world.change_params(Path(), *path, value=value))
    assert sorted(found) == ["NOTICE.md", "README.md"]
    assert "None of these results is filed under a benchmark of the Hub" in found["README.md"]


def test_a_model_without_results_says_so(here: Params) -> None:
    card = made(here, "dpo")["README.md"]
    assert "It has not been evaluated." in card
    assert "model-index" not in card


def test_the_whole_history_stands_in_card_and_notice(here: Params) -> None:
    found = made(here, "dpo")
    for words in ("### dpo", "### sft", "direct preference optimisation", "2 steps, 0.50 times through 6 rows, seed 7",
                  "train/loss", "trl 1.16.0", data_hash(model_world.PREFERENCES)):
        assert words in found["README.md"]
    assert cells(found["README.md"], "ultrainteract")[1:4] == ["research", "2", "sample"]
    assert "UltraInteract, pairs (openbmb/UltraInteract_pair)" in found["NOTICE.md"]
    assert "because of ultrainteract, 2 row(s) of dpo" in found["NOTICE.md"]


def test_demonstration_stands_in_the_first_lines(here: Params) -> None:
    assert "Demonstration" not in made(here)["README.md"]
    model_world.change_record("sft", demonstration=True)
    found = read(made(here)["README.md"])
    assert "Demonstration scale, not for use" in "\n".join(found.text.strip().splitlines()[:4])
    assert {"demonstration", "not-for-use"} <= set(found.data.tags)
    assert "worthless as medicine" in found.text


@pytest.mark.parametrize(("tag", "revision"), [("v1", "v1"), (None, "main")])
def test_the_code_loads_what_was_tagged(here: Params, tag: str | None, revision: str) -> None:
    assert f'name, revision = "me/sft", "{revision}"' in made(here, tag=tag)["README.md"]


def test_no_answer_no_time_and_no_place_is_in_any_page(here: Params, tmp_path: Path) -> None:
    text = "".join(made(here).values())
    assert "text of an answer" not in text
    assert "somebody" not in text  # in the path of the launcher's configuration
    assert "accelerate.yaml" in text
    assert str(tmp_path) not in text
    assert not re.search(r"\d{2}:\d{2}", text)
    assert made(here) == made(here)


def test_untrusted_names_cannot_leave_their_cell(here: Params) -> None:
    hostile = "a | b\n<script>alert(1)</script>"
    model_world.change_record("sft", versions={hostile: "`x`[y](z)"}, figures={hostile: 1.0})
    card = made(here)["README.md"]
    assert "<script>" not in card
    assert "a &#124; b &lt;script&gt;" in card
    assert "&#96;x&#96;&#91;y&#93;" in card
