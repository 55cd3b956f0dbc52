"""How tokens and characters go together."""


def characters(tokens: int) -> int:
    """Characters that surely fit into so many tokens of English with its JSON around it: a schema that allows more
    invites replies cut in the middle."""
    return max(40, int(2.4 * tokens))
