"""The one way stages ask a model: requests stream in, answers stream out in the same order, the ledger in between."""

import asyncio
import json
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from ultramed import params as parameters
from ultramed import paths
from ultramed.curation.rights import may_leave
from ultramed.errors import ModelError, RightsError
from ultramed.inference.endpoint import Endpoint, Rejected, Target
from ultramed.inference.ledger import Entry, Ledger
from ultramed.inference.requests import Answer, Reply, Request
from ultramed.inference.servers import serving
from ultramed.inference.structured import read
from ultramed.progress import Progress
from ultramed.records import Use

AHEAD = 4  # requests kept in flight or waiting, per slot of the endpoint


class Client:
    """A model, ready to be asked. Made by `connect`."""

    def __init__(self, name: str, stage: str, target: Target, identity: str, settings: parameters.Params) -> None:
        self.name, self.stage, self.identity = name, stage, identity
        self.settings = settings.model(name)
        self.local = not isinstance(self.settings, parameters.RemoteModel)  # models of ours run here, too
        self.manifest: list[Use] = []
        self._target = target
        self._ledger = Ledger(paths.ledger())
        self._price = getattr(self.settings, "price", None)

    def ask(
        self, requests: Iterable[Request], what: str = "", total: int | None = None, truncated_ok: bool = False
    ) -> Iterator[Answer]:
        """One answer a request, in their order; memory holds a window of them only.

        A JSON reply of the wrong shape is asked for once more, with the error. `truncated_ok` takes free text cut
        by the token limit as it is. Raises ModelError when the endpoint is of no use: what came is in the ledger.
        """
        with asyncio.Runner() as runner, Progress(what or self.stage, total) as progress:
            loop = runner.get_loop()
            endpoint = loop.run_until_complete(_open(self._target, self.settings.concurrency))
            run = _Run(self, endpoint, truncated_ok)
            window: deque[tuple[asyncio.Task[list[Answer]], bool]] = deque()
            stream = iter(requests)
            try:
                while True:
                    for request, entry in self._known(islice(stream, self._room(window))):
                        window.append((loop.create_task(run.answer(request, entry)), entry is not None))
                    if not window:
                        return
                    task, known = window.popleft()
                    answers = loop.run_until_complete(task)
                    for answer in answers:
                        self._note(answer)
                    progress.step(known=known)
                    yield answers[-1]
            finally:
                loop.run_until_complete(run.close(task for task, _ in window))

    def close(self) -> None:
        self._ledger.close()

    def _room(self, window: deque) -> int:
        return max(1, self.settings.concurrency * AHEAD - len(window))

    def _known(self, requests: Iterable[Request]) -> list[tuple[Request, Entry | None]]:
        batch = list(requests)
        for request in batch:
            if not self.local and not may_leave(request.rights):
                raise RightsError(
                    f"{request.row_id} ({request.step})",
                    f"has rights '{request.rights}': its text must not leave this machine, '{self.name}' is remote",
                    "use a local model here, or screen the source out",
                )
        found = self._ledger.get(r.key(self.identity) for r in batch)
        return [(r, found.get(r.key(self.identity))) for r in batch]

    def _note(self, answer: Answer) -> None:
        request, reply = answer.request, answer.reply
        self.manifest.append(Use(
            request.row_id, request.step, answer.key, reply.hash if reply else "", self.name, request.prompt.name,
            request.prompt.hash, reply.prompt_tokens if reply else 0, reply.completion_tokens if reply else 0,
            answer.price_usd, answer.failure or "ok",
        ))

    def cost(self, reply: Reply) -> float:
        """USD of a reply at the model's price; 0 for local models."""
        if self._price is None:
            return 0.0
        return (reply.prompt_tokens * self._price.prompt + reply.completion_tokens * self._price.completion) / 1e6


