"""Pinned inputs, models, and what asking them may cost."""

from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from ultramed import engines
from ultramed.params.base import Positive, Rights, Seconds, Section, Share, Usd
from ultramed.params.names import Key, Name, StageName
from ultramed.params.presets import Preset, filled

_PRIVATE_DOMAINS = (".local", ".internal", ".intranet", ".lan", ".corp", ".home.arpa", ".localhost", ".private")
PARAMETERS = ("temperature", "top_p", "top_k", "min_p", "max_tokens", "seed", "logprobs", "top_logprobs")  # of a body
EngineName = Annotated[str, AfterValidator(lambda name: engines.get(name).name)]
ServingEngineName = Annotated[str, AfterValidator(lambda name: engines.serving(name).name)]


class Unpacking(Section):
    """What may come out of an archive. More is refused: a few megabytes can hold more than any disk does."""

    gb: Annotated[float, Field(gt=0)] = 50.0  # of all members together
    files: Positive = 1_000_000  # members
    ratio: Annotated[float, Field(ge=1)] = 200.0  # size unpacked to size packed; text has 3 to 50


class Pin(Section):
    """Where an input is fetched from, and exactly what content is expected there. `ultramed pin` writes the pin."""

    location: str  # a path, a URL, hf://…, or package:<package>/<file>
    sha256: str | None = None  # of the content; null for hf://, which is pinned by revision
    revision: str | None = None  # full commit on the Hub; null for everything else
    unpack: Unpacking = Unpacking()  # limits where it is an archive


ReplyMode = Literal["json_schema", "json_object", "text"]  # how an endpoint is told the shape of a reply
SchemaDialect = Literal["full", "strict"]  # strict: all properties required, no other allowed, no bounds


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


def in_private_network(base_url: str) -> bool:
    """Whether an address can only be reached from inside a network: a private IP, or a name without a public domain."""
    host = urlsplit(base_url).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host.rstrip(".") or host.rstrip(".").endswith(_PRIVATE_DOMAINS)


class Trust(Section):
    """A person's signed decision that an address on the public internet is the user's own."""

    by: str  # who decided
    on: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]  # ISO date
    because: Annotated[str, Field(min_length=20)]


class RemoteModel(Section):
    """A model behind an OpenAI-compatible endpoint. A preset fills in what its provider needs; what is stated wins."""

    preset: Preset | None = None
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
    schema_dialect: SchemaDialect = "strict"
    neutral: bool = False  # send top_p even if it is 1, because the server has another default
    request: dict[str, Any] = {}  # body parameters: another name, null to leave one out, or a value to add
    headers: dict[str, str] = {}  # sent with every request; keys belong into api_key_env
    query: dict[str, str] = {}  # appended to the address, such as Azure's api-version
    api_key_header: str = "Authorization"  # any other carries the key without "Bearer"
    context: Positive = 128_000  # tokens, prompt and reply together
    price: Price | None = None  # null: from the price table
    batch: BatchSettings | None = None  # null: single requests
    demonstration: bool = False  # too weak to be trusted: its output is marked
    trusted: bool | Trust = False  # the address is the user's own: text that must not leave may go there

    @model_validator(mode="after")
    def _base_addresses(self) -> "RemoteModel":
        for url in self.base_urls:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"base_url is '{url}', expected http://… or https://…")
            if parts.query or parts.fragment:
                raise ValueError(f"base_url is '{url}': move what follows '?' to query: {{name: value}}")
            if parts.path.rstrip("/").endswith("/completions"):
                raise ValueError(f"base_url is '{url}': it ends before /chat/completions, mostly in /v1")
        return self

    @model_validator(mode="after")
    def _trusted_address(self) -> "RemoteModel":
        public = [url for url in self.base_urls if not in_private_network(url)]
        if self.trusted is True and public:
            raise ValueError(f"trusted is true, but {public[0]} is a public address; write who decided: "
                             "trusted: {by: …, on: 'YYYY-MM-DD', because: …}")
        return self

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, given: Any) -> Any:
        return filled(given)

    @property
    def changes(self) -> dict[str, Any]:
        """What of `request` can change a reply: everything but other names of parameters."""
        return {name: value for name, value in self.request.items()
                if not (name in PARAMETERS and isinstance(value, str))}

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
