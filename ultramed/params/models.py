"""Pinned inputs, models, and what asking them may cost."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from ultramed import engines
from ultramed.params.base import Positive, Rights, Seconds, Section, Share, Usd

EngineName = Annotated[str, AfterValidator(lambda name: engines.get(name).name)]
ServingEngineName = Annotated[str, AfterValidator(lambda name: engines.serving(name).name)]


class Pin(Section):
    location: str
    sha256: str | None = None
    revision: str | None = None


ReplyMode = Literal["json_schema", "json_object", "text"]  # how an endpoint is told the shape of a reply


class Price(Section):
    prompt: Annotated[float, Field(ge=0)]  # USD per million tokens
    completion: Annotated[float, Field(ge=0)]


class LocalModel(Pin):
    engine: EngineName
    rights: Rights
    context: Positive = 4096  # tokens, prompt and reply together
    concurrency: Positive = 8
    demonstration: bool = False
    options: dict[str, Any] = {}  # passed to the engine as it is


class Deadlines(Section):
    """Seconds. Replies are not streamed: the first byte comes when the model has finished."""

    connect: Seconds = 10.0
    first_byte: Seconds = 600.0
    total: Seconds = 900.0


class Retries(Section):
    """How a request is retried after a failure that may pass. The pause doubles with each try, and is shortened at
    random by up to half, so that requests that failed together do not return together."""

    tries: Positive = 7  # of one request; a 429 counts as a third of one
    backoff_s: Seconds = 0.25  # the pause after try n is backoff_s · 2ⁿ
    longest_s: Seconds = 30.0  # longest pause


class BatchSettings(Section):
    """The provider's Batch API instead of single requests: cheaper, within a day."""

    discount: Share = 0.5  # of the price
    max_requests: Positive = 50_000  # of one batch
    max_bytes: Positive = 200_000_000
    poll_s: Seconds = 60.0


def on_this_machine(base_url: str) -> bool:
    return urlsplit(base_url).hostname in ("localhost", "127.0.0.1", "::1")


class RemoteModel(Section):
    base_url: str | Annotated[list[str], Field(min_length=1)]  # several are replicas of one model
    model: str
    revision: str
    provider: str
    api_key_env: str | None = None
    rights: Rights = "deny"
    concurrency: Positive = 16  # requests at once, each replica
    rpm: Positive | None = None  # requests a minute, each replica
    tpm: Positive | None = None  # tokens a minute, each replica
    deadlines: Deadlines = Deadlines()
    retries: Retries = Retries()
    patience: Seconds = 60.0  # without a sign of life, until a replica counts as down
    replies: ReplyMode = "json_schema"
    context: Positive = 128_000
    price: Price | None = None  # null: as the price table knows it
    batch: BatchSettings | None = None
    demonstration: bool = False

    @property
    def base_urls(self) -> tuple[str, ...]:
        return (self.base_url,) if isinstance(self.base_url, str) else tuple(self.base_url)


class BudgetUSD(Section):
    """What may be spent on replies, over the life of the ledger; null for no limit."""

    total: Usd | None = None
    stages: dict[str, Usd | None] = {}  # judge; candidates@strong, or candidates for all of them

    def over(self, stage: str) -> dict[str, float]:
        """The limits that hold for a stage: its own, that of all its parts (`candidates` for `candidates@strong`), and
        under "" the total."""
        stated = {stage: self.stages.get(stage), (kind := stage.split("@")[0]): self.stages.get(kind), "": self.total}
        return {name: usd for name, usd in stated.items() if usd is not None}


class Models(Section):
    local: dict[str, LocalModel]
    remote: dict[str, RemoteModel]
