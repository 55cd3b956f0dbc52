"""How every stage talks to a model: requests in, replies out in order, each bought once and kept in the ledger."""
