"""One pass of requests: looked up, sent, committed, handed back in order."""
