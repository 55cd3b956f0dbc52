"""Modules as source text: what each one defines, imports and runs. Nothing is imported or executed."""

import ast
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ultramed.errors import SourceError

Definition = list[ast.stmt]  # the statements that bind one name; more than one if it is rebound


@dataclass
class Module:
    """One module of the repository."""

    name: str  # dotted
    path: Path
    imports: dict[str, str] = field(default_factory=dict)  # local name → dotted name of what it means
    definitions: dict[str, Definition] = field(default_factory=dict)
    others: list[ast.stmt] = field(default_factory=list)  # statements that run on import and bind nothing


class Modules:
    """The modules below `root`, parsed on first use. Raises SourceError for one that is not valid Python."""

    def __init__(self, root: Path, packages: tuple[str, ...]) -> None:
        self._root, self._packages = root, packages
        self._parsed: dict[str, Module | None] = {}
        self._resolved: dict[str, tuple[Module, str] | None] = {}
        self.scanned: dict[str, Any] = {}  # by definition: what it mentions, independent of the walk
        self.mentioned: dict[str, set[str]] = {}  # by family: what its members mention

    def get(self, name: str) -> Module | None:
        """The module of that dotted name; None if the repository has none."""
        if name not in self._parsed:
            path = self._path(name)
            self._parsed[name] = parse(name, path) if path else None
        return self._parsed[name]

    def resolve(self, dotted: str) -> tuple[Module, str] | None:
        """The module that defines a dotted name, and the name in it ("" for the module itself). Follows imports; None
        for a name not defined in the repository."""
        if dotted not in self._resolved:
            self._resolved[dotted] = self._resolve(dotted)
        return self._resolved[dotted]

    def _resolve(self, dotted: str) -> tuple[Module, str] | None:
        parts = dotted.split(".")
        if parts[0] not in self._packages:
            return None
        for length in range(len(parts), 0, -1):
            if module := self.get(".".join(parts[:length])):
                break
        else:
            return None
        if length == len(parts):
            return module, ""
        name = parts[length]
        if name in module.definitions:
            return module, name
        if name in module.imports and module.imports[name] != dotted:
            return self.resolve(".".join([module.imports[name], *parts[length + 1 :]]))
        return None

    def _path(self, name: str) -> Path | None:
        if name.split(".")[0] not in self._packages:
            return None
        path = self._root.joinpath(*name.split("."))
        return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)

    def members(self, family: str) -> list[str]:
        """Dotted names of the modules of a family."""
        folder = self._root.joinpath(*family.split("."))
        return [f"{family}.{path.stem}" for path in sorted(folder.glob("[!_]*.py"))]

    @cached_property
    def errors(self) -> frozenset[str]:
        """Names of the repository's own error classes."""
        module = self.get("ultramed.errors")
        return frozenset(module.definitions) if module else frozenset()

    @cached_property
    def prompts(self) -> dict[str, Path]:
        """Prompt files by name."""
        folder = self._root / "ultramed" / "prompts"
        return {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.md"))}


def meaning(chain: str, module: Module, local: dict[str, str]) -> str:
    """The dotted name that a name or a chain of attributes has in a module; `local` holds the function's imports."""
    first, _, rest = chain.partition(".")
    start = local.get(first) or module.imports.get(first) or f"{module.name}.{first}"
    return f"{start}.{rest}" if rest else start


def parse(name: str, path: Path) -> Module:
    """Read a module. Raises SourceError if it cannot be parsed."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise SourceError(f"{path}:{error.lineno}", f"is not valid Python: {error.msg}", "correct it") from None
    module = Module(name, path)
    for statement in tree.body:
        _add(module, statement)
    return module


def imported(statement: ast.stmt) -> dict[str, str]:
    """What an import statement binds: local name → dotted name. This repository has no relative imports."""
    if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
        return {alias.asname or alias.name: f"{statement.module}.{alias.name}" for alias in statement.names}
    if isinstance(statement, ast.Import):
        return {alias.asname or alias.name.split(".")[0]: alias.name if alias.asname else alias.name.split(".")[0]
                for alias in statement.names}
    return {}


def _add(module: Module, statement: ast.stmt) -> None:
    if bound := imported(statement):
        module.imports |= bound
    elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        module.definitions.setdefault(statement.name, []).append(statement)
    elif names := _assigned(statement):
        for name in names:
            module.definitions.setdefault(name, []).append(statement)
    elif not _is_passive(statement):
        module.others.append(statement)


def _assigned(statement: ast.stmt) -> list[str]:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
        targets = [statement.target]
    names = [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
    return [] if any(isinstance(t, ast.Attribute | ast.Subscript) for t in targets) else names


def _is_passive(statement: ast.stmt) -> bool:
    """Whether it is a docstring, a block for type checkers, or a `__main__` block."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return True
    if not isinstance(statement, ast.If):
        return False
    test = ast.unparse(statement.test)
    return test == "TYPE_CHECKING" or "__name__" in test
