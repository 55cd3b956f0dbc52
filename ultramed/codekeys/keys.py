"""The key files under quality/code: one per stage script and one per member of a family.

A key file has one line per module that the code reaches, with a hash over the reached definitions, and one line per
prompt that it renders by name. The hash covers the abstract syntax without comments, docstrings and layout, so
`git diff quality/code` shows what an edit will re-run.
"""

import ast
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from ultramed.codekeys.exempt import exempt
from ultramed.codekeys.modules import Modules
from ultramed.codekeys.reach import Reach, Walk, is_error
from ultramed.errors import EnvironmentFault

FOLDER = Path("quality/code")
PACKAGES = ("stages", "ultramed")


class Keys:
    """The keys of the code under `root`."""

    def __init__(self, root: Path = Path(".")) -> None:
        self._root = root
        self._modules = Modules(root, PACKAGES)
        self._hashes: dict[str, str] = {}

    def all(self) -> dict[Path, str]:
        """The text of every key file, by its path."""
        files, families = dict[Path, str](), set[str]()
        for script in self.scripts():
            reach = self.reach(script)
            files[FOLDER / script.rpartition(".")[2]] = self.text(reach)
            families |= reach.families
        done: set[str] = set()
        while waiting := {family for family in families if not exempt(family)} - done:
            for member in [member for family in sorted(waiting) for member in self.members(family)]:
                reach = self.reach(member)
                files[place(*member.rsplit(".", 1))] = self.text(reach)
                families |= reach.families
            done |= waiting
        return files

    def scripts(self) -> list[str]:
        """Dotted names of all stage scripts; their last parts are unique."""
        paths = (path.relative_to(self._root) for path in (self._root / "stages").rglob("[!_]*.py"))
        return sorted(".".join(path.with_suffix("").parts) for path in paths)

    def members(self, family: str) -> list[str]:
        """Dotted names of the modules of a family."""
        return self._modules.members(family)

    def reach(self, module: str) -> Reach:
        """What a whole module can reach."""
        return Walk(self._modules).from_modules([module])

    def text(self, reach: Reach) -> str:
        """The content of a key file. Exempt code is followed but does not count."""
        parts: dict[str, list[str]] = defaultdict(list)
        for name, nodes in sorted(reach.nodes.items()):
            if not exempt(name.rstrip(".")) and (digest := self._hash(name, nodes)):
                parts[reach.modules[name].name].append(f"{name} {digest}")
        lines = [f"{module} {_sha256(chr(10).join(hashes))[:16]}" for module, hashes in sorted(parts.items())]
        for prompt in sorted(reach.prompts):
            lines.append(f"prompt {prompt} {_sha256(self._modules.prompts[prompt].read_text(encoding='utf-8'))[:16]}")
        return "\n".join(lines) + "\n"

    def _hash(self, name: str, nodes: list[ast.AST]) -> str:
        """Hash of a definition; "" if it has no code."""
        if name not in self._hashes:
            text = "\n".join(_dump(node, self._modules.errors) for node in nodes)
            self._hashes[name] = _sha256(text) if text else ""
        return self._hashes[name]


def place(family: str, member: str) -> Path:
    """The key file of a member of a family: `quality/code/sources.formats/medqa`."""
    return FOLDER / family.removeprefix("ultramed.") / member


def changed(root: Path = Path(".")) -> dict[str, list[str]]:
    """Key files that no longer match the code, by name under quality/code, each with the modules and prompts that
    changed. Empty if all match."""
    now = {path: text.splitlines() for path, text in Keys(root).all().items()}
    kept = {p.relative_to(root): p.read_text(encoding="utf-8").splitlines()
            for p in (root / FOLDER).rglob("*") if p.is_file()}
    differing: dict[str, list[str]] = {}
    for path in sorted(now.keys() | kept.keys()):
        lines = set(now.get(path, [])) ^ set(kept.get(path, []))
        if lines:
            differing[str(path.relative_to(FOLDER))] = sorted({line.rpartition(" ")[0] for line in lines})
    return differing


def refuse_changed(script: str, root: Path = Path(".")) -> None:
    """Raise EnvironmentFault if the code of a script (`stages.data.screen`) no longer matches its key file. DVC hashes
    dependencies after the command runs, so it would record code edited during the run as the code that made the
    outputs (treeverse/dvc#11058).

    Costs nothing unless a module is newer than the key file.
    """
    file = root / FOLDER / script.rpartition(".")[2]
    if not file.is_file():
        return
    text = file.read_text(encoding="utf-8")
    paths = [path for line in text.splitlines() for path in _paths(root, line)]
    written = file.stat().st_mtime_ns
    if all(path.exists() and path.stat().st_mtime_ns <= written for path in paths):
        return
    keys = Keys(root)
    if (now := keys.text(keys.reach(script))) != text:
        names = sorted({line.rpartition(" ")[0] for line in set(now.splitlines()) ^ set(text.splitlines())})
        raise EnvironmentFault(f"stage {file.name}", f"its code changed while it ran: {', '.join(names[:3])}",
                               "run `dvc repro` again")


def _paths(root: Path, line: str) -> Iterator[Path]:
    """The source file that a line of a key file refers to."""
    name = line.split(" ")
    if name[0] == "prompt":
        yield root / "ultramed" / "prompts" / f"{name[1]}.md"
    else:
        path = root.joinpath(*name[0].split("."))
        yield path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _dump(node: ast.AST, errors: frozenset[str]) -> str:
    """Abstract syntax as text, without positions, docstrings and error messages."""
    parts: list[str] = []
    _append(node, errors, parts)
    return "".join(parts)


def _append(node: object, errors: frozenset[str], parts: list[str]) -> None:
    if isinstance(node, list):
        parts.append("[")
        for item in node:
            _append(item, errors, parts)
            parts.append(",")
        parts.append("]")
    elif isinstance(node, ast.AST):
        parts.append(type(node).__name__)
        if is_error(node, errors):
            parts.append(ast.unparse(node.func))  # type: ignore[attr-defined]
            return
        parts.append("(")
        for name, value in ast.iter_fields(node):
            if name not in ("ctx", "type_comment", "kind"):
                parts.append(f"{name}=")
                _append(_without_docstring(value) if name == "body" else value, errors, parts)
                parts.append(";")
        parts.append(")")
    else:
        parts.append(repr(node))


def _without_docstring(body: object) -> object:
    if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) \
            and isinstance(body[0].value.value, str):
        return body[1:]
    return body


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
