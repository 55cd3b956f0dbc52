"""Every expectation has a row that breaks it, and the failure names that row."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from world import BENCHMARK, World, settings

from ultramed.artifacts import ARTIFACTS, PAIRED
from ultramed.gates import suites
from ultramed.gates.balance import BALANCED
from ultramed.gates.gate import judge, suite
from ultramed.gates.store import Store
from ultramed.records import Instruction, Message, Option

Fault = tuple[str, tuple[str, str, str], int, dict[str, Any]]  # words, table, row, changes


def same_as(other: int, *names: str) -> dict[str, Callable[[list[Any]], Any]]:
    """Values to take from another row of the table."""
    return {name: lambda rows, n=name: getattr(rows[other], n) for name in names}


def reworded(row: Instruction) -> list[Message]:
    """The row's question with one more word at its end."""
    return [Message("user", f"{row.question} Explain.")]


EXAMS, SCREENED = ("collected", "medqa", "rows"), ("screened", "", "rows")
TEXTBOOK, EVOLVED = ("synthetic", "textbook", "rows"), ("evolved", "medqa", "rows")
WRITTEN, DRAFTS = ("synthetic", "textbook", "drafts"), ("evolved", "medqa", "drafts")
SCORED, CURATED, SPLIT = ("scored", "", "rows"), ("curated", "", "rows"), ("split", "", "rows")
COMPLETED, CAREFUL = ("completed", "", "rows"), ("candidates", "careful", "rows")
JUDGED, PAIRS, SELECTED = ("judged", "", "rows"), ("paired", "", "rows"), ("paired", "", "selected")
LONG = "word " * 1201

CHAT, TAUGHT = ("general", "ultrachat", "rows"), ("instructions", "ultramix", "rows")
PREFERRED = ("preferences", "ultramix", "rows")
ROUND, ANSWERS = ("sampled", "1", "rows"), ("evaluated", "sft", "rows")
LOST = ("every source hands over at least one row", "no source has lost rows since its figures were accepted, as "
        "checks.collected.least_of_accepted allows")
FAMILY_WATCHED = "a family of both"


def learnt(table: tuple[str, str, str], rights: dict[str, Any], role: str) -> list[Fault]:
    """Faults for the rules shared by all training rows, in rows 1 to 4."""
    return [
        ("rights are among those that may be learnt from", table, 1, rights),
        ("the last turn is the right one's", table, 2, {"messages": [Message(role, "So.")]}),
        ("no turn is empty", table, 3, {"messages": [Message("user", " ")]}),
        ("texts are within mix.max_characters", table, 4, {"messages": [Message("user", "x" * 9000)]}),
    ]


