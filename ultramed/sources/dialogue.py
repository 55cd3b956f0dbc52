"""Shared by the readers of dialogues: turns, examples, preferences."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ultramed.records import Example, Message, Preference, Role
from ultramed.sources.raw import Broken, Keys, Parsed, Unfit, attempt, described, optional
from ultramed.sources.rawfiles import Element

ROLES: dict[str, Role] = {
    "system": "system", "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant",
    "chatgpt": "assistant", "bing": "assistant", "bard": "assistant"}


def rows(elements: Iterable[Element], parse: Callable[[Element], Parsed]) -> Iterator[Parsed | Broken]:
    """Every element, parsed or Broken; a repeated key is Broken as duplicate_key."""
    keys = Keys()
    for element in elements:
        again = keys.seen(element.key, element.origin)
        yield again if again else attempt(parse, element)


def turns(
    row: dict[str, Any], name: str, who: str = "role", what: str = "content", roles: dict[str, Role] = ROLES
) -> list[Message]:
    """The dialogue in a field: an optional system text, then user and assistant in alternation.

    Only the last turn may be empty. Raises Unfit with code missing_field, unknown_role or
    broken_turns.
    """
    given = row.get(name)
    if not isinstance(given, list):
        raise Unfit("missing_field", f"field '{name}' holds {described(given)}, a list of turns expected")
    messages = [_turn(turn, f"turn {number}", who, what, roles) for number, turn in enumerate(given, 1)]
    system = messages[:1] if messages and messages[0].role == "system" else []
    for number, turn in enumerate(messages[len(system):]):
        position = f"turn {number + 1 + len(system)} of {len(messages)}"
        if turn.role != (expected := ("user", "assistant")[number % 2]):
            raise Unfit("broken_turns", f"{position} is the {turn.role}'s, the {expected}'s expected")
        if not turn.content and turn is not messages[-1]:
            raise Unfit("broken_turns", f"{position} is empty")
    return messages if not system or system[0].content else messages[1:]


def answered(messages: list[Message]) -> list[Message]:
    """The dialogue up to its last answer: a later user turn is cut. Raises Unfit if no answer is left."""
    kept = messages[:-1] if messages and messages[-1].role == "user" else messages
    if not kept or kept[-1].role != "assistant":
        raise Unfit(
            "answer_missing", f"no assistant turn found in {len(messages)} turn(s), at least 1 expected", "dropped")
    if not kept[-1].content:
        raise Unfit("answer_missing", f"turn {len(kept)}, the assistant's last, is empty", "dropped")
    return kept


def asked(messages: list[Message]) -> list[Message]:
    """A dialogue that waits for an answer. Raises Unfit unless it ends with a non-empty user turn."""
    if not messages or messages[-1].role != "user" or not messages[-1].content:
        raise Unfit("broken_turns", f"the last of {len(messages)} turn(s) is no full user turn; one expected")
    return messages


def example(element: Element, messages: list[Message]) -> Example:
    return Example(id=element.key, source="", messages=messages, family="", rights="")


def preference(
    element: Element, messages: list[Message], chosen: str, rejected: str, margin: int | None = None
) -> Preference:
    """Raises Unfit with code same_answers if the two answers are equal."""
    if chosen == rejected:
        raise Unfit("same_answers", f"chosen and rejected are the same {len(chosen)} characters; two answers expected")
    return Preference(
        id=element.key, source="", messages=messages, chosen=chosen, rejected=rejected, margin=margin, label_type="",
        family="", rights="",
    )


def _turn(turn: Any, position: str, who: str, what: str, roles: dict[str, Role]) -> Message:
    if not isinstance(turn, dict):
        raise Unfit("missing_field", f"{position} is {described(turn)}, an object expected")
    name = optional(turn, who) or ""
    role = roles.get(name) or roles.get(name.lower())
    if role is None:
        raise Unfit("unknown_role", f"{position} has {who} {name[:20]!a}; expected one of {', '.join(roles)}")
    return Message(role, optional(turn, what) or "")
