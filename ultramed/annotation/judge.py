"""The judge: all candidates of an instruction in one prompt, each scored from 1 to `judge.scale` and all ranked.

The order shown is shuffled by seed and stored, so that position bias can be measured. A reply that omits a
candidate, repeats a rank or goes off the scale is set aside; it never becomes a tie.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import permutations
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, create_model

from ultramed.errors import PromptError
from ultramed.inference.client import Client
from ultramed.ledger.requests import Answer, Request, Sampling
from ultramed.params import Params
from ultramed.prompts import render
from ultramed.records import Completion, Feedback, Instruction, Verdict, drop, keep, quarantine
from ultramed.seeds import generator, seed_of

CUT = "\n[cut off here by a length limit]"  # below an answer
ENUMERABLE = 5  # up to this many candidates the schema lists every ranking (5! = 120)

Case = tuple[Instruction, list[Completion]]


def judge(
    client: Client, cases: Iterable[Case], params: Params, total: int
) -> Iterator[tuple[list[Feedback], Verdict]]:
    """Feedback on all candidates of each instruction, and a verdict on it, in order."""
    asked: list[Case] = []
    for instruction, candidates in cases:
        if len(candidates) < 2:
            yield [], drop(instruction.id, "judge", "too_few", f"{len(candidates)} candidate(s), 2 are needed")
        else:
            asked.append((instruction, shuffled(candidates, params.seed)))
    answers = client.ask((_request(*case, params) for case in asked), "judge", total)
    for (instruction, shown), answer in zip(asked, answers, strict=True):
        if not answer.ok:
            yield [], quarantine(instruction.id, "judge", answer.failure, answer.detail)
        else:
            yield _feedback(shown, answer, client.name), keep(
                instruction.id, "judge", "judged", f"{len(shown)} candidates ranked")


def shuffled(candidates: list[Completion], seed: int) -> list[Completion]:
    """The candidates in the order shown to the judge."""
    order = sorted(candidates, key=lambda c: c.id)
    generator(seed, "judge", order[0].instruction_id).shuffle(order)
    return order


@cache
def judgement(candidates: int, critique: int, scale: int) -> type[BaseModel]:
    """Reply type for this many candidates: `{"feedback": [{"evaluation", "score"} …], "ranking": [best … worst]}`."""
    parts: dict[str, Any] = {
        "evaluation": (str, Field(min_length=1, max_length=critique)),
        "score": (int, Field(ge=1, le=scale)),
    }
    one = create_model("Evaluation", **parts)
    fields: dict[str, Any] = {
        "feedback": (list[one], Field(min_length=candidates, max_length=candidates)),  # type: ignore[valid-type]
        "ranking": (_ranking(candidates), ...),
    }
    return create_model("Judgement", **fields)


def _ranking(candidates: int) -> Any:
    numbers = tuple(range(1, candidates + 1))
    sized = Annotated[list[int], Field(min_length=candidates, max_length=candidates)]
    checked = Annotated[sized, AfterValidator(lambda ranking: _permutation(ranking, numbers))]
    if candidates > ENUMERABLE:
        return checked
    every: list[Any] = [list(p) for p in permutations(numbers)]
    return Annotated[checked, Field(json_schema_extra={"enum": every})]


def _permutation(ranking: list[int], numbers: tuple[int, ...]) -> list[int]:
    if sorted(ranking) != list(numbers):
        raise ValueError(f"{ranking} is no ranking of {list(numbers)}, each once")
    return ranking


def _request(instruction: Instruction, shown: list[Completion], params: Params) -> Request:
    settings = params.judge
    prompt = render(
        "judge", params.prompts, question=instruction.dialogue, count=len(shown),
        key=next((f"{o.letter}. {o.text}" for o in instruction.options if o.letter == instruction.key), None),
        answers=[f"{c.text}{CUT if c.cut else ''}" for c in shown])
    if f"from 1 to {settings.scale}" not in prompt.messages[-1][1]:
        raise PromptError("judge.md", f"does not ask for scores from 1 to {settings.scale}, as judge.scale requires",
                          "describe the levels of that scale there")
    sampling = Sampling.of(settings, settings.max_tokens, seed_of(params.seed, "judge", instruction.id))
    return Request(instruction.id, "judge", prompt, sampling, judgement(len(shown), settings.critique, settings.scale),
                   rights=instruction.rights)


def _feedback(shown: list[Completion], answer: Answer, author: str) -> list[Feedback]:
    ranks = {position: rank for rank, position in enumerate(answer.value.ranking, 1)}
    return [
        Feedback(
            candidate_id=c.id, instruction_id=c.instruction_id, score=given.score, critique=given.evaluation,
            rank=ranks[n], shown=n, judge=author, request_key=answer.key
        )
        for n, (c, given) in enumerate(zip(shown, answer.value.feedback, strict=True), 1)
    ]
