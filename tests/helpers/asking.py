"""A stage that asks questions of an address, for tests that end it in the middle. Usage: python asking.py --help"""

import argparse
import json
import resource

from loopback import client, question, settings

from ultramed import stage
from ultramed.params import BudgetUSD, Price


def main(*words: str) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("count", type=int)
    parser.add_argument("concurrency", type=int)
    parser.add_argument("--bytes", type=int, help="that a file may grow to")
    parser.add_argument("--budget", type=float, help="USD; a token costs 0.001, and the model is a remote one")
    parser.add_argument("--batch", type=json.loads, help="settings of the Batch API, JSON; the model is a remote one")
    parser.add_argument("--model", default="here", help="'api' for a remote one")
    parser.add_argument("--prefix", default="q", help="of the questions")
    given = parser.parse_args(words)
    price = Price(prompt=1000.0, completion=1000.0) if given.budget else None
    params = settings(given.concurrency, price, batch=given.batch)
    params = params.model_copy(update={"budget_usd": BudgetUSD(total=given.budget)})
    asker = client(given.address, "api" if given.budget or given.batch is not None else given.model, params)
    if given.bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (given.bytes, given.bytes))
    try:
        print(len(list(asker.ask(question(f"{given.prefix}{n}") for n in range(given.count)))), flush=True)
    finally:
        asker.close()


if __name__ == "__main__":
    stage.run(main)
