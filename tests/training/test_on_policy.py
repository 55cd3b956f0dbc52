"""On-policy pairs: which prompts are asked, and that the reward model's best and worst become the pair."""

from collections import Counter

from oracle_endpoint import Body, Served, says, settings
from training_rows import example

from ultramed.inference.client import connect
from ultramed.params import Params
from ultramed.records import Example, Message, Sample
from ultramed.training.on_policy import prompts, rank, sample

QUESTION = "Which drug dissolves a fresh clot?\n\nA. Aspirin\nB. Heparin\nC. Warfarin\nD. Alteplase"


def planted(dialogues: list[list[dict[str, str]]]) -> list[float]:
    """A reward model that knows the truth: 1 for the right letter, less for each wrong one."""
    values = {"A": -3.0, "B": -2.0, "C": -1.0, "D": 1.0}
    return [values.get(d[-1]["content"].rstrip(".")[-1], 0.5) for d in dialogues]


def asked(served: Served, rows: list[Example], **changes: object) -> tuple[dict, Params]:
    params = settings(served.address, iterate__samples=6, **changes)
    with connect("oracle", "sample@1", params) as client:
        return sample(client, "1", rows, params), params


def test_the_reward_models_best_and_worst_become_the_pair(served: Served) -> None:
    served.oracle.truth = {"answers": {QUESTION.split("\n")[0]: "Alteplase"}}
    served.oracle.biases = type(served.oracle.biases)(error=0.6)  # the policy errs, each sample in its own way
    row = example("MedQA,1", QUESTION, "Fibrin is dissolved.", rights="recipe")
    answers, _ = asked(served, [row])
    letters = Counter(s.text.rstrip(".")[-1] for s in answers["MedQA,1"])
    assert len(answers["MedQA,1"]) == 6 and "D" in letters and len(letters) >= 3
    found = rank([row], answers, planted, "1")
    pair, = found.rows
    worst = min(letters)  # A is worst, then B, then C
    assert pair.chosen.endswith("is D.") and pair.rejected.endswith(f"is {worst}.")
    assert (pair.source, pair.label_type, pair.rights, pair.margin) == ("medical", "on-policy", "recipe", None)
    assert [m.content for m in pair.messages] == [QUESTION]
    rewards = [s.reward for s in found.samples]
    assert rewards == sorted(rewards, reverse=True) and len(found.samples) == len(letters) + 1


def test_the_reference_reply_competes() -> None:
    row = example("MedQA,1", said="The answer is D.")
    found = rank([row], {"MedQA,1": []}, planted, "1")
    assert [(v.outcome, v.code) for v in found.verdicts] == [("dropped", "too_few")] and len(found.samples) == 1
    sampled = rank([row], {"MedQA,1": [_said(row, "B")]}, planted, "1")
    assert sampled.rows[0].chosen == "The answer is D." and sampled.rows[0].id == "MedQA,1#reference>p-1"


def test_equal_rewards_make_no_pair() -> None:
    row = example("MedQA,1", said="first")
    found = rank([row], {"MedQA,1": [_said(row, "x"), _said(row, "y")]}, lambda ds: [0.0] * len(ds), "1")
    assert not found.rows and found.verdicts[0].code == "equal_rewards"


def test_a_dialogue_is_asked_with_all_its_turns_and_each_sample_with_its_own_seed(served: Served) -> None:
    turns = [Message("system", "Be brief."), Message("user", "I bleed."), Message("assistant", "Where?"),
             Message("user", "Gums."), Message("assistant", "Brush softly.")]
    asked(served, [example("ChatDoctor,1", messages=turns)])
    assert all(b["messages"] == [m.chat() for m in turns[:-1]] for b in served.bodies)
    assert len({b["seed"] for b in served.bodies}) == 6 == len(served.bodies)
    assert {(b["temperature"], b["top_p"]) for b in served.bodies} == {(0.8, 0.95)}


def test_unusable_replies_are_left_out(served: Served) -> None:
    def fall_silent(body: Body, reply: Body) -> None:
        if len(served.bodies) % 2:
            says(reply, "")

    served.spoil = fall_silent
    answers, _ = asked(served, [example("MedQA,1")])
    assert len(answers["MedQA,1"]) == 3


def test_prompts_are_drawn_by_id_each_once() -> None:
    rows = [example(f"MedQA,{n % 20}") for n in range(40)]
    few, more = ([r.id for r in prompts(rows, n, 7, "1")] for n in (5, 9))
    assert len(set(few)) == 5 and set(few) < set(more) and len(prompts(rows, None, 7, "1")) == 20
    assert {r.id for r in prompts(rows, 5, 7, "2")} != set(few)


def _said(row: Example, letter: str) -> Sample:
    return Sample(f"{row.id}@p-1" if letter in "Bx" else f"{row.id}@p-2", row.id, "p", f"The answer is {letter}.", 0.0,
                  "k")
