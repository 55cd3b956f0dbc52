"""One pass of requests: looked up, sent, committed, returned in order."""
