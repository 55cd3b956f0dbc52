"""`python -m ultramed.cli`: the command `ultramed`, under the interpreter at hand."""

from ultramed.cli import app

app()
