"""The oracle: what is planted comes back, and the errors and biases that are set can be measured."""

import json
import math
import re
from collections import Counter
from itertools import permutations
from typing import Any

import pytest
from loopback import question
from pydantic import BaseModel

from ultramed.annotation.complete import explained
from ultramed.annotation.judge import judgement
from ultramed.annotation.solve import choice
from ultramed.inference.endpoint import _body, _reply
from ultramed.inference.oracle import Biases, Oracle
from ultramed.inference.requests import Request, Sampling
from ultramed.inference.structured import expected_digit, read
from ultramed.prompts import Prompt, render

STEM = "Which electrolyte disorder prolongs the QT interval?"
OPTIONS = ["Hypocalcemia", "Hypercalcemia", "Hypernatremia", "Hypophosphatemia"]
TRUTH: dict[str, Any] = {"answers": {STEM: "Hypocalcemia", "Which organ makes bile?": "Liver"}, "scores": {STEM: 7}}


def asked(oracle: Oracle, prompt: Prompt, kind: type[BaseModel] | None = None, seed: int = 1, tops: int = 0) -> Any:
    """The value that a stage would read from the oracle's reply."""
    request = Request("r", "s", prompt, Sampling(0.0, 64, seed, top_logprobs=tops), kind)
    text, alternatives = oracle.reply(_body(request, "m"))
    body: dict[str, Any] = {"choices": [{"message": {"content": text}}]}
    value, failure, detail = read(_reply(body), kind)
    assert not failure, detail
    return (value, alternatives) if tops else value


def item(options: list[str] | tuple[str, ...], stem: str = STEM) -> str:
    return stem + "\n\n" + "\n".join(f"{letter}. {o}" for letter, o in zip("ABCDE", options, strict=False))
