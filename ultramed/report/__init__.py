"""A run's results for people: the summary, and one page that opens from disk."""
