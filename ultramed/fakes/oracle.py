"""The oracle: an OpenAI-compatible loopback endpoint that answers from planted truth.

For tests and trials: the right output of every model-calling stage is known, and error, position, length and self bias
can be set. It recognises a task by the name of the reply schema, and a row by the texts planted in its truth file.

    python -m ultramed.fakes.oracle --truth truth.json --port 0 --error 0.1 --position-bias 0.5

Truth (JSON, every part optional):
    answers   {stem: text of the right option}       exam items, with their options in any order
    quality   {text of a candidate: score}           what the judge should give
    scores    {stem: 1 to 10}                        difficulty
    errors    {stem: share}                          how often letters are wrong on hard or easy items, else --error
    blind     {text of an option: true}              options that give their item away without its question
    broken    [stem]                                 parents whose evolved item gets a wrong key
    cosmetic  [stem]                                 parents whose evolved item says nothing new
    barren    [text in a passage]                    passages not worth a question
    self      [text of a candidate]                  texts by the judge itself, for self bias
"""

import argparse
import asyncio
import hashlib
import json
import math
import random
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

_OPTION = re.compile(r"^([A-J])\. (.*)$", re.MULTILINE)
_FINDINGS = (
    "splenomegaly", "night sweats", "a petechial rash", "pitting oedema", "a systolic murmur", "hyponatraemia",
    "jaundice", "clubbing of the nails", "haematuria", "photophobia", "ptosis", "orthopnoea", "a raised lipase",
    "neutropenia", "ketonuria", "hoarseness", "dysphagia", "melaena", "alopecia", "nystagmus", "tinnitus", "stridor",
    "ascites", "hirsutism", "gynaecomastia", "polydipsia", "tenesmus", "xerostomia", "uveitis", "arthralgia",
)
_WRITTEN, _RIGHT = "Which statement on finding", "right statement on"  # in items that the oracle writes
_ANSWER = re.compile(r"^Answer (\d+):\n(.*?)(?=^Answer \d+:\n|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Biases:
    """How the oracle errs. Shares are probabilities; biases are points on the judge's scale."""

    error: float = 0.0  # share of letters and scores that are wrong
    position: float = 0.0  # added to the first answer shown
    length: float = 0.0  # added per 1,000 characters
    self_: float = 0.0  # added to the judge's own answers


@dataclass
class Oracle:
    """Answers chat requests from `truth`; `asked` counts requests by schema name."""

    truth: dict[str, Any]
    biases: Biases = field(default_factory=Biases)
    asked: Counter = field(default_factory=Counter)

    def reply(self, body: dict[str, Any]) -> tuple[str, list[dict[str, float]]]:
        """The text of the reply, and the alternatives if a score by log-probability is asked for."""
        shape = (body.get("response_format") or {}).get("json_schema") or {}
        turns = [m["content"] for m in body["messages"]]
        text = turns[-3] if turns[-1].startswith("That reply could not be used") else turns[-1]  # second try
        chance = random.Random(hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest())
        self.asked[shape.get("name", "text")] += 1
        if body.get("logprobs"):
            return self._digit(text)
        tasks = {
            "Choice": self._choice, "Explained": self._explained, "Judgement": self._judgement,
            "Difficulty": self._difficulty, "TextbookItem": self._textbook, "EvolvedExam": self._evolved_exam,
            "EvolvedOpen": self._evolved_open, "Subfields": self._subfields, "Tasks": self._tasks,
        }
        task = tasks.get(shape.get("name", ""))
        if task is None:
            return self._free(text, chance), []
        return json.dumps(task(text, chance, shape.get("schema") or {})), []

    def _letter(self, text: str, chance: random.Random) -> str:
        """The letter of the right option; a wrong one with probability `error`."""
        shown = dict(_OPTION.findall(text, max(0, text.rfind("\nA. "))))  # examples come before the question
        ends = [(text.rfind(stem) + len(stem), len(stem), right)
                for stem, right in self.truth.get("answers", {}).items() if stem in text]
        stem, right = (text[max(ends)[0] - max(ends)[1]: max(ends)[0]], max(ends)[2]) if ends else ("", None)
        if right is None:  # items that it wrote itself, and those that give themselves away
            right = next((v.strip() for v in shown.values() if v.strip() in self.truth.get("blind", {})
                          or (_WRITTEN in text and v.startswith(_RIGHT))), None)
        letter = next((k for k, v in shown.items() if v.strip() == right), None)
        if letter is not None and chance.random() >= self.truth.get("errors", {}).get(stem, self.biases.error):
            return letter
        return chance.choice([k for k in shown if k != letter] or ["A"])

    def _choice(self, text: str, chance: random.Random, _: dict) -> dict[str, Any]:
        body, __, reasoning = text.partition("\n\nReasoning:\n")
        named = [letter for letter, option in _OPTION.findall(body) if option.strip().lower() in reasoning.lower()]
        return {"answer": (named[0] if len(named) == 1 else "none") if named else self._letter(body, chance)}

    def _explained(self, text: str, chance: random.Random, _: dict) -> dict[str, Any]:
        return {"reasoning": "The planted truth names this option.", "answer": self._letter(text, chance)}

    def _free(self, text: str, chance: random.Random) -> str:
        if _OPTION.search(text):
            return f"The planted truth names this option.\n\nSo, the answer is {self._letter(text, chance)}."
        return "A planted answer to an open question."

    def _judgement(self, text: str, chance: random.Random, _: dict) -> dict[str, Any]:
        shown = [body.strip() for _, body in _ANSWER.findall(text.split("For each answer in turn")[0])]
        qualities = [self._perceived_quality(n, body, chance) for n, body in enumerate(shown)]
        order = sorted(range(len(shown)), key=lambda n: (-qualities[n], n))
        feedback = [{"evaluation": "as planted", "score": max(1, min(5, round(q)))} for q in qualities]
        return {"feedback": feedback, "ranking": [n + 1 for n in order]}

    def _perceived_quality(self, position: int, text: str, chance: random.Random) -> float:
        if chance.random() < self.biases.error:
            return chance.uniform(1, 5)
        quality = float(self.truth.get("quality", {}).get(text, 3))
        quality += self.biases.position * (position == 0) + self.biases.length * len(text) / 1000
        return quality + self.biases.self_ * (text in self.truth.get("self", []))

    def _score(self, text: str) -> int:
        return next((s for stem, s in self.truth.get("scores", {}).items() if stem in text), 5)

    def _difficulty(self, text: str, _: random.Random, __: dict) -> dict[str, Any]:
        return {"justification": "As planted.", "score": self._score(text)}

    def _digit(self, text: str) -> tuple[str, list[dict[str, float]]]:
        digit = self._score(text) - 1
        return str(digit), [{str(digit): math.log(0.98), str((digit + 1) % 10): math.log(0.01)}]

    def _textbook(self, text: str, chance: random.Random, schema: dict) -> dict[str, Any]:
        good = not any(mark in text for mark in self.truth.get("barren", []))
        tag = _tag(text)
        options, key = {k: f"statement {k} on {tag}" if good else "" for k in "ABCD"}, chance.choice("ABCD")
        options[key] = f"{_RIGHT} {tag}" if good else ""
        passage = text.rsplit("\nPassage:\n", 1)[-1].split("\n\n")[0]
        proof = {"evidence": passage[:60].rpartition(" ")[0]} if "evidence" in schema.get("properties", {}) else {}
        return {"significant": good, "sufficient": good, **proof, "options": options, "answer": key,
                "question": f"{_WRITTEN} {tag} is right?" if good else ""}

    def _evolved_exam(self, text: str, chance: random.Random, schema: dict) -> dict[str, Any]:
        """The parent's options under a stem with three more findings; a broken parent's child names a wrong key."""
        body = text.rsplit("\n\nAnswer: ", 1)[0]
        key, shown = text.rsplit("\n\nAnswer: ", 1)[1].strip()[:1], dict(_OPTION.findall(body))
        if any(stem in body for stem in self.truth.get("broken", [])):
            key = next(k for k in shown if k != key)
        stem = _OPTION.split(body)[0].strip().split("\n\n")[-1]
        added = f"In the case with added finding {_tag(text)} and {' and '.join(chance.sample(_FINDINGS, 3))}: "
        if any(parent in body for parent in self.truth.get("cosmetic", [])):
            added = "Consider the case below carefully. "
        return {**_method(schema, chance), "question": f"{added}{stem}", "answer": key,
                "options": {k: shown.get(k, f"other {k}") for k in "ABCD"}}

    def _evolved_open(self, text: str, chance: random.Random, schema: dict) -> dict[str, Any]:
        question = text.split("\n\nReply in this form:")[0].strip().splitlines()[-1]
        added = " and ".join(chance.sample(_FINDINGS, 3))
        return {**_method(schema, chance), "question": f"With the added constraint {_tag(text)} of {added}: {question}"}

    def _subfields(self, text: str, _: random.Random, schema: dict) -> dict[str, Any]:
        count = _least_items(schema["properties"]["subfields"])
        names = [f"subfield {_tag(text)} {n}" for n in range(count)]
        if schema["properties"]["subfields"]["items"].get("type") == "string":
            return {"subfields": names}
        return {"subfields": [{"name": name, "description": f"It studies the planted {name}."} for name in names]}

    def _tasks(self, text: str, _: random.Random, schema: dict) -> dict[str, Any]:
        count = _least_items(schema["properties"]["tasks"])
        return {"tasks": [{"instruction": f"Explain the planted task {n} of {_tag(text)} in detail.", "context": "None"}
                          for n in range(count)]}


def completion(
    body: dict[str, Any], text: str, alternatives: list[dict[str, float]], reason: str = "stop"
) -> dict[str, Any]:
    """A chat completion in the form of OpenAI's API; each word counts as a token."""
    choice: dict[str, Any] = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}
    if alternatives:
        tops = [{"token": t, "logprob": p} for t, p in alternatives[0].items()]
        choice["logprobs"] = {"content": [{**tops[0], "top_logprobs": tops}]}
    asked, said = sum(len(m["content"].split()) for m in body["messages"]), len(text.split())
    usage = {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}
    return {"object": "chat.completion", "model": body["model"], "choices": [choice], "usage": usage}


