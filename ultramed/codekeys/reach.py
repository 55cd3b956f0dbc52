"""The definitions that code can reach. Names are followed through modules and imports, methods by name.

A method or property counts if its class is reached and its name is mentioned anywhere in reached code (rapid type
analysis, Bacon and Sweeney 1996). Dunder methods such as `__init__` count with the class, and so do all methods of a
class with a base from a library, which may call any of them. Members of a family (see `registry`) are not followed:
each has its own key.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ultramed.codekeys.exempt import SECTION, VALIDATORS
from ultramed.codekeys.modules import Module, Modules, imported, meaning

PLAIN_BASES = {"Protocol", "Generic", "Exception", "object", "NamedTuple", "TypedDict", "ABC"}
Functions = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Scanned:
    """What one definition mentions."""

    mentioned: set[str] = field(default_factory=set)  # names of attributes
    targets: list[tuple[Module, str]] = field(default_factory=list)  # definitions
    prompts: set[str] = field(default_factory=set)
    families: set[str] = field(default_factory=set)


@dataclass
class Reach:
    """Everything a root can reach. Names are dotted: `ultramed.tables.read`, `ultramed.records.Instruction.prompt`."""

    nodes: dict[str, list[ast.AST]] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)  # of each name
    prompts: set[str] = field(default_factory=set)
    families: set[str] = field(default_factory=set)  # packages whose members are chosen at run time


class Walk:
    """One walk from a set of roots. Call `from_modules`, then read `reach`."""

    def __init__(self, modules: Modules) -> None:
        self._modules, self.reach = modules, Reach()
        self._mentioned: set[str] = set()
        self._members: dict[str, list[tuple[str, ast.stmt, Module]]] = defaultdict(list)  # by name, not yet reached
        self._pending: list[tuple[str, list[ast.AST], Module]] = []

    def from_modules(self, names: Iterable[str]) -> Reach:
        """Everything that these whole modules can reach."""
        for name in names:
            if module := self._modules.get(name):
                self._take_module(module)
        while self._pending:
            self._scan(*self._pending.pop())
        return self.reach

    def _take_module(self, module: Module) -> None:
        for name in module.definitions:
            self._take(module, name)
        for dotted in module.imports.values():  # what it re-exports
            if (target := self._modules.resolve(dotted)) and target[1]:
                self._take(*target)
        self._add(f"{module.name}.", list(module.others), module)

    def _take(self, module: Module, name: str) -> None:
        dotted = f"{module.name}.{name}"
        if dotted in self.reach.nodes:
            return
        statements = module.definitions[name]
        if isinstance(statements[0], ast.ClassDef):
            self._take_class(dotted, statements[0], module)
        else:
            self._add(dotted, list(statements), module)
        self._add(f"{module.name}.", list(module.others), module)

    def _take_class(self, dotted: str, node: ast.ClassDef, module: Module) -> None:
        header: list[ast.AST] = [*node.bases, *node.keywords, *node.decorator_list]
        bases = set(self._all_bases(node, module))
        section = SECTION in bases or dotted == SECTION
        called_by_library = not section and any(base.startswith("?") for base in bases)
        for statement in node.body:
            name = statement.name if isinstance(statement, Functions) else None
            if section and isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                name = statement.target.id
            if name is None or (name.startswith("__") and name.endswith("__")) or called_by_library:
                header.append(statement)
            elif not (section and _is_validator(statement)):
                self._offer(f"{dotted}.{name}", name, statement, module)
        self._add(dotted, header, module)

    def _offer(self, dotted: str, name: str, statement: ast.stmt, module: Module) -> None:
        if name in self._mentioned:
            self._add(dotted, [statement], module)
        else:
            self._members[name].append((dotted, statement, module))

    def _all_bases(self, node: ast.ClassDef, module: Module) -> Iterator[str]:
        """Dotted names of all base classes in the repository, and `?name` for each from a library."""
        for base in node.bases:
            name = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
            target = self._modules.resolve(meaning(name, module, {}))
            if target and isinstance(cls := target[0].definitions.get(target[1], [None])[0], ast.ClassDef):
                yield f"{target[0].name}.{target[1]}"
                yield from self._all_bases(cls, target[0])
            elif name.split(".")[-1] not in PLAIN_BASES:
                yield f"?{name}"

    def _add(self, dotted: str, nodes: list[ast.AST], module: Module) -> None:
        if dotted not in self.reach.nodes:
            self.reach.nodes[dotted], self.reach.modules[dotted] = nodes, module
            self._pending.append((dotted, nodes, module))

    def _scan(self, dotted: str, nodes: list[ast.AST], module: Module) -> None:
        if dotted not in self._modules.scanned:
            self._modules.scanned[dotted] = Scanner(self._modules, module).scan(nodes)
        seen = self._modules.scanned[dotted]
        self.reach.prompts |= seen.prompts
        self.reach.families |= seen.families
        self._mention(seen.mentioned)
        for family in seen.families:
            self._mention(mentioned_by(family, self._modules))
        for target in seen.targets:
            self._take(*target) if target[1] else self._take_module(target[0])

    def _mention(self, names: set[str]) -> None:
        for name in names - self._mentioned:
            self._mentioned.add(name)
            for member, statement, owner in self._members.pop(name, []):
                self._add(member, [statement], owner)

def mentioned_by(family: str, modules: Modules) -> set[str]:
    """Attribute names that the members of a family mention: members call methods of the objects passed to them."""
    if family not in modules.mentioned:
        modules.mentioned[family] = set()  # ends the recursion when a member loads its own family
        walk = Walk(modules)
        walk.from_modules(modules.members(family))
        modules.mentioned[family] = walk._mentioned
    return modules.mentioned[family]


class Scanner:
    """What one definition mentions, resolved in its module."""

    def __init__(self, modules: Modules, module: Module) -> None:
        self._modules, self._module = modules, module
        self._local: dict[str, str] = {}
        self.seen = Scanned()

    def scan(self, nodes: list[ast.AST]) -> Scanned:
        """Attribute names, definitions in the repository, rendered prompts and loaded families."""
        for root in nodes:
            counted = list(_counted(root, self._modules.errors))
            self._local = {k: v for node in counted if isinstance(node, ast.stmt) for k, v in imported(node).items()}
            owners = {id(node.value) for node in counted if isinstance(node, ast.Attribute)}
            for node in counted:
                if isinstance(node, ast.Attribute):
                    self.seen.mentioned.add(node.attr)
                    self._follow(ast.unparse(node) if _is_chain(node) else "")
                elif isinstance(node, ast.Name):
                    self._follow(node.id, whole=id(node) not in owners)
                elif isinstance(node, ast.Call):
                    self._note_call(node, root)
        return self.seen

    def _follow(self, chain: str, whole: bool = False) -> None:
        """Take the target of a name or a chain of attributes such as `tables.read`. `whole`: a module passed on as a
        value counts as a whole, because its uses cannot be traced."""
        target = self._modules.resolve(meaning(chain, self._module, self._local)) if chain else None
        if target and (target[1] or whole) and target not in self.seen.targets:
            self.seen.targets.append(target)

    def _note_call(self, call: ast.Call, root: ast.AST) -> None:
        name = _last(call.func)
        if name == "render" and call.args:
            self.seen.prompts |= self._prompts(call.args[0], root)
        elif name in ("load", "names") and ast.unparse(call.func) == f"registry.{name}":
            named = {v.value for v in self._constants(call.args[0], root) if isinstance(v.value, str)}
            own = isinstance(call.args[0], ast.Name) and call.args[0].id == "__name__"
            self.seen.families |= {self._module.name} if own else named

    def _prompts(self, argument: ast.expr, root: ast.AST) -> set[str]:
        """Prompt files that the first argument of `render` can name, except those named in params."""
        known = self._modules.prompts
        names = {str(c.value) for c in self._constants(argument, root)} & set(known)
        for node in ast.walk(argument):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                names |= {name for name in known if name.startswith(str(node.values[0].value))}
        return names | {other for name in names if (other := f"full/{name}") in known}

    def _constants(self, argument: ast.expr, root: ast.AST) -> Iterator[ast.Constant]:
        """Constants in an expression and in the values assigned to names in it."""
        for node in ast.walk(argument):
            if isinstance(node, ast.Constant):
                yield node
            elif isinstance(node, ast.Name):
                for value in self._values(node.id, root):
                    yield from (n for n in ast.walk(value) if isinstance(n, ast.Constant))

    def _values(self, name: str, root: ast.AST) -> Iterator[ast.expr]:
        """Values assigned to a name, in the same function or at the top level of a module."""
        target = self._modules.resolve(meaning(name, self._module, self._local))
        statements: list[ast.AST] = [n for n in ast.walk(root) if isinstance(n, ast.Assign | ast.NamedExpr)]
        statements += target[0].definitions[target[1]] if target and target[1] else []
        for node in statements:
            if isinstance(node, ast.Assign | ast.NamedExpr):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                    yield node.value


def _counted(root: ast.AST, errors: frozenset[str]) -> Iterator[ast.AST]:
    """All nodes except error messages, which people read and no output contains."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if not is_error(node, errors):
            waiting.extend(ast.iter_child_nodes(node))


def is_error(node: ast.AST, errors: frozenset[str]) -> bool:
    """Whether a node constructs one of the repository's errors."""
    return isinstance(node, ast.Call) and _last(node.func) in errors


def _last(function: ast.expr) -> str:
    """The last name in what is called: `b` of `a.b`; "" for anything but a name or an attribute."""
    return getattr(function, "attr", getattr(function, "id", ""))


def _is_chain(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _is_validator(statement: ast.stmt) -> bool:
    decorators = getattr(statement, "decorator_list", [])
    return any(ast.unparse(d).split("(")[0].endswith(VALIDATORS) for d in decorators)