FAULTS: dict[str, list[Fault]] = {
    "collected": [
        ("ids are unique", EXAMS, 0, same_as(1, "id")),
        ("ids have the form Prefix,key with their source's prefix", EXAMS, 2, {"id": "MedMCQA,2"}),
        ("sources are known", EXAMS, 3, {"source": "blog"}),
        ("each row is in its source's folder", EXAMS, 3, {"source": "blog"}),
        ("categories are known", EXAMS, 4, {"category": "quiz"}),
        ("question kinds are known", EXAMS, 5, {"kind": "poem"}),
        ("the class of rights is known", EXAMS, 6, {"rights": "maybe"}),
        ("every row has a family", EXAMS, 7, {"family": " "}),
        ("the last turn is the user's", EXAMS, 8, {"messages": [Message("assistant", "It is so.")]}),
        ("no turn and no option is empty", EXAMS, 9, {"messages": [Message("user", " \n\t")]}),
        ("the question has words", EXAMS, 9, {"messages": [Message("user", " \n\t")]}),
        ("exam and literature items have 2 to 10 options", EXAMS, 10, {"options": [Option("A", "yes")], "key": "A"}),
        ("options are lettered A, B, C …", EXAMS, 11, {"options": [Option("B", "x"), Option("A", "y")], "key": "A"}),
        ("items with options have a key", EXAMS, 12, {"key": None}),
        ("the key is one of the option letters", EXAMS, 13, {"key": "E"}),
        ("raw rows were never evolved", EXAMS, 14, {"round": 1}),
    ],
    "screened": [
        ("questions have screen.min_words to max_words", SCREENED, 0, {"messages": [Message("user", LONG)]}),
        ("rows whose rights are denied were held back", SCREENED, 2, {"rights": "deny"}),
        ("no question is there twice, word for word", SCREENED, 3, same_as(4, "messages", "options")),
        ("no near-duplicate is left", SCREENED, 6,
         {"messages": lambda rows: reworded(rows[5])} | same_as(5, "options")),
        ("no row gives away a benchmark question", SCREENED, 7, {"messages": [Message("user", BENCHMARK)]}),
    ],
    "synthetic": [
        ("sources are known", TEXTBOOK, 0, {"source": "medqa"}),
        ("rows are marked synthetic", TEXTBOOK, 1, {"synthetic": False}),
        ("the question has words", TEXTBOOK, 2, {"messages": [Message("user", "")]}),
        ("no key was found from the options alone by all of textbook.blind", WRITTEN, 3, {"blind": 2}),
        ("at least evolve.agree solvers found the key", WRITTEN, 4, {"for_key": 0}),
        ("no other letter has more votes than the key", WRITTEN, 5, {"for_key": 1, "against": 3}),
    ],
    "evolved": [
        ("rows are marked synthetic", EVOLVED, 0, {"synthetic": False}),
        ("rounds of evolution are within evolve.sets", EVOLVED, 1, {"round": 9}),
        ("the parent is a known row", EVOLVED, 2, {"parent": "MedQA,none"}),
        ("parent and child are of one family", EVOLVED, 3, {"family": "MedQA,0"}),
        ("the question has words", EVOLVED, 4, {"messages": [Message("user", "")]}),
        ("every row has the figures of its draft", DRAFTS, 0, {"growth": None}),
        ("questions grew by evolve.growth words at most", DRAFTS, 1, {"growth": 400}),
        ("at least evolve.agree solvers found the key", DRAFTS, 2, {"for_key": 0}),
        ("no other letter has more votes than the key", DRAFTS, 3, {"for_key": 1, "against": 2}),
    ],
    "scored": [
        ("ids are unique", SCORED, 0, same_as(2, "id")),
        ("scores are in range", SCORED, 3, {"score": 10.5}),
        ("every row has a score", SCORED, 4, {"score": float("nan")}),
        ("scores were taken by score.method", SCORED, 5, {"method": "guess"}),
        ("every score names the request it came from", SCORED, 6, {"request_key": ""}),
    ],
    "curated": [
        ("questions are no longer than screen.max_words", CURATED, 0, {"messages": [Message("user", LONG)]}),
        ("rows whose rights are denied were held back", CURATED, 2, {"rights": "deny"}),
        ("no question is there twice, word for word", CURATED, 3, same_as(4, "messages", "options")),
        ("no near-duplicate is left", CURATED, 9,
         {"messages": lambda rows: reworded(rows[8])} | same_as(8, "options")),
        ("no row gives away a benchmark question", CURATED, 10, {"messages": [Message("user", BENCHMARK)]}),
        ("every row has a score", CURATED, 5, {"id": "MedQA,unscored"}),
        ("every source has a threshold in curate.min_score", CURATED, 6, {"source": "blog"}),
        ("scores reach their source's threshold", CURATED, 7, {"id": "MedQA,1"}),  # score 1.5, threshold 3.0
    ],
    "split": [
        ("each row is in one split", SPLIT, 0, same_as(1, "id")),
        ("splits are known", SPLIT, 2, {"split": "validation"}),
        ("every row has a family", SPLIT, 3, {"family": ""}),
        ("no family is spread over splits", SPLIT, 4, same_as(5, "family") | {"split": "elsewhere"}),
        ("descendants of one row lie in one split", SPLIT, 2, {"split": "validation"}),
    ],
    "completed": [
        ("ids are unique", COMPLETED, 0, same_as(1, "id")),
        ("ids have the form <instruction id>@<author>", COMPLETED, 2, {"id": "MedQA,2"}),
        ("the instruction is in the curated set", COMPLETED, 3, {"instruction_id": "MedQA,none"}),
        ("no answer is empty", COMPLETED, 4, {"text": "\n "}),
        ("one answer per instruction", COMPLETED, 5, same_as(6, "instruction_id")),
        ("answers are by complete.model", COMPLETED, 7, {"author": "someone"}),
        ("attempts are within complete.attempts", COMPLETED, 8, {"attempts": 9}),
        ("the letter read from the answer is the key", COMPLETED, 9, {"extracted": None}),
        ("every answer names the request it came from", COMPLETED, 10, {"request_key": None}),
    ],
    "candidates": [
        ("ids are unique", CAREFUL, 0, same_as(1, "id")),
        ("ids have the form <instruction id>@<author>", CAREFUL, 2, {"id": "MedQA,2"}),
        ("the instruction is in the curated set", CAREFUL, 3, {"instruction_id": "MedQA,none"}),
        ("no answer is empty", CAREFUL, 4, {"text": ""}),
        ("one answer per member and instruction", CAREFUL, 5, same_as(6, "instruction_id")),
        ("each answer is in its author's folder", CAREFUL, 7, {"author": "brief"}),
        ("answers are by the pool's members", CAREFUL, 8, {"author": "someone"}),
    ],
    "judged": [
        ("each candidate is judged once", JUDGED, 0, same_as(1, "candidate_id")),
        ("the candidate is a known one", JUDGED, 2, {"candidate_id": "MedQA,0@nobody"}),
        ("the candidate answers that instruction", JUDGED, 20, {"instruction_id": "MedMCQA,elsewhere"}),
        ("at least two candidates are judged together", JUDGED, 20, {"instruction_id": "MedMCQA,elsewhere"}),
        ("scores are 1 to 5", JUDGED, 5, {"score": 6}),
        ("ranks are 1 to n, each once", JUDGED, 8, {"rank": 7}),
        ("positions shown are 1 to n, each once", JUDGED, 12, {"shown": 0}),
        ("feedback is by judge.model", JUDGED, 13, {"judge": "someone"}),
        ("every feedback names the request it came from", JUDGED, 14, {"request_key": ""}),
    ],
    "paired": [
        ("ids are unique", PAIRS, 0, same_as(1, "id")),
        ("two candidates make one pair", PAIRS, 2, same_as(3, "chosen_id", "rejected_id")),
        ("both candidates are known", PAIRS, 4, {"chosen_id": "MedQA,0@nobody"}),
        ("both candidates answer that instruction", PAIRS, 5, {"instruction_id": "MedMCQA,2"}),
        ("chosen and rejected differ", PAIRS, 6, {"rejected_id": lambda rows: rows[6].chosen_id}),
        ("chosen ranks before rejected", PAIRS, 7, {"chosen_rank": 4, "rejected_rank": 1}),
        ("chosen scores are 1 to 5", PAIRS, 8, {"chosen_score": 9}),
        ("rejected scores are 1 to 5", PAIRS, 9, {"rejected_score": 0}),
        ("margins are 0 to 4: ranks agree with scores", PAIRS, 10, {"margin": -1}),
        ("the margin is the difference of the scores", PAIRS, 10, {"margin": -1}),
        ("splits are known", PAIRS, 11, {"split": "validation"}),
        ("the split is the one its instruction was assigned", PAIRS, 11, {"split": "validation"}),
        ("unselected pairs carry no label", PAIRS, 12, {"label_type": "easy"}),
        ("label types are known", SELECTED, 0, {"label_type": "human"}),
        ("margin or length fits the label type", SELECTED, 0, {"label_type": "human"}),
        ("selected pairs are among all pairs", SELECTED, 1, {"id": "MedQA,0#x>y"}),
        ("no prompt comes twice with the same chosen and rejected text", SELECTED, 2,
         same_as(3, "instruction_id", "chosen_id", "rejected_id")),
        ("pairs per prompt are within pair.per_prompt", SELECTED, 6, same_as(8, "instruction_id")),
        ("no prompt is in two splits", SELECTED, 5, {"split": "elsewhere"}),
    ],
    "general": [
        ("ids are unique", CHAT, 5, same_as(6, "id")),
        ("each row is in its set's folder", CHAT, 0, {"source": "openorca"}),
        ("sets are known", CHAT, 7, {"source": "blog"}),
        *learnt(CHAT, {"rights": "deny"}, "system"),
    ],
    "instructions": [
        ("sets are known", TAUGHT, 0, {"source": "blog"}),
        *learnt(TAUGHT, {"rights": "quarantine"}, "user"),
        ("medical rows are used as their split says", TAUGHT, 5, {"id": "MedQA,of_no_split"}),
        ("no family is both learnt from and watched on", TAUGHT, 6, {"family": FAMILY_WATCHED}),
    ],
    "preferences": [
        ("sets are known", PREFERRED, 0, {"source": "blog"}),
        *learnt(PREFERRED, {"rights": "quarantine"}, "assistant"),
        ("medical rows are used as their split says", PREFERRED, 5, {"id": "MedQA,of_no_split"}),
        ("no family is both learnt from and watched on", PREFERRED, 6, {"family": FAMILY_WATCHED}),
        ("chosen and rejected differ", PREFERRED, 7, {"rejected": lambda rows: rows[7].chosen}),
        ("no answer is empty", PREFERRED, 0, {"rejected": " "}),
    ],
    "sampled": [
        ("sets are known", ROUND, 0, {"source": "blog"}),
        ("rights are among those that may be learnt from", ROUND, 1, {"rights": "deny"}),
        ("the last turn is the right one's", ROUND, 2, {"messages": [Message("assistant", "So.")]}),
        ("no turn is empty", ROUND, 3, {"messages": [Message("user", " ")]}),
        ("texts are within mix.max_characters", ROUND, 4, {"messages": [Message("user", "x" * 9000)]}),
        ("chosen and rejected differ", ROUND, 0, {"rejected": "Yes, because."}),
        ("no answer is empty", ROUND, 1, {"chosen": ""}),
        ("the chosen answer has the higher reward", ROUND, 2,
         {"id": lambda rows: rows[2].id.replace("dpo-1>reference", "reference>dpo-1")}),
    ],
    "evaluated": [
        ("one prediction an item and policy", ANSWERS, 0, same_as(1, "id")),
        ("each prediction is in its policy's folder", ANSWERS, 2, {"policy": "dpo"}),
        ("each task is of its item's benchmark, one of the params", ANSWERS, 1, {"task": "trivia"}),
        ("answers are greedy", ANSWERS, 4, {"mode": "lucky"}),
        ("outcomes are known", ANSWERS, 0, {"outcome": "odd"}),
        ("an answer has a letter, and nothing else has", ANSWERS, 3, {"letter": "A"}),
        ("every policy answered the same items", ANSWERS, 2, {"item_id": "medqa_test,0"}),
    ],
}


