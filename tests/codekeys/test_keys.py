"""Code keys on a small repository: which edits change a key, and which do not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ultramed.codekeys.exempt import EXEMPT
from ultramed.codekeys.keys import FOLDER, Keys, changed, refuse_changed
from ultramed.codekeys.modules import Modules
from ultramed.errors import EnvironmentFault, SourceError

ROOT = Path(__file__).parents[2]
FILES = {
    "ultramed/__init__.py": "",
    "ultramed/errors.py": "class SourceError(Exception):\n    pass\n",
    "ultramed/progress.py": "def bar():\n    return 1\n",
    "ultramed/words.py": '''
"""Words."""
LIMIT = 3

def count(text):
    """How many."""
    return len(text.split()[:LIMIT])  # all of them

def unused(text):
    return text
''',
    "ultramed/things.py": '''
from ultramed import words

class Thing:
    size = 1

    def __init__(self, text):
        self.text = text

    def weight(self):
        return words.count(self.text)

    def colour(self):
        return "red"

class Heavy(Thing):
    def weight(self):
        return 2
''',
    "ultramed/facade/__init__.py": "from ultramed.words import count as counted\n",
    "ultramed/prompts/__init__.py": "def render(name, **values):\n    return name\n",
    "ultramed/prompts/ask.md": "Ask {{ this }}",
    "ultramed/prompts/ask-json.md": "Ask {{ this }} as JSON",
    "ultramed/prompts/other.md": "Other",
    "ultramed/ways/one.py": "from ultramed.words import unused\nWAY = unused\n",
    "ultramed/ways/two.py": "WAY = 2\n",
    "ultramed/registry.py": "def load(package, name):\n    return name\n",
    "stages/counting.py": '''
from ultramed import progress
from ultramed.errors import SourceError
from ultramed.facade import counted

def main():
    progress.bar()
    if counted("a b") > 9:
        raise SourceError("too many")
''',
    "stages/weighing.py": '''
def main(heavy):
    from ultramed.things import Heavy
    return Heavy("a").weight()
''',
    "stages/asking.py": '''
from ultramed.prompts import render
NAME = "ask"

def main(as_json):
    ending = "-json" if as_json else ""
    return render(NAME), render(f"ask{ending}")
''',
    "stages/handing.py": '''
from ultramed import progress, things

def main(heavy):
    maker = things if heavy else progress
    return maker.anything
''',
    "stages/choosing.py": '''
from ultramed import registry
WAYS = "ultramed.ways"

def main(name):
    return registry.load(WAYS, name)
''',
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The files above, with their keys written."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    _write_keys(tmp_path)
    return tmp_path


def _write_keys(root: Path) -> None:
    for path, text in Keys(root).all().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def _edit(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


@pytest.mark.parametrize(("file", "edit", "stages"), [
    ("ultramed/words.py", _edit("# all of them", "# each"), set()),
    ("ultramed/words.py", _edit('"""How many."""', '"""How many words."""'), set()),
    ("ultramed/words.py", _edit("len(text.split()[:LIMIT])", "len(\n        text.split()[:LIMIT]\n    )"), set()),
    ("ultramed/words.py", _edit("text.split()", "text.split(' ')"), {"counting", "weighing"}),
    ("ultramed/words.py", _edit("LIMIT = 3", "LIMIT = 4"), {"counting", "weighing"}),
    ("ultramed/words.py", _edit("return text\n", "return text * 2\n"), {"ways/one"}),
    ("ultramed/words.py", _edit("LIMIT = 3", "LIMIT = 3\nprint(LIMIT)"), {"counting", "weighing", "ways/one"}),
    ("ultramed/things.py", _edit("return 2", "return 3"), {"weighing"}),
    ("ultramed/things.py", _edit("size = 1", "size = 2"), {"weighing", "handing"}),  # a module passed on as a value
    ("ultramed/things.py", _edit('"red"', '"blue"'), set()),  # a method that is never called
    ("ultramed/things.py", _edit("self.text = text", "self.text = text + ' '"), {"weighing", "handing"}),
    ("ultramed/things.py", _edit("class Heavy(Thing)", "class Heavy"), {"weighing", "handing"}),
    ("ultramed/progress.py", _edit("return 1", "return 2"), set()),
    ("stages/counting.py", _edit("too many", "more than nine"), set()),  # an error message
    ("stages/counting.py", _edit("> 9", "> 8"), {"counting"}),
    ("ultramed/prompts/ask.md", _edit("Ask", "Answer"), {"asking"}),
    ("ultramed/prompts/ask-json.md", _edit("Ask", "Answer"), {"asking"}),
    ("ultramed/prompts/other.md", _edit("Other", "Another"), set()),
    ("ultramed/ways/two.py", _edit("2", "3"), {"ways/two"}),
])
def test_an_edit_changes_the_keys_of_what_reaches_it(
    repository: Path, file: str, edit: Callable[[str], str], stages: set[str]
) -> None:
    text = (repository / file).read_text()
    assert edit(text) != text
    (repository / file).write_text(edit(text))
    assert set(changed(repository)) == stages


def test_what_changed_is_named(repository: Path) -> None:
    (repository / "ultramed/words.py").write_text(FILES["ultramed/words.py"].replace("3", "4"))
    (repository / "ultramed/prompts/ask.md").write_text("Ask again")
    assert changed(repository) == {
        "asking": ["prompt ask"], "counting": ["ultramed.words"], "weighing": ["ultramed.words"]}


def test_a_removed_stage_shows(repository: Path) -> None:
    (repository / "stages/weighing.py").unlink()
    assert "weighing" in changed(repository)


def test_code_that_changes_while_a_stage_runs_stops_it(repository: Path) -> None:
    refuse_changed("stages.counting", repository)
    (repository / "ultramed/words.py").write_text(FILES["ultramed/words.py"].replace("# all", "# really all"))
    refuse_changed("stages.counting", repository)  # a comment
    (repository / "ultramed/words.py").write_text(FILES["ultramed/words.py"].replace("3", "4"))
    with pytest.raises(EnvironmentFault, match=r"stage counting: its code changed while it ran: ultramed\.words; run"):
        refuse_changed("stages.counting", repository)
    refuse_changed("stages.choosing", repository)
    refuse_changed("stages.unknown", repository)


def test_a_file_that_is_not_python_is_named_with_its_line(repository: Path) -> None:
    (repository / "ultramed/words.py").write_text("LIMIT = 3\ndef count(\n")
    with pytest.raises(SourceError, match=r"words\.py:2: is not valid Python"):
        Keys(repository).all()


def test_the_committed_keys_are_those_of_the_code() -> None:
    assert changed(ROOT) == {}, "run `dvc repro code` and commit quality/code"


def test_what_is_exempt_exists() -> None:
    modules = Modules(ROOT, ("stages", "ultramed"))
    for name in EXEMPT:
        assert modules.get(name) or modules.resolve(name) or (ROOT / name.replace(".", "/")).is_dir(), name
        assert EXEMPT[name]


def test_every_stage_and_family_has_a_key() -> None:
    files = {path.relative_to(FOLDER) for path in Keys(ROOT).all()}
    assert {p.stem for p in (ROOT / "stages").rglob("[!_]*.py")} <= {str(path) for path in files}
