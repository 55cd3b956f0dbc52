"""`python -m ultramed.cli`: the command `ultramed`, under the current interpreter."""

from ultramed.cli import app

app()
