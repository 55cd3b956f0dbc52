"""Pinned inputs, models, and what asking them may cost."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from ultramed import engines
from ultramed.params.base import Positive, Rights, Seconds, Section, Share, Usd
from ultramed.params.names import Key, Name, StageName

EngineName = Annotated[str, AfterValidator(lambda name: engines.get(name).name)]
ServingEngineName = Annotated[str, AfterValidator(lambda name: engines.serving(name).name)]


class Pin(Section):
    """Where an input is fetched from, and exactly what content is expected there. `ultramed pin` writes the pin."""

    location: str  # a path, a URL, hf://…, or package:<package>/<file>
    sha256: str | None = None  # of the content; null for hf://, which is pinned by revision
    revision: str | None = None  # full commit on the Hub; null for everything else


ReplyMode = Literal["json_schema", "json_object", "text"]  # how an endpoint is told the shape of a reply


class Price(Section):
    """USD per million tokens."""

    prompt: Usd
    completion: Usd


class LocalModel(Pin):
    """Weights on this machine. The pipeline starts and stops their server."""

    engine: EngineName
    rights: Rights  # what its terms allow its replies to be used for
    context: Positive = 4096  # tokens, prompt and reply together
    concurrency: Positive = 8  # requests at once
    demonstration: bool = False  # too weak to be trusted: its output is marked
    options: dict[Name, Any] = {}  # passed to the engine unchanged


class Deadlines(Section):
    """Seconds. Replies are not streamed: the first byte comes when the model has finished."""

    connect: Seconds = 10.0
    first_byte: Seconds = 600.0
    total: Seconds = 900.0


class Retries(Section):
    """How a request is retried after a transient failure. The pause doubles with each try, and is shortened at random
    by up to half, so that requests that failed together are not retried together."""

    tries: Positive = 7  # of one request; a 429 counts as a third of a try
    backoff_s: Seconds = 0.25  # the pause after try n is backoff_s · 2ⁿ
    longest_s: Seconds = 30.0  # longest pause


class BatchSettings(Section):
    """The provider's Batch API instead of single requests: cheaper, but it takes up to a day."""

    discount: Share = 0.5  # of the price
    max_requests: Positive = 50_000  # in one batch
    max_bytes: Positive = 200_000_000  # of one batch's file
    poll_s: Seconds = 60.0  # seconds between two checks of a batch


def on_this_machine(base_url: str) -> bool:
    return urlsplit(base_url).hostname in ("localhost", "127.0.0.1", "::1")


class RemoteModel(Section):
    """A model behind an OpenAI-compatible endpoint run by others."""

    base_url: str | Annotated[list[str], Field(min_length=1)]  # several are replicas of one model
    model: str  # id at the provider
    revision: str  # anything else that pins the model: a date, a quantisation
    provider: str
    api_key_env: str | None = None  # name of the environment variable; null if no key is needed
    rights: Rights = "deny"  # what the provider's terms allow its replies to be used for
    concurrency: Positive = 16  # requests at once, per replica
    rpm: Positive | None = None  # requests per minute, per replica; null for no limit
    tpm: Positive | None = None  # tokens per minute, per replica; null for no limit
    deadlines: Deadlines = Deadlines()
    retries: Retries = Retries()
    patience: Seconds = 60.0  # without an answer before a replica counts as down
    replies: ReplyMode = "json_schema"
    context: Positive = 128_000  # tokens, prompt and reply together
    price: Price | None = None  # null: from the price table
    batch: BatchSettings | None = None  # null: single requests
    demonstration: bool = False  # too weak to be trusted: its output is marked

    @property
    def base_urls(self) -> tuple[str, ...]:
        """The addresses of all replicas."""
        return (self.base_url,) if isinstance(self.base_url, str) else tuple(self.base_url)


class BudgetUSD(Section):
    """What may be spent on replies, over the life of the ledger; null for no limit."""

    total: Usd | None = None
    stages: dict[StageName, Usd | None] = {}  # judge; candidates@strong, or candidates for all of them

    def over(self, stage: str) -> dict[str, float]:
        """The limits that apply to a stage: its own, that of all its parts (`candidates` for `candidates@strong`), and
        under "" the total."""
        stated = {stage: self.stages.get(stage), (kind := stage.split("@")[0]): self.stages.get(kind), "": self.total}
        return {name: usd for name, usd in stated.items() if usd is not None}


class Models(Section):
    """Models by name; each name means one model."""

    local: dict[Key, LocalModel]
    remote: dict[Key, RemoteModel]
