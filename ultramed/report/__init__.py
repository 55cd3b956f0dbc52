"""What came out, for people: the summary after a run, and one page that opens from disk."""