class _Run:
    """The asynchronous half of one `ask`: endpoint, requests in flight, group commits to the ledger."""

    def __init__(self, client: Client, endpoint: Endpoint, truncated_ok: bool) -> None:
        self._client, self._endpoint, self._truncated_ok = client, endpoint, truncated_ok
        self._flying: dict[str, asyncio.Future[Entry]] = {}
        self._waiting: list[tuple[Entry, asyncio.Future[Entry]]] = []
        self._writer: asyncio.Task | None = None

    async def answer(self, request: Request, entry: Entry | None) -> list[Answer]:
        """The answers to one request: one, or two where a JSON reply had to be asked for again."""
        first = await self._one(request, entry)
        if first.failure not in ("unreadable", "invalid"):
            return [first]
        again = request.prompt.then(("assistant", first.text), ("user", _complaint(first)))
        retry = Request(request.row_id, f"{request.step}-again", again, request.sampling, request.reply_type,
                        request.sample, request.rights)
        known = self._client._ledger.get([retry.key(self._client.identity)])
        return [first, await self._one(retry, next(iter(known.values()), None))]

    async def _one(self, request: Request, entry: Entry | None) -> Answer:
        key = request.key(self._client.identity)
        try:
            entry = entry or await self._buy_once(request, key)
        except Rejected as error:
            return Answer(request, key, None, None, "rejected", str(error))
        value, failure, detail = read(entry.reply, request.reply_type, self._truncated_ok)
        return Answer(request, key, entry.reply, value, failure, detail, entry.price_usd)

    async def _buy_once(self, request: Request, key: str) -> Entry:
        """Identical requests in flight are bought once; what has landed is in the ledger."""
        if key not in self._flying:
            self._flying[key] = asyncio.ensure_future(self._buy(request, key))
            self._flying[key].add_done_callback(lambda _: self._flying.pop(key))
        return await asyncio.shield(self._flying[key])

    async def _buy(self, request: Request, key: str) -> Entry:
        reply, latency = await self._endpoint.ask(request)
        client = self._client
        asked = json.dumps(request.messages, ensure_ascii=False)
        entry = Entry(key, client.identity, client.stage, asked, reply, client.cost(reply), latency)
        written: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await written

    async def _write(self) -> None:
        """Commit what has gathered while the last commit ran; a reply counts once it is on disk."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                stands = await asyncio.to_thread(self._client._ledger.put, [e for e, _ in batch])
                for entry, written in batch:
                    if not written.done():
                        written.set_result(stands[entry.key])
            except Exception as error:  # whatever it is: those who wait for the commit would wait for ever
                for _, written in batch:
                    if not written.done():
                        written.set_exception(error)

    async def close(self, window: Iterable[asyncio.Task]) -> None:
        """Drop what is still in flight, keep what has come."""
        tasks = [*window, *self._flying.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._writer is not None:
            await asyncio.gather(self._writer, return_exceptions=True)
        await self._endpoint.__aexit__()


@contextmanager
def connect(name: str, stage: str, settings: parameters.Params) -> Iterator[Client]:
    """A client for the model of that name in params; a local model's server is started, or reused.

    Raises ModelError when it cannot be had.
    """
    identity = read_identity(name)
    model = settings.model(name)
    if isinstance(model, parameters.RemoteModel):
        target = Target(name, model.base_url.rstrip("/"), model.model, model.api_key_env)
        with _closing(Client(name, stage, target, identity, settings)) as client:
            yield client
        return
    local = Path("models/local")
    weights = Path(model.location) if name in settings.policies else local / name
    with (
        serving(name, model, weights, identity, local / settings.base.model) as address,
        _closing(Client(name, stage, Target(name, address, name), identity, settings)) as client,
    ):
        yield client


def read_identity(name: str) -> str:
    """Identity of a model as its `model@` stage wrote it: a hash of weights, or provider, id and revision."""
    path = Path("models/identity") / f"{name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))["identity"]
    except FileNotFoundError:
        raise ModelError(str(path), "is not there", "run `dvc repro` from the start") from None


@contextmanager
def _closing(client: Client) -> Iterator[Client]:
    try:
        yield client
    finally:
        client.close()


async def _open(target: Target, concurrency: int) -> Endpoint:
    return Endpoint(target, concurrency)


def _complaint(answer: Answer) -> str:
    return (f"That reply could not be used: {answer.detail}. "
            "Reply again with nothing but the JSON object, complete and valid.")
