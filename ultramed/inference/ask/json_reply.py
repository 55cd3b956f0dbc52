"""The JSON object in a reply, and its shape. Nothing is guessed or completed; this file lists what is forgiven."""

import json
import re
from copy import deepcopy
from typing import Any

from pydantic import BaseModel, ValidationError

MAX_STARTS = 64  # of objects in one reply; each may be scanned to the end of it
# A string, a comment, or a comma before a closing bracket; strings are passed over
_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|[{}]', re.DOTALL)
_BEGINS = re.compile(r'\{\s*(?:["\']|/[/*]|\}|$)')  # an object, not a brace in a sentence
_NUMBER = re.compile(r"\s*(-?[0-9]{1,9})(?:\.0+)?\s*(?:(?:/|out of)\s*([0-9]{1,9})\s*)?")
_LETTER = re.compile(r"(?is)[\s(\[*\"']*(?:option\s+)?([a-j])[)\]*\"']*\s*(?:[.:)]?\s*$|[.:)]\s.*)")


def find_object(text: str) -> dict[str, Any] | None:
    """The object that a reply ends with: bare, in a code fence, among words, after drafts. Comments, commas before a
    closing bracket and raw line breaks in strings are forgiven. None where there is no object, where the last one is
    spoilt or broken off, and where a list holds several."""
    position, last, last_end = 0, None, -1
    for _ in range(MAX_STARTS):
        if (start := text.find("{", position)) < 0:
            return last
        value, position = _decode(text, start)
        if value is not None:
            if last is not None and text[last_end:start].strip() == ",":
                return None
            last, last_end = value, position
        elif _BEGINS.match(text, start):
            last = None
    return None


def shaped(value: dict[str, Any], kind: type[BaseModel]) -> BaseModel:
    """The object as an instance of `kind`. Types are strict: `true` is not a number. Numbers may be strings, `7.0`, or
    given over their maximum (`7/10`); letters may be lower case, or precede the text of their option.

    Raises pydantic's ValidationError.
    """
    try:
        return kind.model_validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        repaired = _repaired(value, kind, error)
        if repaired is None:
            raise
        return kind.model_validate_json(json.dumps(repaired), strict=True)


def _decode(text: str, start: int) -> tuple[dict[str, Any] | None, int]:
    """The object that begins there and where it ends; or None and where to look on."""
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        unread = max(error.pos, start + 1)
        if error.msg.startswith("Unterminated string"):
            unread = len(text)  # cut: the rest is the inside of that string
    except (ValueError, RecursionError):
        return None, _end(text, start) or len(text)
    end = _end(text, start) if _BEGINS.match(text, start) else None
    if end is None:
        return None, unread
    try:
        plain = _COMMA.sub(lambda m: m[1] or "", _COMMENT.sub(lambda m: m[1] or " ", text[start:end]))
        return _DECODER.decode(plain), end
    except (ValueError, RecursionError):
        return None, end


def _end(text: str, start: int) -> int | None:
    """Behind the brace that closes the one at `start`; None where none does."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return None


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs) and any(value[k] != v for k, v in pairs):
        raise ValueError("two values of one name")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=_unambiguous, parse_constant=_no_constant)


def _repaired(value: dict[str, Any], kind: type[BaseModel], error: ValidationError) -> dict[str, Any] | None:
    """The object with every wrong value replaced by what it must mean; None where one of them means nothing."""
    repaired = deepcopy(value)
    for fault in error.errors():
        *path, name = fault["loc"]
        holder: Any = repaired
        try:
            for part in path:
                holder = holder[part]
            meant = _meant(holder[name], fault, _maximum(kind, fault["loc"]))
        except (KeyError, IndexError, TypeError):
            return None
        if meant is None:
            return None
        holder[name] = meant
    return repaired


def _meant(given: Any, fault: Any, maximum: float | None) -> Any:
    if fault["type"] in ("int_type", "int_from_float", "float_type"):
        number = _NUMBER.fullmatch(str(given)) if isinstance(given, str | float) else None
        scale_fits = number is not None and (number[2] is None or float(number[2]) == maximum)
        return int(number[1]) if number and scale_fits else None
    if fault["type"] == "literal_error" and isinstance(given, str):
        letter = _LETTER.match(given)
        return letter[1].upper() if letter else None
    return None


def _maximum(kind: type[BaseModel], path: tuple[int | str, ...]) -> float | None:
    """The largest number that is allowed there, as the schema of the type has it."""
    schema = kind.model_json_schema()
    definitions, node = schema.get("$defs", {}), schema
    for part in path:
        node = definitions.get(node.get("$ref", "").rpartition("/")[2], node)
        node = node.get("properties", {}).get(part, {}) if isinstance(part, str) else _item(node, part)
    return node.get("maximum")


def _item(node: dict[str, Any], index: int) -> dict[str, Any]:
    fixed = node.get("prefixItems", [])
    return fixed[index] if index < len(fixed) else node.get("items", {})
