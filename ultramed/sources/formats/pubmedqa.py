"""PubMedQA (pubmedqa/pubmedqa: ori_pqaa, ori_pqal): one JSON object by PMID, or the Hub's Parquet.

"10808977": {"QUESTION": "…?", "CONTEXTS": ["…", …], "LABELS": ["BACKGROUND", …], "MESHES": […], "YEAR": "2000",
             "final_decision": "yes", "LONG_ANSWER": "…"}
Parquet: pubid, question, context {contexts, labels, meshes}, long_answer, final_decision.
"""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ultramed.params import Input
from ultramed.records import Option
from ultramed.sources.raw import RawRow, Row, Unfit, described, optional, rows, text
from ultramed.sources.rawfiles import Element
from ultramed.sources.unread import unread

READS = {"QUESTION", "CONTEXTS", "LABELS", "MESHES", "YEAR", "reasoning_required_pred", "reasoning_free_pred",
         "final_decision", "LONG_ANSWER", "pubid", "question", "context", "long_answer"}
DECISIONS = {"yes": "A", "no": "B", "maybe": "C"}


def read(folder: Path, _: Input) -> Iterator[Row]:
    """The abstracts of the files under `folder`; the key is the PMID."""
    return rows(folder, parse, keyed=True)


def parse(element: Element) -> RawRow:
    """One abstract. Raises Unfit with code empty_context, answer_missing or key_out_of_range."""
    key, row = _native(element)
    question, context = text(row, "QUESTION"), _context(row)
    decision = optional(row, "final_decision")
    if decision is None:
        raise Unfit("answer_missing", "field 'final_decision' is missing, yes, no or maybe expected")
    if decision not in DECISIONS:
        raise Unfit("key_out_of_range", f"final_decision is {decision[:20]!r}; expected yes, no or maybe")
    return RawRow(
        key, element.origin, question, context, options=[Option(le, te) for te, le in DECISIONS.items()],
        letter=DECISIONS[decision], reference=optional(row, "LONG_ANSWER"), as_of=optional(row, "YEAR"),
        unread=tuple(unread(element.value, READS)),
    )


def _native(element: Element) -> tuple[str, dict[str, Any]]:
    """PMID and row, with the Hub's column names mapped to the original's."""
    row = element.value
    if not element.parquet:
        return element.key, row
    inner = row.get("context") or {}
    return str(row.get("pubid", element.key)), {
        "QUESTION": row.get("question"), "CONTEXTS": inner.get("contexts"), "LABELS": inner.get("labels"),
        "final_decision": row.get("final_decision"), "LONG_ANSWER": row.get("long_answer"),
    }


def _context(row: dict[str, Any]) -> str:
    contexts, labels = row.get("CONTEXTS"), row.get("LABELS") or []
    if contexts is None or not isinstance(contexts, list) or not isinstance(labels, list):
        wrong = "LABELS" if isinstance(contexts, list) else "CONTEXTS"
        raise Unfit("missing_field", f"field '{wrong}' holds {described(row.get(wrong))}, a list expected")
    if not all(isinstance(part, str) for part in [*contexts, *labels]):
        raise Unfit("missing_field", "fields 'CONTEXTS' and 'LABELS' hold more than text")
    named = labels if len(labels) == len(contexts) else []
    pairs = [(label.strip(), part.strip()) for label, part in zip_longest(named, contexts, fillvalue="")]
    parts = [f"{label}: {part}" if label else part for label, part in pairs if part]
    if not parts:
        raise Unfit("empty_context", f"{len(contexts)} context(s) found, all empty; at least 1 with text expected")
    return "\n".join(parts)
