"""What a model's tokens cost: the price in params, else the one in a maintained table."""

from importlib.metadata import version

from ultramed.errors import BudgetError
from ultramed.params import LocalModel, Price, RemoteModel
from ultramed.params.models import on_this_machine

TABLE = "genai-prices"  # its version is the date of its prices
_TOKENS = 1_000  # to price: some prices rise from 100,000 tokens on


def price_of(model: LocalModel | RemoteModel) -> Price | None:
    """USD per million tokens, less the Batch API's discount; None for a local model, and if no price is known."""
    if isinstance(model, LocalModel):
        return None
    price = model.price or _listed(model)
    if price is None or model.batch is None:
        return price
    left = 1 - model.batch.discount
    return Price(prompt=price.prompt * left, completion=price.completion * left)


def required(name: str, model: LocalModel | RemoteModel) -> Price | None:
    """Like `price_of`, but raises BudgetError if no price is known for a remote model."""
    price = price_of(model)
    if price is None and isinstance(model, RemoteModel):
        raise BudgetError(
            f"models.remote.{name}", f"no price is known for '{model.model}' from '{model.provider}'",
            "state it as price: {prompt: …, completion: …} in USD per million tokens; 0.0 for a server of your own")
    return price


def source(model: RemoteModel) -> str:
    """Where the price comes from."""
    return "params.yaml" if model.price else f"{TABLE} {version(TABLE)}"


def _listed(model: RemoteModel) -> Price | None:
    from genai_prices.data_snapshot import get_snapshot
    from genai_prices.types import Usage

    if on_this_machine(model.base_urls[0]):
        return None  # the model's name does not tell who listens there
    for provider, address in ((model.provider, None), (None, model.base_urls[0])):
        try:
            read, written = (
                float(get_snapshot().calc(usage, model.model, provider, address, None).total_price) * 1e6 / _TOKENS
                for usage in (Usage(input_tokens=_TOKENS), Usage(output_tokens=_TOKENS))
            )
        except LookupError:
            continue
        return Price(prompt=round(read, 6), completion=round(written, 6))
    return None


def cents(amount: float) -> str:
    """USD; amounts below one with four decimals."""
    return f"{amount:.4f}" if 0 < amount < 1 else f"{amount:,.2f}"