def application(oracle: Oracle) -> web.Application:
    """The HTTP routes: chat completions, models, health, and `/asked` with the counts."""

    async def chat(request: web.Request) -> web.Response:
        body = await request.json()
        return web.json_response(completion(body, *oracle.reply(body)))

    async def asked(_: web.Request) -> web.Response:
        return web.json_response(dict(oracle.asked))

    app = web.Application(client_max_size=64 * 2**20)
    app.add_routes([web.post("/v1/chat/completions", chat), web.get("/asked", asked), *status_routes("oracle")])
    return app


def status_routes(model: str) -> list[web.RouteDef]:
    """The routes for the list of models and the health check."""

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": model, "object": "model"}]})

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    return [web.get("/v1/models", models), web.get("/health", health)]


def _least_items(schema: dict[str, Any]) -> int:
    """How many items a list must have: strict schemas say it in words."""
    said = re.search(r"at least (\d+) items", schema.get("description", ""))
    return schema.get("minItems") or (int(said[1]) if said else 1)


def _method(schema: dict[str, Any], chance: random.Random) -> dict[str, str]:
    """A method of evolution, where the schema asks for one."""
    names = schema.get("properties", {}).get("method", {}).get("enum", [])
    return {"method": chance.choice(names)} if names else {}


def _tag(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


async def serve(app: web.Application, port: int) -> None:
    """Print the address, and serve on loopback forever."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    address = runner.addresses[0]
    print(f"http://{address[0]}:{address[1]}/v1", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--truth", type=Path, help="JSON file; without it every answer is a guess")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one; the address is printed")
    for name in ("error", "position-bias", "length-bias", "self-bias"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    given = parser.parse_args()
    truth = json.loads(given.truth.read_text(encoding="utf-8")) if given.truth else {}
    biases = Biases(given.error, given.position_bias, given.length_bias, given.self_bias)
    try:
        asyncio.run(serve(application(Oracle(truth, biases)), given.port))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
