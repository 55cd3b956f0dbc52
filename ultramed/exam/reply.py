"""The shape of an explained exam answer, as a model is asked for it."""

from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from ultramed.tokens import characters


@cache
def explained(options: int, max_tokens: int) -> type[BaseModel]:
    """Reply type `{"reasoning": …, "answer": <letter>}` for that many options, short enough for the token limit."""
    fields: dict[str, Any] = {
        "reasoning": (str, Field(min_length=20, max_length=characters(max_tokens))),
        "answer": (Literal[tuple("ABCDEFGHIJ"[:options])], ...),
    }
    return create_model("Explained", **fields)
