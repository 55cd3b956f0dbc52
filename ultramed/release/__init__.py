"""Publishing: which rows a profile may carry, their schemas, the cards, and the Hub."""
