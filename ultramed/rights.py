"""Rights classes: their order, their intersection, and what must stay on this machine.

A row has the most restrictive rights of its source, its underlying text and every model that worked on it.
Engineering input, not legal advice.
"""

from typing import Literal, get_args

Rights = Literal["open", "research", "recipe", "quarantine", "deny"]  # from publishable to nothing allowed
ORDER: tuple[str, ...] = get_args(Rights)
LOCAL_ONLY = frozenset({"quarantine", "deny"})


def most_restrictive(*classes: str) -> Rights:
    """The class that allows the least; `deny` for no class and for any unknown class."""
    if not classes or any(c not in ORDER for c in classes):
        return "deny"
    return max(classes, key=ORDER.index)  # type: ignore[return-value, arg-type]


def may_leave(rights: str) -> bool:
    """Whether text of this class may be sent to a model on another machine."""
    return most_restrictive(rights) not in LOCAL_ONLY
