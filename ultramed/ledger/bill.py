"""What a client's requests cost in this run: printed and logged, never part of an output."""

import json
import sys
import time

from ultramed import paths
from ultramed.ledger.budget import NANO


class Bill:
    """One client's bill, from its first request to its last."""

    def __init__(self, stage: str, model: str) -> None:
        self.stage, self.model = stage, model
        self.bought = self.spent = self.uncertain = 0

    def add(self, bought: int, spent: int, uncertain: int) -> None:
        """Add replies and their cost in billionths of a USD: certain (`spent`) and possible (`uncertain`)."""
        self.bought, self.spent = self.bought + bought, self.spent + spent
        self.uncertain += uncertain

    def close(self) -> None:
        """Write one line to stderr if money was spent, and one to the log of all runs."""
        if not self.bought:
            return
        usd, perhaps = self.spent / NANO, self.uncertain / NANO
        if usd or perhaps:
            more = f", perhaps {perhaps:.4f} more for tries whose outcome is unknown" if perhaps else ""
            print(f"  {self.stage}: {self.bought} replies from {self.model} for USD {usd:.4f}{more}", file=sys.stderr,
                  flush=True)
        line = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "stage": self.stage, "model": self.model,
                "replies": self.bought, "usd": usd, "uncertain_usd": perhaps}
        with open(paths.home() / "spending.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