AGAINST_KEY = "no chosen answer misses a key that the rejected one has, or is allowed to"


def test_a_pair_against_the_key_is_named(world: World) -> None:
    """The judge preferred an answer with another letter to one with the right one."""
    pair = next(p for p in world.rows[PAIRS] if p.chosen_id.startswith("MedQA"))
    table = ("candidates", pair.chosen_id.split("@")[1], "rows")
    at = next(n for n, c in enumerate(world.rows[table]) if c.id == pair.chosen_id)
    world.change(*table, at, extracted=None)
    world.write("candidates")
    failures = judge("paired", world.params, world.base).failures
    (line,) = [line for line in failures if f": {AGAINST_KEY}: " in line
               and line.startswith("rows")]
    assert pair.id in line


@pytest.mark.parametrize("artifact", list(FAULTS))
def test_each_broken_row_is_named_by_its_expectation(world: World, artifact: str) -> None:
    params = world.params
    if artifact == "paired":
        params = params.model_copy(update={"pair": params.pair.model_copy(update={"per_prompt": 2})})
    if artifact in ("instructions", "preferences"):
        first = world.rows[artifact, "ultramix", "rows"][0]
        world.rows[artifact, "ultramix", "dev"] = [replace(first, family=FAMILY_WATCHED)]
    expected = {}
    for words, table, at, values in FAULTS[artifact]:
        rows = world.rows[table]
        world.change(*table, at, **{k: v(rows) if callable(v) else v for k, v in values.items()})
        expected[words] = (table, at)
    world.write(artifact, *{table[0] for table, _ in expected.values()})

    failures = judge(artifact, params, world.base).failures

    for words, (table, at) in expected.items():
        row = world.rows[table][at]
        lines = [line for line in failures if f": {words}: expected " in line]
        assert lines, f"no failure says '{words}'"
        assert any(getattr(row, "id", getattr(row, "candidate_id", "")) in line for line in lines), lines


