"""What leaves the repository: which rows a profile may carry, their shapes, the card, and the Hub."""
