"""Converting tokens to characters."""


def characters(tokens: int) -> int:
    """Characters that safely fit into this many tokens of English wrapped in JSON: a schema that allows more invites
    truncated replies."""
    return max(40, int(2.4 * tokens))