def test_every_expectation_has_a_broken_row_or_a_test_of_its_own(world: World) -> None:
    store = Store(world.params, world.base)
    tested = {words for faults in FAULTS.values() for words, *_ in faults}
    elsewhere = {"there are enough rows", AGAINST_KEY, *BALANCED.values(), *LOST}  # test_gate, test_balance, test_drift
    elsewhere |= {words for *_, words in ORDERED} | {"letters of the right options of written items are even"}
    elsewhere |= {"no answer has more than its curate.answer_share"}
    elsewhere |= {"the profile allows the rights of every model behind a row"}
    for artifact in set(suites.names()) - {"release"}:  # tested separately below
        assert {rule.words for rule in suite(store, ARTIFACTS[artifact])} - tested - elsewhere == set()


ORDERED = [  # artifact, section of params, setting, rule that then breaks
    ("curated", "curate", {"keep": {"medqa": 2}}, "no source has more rows than curate.keep orders"),
    ("curated", "curate", {"keep": {"medquad": 0.1}}, "no source has more rows than curate.keep orders"),
    ("paired", "pair", {"quota": {"medqa": 0, "medquad": 0, "pubmedqa": 0, "medmcqa": 0, "chatdoctor": 0}},
     "no source has more selected pairs than its pair.quota"),
    ("paired", "pair", {"author_share": 0.05}, "no author has more chosen answers than pair.author_share"),
]


