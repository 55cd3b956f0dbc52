"""The suites of what is said about instructions: answers, feedback, pairs."""

from ultramed.gates.rules import Rule, between, holds, one_of, unique
from ultramed.gates.store import Store

LABELS = ("easy", "hard", "length")


def completed(store: Store) -> list[Rule]:
    """One answer per instruction, which reaches the key where there is one."""
    settings = store.params.complete
    return [
        *_answers(),
        unique("rows", "instruction_key", "one answer per instruction"),
        one_of("rows", "author", (settings.model,), "answers are by complete.model"),
        between("rows", "attempts", 1, settings.attempts, "attempts are within complete.attempts"),
        holds("rows", "matches_key", "the letter read from the answer is the key"),
        holds("rows", "has_request", "every answer names the request it came from"),
    ]


def candidates(store: Store) -> list[Rule]:
    """At most one answer per pool member and instruction."""
    return [
        *_answers(),
        holds("rows", "own_author", "each pool member's answers lie in its own folder"),
        one_of("rows", "author", tuple(store.params.candidates.authors), "answers are by the pool's members"),
        unique("rows", "once_key", "one answer per member and instruction"),
    ]


def judged(store: Store) -> list[Rule]:
    """Scores, ranks and positions of the candidates of one instruction fit together. Whether the ranking agrees
    with the scores is the judge's business (a figure); pairs that contradict it are not made (a rule there)."""
    return [
        unique("rows", "id_key", "each candidate is judged once"),
        holds("rows", "candidate_known", "the candidate is a known one"),
        holds("rows", "own_instruction", "the candidate answers that instruction"),
        between("rows", "together", 2, None, "at least two candidates are judged together"),
        one_of("rows", "score", (1, 2, 3, 4, 5), "scores are 1 to 5"),
        holds("rows", "rank_fits", "ranks are 1 to n, each once"),
        holds("rows", "place_fits", "positions shown are 1 to n, each once"),
        one_of("rows", "judge", (store.params.judge.model,), "feedback is by judge.model"),
        holds("rows", "has_request", "every feedback names the request it came from"),
    ]


def paired(store: Store) -> list[Rule]:
    """All pairs, and the selected ones."""
    return [
        *_pairs("rows"),
        one_of("rows", "label_type", ("",), "unselected pairs carry no label"),
        *_pairs("selected"),
        one_of("selected", "label_type", LABELS, "label types are known"),
        holds("selected", "label_fits", "margin or length fits the label type"),
        holds("selected", "among_all", "selected pairs are among all pairs"),
        unique("selected", "content_key", "no prompt comes twice with the same chosen and rejected text"),
        between("selected", "of_prompt", 1, store.params.pair.per_prompt,
                "pairs per prompt are within pair.per_prompt"),
        between("selected", "prompt_splits", 1, 1, "no prompt is in two splits"),
    ]


def _answers() -> list[Rule]:
    return [
        unique("rows", "id_key", "ids are unique"),
        holds("rows", "id_in_form", "ids have the form <instruction id>@<author>"),
        holds("rows", "instruction_known", "the instruction is in the curated set"),
        between("rows", "chars", 1, None, "no answer is empty"),
    ]


def _pairs(table: str) -> list[Rule]:
    return [
        unique(table, "id_key", "ids are unique"),
        unique(table, "pair_key", "two candidates make one pair"),
        holds(table, "candidates_known", "both candidates are known"),
        holds(table, "own_instruction", "both candidates answer that instruction"),
        holds(table, "texts_differ", "chosen and rejected differ"),
        holds(table, "chosen_ranks_first", "chosen ranks before rejected"),
        one_of(table, "chosen_score", (1, 2, 3, 4, 5), "chosen scores are 1 to 5"),
        one_of(table, "rejected_score", (1, 2, 3, 4, 5), "rejected scores are 1 to 5"),
        between(table, "margin", 0, 4, "margins are 0 to 4: ranks agree with scores"),
        holds(table, "margin_adds_up", "the margin is the difference of the scores"),
        one_of(table, "split", ("train", "dev", "test"), "splits are known"),
        holds(table, "split_as_assigned", "the split is the one its instruction was assigned"),
    ]
