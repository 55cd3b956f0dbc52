"""A difficulty score from 1 to 10 for every instruction, given by a model.

`text`: the model justifies, then scores. `logprob`: the expected value of the score digit under the model's
log-probabilities (0 to 9, plus 1), for models too weak to vary their written score.
"""

import re
from collections.abc import Iterable, Iterator

from pydantic import BaseModel, Field

from ultramed.inference.ask.structured import expected_digit
from ultramed.inference.client import Client
from ultramed.ledger.requests import Answer, Request, Sampling
from ultramed.params import Params
from ultramed.prompts import render
from ultramed.records import Instruction, Score, Verdict, keep, quarantine
from ultramed.seeds import seed_of


class Difficulty(BaseModel):
    justification: str = Field(min_length=1, max_length=600)
    score: int = Field(ge=1, le=10)


def score(
    client: Client, instructions: Iterable[Instruction], params: Params, total: int
) -> Iterator[tuple[Score | None, Verdict]]:
    """One (score, verdict) per instruction, in order; the score is None if the reply could not be read."""
    requests = (_request(i, params) for i in instructions)
    for answer in client.ask(requests, "score", total, truncated_ok=params.score.method == "logprob"):
        yield _read(answer, params.score.method)


def _request(instruction: Instruction, params: Params) -> Request:
    settings = params.score
    by_logprob = settings.method == "logprob"
    question = _cut(instruction.prompt, settings.words) if settings.words else instruction.dialogue
    prompt = render("score" if by_logprob else "score-text", question=question)
    sampling = Sampling.of(
        settings, 1 if by_logprob else 400, seed_of(params.seed, "score", instruction.id),
        top_logprobs=settings.top_logprobs if by_logprob else 0,
    )
    kind = None if by_logprob else Difficulty
    return Request(instruction.id, "score", prompt, sampling, kind, rights=instruction.rights)


def _read(answer: Answer, method: str) -> tuple[Score | None, Verdict]:
    row = answer.request.row_id
    if not answer.ok:
        return None, quarantine(row, "score", answer.failure, answer.detail)
    if method == "text":
        value, why = float(answer.value.score), answer.value.justification
    else:
        first = answer.reply.logprobs[0] if answer.reply and answer.reply.logprobs else {}
        digit = expected_digit(first)
        if digit is None:
            return None, quarantine(row, "score", "unreadable", f"no digit among the {len(first)} likeliest tokens")
        value, why = round(1 + digit, 3), ""
    return Score(
        id=row, score=value, method=method, justification=why, request_key=answer.key
    ), keep(row, "score", "scored", f"score {value:g}")


def _cut(text: str, words: int) -> str:
    """The first `words` words of a question, line breaks kept; all of it if it is short enough."""
    matches = list(re.finditer(r"\S+", text))
    return text if len(matches) <= words else text[: matches[words - 1].end()]