@pytest.mark.parametrize(("artifact", "section", "setting", "words"), ORDERED)
def test_what_goes_beyond_an_order_is_found(
    world: World, artifact: str, section: str, setting: dict[str, Any], words: str
) -> None:
    asked = getattr(world.params, section).model_copy(update=setting)
    found = judge(artifact, world.params.model_copy(update={section: asked}), world.base).failures
    assert any(f": {words}: " in line for line in found), found


def test_an_answer_that_nearly_all_rows_have_is_found(world: World) -> None:
    options = [Option("A", "yes"), Option("B", "no"), Option("C", "maybe")]
    world.rows["curated", "", "rows"] = [replace(r, options=options, key="A") if r.source == "pubmedqa" else r
                                         for r in world.rows["curated", "", "rows"]]
    world.write("curated")
    asked = world.params.curate.model_copy(update={"answer_share": {"pubmedqa": 0.5}})
    found = judge("curated", world.params.model_copy(update={"curate": asked}), world.base).failures
    assert any("no answer has more than its curate.answer_share" in line for line in found)


def test_uneven_letters_of_written_items_are_found(world: World) -> None:
    rows = world.rows["curated", "", "rows"]
    own = [r for r in rows if r.source == "textbookqa"]
    copies = [replace(r, id=f"{r.id}x{n}", key="C") for r in own for n in range(20)]
    world.rows["curated", "", "rows"] = [*(replace(r, key="C") if r in own else r for r in rows), *copies]
    world.write("curated")
    found = judge("curated", world.params, world.base).failures
    assert any("letters of the right options of written items are even" in line for line in found)


def test_a_wider_scale_of_the_judge_widens_its_gates(world: World) -> None:
    wider = world.params.model_copy(update={"judge": world.params.judge.model_copy(update={"scale": 7})})
    rules = suite(Store(wider, world.base), PAIRED)
    assert {r.expected for r in rules if r.column == "chosen_score"} == {"1 or 2 or 3 or 4 or 5 or 6 or 7"}
    assert {r.expected for r in rules if r.column == "margin"} == {"0 to 6"}


@pytest.mark.parametrize("artifact", suites.names())
def test_a_healthy_artifact_breaks_nothing(world: World, artifact: str) -> None:
    assert judge(artifact, world.params, world.base).failures == []


def test_a_release_shows_only_what_its_profile_allows(world: World) -> None:
    open_rows = world.published["open", "instructions", "train"]
    curated = {r.id: r for r in world.rows["curated", "", "rows"]}
    mine = next(r.id for r in curated.values() if r.rights == "recipe")
    unknown, twice, elsewhere = open_rows[0], open_rows[1], open_rows[3]
    unknown["id"] = "MedQA,none"
    open_rows[2] = dict(twice)
    open_rows.append({"id": mine, "answer": "A"})
    world.published["open", "instructions", "test"].append(dict(elsewhere))
    for row in world.published["recipe", "instructions", "train"]:
        row["question"] = "What is it?"
    world.write("release")

    failures = judge("release", world.params, world.base).failures

    for words, row_id in (
        ("every row comes from the curated set", "MedQA,none"),
        ("ids are unique within a profile's table", twice["id"]),
        ("the profile allows the rights of every row", mine),
        ("no instruction is in two splits of a profile", elsewhere["id"]),
        ("profiles without text show none", world.published["recipe", "instructions", "train"][0]["id"]),
    ):
        assert any(f"rows: {words}: " in line and row_id in line for line in failures), (words, failures)


def test_an_override_reopens_a_source_but_quarantine_is_never_released(world: World) -> None:
    first = next(r for r in world.rows["curated", "", "rows"] if r.rights == "quarantine")
    world.published["open", "instructions", "train"].append({"id": first.id, "answer": ""})
    world.write("release")
    words = ("quarantined and denied rows are in no profile", "the profile allows the rights of every row")

    before = judge("release", world.params, world.base).failures
    signed = settings(release={"overrides": {first.source: {
        "rights": "open", "by": "A. Person", "on": "2024-06-06", "because": "written consent of the source's owner"}}})
    after = judge("release", signed, world.base).failures

    assert all(any(w in line and first.id in line for line in before) for w in words)
    assert not any(w in line for line in after for w in words)
