"""A pilot before the bill: a few rows through every stage of the data half that asks a model, and a page about them."""
