"""Prompts are files, `<name>.md`, one a task; `render` fills them strictly. Those under `full/` are for strong models;
the others, for demonstration models, fit into a small context.

A file is a list of turns, each under a line `--- system`, `--- user` or `--- assistant`, in Jinja. Turns are split
before anything is filled in, so text from data can never open a turn of its own, and values are never evaluated.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from jinja2 import Environment, StrictUndefined, TemplateError, meta

from ultramed.errors import PromptError

_replaced: ContextVar[Mapping[str, str]] = ContextVar("replaced", default=MappingProxyType({}))  # by name
_TURN = re.compile(r"^--- (system|user|assistant)\n", re.MULTILINE)


@dataclass(frozen=True)
class Prompt:
    """A filled prompt: turns for a chat endpoint, and the file they came from."""

    name: str
    hash: str  # first 16 hex digits of the file's SHA-256
    messages: tuple[tuple[str, str], ...]  # (role, content)

    def then(self, *turns: tuple[str, str]) -> "Prompt":
        """The same prompt with more turns at its end."""
        return Prompt(self.name, self.hash, (*self.messages, *turns))


def render(name: str, style: str = "brief", **variables: object) -> Prompt:
    """Fill the prompt file `name`, or `full/<name>` in that style where there is one. Raises PromptError for a missing
    or an unknown variable."""
    name = f"full/{name}" if style == "full" and f"full/{name}" in _full() else name
    digest, turns, wanted = _parsed(name, text) if (text := _replaced.get().get(name)) else _load(name)
    if unknown := sorted(set(variables) - wanted):
        raise PromptError(f"{name}.md", f"was given {unknown}, which it does not use; it uses {sorted(wanted)}")
    if missing := sorted(wanted - set(variables)):
        raise PromptError(f"{name}.md", f"needs {missing}, which it was not given")
    try:
        filled = tuple((role, _environment().from_string(body).render(variables).strip()) for role, body in turns)
    except TemplateError as error:
        raise PromptError(f"{name}.md", f"cannot be filled: {error}") from None
    return Prompt(name, digest, filled)


@contextmanager
def replacing(texts: Mapping[str, str]) -> Iterator[None]:
    """Inside, these texts stand for the prompt files of their names. Raises PromptError for an unknown name."""
    for name in texts:
        if name not in names() and name not in _full():
            raise PromptError(f"{name}.md", "is no prompt file", "see ultramed/prompts/")
    token = _replaced.set(texts)
    try:
        yield
    finally:
        _replaced.reset(token)


@cache
def names() -> list[str]:
    """Names of all prompt files, sorted."""
    return sorted(file.name.removesuffix(".md") for file in resources.files(__package__).iterdir()
                  if file.name.endswith(".md"))


@cache
def _full() -> frozenset[str]:
    folder = resources.files(__package__).joinpath("full")
    return frozenset(f"full/{file.name.removesuffix('.md')}" for file in folder.iterdir() if file.name.endswith(".md"))


@cache
def _environment() -> Environment:
    # prompts are plain text for a model: HTML escaping would corrupt "<" in laboratory values
    return Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@cache
def _load(name: str) -> tuple[str, tuple[tuple[str, str], ...], frozenset[str]]:
    try:
        return _parsed(name, resources.files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PromptError(f"{name}.md", "is no prompt file", "see ultramed/prompts/") from None


@cache
def _parsed(name: str, text: str) -> tuple[str, tuple[tuple[str, str], ...], frozenset[str]]:
    try:
        tree = _environment().parse(text)
    except TemplateError as error:
        raise PromptError(f"{name}.md", f"is not valid Jinja: {error}") from None
    parts = _TURN.split(text)
    if len(parts) < 3:
        raise PromptError(f"{name}.md", "has no turn; expected lines like `--- user`")
    turns = tuple(zip(parts[1::2], parts[2::2], strict=True))
    return hashlib.sha256(text.encode()).hexdigest()[:16], turns, frozenset(meta.find_undeclared_variables(tree))
