"""`ultramed try`: what the pipeline's own rules make of your lines. Nothing is sent or written."""

import typer

from ultramed.cli.try_ import letter, reply, screen

app = typer.Typer(no_args_is_help=True, help="Try the pipeline's rules on your own lines: nothing is sent or written.")
app.command()(letter.letter)
app.command()(reply.reply)
app.command()(screen.screen)
