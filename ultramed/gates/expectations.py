"""The suites: what must hold of each artifact, in words and in numbers. Thresholds come from the params."""

from collections.abc import Callable

from ultramed.gates import rules_training
from ultramed.gates.facts_instructions import prefixes
from ultramed.gates.rules import Rule, between, count, holds, one_of, present, unique, zero
from ultramed.gates.rules_annotation import candidates, completed, judged, paired
from ultramed.gates.store import Store

RIGHTS = ("open", "research", "recipe", "quarantine", "deny")
BALANCED = {
    "unaccounted": "rows handed over = kept + dropped + quarantined",
    "without_verdict": "every row handed over has a verdict",
    "never_handed": "no verdict on a row that was never handed over",
    "judged_twice": "no row has two verdicts",
    "kept_without_row": "every row that was kept is there",
    "row_without_kept": "every row that is there was kept",
    "unknown_outcome": "outcomes are kept, dropped or quarantined",
    "unexplained": "every row held back has a code and a reason",
}


def suite(store: Store, artifact: str) -> list[Rule]:
    """The rules of an artifact, reconciliation included."""
    rules = SUITES[artifact](store)
    check = store.params.checks.get(artifact)
    rules.insert(0, count("rows", check.min_rows if check else 1, "there are enough rows"))
    return rules + [zero("balance", column, words) for column, words in BALANCED.items()]


def collected(store: Store) -> list[Rule]:
    """Rows as the readers made them."""
    return [
        *_instructions(store, tuple(store.params.sources)),
        holds("rows", "in_own_part", "each source lies in its own folder"),
        between("rows", "words", 1, None, "the question has words"),
        one_of("rows", "round", (0,), "raw rows were never evolved"),
    ]


def screened(store: Store) -> list[Rule]:
    """Rows that may leave the machine."""
    screen = store.params.screen
    return [
        *_instructions(store, tuple(store.params.sources)),
        between("rows", "words", screen.min_words, screen.max_words, "questions have screen.min_words to max_words"),
        one_of("rows", "rights", RIGHTS[:-1], "rows whose rights are denied were held back"),
        unique("rows", "text_key", "no question is there twice, word for word"),
        holds("rows", "no_duplicate", "no near-duplicate is left"),
        holds("rows", "no_leak", "no row gives away a benchmark question"),
    ]


def synthetic(store: Store) -> list[Rule]:
    """Rows a model wrote from a book or an encyclopaedia."""
    return [
        *_instructions(store, ("textbookqa", "wikiinstruct")),
        holds("rows", "synthetic", "rows are marked synthetic"),
        between("rows", "words", 1, None, "the question has words"),
    ]


def evolved(store: Store) -> list[Rule]:
    """Rows a model rewrote: each has a parent of the same family, and a round."""
    rounds = max(s.rounds for s in store.params.evolve.sets.values()) if store.params.evolve.sets else 1
    return [
        *_instructions(store, ("medqa_evol", "textbookqa", "wikiinstruct")),
        holds("rows", "synthetic", "rows are marked synthetic"),
        between("rows", "round", 1, rounds, "rounds of evolution are within evolve.sets"),
        holds("rows", "parent_known", "the parent is a known row"),
        holds("rows", "parent_family", "parent and child are of one family"),
        between("rows", "words", 1, None, "the question has words"),
    ]


def scored(store: Store) -> list[Rule]:
    """One score per row."""
    return [
        unique("rows", "id_key", "ids are unique"),
        present("rows", "score", "every row has a score"),
        between("rows", "score", 1, 10, "scores are in range"),
        one_of("rows", "method", (store.params.score.method,), "scores were taken by score.method"),
        holds("rows", "has_request", "every score names the request it came from"),
    ]


def curated(store: Store) -> list[Rule]:
    """Rows that were retained."""
    return [
        *_instructions(store, tuple(prefixes(store))),
        between("rows", "words", 1, store.params.screen.max_words,
                "questions are no longer than screen.max_words"),
        one_of("rows", "rights", RIGHTS[:-1], "rows whose rights are denied were held back"),
        unique("rows", "text_key", "no question is there twice, word for word"),
        holds("rows", "no_duplicate", "no near-duplicate is left"),
        holds("rows", "no_leak", "no row gives away a benchmark question"),
        present("rows", "score", "every row has a score"),
        present("rows", "over_threshold", "every source has a threshold in curate.min_score"),
        between("rows", "over_threshold", 0, None, "scores reach their source's threshold"),
    ]


def split(store: Store) -> list[Rule]:
    """Families lie in one split each."""
    return [
        unique("rows", "id_key", "each row is in one split"),
        one_of("rows", "split", ("train", "dev", "test"), "splits are known"),
        holds("rows", "has_family", "every row has a family"),
        between("rows", "family_splits", 1, 1, "no family is spread over splits"),
        between("rows", "ancestor_splits", 1, 1, "descendants of one row lie in one split"),
    ]


def release(store: Store) -> list[Rule]:
    """What a profile may show."""
    return [
        present("rows", "id_key", "every row has an id"),
        unique("rows", "row_key", "ids are unique within a profile's table"),
        holds("rows", "known", "every row comes from the curated set"),
        holds("rows", "allowed", "the profile allows the rights of every row"),
        one_of("rows", "rights", RIGHTS[:3], "quarantined and denied rows are in no profile"),
        holds("rows", "text_as_allowed", "profiles without text show none"),
        between("rows", "splits", 1, 1, "no instruction is in two splits of a profile"),
    ]


def _instructions(store: Store, sources: tuple[str, ...]) -> list[Rule]:
    return [
        unique("rows", "id_key", "ids are unique"),
        holds("rows", "id_in_form", "ids have the form Prefix,key with their source's prefix"),
        one_of("rows", "source", sources, "sources are known"),
        one_of("rows", "category", ("exam", "literature", "open"), "categories are known"),
        one_of("rows", "kind", ("exam", "literature", "clinical", "research"), "question kinds are known"),
        one_of("rows", "rights", RIGHTS, "the class of rights is known"),
        holds("rows", "has_family", "every row has a family"),
        holds("rows", "ends_with_user", "the last turn is the user's"),
        between("rows", "shortest_text", 1, None, "no turn and no option is empty"),
        between("rows", "option_count", 2, 10, "exam and literature items have 2 to 10 options"),
        holds("rows", "letters_in_order", "options are lettered A, B, C …"),
        holds("rows", "has_key", "items with options have a key"),
        holds("rows", "key_is_letter", "the key is one of the option letters"),
    ]


SUITES: dict[str, Callable[[Store], list[Rule]]] = {
    "collected": collected, "screened": screened, "synthetic": synthetic, "evolved": evolved,
    "scored": scored, "curated": curated, "split": split, "completed": completed, "candidates": candidates,
    "judged": judged, "paired": paired, "release": release, "general": rules_training.general,
    "instructions": rules_training.instructions, "preferences": rules_training.preferences,
    "sampled": rules_training.sampled, "evaluated": rules_training.evaluated,
}
