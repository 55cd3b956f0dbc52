"""Any plain file, by the columns named in params: JSON, JSON lines, Parquet, CSV, TSV.

{question: stem, options: [opa, opb, opc, opd], key: cop, key_from: 1}    an exam item
{question: input, answer: output}                                         an open question with a reference answer
{turns: conversations, role: from, content: value}                        a dialogue; its last answer is the reference
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ultramed.params import Source, SourceColumns
from ultramed.records import Message
from ultramed.sources.columns import choices, dialogue, exam_items, filled, key, passage, single
from ultramed.sources.dialogue import asked
from ultramed.sources.indices import Keys
from ultramed.sources.raw import RawRow, Row, Unfit
from ultramed.sources.rawfiles import Element


def read(folder: Path, source: Source) -> Iterator[Row]:
    """The rows of the files under `folder`; the key is the id, or the row's index from 0. Raises SourceError for a
    column that no row has, and behind the last row for keys that count from another number than `key_from`."""
    assert source.columns is not None  # params reject the format without them
    return exam_items(folder, source.columns, partial(parse, source.columns))


def parse(columns: SourceColumns, keys: Keys, element: Element) -> RawRow:
    """One row. Raises Unfit; an open question with an empty reference answer is dropped as answer_missing."""
    cells = element.value
    messages = _said(columns, element)
    reference = filled(cells, columns.answer)
    if messages[-1].role == "assistant":
        reference = messages.pop().content
    elif columns.answer and not columns.key and reference is None:
        raise Unfit("answer_missing", f"field '{columns.answer}' is empty", "dropped")
    given = choices(cells, columns)
    return RawRow(element.key, element.origin, asked(messages)[-1].content, passage(cells, columns),
                  history=messages[:-1], options=given, letter=key(element, columns, given, keys),
                  reference=reference, unread=element.unread)


def _said(columns: SourceColumns, element: Element) -> list[Message]:
    """The turns; they end with the question if the answer has its own column."""
    if columns.turns is None:
        return single(element.value, columns)
    messages = dialogue(element.value, columns, columns.turns)
    return asked(messages) if columns.answer or not messages else messages
