"""Stand-ins for tests and trials: a model that knows the truth, an endpoint that fails, a Hub."""
