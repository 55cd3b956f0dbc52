"""MedQuAD (abachaa/MedQuAD): folders `<collection>/<document>.xml`, one question per QAPair.

<Document id="0000093" source="NIDDK" url="…"><Focus>Crohn's Disease</Focus><QAPairs><QAPair pid="1">
<Question qid="0000093-1" qtype="information">What is (are) Crohn's Disease ?</Question><Answer>…</Answer>
The publisher removed the answers of three collections for copyright: those rows are dropped, not broken.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from ultramed.params import Input
from ultramed.sources.raw import RawRow, Row, Unfit, attempt
from ultramed.sources.rawfiles import Element, Fault, files


def read(folder: Path, _: Input) -> Iterator[Row]:
    """One row per QAPair; the key is `<collection>/<qid>`. A file that is not valid XML is one Broken."""
    for path in files(folder, (".xml",)):
        name = path.relative_to(folder).as_posix()
        collection = (path.parent if path.parent != folder else folder).name
        try:
            pairs = _pairs(path.read_bytes())
        except Unfit as unfit:
            yield attempt(parse, Element(f"{collection}/{path.stem}", name, Fault(unfit.code, unfit.reason)))
            continue
        for pair in pairs:
            key = f"{collection}/{path.stem}-{pair.number}"
            yield attempt(parse, Element(key, f"{name}:{pair.line}", pair))


def parse(element: Element) -> RawRow:
    """One pair. Raises Unfit; without an answer it is dropped with code answer_missing."""
    pair: Pair = element.value
    question = " ".join(pair.question.split())
    if not question:
        raise Unfit("missing_field", "element 'Question' is missing or empty, text expected")
    if not pair.answer.strip():
        raise Unfit("answer_missing", "the answer is empty: the publisher removed it", "dropped")
    return RawRow(element.key, element.origin, question, reference=pair.answer.strip())


@dataclass
class Pair:
    """A QAPair being read."""

    line: int
    number: str = ""  # last part of the qid; the key starts with the file's name, as documents may share a qid
    question: str = ""
    answer: str = ""


class _Collector:
    """Turns Expat's events into pairs. A DTD, and so any entity, is refused before it can expand."""

    def __init__(self) -> None:
        self.pairs: list[Pair] = []
        self.open: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = lambda _name: self.open.pop()
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.refuse
        self.parser.EntityDeclHandler = self.refuse

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.open.append(name)
        if name == "QAPair":
            self.pairs.append(Pair(self.parser.CurrentLineNumber, attributes.get("pid", str(len(self.pairs) + 1))))
        elif name == "Question" and self.pairs:
            qid = attributes.get("qid", "")
            self.pairs[-1].line = self.parser.CurrentLineNumber
            self.pairs[-1].number = qid.rsplit("-", 1)[-1] or self.pairs[-1].number

    def characters(self, data: str) -> None:
        if "QAPair" in self.open and "Answer" in self.open:
            self.pairs[-1].answer += data
        elif "QAPair" in self.open and "Question" in self.open:
            self.pairs[-1].question += data

    def refuse(self, *_declaration: object) -> None:
        line = self.parser.CurrentLineNumber
        raise Unfit("broken_xml", f"line {line} declares a document type or an entity, which is refused")


def _pairs(document: bytes) -> list[Pair]:
    collector = _Collector()
    try:
        collector.parser.Parse(document, True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise Unfit("broken_xml", f"line {error.lineno}, column {error.offset + 1}: {what}") from None
    return collector.pairs
