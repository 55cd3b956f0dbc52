"""`python -m ultramed.cli.publish`: the command `ultramed publish`, under the current interpreter."""

from ultramed.cli.publish import app

app()
