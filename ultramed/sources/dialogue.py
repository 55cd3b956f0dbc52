"""What readers of dialogues share: turns, examples, preferences."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ultramed.records import Example, Message, Preference, Role
from ultramed.sources.raw import Broken, Keys, Parsed, Unfit, attempt, described, optional
from ultramed.sources.rawfiles import Element

ROLES: dict[str, Role] = {
    "system": "system", "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant",
    "chatgpt": "assistant", "bing": "assistant", "bard": "assistant"}


def rows(found: Iterable[Element], parse: Callable[[Element], Parsed]) -> Iterator[Parsed | Broken]:
    """Every element, parsed or Broken; a key that comes again is Broken as duplicate_key."""
    keys = Keys()
    for element in found:
        again = keys.seen(element.key, element.origin)
        yield again if again else attempt(parse, element)


def turns(
    row: dict[str, Any], name: str, who: str = "role", what: str = "content", roles: dict[str, Role] = ROLES
) -> list[Message]:
    """The dialogue in a field: a system text where there is one, then user and assistant in alternation.

    A turn that closes the dialogue may be empty, no other. Raises Unfit with code missing_field, unknown_role or
    broken_turns.
    """
    given = row.get(name)
    if not isinstance(given, list):
        raise Unfit("missing_field", f"field '{name}' holds {described(given)}, a list of turns expected")
    said = [_turn(turn, f"turn {number}", who, what, roles) for number, turn in enumerate(given, 1)]
    system = said[:1] if said and said[0].role == "system" else []
    for number, turn in enumerate(said[len(system):]):
        place = f"turn {number + 1 + len(system)} of {len(said)}"
        if turn.role != (expected := ("user", "assistant")[number % 2]):
            raise Unfit("broken_turns", f"{place} is the {turn.role}'s, the {expected}'s expected")
        if not turn.content and turn is not said[-1]:
            raise Unfit("broken_turns", f"{place} is empty")
    return said if not system or system[0].content else said[1:]


def answered(said: list[Message]) -> list[Message]:
    """The dialogue up to its last answer: a user turn behind it is cut. Raises Unfit where no answer is left."""
    kept = said[:-1] if said and said[-1].role == "user" else said
    if not kept or kept[-1].role != "assistant":
        raise Unfit("answer_missing", f"no assistant turn found in {len(said)} turn(s), at least 1 expected", "dropped")
    if not kept[-1].content:
        raise Unfit("answer_missing", f"turn {len(kept)}, the assistant's last, is empty", "dropped")
    return kept


def asked(said: list[Message]) -> list[Message]:
    """A dialogue that waits for an answer. Raises Unfit unless it ends with a full user turn."""
    if not said or said[-1].role != "user" or not said[-1].content:
        raise Unfit("broken_turns", f"the last of {len(said)} turn(s) is no full user turn; one expected")
    return said


def example(element: Element, messages: list[Message]) -> Example:
    return Example(id=element.key, source="", messages=messages, family="", rights="")


def preference(
    element: Element, messages: list[Message], chosen: str, rejected: str, margin: int | None = None
) -> Preference:
    """Raises Unfit with code same_answers where there is nothing to prefer."""
    if chosen == rejected:
        raise Unfit("same_answers", f"chosen and rejected are the same {len(chosen)} characters; two answers expected")
    return Preference(
        id=element.key, source="", messages=messages, chosen=chosen, rejected=rejected, margin=margin, label_type="",
        family="", rights="",
    )


def _turn(turn: Any, place: str, who: str, what: str, roles: dict[str, Role]) -> Message:
    if not isinstance(turn, dict):
        raise Unfit("missing_field", f"{place} is {described(turn)}, an object expected")
    name = optional(turn, who) or ""
    role = roles.get(name) or roles.get(name.lower())
    if role is None:
        raise Unfit("unknown_role", f"{place} has {who} {name[:20]!a}; expected one of {', '.join(roles)}")
    return Message(role, optional(turn, what) or "")
