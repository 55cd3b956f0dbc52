"""What asking a remote model needs: checked before the first stage, not by the one that asks hours later."""

import os
from collections.abc import Iterable

from ultramed.errors import ModelError
from ultramed.ledger import prices
from ultramed.params import Params, RemoteModel


def refuse_unready(settings: Params, names: Iterable[str]) -> None:
    """Raises BudgetError for a remote model without a known price, ModelError for one whose key is not set."""
    for name in dict.fromkeys(names):
        model = settings.model(name)
        prices.required(name, model)
        if isinstance(model, RemoteModel) and model.api_key_env and not os.environ.get(model.api_key_env):
            users = ", ".join(place for place, asked in settings.asked.items() if asked == name)
            raise ModelError(
                f"models.remote.{name}", f"is asked by {users}, and its key {model.api_key_env} is not set",
                f"export {model.api_key_env}=… and run again; any value does if the ledger has all replies")
