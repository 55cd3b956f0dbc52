"""The only way stages ask a model: requests stream in, answers stream out in the same order, the ledger in between."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from functools import cache, partial
from pathlib import Path

from ultramed import params as parameters
from ultramed import paths
from ultramed.errors import ModelError, RightsError
from ultramed.inference.ask.costs import Terms
from ultramed.inference.ask.flow import Failures, Flow
from ultramed.inference.ask.usefulness import Usefulness
from ultramed.inference.batch.batches import Batches
from ultramed.inference.http.endpoint import Target
from ultramed.inference.http.wire import UNANSWERED, Dialect
from ultramed.inference.serving.servers import serving
from ultramed.ledger import prices
from ultramed.ledger.bill import Bill
from ultramed.ledger.ledger import Ledger
from ultramed.ledger.requests import Answer, Request
from ultramed.progress import Progress
from ultramed.records import Use
from ultramed.rights import may_leave
from ultramed.sources.models import remote_identity
from ultramed.spool import Spool

OpenTarget = Callable[[], AbstractContextManager[Target]]  # starts a server if one is needed, and releases it


class Client:
    """A model to ask, made by `connect`. Nothing is started or sent before the first request that the ledger cannot
    answer."""

    def __init__(self, name: str, stage: str, target: OpenTarget, identity: str, settings: parameters.Params) -> None:
        self.name, self.stage, self.identity = name, stage, identity
        self.settings = settings.model(name)
        self.remote = isinstance(self.settings, parameters.RemoteModel)
        self.private = isinstance(self.settings, parameters.LocalModel) or bool(self.settings.trusted)
        self.manifest: Spool[Use] = Spool()
        price = prices.required(name, self.settings)
        replicas = 1 if isinstance(self.settings, parameters.LocalModel) else len(self.settings.base_urls)
        self._stack = ExitStack()
        self._target = cache(lambda: self._stack.enter_context(target()))
        self._terms = Terms(
            model=name, stage=stage, identity=identity, concurrency=self.settings.concurrency * replicas,
            open_target=self._target, price=price, budget=settings.budget_usd, folder=paths.ledger())
        self._ledger = Ledger(self._terms.folder)
        self._bill = Bill(stage, name)
        self._usefulness = Usefulness(name, self.remote)  # over all passes: later ones hold what failed
        self._answered = False  # whether the model or the ledger answered any request

    def ask(
        self, requests: Iterable[Request], what: str = "", total: int | None = None, truncated_ok: bool = False,
        unusable_ok: bool = False,
    ) -> Iterator[Answer]:
        """Yield one answer per request, in order; memory holds only a window of them.

        After a JSON reply of the wrong shape, the model is told the error and asked once more. `truncated_ok` accepts
        free text cut by the token limit; `unusable_ok` goes on where no reply is usable, which is then a result. Raises
        ModelError if the endpoint cannot be used, BudgetError if no money is left for the next request; replies so far
        are in the ledger. An interrupt waits for those in flight.
        """
        what, answer, failures, bought = what or self.stage, None, None, 0
        stream: Iterable[Request] = map(self._allowed, requests)
        if batch := getattr(self.settings, "batch", None):
            stream, failures, bought = self._through_batches(stream, batch, truncated_ok)
        flow = Flow(self._terms, self._ledger, None if unusable_ok else self._usefulness, truncated_ok, failures)
        with Progress(what, total) as progress, self._running(flow, what, total):
            for slot in flow.run(stream):
                for answer in slot.answers:
                    self._note(answer)
                progress.step(known=slot.known and flow.given > bought)  # not those just bought in batches
                yield slot.answers[-1]
        if answer and not self._answered and answer.failure in UNANSWERED:
            raise ModelError(str(self._terms.open_target()), f"answered no request ({answer.detail})",
                             "check its address and its log, then run again")

    def release(self) -> None:
        """Let go of the model's server between two passes, so that another model's may take its place."""
        self._stack.close()
        self._target.cache_clear()

    def close(self) -> None:
        """Release the model and the ledger, and report what was spent."""
        self._stack.close()
        self._ledger.close()
        self._bill.close()

    @contextmanager
    def _running(self, flow: Flow, what: str, total: int | None) -> Iterator[None]:
        """Run a pass; report how far it came if it is interrupted, and add up what it cost once it has ended."""
        try:
            with flow:
                yield
        except KeyboardInterrupt:
            left = f"{total - flow.given} of {total}" if total is not None else "the rest"
            print(f"  {what}: interrupted; {flow.bought} replies were bought and are kept, {left} are still to be "
                  "answered", file=sys.stderr, flush=True)
            raise
        else:
            flow.refuse_useless()
        finally:
            self._bill.add(flow.bought, flow.spent, flow.uncertain)

    def _through_batches(
        self, stream: Iterable[Request], settings: parameters.BatchSettings, truncated_ok: bool
    ) -> tuple[Iterable[Request], Failures, int]:
        """Buy all available replies in batches. Returns the requests, the failures, and how many were bought."""
        requests: Spool[Request] = Spool()
        for request in stream:
            requests.append(request)
        batches = Batches(self._terms, settings, self._ledger, truncated_ok)
        try:
            return requests, batches.buy(requests), batches.bought
        finally:
            self._bill.add(batches.bought, batches.spent, 0)

    def _allowed(self, request: Request) -> Request:
        if not self.private and not may_leave(request.rights):
            raise RightsError(
                f"{request.row_id} ({request.step})",
                f"has rights '{request.rights}': its text must not leave this machine, but '{self.name}' is remote",
                "use a local model here, or screen out the source; an address of your own may be marked as trusted",
            )
        return request

    def _note(self, answer: Answer) -> None:
        request, reply = answer.request, answer.reply
        self._answered = self._answered or answer.failure not in UNANSWERED
        self.manifest.append(Use(
            row_id=request.row_id, step=request.step, request_key=answer.key, reply_hash=reply.hash if reply else "",
            model=self.name, prompt=request.prompt.name, prompt_hash=request.prompt.hash,
            prompt_tokens=reply.prompt_tokens if reply else 0,
            completion_tokens=reply.completion_tokens if reply else 0, price_usd=answer.price_usd,
            outcome=answer.failure or "ok"
        ))


maker: ContextVar[type[Client]] = ContextVar("maker", default=Client)  # what `connect` creates; a plan sets another


@contextmanager
def connect(
    name: str, stage: str, settings: parameters.Params, identities: Path = Path("models/identity")
) -> Iterator[Client]:
    """A client for the model with this name in params; a local model's server is started or reused on demand.
    `identities`: the folder that holds its identity.

    Raises ModelError when the model is not available.
    """
    model = settings.model(name)
    if isinstance(model, parameters.RemoteModel):
        identity = remote_identity(model)
        target: OpenTarget = partial(_remote, name, model)
    else:
        identity = read_identity(name, identities)
        target = partial(_local, name, model, identity, settings)
    client = maker.get()(name, stage, target, identity, settings)
    try:
        yield client
    finally:
        client.close()


def _remote(name: str, model: parameters.RemoteModel) -> AbstractContextManager[Target]:
    return nullcontext(remote_target(name, model))


def remote_target(name: str, model: parameters.RemoteModel) -> Target:
    """Where and how a remote model is reached."""
    deadlines = model.deadlines
    return Target(
        name=name, base_urls=model.base_urls, dialect=dialect(model), api_key_env=model.api_key_env,
        api_key_header=model.api_key_header, headers=model.headers, query=model.query,
        concurrency=model.concurrency, rpm=model.rpm, tpm=model.tpm, connect_s=deadlines.connect,
        first_byte_s=deadlines.first_byte, total_s=deadlines.total, patience_s=model.patience, retries=model.retries)


def dialect(model: parameters.RemoteModel) -> Dialect:
    """How a remote model wants its requests."""
    return Dialect(model.model, model.replies, model.schema_dialect, model.request, model.neutral)


@contextmanager
def _local(
    name: str, model: parameters.LocalModel, identity: str, settings: parameters.Params
) -> Iterator[Target]:
    local = Path("models/local")
    weights = Path(model.location) if name in settings.policies else local / name
    with serving(name, model, weights, identity, local / settings.base.model) as address:
        yield Target(name, (address,), Dialect(name), concurrency=model.concurrency, patience_s=5.0)


def read_identity(name: str, folder: Path = Path("models/identity")) -> str:
    """Identity of a local model, as its stage wrote it: a hash of weights, tokenizer and template."""
    path = folder / f"{name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))["identity"]
    except FileNotFoundError:
        raise ModelError(str(path), "is not there", "run `dvc repro` from the start") from None
