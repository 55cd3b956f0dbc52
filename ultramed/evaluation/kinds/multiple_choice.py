"""Multiple choice: an answer is correct if the letter it settles on is the key."""

from pydantic import BaseModel

from ultramed.evaluation.tasks import Answered, Judge, Read
from ultramed.exam import chosen_letter, explained
from ultramed.ledger.requests import Answer
from ultramed.params import Evaluate
from ultramed.prompts import Prompt, render
from ultramed.records import BenchmarkItem

NEEDS = ("options", "key")


def prompt(item: BenchmarkItem, form: str) -> Prompt:
    """The question, formatted like an instruction: context, stem, blank line, options."""
    stem = f"Context: {item.context}\n\nQuestion: {item.question}" if item.context else item.question
    options = "\n".join(f"{o.letter}. {o.text}" for o in item.options)
    return render("complete-exam-json" if form == "json" else "question", question=f"{stem}\n\n{options}")


def reply_type(item: BenchmarkItem, plan: Evaluate) -> type[BaseModel] | None:
    """Reasoning and a letter; None unless evaluate.format is json."""
    return explained(len(item.options), plan.max_tokens) if plan.format == "json" else None


def read(item: BenchmarkItem, answer: Answer, unread: Read) -> Read:
    """The chosen letter; `unread` if the answer names none."""
    if not isinstance(answer.value, str):
        return Read(answer.value.answer, "answered", answer.text)
    letter = chosen_letter(answer.value, item.options)
    return Read(letter, "answered", answer.value) if letter else unread


def grade(answered: list[Answered], _: Judge) -> list[bool]:
    """Whether each letter is the key."""
    return [said.letter == item.key for item, said in answered]
