"""Plain files by the columns that params name: sources, benchmarks and general sets, from every file type."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ultramed.errors import SourceError
from ultramed.params import Benchmark, BenchmarkColumns, GeneralColumns, GeneralSet, Source, SourceColumns
from ultramed.records import Example, Message, Preference
from ultramed.sources.formats.columns import read
from ultramed.sources.general_sets import load
from ultramed.sources.questions import questions
from ultramed.sources.raw import Broken, RawRow, Row

Rows = list[dict[str, Any]]
ITEMS: Rows = [
    {"n": "a1", "stem": "Which nerve,\nand why?", "a": "Ulnar", "b": 'The "radial"', "c": "Médian", "cop": "2"},
    {"n": "a2", "stem": "Which drug?", "a": "Naloxone", "b": "Atropine", "c": "", "cop": "1"},
]


def as_json(path: Path, rows: Rows) -> None:
    path.with_suffix(".json").write_text(json.dumps(rows, indent=1))


def as_lines(path: Path, rows: Rows) -> None:
    path.with_suffix(".jsonl").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(map(json.dumps, rows)).encode())


def as_parquet(path: Path, rows: Rows) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path.with_suffix(".parquet"))


def as_csv(path: Path, rows: Rows, suffix: str = ".csv", delimiter: str = ",") -> None:
    """As spreadsheets write it: with a BOM and CRLF."""
    with open(path.with_suffix(suffix), "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)


def as_tsv(path: Path, rows: Rows) -> None:
    as_csv(path, rows, ".tsv", "\t")


Write = Callable[[Path, Rows], None]
WRITERS = (as_json, as_lines, as_parquet, as_csv, as_tsv)


def source(**columns: Any) -> Source:
    category = "exam" if "key" in columns else "open"
    return Source.model_validate({"format": "columns", "columns": columns, "prefix": "Own", "category": category,
                                  "kind": "clinical", "rights": "open"})


def rows_of(folder: Path, rows: Rows, **columns: Any) -> list[Row]:
    as_json(folder / "rows", rows)
    return list(read(folder, source(**columns)))


def exam(folder: Path, row: dict[str, Any], **columns: Any) -> str:
    """The letter of the right option, or the code if there is none."""
    (found,) = rows_of(folder, [{"q": "Which?"} | row], **{"question": "q", "options": "o", "key": "k"} | columns)
    return found.code if isinstance(found, Broken) else str(found.letter)


@pytest.mark.parametrize("write", WRITERS)
def test_a_source_from_every_file_type(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "train", ITEMS)
    found = list(read(tmp_path, source(id="n", question="stem", options=["a", "b", "c"], key="cop", key_from=1)))
    first, second = found
    assert isinstance(first, RawRow) and isinstance(second, RawRow)
    assert (first.key, first.question, first.letter) == ("a1", "Which nerve,\nand why?", "B")
    assert [o.text for o in first.options] == ["Ulnar", 'The "radial"', "Médian"]
    assert second.letter == "A"
    assert [o.text for o in second.options] == ["Naloxone", "Atropine"]  # an empty cell is no option


@pytest.mark.parametrize("write", WRITERS)
def test_a_benchmark_from_every_file_type(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "test", ITEMS)
    columns = BenchmarkColumns(id="n", question="stem", options=["a", "b", "c"], key="cop", key_from=1, subject="a")
    benchmark = Benchmark(location="", format="columns", columns=columns)
    found = list(questions("mine", benchmark, tmp_path))
    assert [(i.id, i.benchmark, i.key, i.subject) for i in found] == [
        ("mine,a1", "mine", "B", "Ulnar"), ("mine,a2", "mine", "A", "Naloxone")]


@pytest.mark.parametrize("write", WRITERS)
def test_a_general_set_of_pairs_from_every_file_type(tmp_path: Path, write: Write) -> None:
    typed = write not in (as_csv, as_tsv)
    scores: Rows = [{"good": 8.5, "bad": 4.0}, {"good": None, "bad": 4.0}]
    rows = [{"q": "Why?", "yes": "So.", "no": "No."} | (s if typed else {k: v or "" for k, v in s.items()})
            for s in scores]
    write(tmp_path / "pairs", rows)
    own = general(question="q", chosen="yes", rejected="no", chosen_score="good", rejected_score="bad")
    found = list(load("mine", own, tmp_path))
    assert found == [Preference(f"Own,{n}", "mine", [Message("user", "Why?")], "So.", "No.", margin, "", f"Own,{n}",
                                "open") for n, margin in enumerate([4, None])]


def general(**columns: Any) -> GeneralSet:
    return GeneralSet(location="", format="columns", prefix="Own", rights="open", columns=GeneralColumns(**columns))


def test_a_score_in_a_csv_that_is_no_number_is_broken(tmp_path: Path) -> None:
    as_csv(tmp_path / "pairs", [{"q": "Why?", "yes": "So.", "no": "No.", "good": "high", "bad": "4"}])
    own = general(question="q", chosen="yes", rejected="no", chosen_score="good", rejected_score="bad")
    (found,) = load("mine", own, tmp_path)
    assert isinstance(found, Broken) and found.code == "missing_field"


@pytest.mark.parametrize(("options", "columns", "expected"), [
    (["x", "y"], {}, "B"), ({"A": "x", "B": "y"}, {}, "B"), (["A. x", "B. y"], {}, "B"),
    ({"A": "x", "B": "y", "C": None}, {}, "B"),  # Parquet gives every row the letters of all rows
    ([1, 2.5], {}, "B"), (["x", None, "y"], {}, "empty_option"), (["x"], {}, "missing_field"),
    ({"1": "x", "2": "y"}, {}, "missing_field"), ({"1": "x", "2": "y"}, {"options": ["o.1", "o.2"]}, "B"),
    ("x, y", {}, "missing_field"), (None, {}, "missing_field"),
])
def test_options_in_a_list_an_object_or_columns(tmp_path: Path, options: Any, columns: Any, expected: str) -> None:
    assert exam(tmp_path, {"o": options, "k": "B"}, **columns) == expected


@pytest.mark.parametrize(("key", "columns", "expected"), [
    ("B", {}, "B"), (" b ", {}, "B"), ("(B)", {}, "B"), ("B.", {}, "B"), ("ice  pack", {}, "B"),
    ("E", {}, "key_out_of_range"), ("Ice", {}, "key_out_of_range"), (1, {}, "key_out_of_range"),
    (1, {"key_from": 0}, "B"), ("1", {"key_from": 0}, "B"), (1.0, {"key_from": 0}, "B"), (1, {"key_from": 1}, "A"),
    (0, {"key_from": 1}, "key_out_of_range"), (-1, {"key_from": 0}, "key_out_of_range"),
    (3, {"key_from": 0}, "key_out_of_range"), (0.5, {"key_from": 0}, "key_out_of_range"),
    ("B", {"key_from": 0}, "key_out_of_range"),
    (None, {}, "answer_missing"), ("", {}, "answer_missing"), (True, {"key_from": 0}, "missing_field"),
    (["A"], {}, "missing_field"),
])
def test_the_key_is_a_letter_a_text_or_an_index(tmp_path: Path, key: Any, columns: Any, expected: str) -> None:
    assert exam(tmp_path, {"o": ["Heat", "Ice pack".lower(), "Rest"], "k": key}, **columns) == expected


def test_a_key_that_names_one_option_by_letter_and_another_by_text_is_no_guess(tmp_path: Path) -> None:
    assert exam(tmp_path, {"o": ["B", "A"], "k": "A"}) == "key_ambiguous"
    assert exam(tmp_path, {"o": ["A", "B"], "k": "A"}) == "A"


def test_a_number_without_key_from_says_what_is_missing(tmp_path: Path) -> None:
    (found,) = rows_of(tmp_path, [{"q": "Which?", "o": ["x", "y"], "k": 1}], question="q", options="o", key="k")
    assert isinstance(found, Broken) and found.reason.endswith("nor an option's text; for an index state key_from")


SAID = [{"from": "system", "value": "Be brief."}, {"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]


@pytest.mark.parametrize(("row", "columns", "expected"), [
    ({"c": SAID}, {"turns": "c", "role": "from", "content": "value"}, ("Why?", ["system"], "So.")),
    ({"c": SAID[1:], "s": "Hi."}, {"turns": "c", "role": "from", "content": "value", "system": "s"},
     ("Why?", ["system"], "So.")),
    ({"c": SAID[1:2]}, {"turns": "c", "role": "from", "content": "value"}, ("Why?", [], None)),
    ({"c": SAID[1:2], "a": "So."}, {"turns": "c", "role": "from", "content": "value", "answer": "a"},
     ("Why?", [], "So.")),
    ({"c": SAID, "a": "So."}, {"turns": "c", "role": "from", "content": "value", "answer": "a"}, "broken_turns"),
    ({"c": [{"who": "Patient", "text": "Why?"}]},
     {"turns": "c", "role": "who", "content": "text", "roles": {"Patient": "user"}}, ("Why?", [], None)),
    ({"c": [{"who": "Nurse", "text": "Why?"}]},
     {"turns": "c", "role": "who", "content": "text", "roles": {"Patient": "user"}}, "unknown_role"),
    ({"c": []}, {"turns": "c"}, "broken_turns"),
    ({"c": SAID}, {"question": "c.1.value", "answer": "c.2.value"}, ("Why?", [], "So.")),
    ({"q": "Why?", "a": "So.", "p": ["One.", " ", "Two."]}, {"question": "q", "answer": "a", "context": "p"},
     ("Why?", [], "So.")),
    ({"q": "Why?", "a": " "}, {"question": "q", "answer": "a"}, "answer_missing"),
    ({"q": "", "a": "So."}, {"question": "q", "answer": "a"}, "missing_field"),
    ({"a.b": "Why?", "a": {"b": "no"}}, {"question": "a.b"}, ("Why?", [], None)),  # a name with a dot comes first
])
def test_open_questions_and_dialogues(tmp_path: Path, row: Any, columns: Any, expected: Any) -> None:
    (found,) = rows_of(tmp_path, [row], **columns)
    if isinstance(found, Broken):
        assert found.code == expected
    else:
        assert (found.question, [m.role for m in found.history], found.reference) == expected


def test_a_list_of_contexts_is_joined(tmp_path: Path) -> None:
    (found,) = rows_of(tmp_path, [{"q": "Why?", "p": ["One.", " ", "Two."]}], question="q", context="p")
    assert isinstance(found, RawRow) and found.context == "One.\nTwo."


def test_a_row_without_a_column_is_broken_with_its_place_and_reading_goes_on(tmp_path: Path) -> None:
    lines = ['{"q": "Why?", "a": "So."}', '{"a": "So."}', '["no row"]', '{"q": "Who?", "a": "I."}']
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    found = list(read(tmp_path, source(question="q", answer="a")))
    assert [f.code if isinstance(f, Broken) else f.question for f in found] == [
        "Why?", "missing_field", "broken_json", "Who?"]
    assert found[1] == Broken("1", "rows.jsonl:2", "missing_field", "field 'q' is missing, text expected")


@pytest.mark.parametrize("write", WRITERS)
def test_a_column_that_no_row_has_is_one_clear_error(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "rows", ITEMS)
    with pytest.raises(SourceError, match="no row has a column 'text'; the columns are n, stem, a, b, c, cop; correct"):
        next(iter(read(tmp_path, source(question="text"))))


def test_of_several_ids_one_must_be_there(tmp_path: Path) -> None:
    rows = [{"q": "Why?", "idx": 7}, {"q": "Who?", "id": "b", "idx": 8}]
    assert [r.key for r in rows_of(tmp_path, rows, question="q", id=["id", "idx"])] == ["7", "b"]
    with pytest.raises(SourceError, match="no row has a column 'key' or 'name'"):
        rows_of(tmp_path, rows, question="q", id=["key", "name"])


@pytest.mark.parametrize(("text", "codes"), [
    ('q,a\n"Why,\n\nso?",So.\n\n', ["Why,\n\nso?"]),
    ("q,a\nWhy?,So.,more\nWho?,I.\nHow?\n", ["broken_row", "Who?", "broken_row"]),
    ('q,a\n"Why"?,So.\nWho?,I.\n', ["broken_row", "Who?"]),
    ('q,a\nWho?,I.\n"Why?,So.\n', ["Who?", "broken_row"]),  # an unclosed quote
    (",q,a\n0,Why?,So.\n", ["Why?"]),  # pandas writes its index without a name
    ("q,a\nWhy?,\n", ["answer_missing"]),
    (b"q,a\nWhy \xff?,So.\n", ["bad_encoding"]),
    ("q,a\n" + "x" * 200_000 + ",So.\n", ["x" * 200_000]),
])
def test_cells(tmp_path: Path, text: str | bytes, codes: list[str]) -> None:
    (tmp_path / "rows.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    found = list(read(tmp_path, source(question="q", answer="a")))
    assert [f.code if isinstance(f, Broken) else f.question for f in found] == codes


def test_the_place_of_a_row_is_the_line_it_starts_at(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('q,a\n"Why,\nso?",So.\nWho?,I.\n')
    assert [f.origin for f in read(tmp_path, source(question="q", answer="a"))] == ["rows.csv:2", "rows.csv:4"]


@pytest.mark.parametrize(("text", "said"), [
    ("", r"rows\.csv:1: the header is empty"), ("q,q\nWhy?,So.\n", "names q, q, one of them twice"),
])
def test_a_header_must_name_the_columns(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "rows.csv").write_text(text)
    with pytest.raises(SourceError, match=said):
        list(read(tmp_path, source(question="q", answer="a")))


def test_a_benchmark_with_a_key_seen_twice_is_an_error(tmp_path: Path) -> None:
    as_json(tmp_path / "rows", [{"q": "Why?", "o": ["x", "y"], "k": "A", "id": "a"}] * 2)
    columns = BenchmarkColumns(id="id", question="q", options="o", key="k")
    with pytest.raises(SourceError, match=r"rows\.json:11: duplicate_key: key 'a' was seen before.*must be complete"):
        list(questions("mine", Benchmark(location="", format="columns", columns=columns), tmp_path))


def test_a_benchmark_without_an_item_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("q,o,k\n")
    columns = BenchmarkColumns(question="q", options="o", key="k")
    with pytest.raises(SourceError, match="holds no item; expected at least 1"):
        list(questions("mine", Benchmark(location="", format="columns", columns=columns), tmp_path))


def test_a_general_dialogue(tmp_path: Path) -> None:
    as_csv(tmp_path / "rows", [{"s": "", "q": "Why?", "a": "So."}])
    (found,) = load("mine", general(system="s", question="q", answer="a"), tmp_path)
    assert found == Example("Own,0", "mine", [Message("user", "Why?"), Message("assistant", "So.")], "Own,0", "open")


def real(place: str) -> Path:
    root = os.environ.get("ULTRAMED_REALDATA")
    if not root:
        pytest.skip("ULTRAMED_REALDATA is not set: no real public files on this machine")
    return Path(root) / place


def only(folder: Path, path: Path) -> Path:
    """A folder with only that file."""
    (folder / path.name).symlink_to(path)
    return folder


def test_real_mmlu_pro_in_jsonl(tmp_path: Path) -> None:
    """818 health items with up to ten options; the letter and the text of the key always agree."""
    path = real("02_mcq_eval/medagents_bench/data/mmlu-pro/test.jsonl")
    columns = {"id": "realidx", "question": "question", "options": "options"}
    letters, texts = (
        [i.key for i in questions("pro", Benchmark(location="", format="columns", columns=BenchmarkColumns(
            key=key, **columns)), only(tmp_path / key, path))]  # type: ignore[arg-type]
        for key in ("answer_idx", "answer") if not (tmp_path / key).mkdir())
    assert len(letters) == 818 and letters == texts and {*letters} <= {*"ABCDEFGHIJ"}


def test_real_medqa_in_a_json_list(tmp_path: Path) -> None:
    """The key is the option's text; the format medqa reads the same."""
    from ultramed.sources.formats import medqa

    path = real("01_training_sources/MedQA_dev/medqa_full_dev.json")
    own = source(question="question", options="options", key="answer")
    found, same = list(read(only(tmp_path, path), own)), list(medqa.read(tmp_path, own))
    assert len(found) == 1272
    assert [r.code if isinstance(r, Broken) else (r.question, r.letter) for r in found] == [
        r.code if isinstance(r, Broken) else (r.question, r.letter) for r in same]


def test_real_pairs_and_answers_in_json(tmp_path: Path) -> None:
    path = real("01_training_sources/ChatDoctor/chatdoctor5k.json")
    columns = SourceColumns(question="input", answer="output")
    own = source(**columns.model_dump(exclude_none=True))
    found = list(read(only(tmp_path, path), own))
    assert len(found) == 5452 and sum(isinstance(r, RawRow) for r in found) > 5000
