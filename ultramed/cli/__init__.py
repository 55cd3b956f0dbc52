"""The command `ultramed`: one file per command, assembled here."""

import os
import sys

import typer

from ultramed import damage, paths
from ultramed.cli import accept, doctor, explain, ledger, pilot, pin, plan, publish, scale, summary, try_
from ultramed.errors import UltramedError
from ultramed.stage import fail

commands = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                       help="UltraMedical as a data-versioned repository.")
commands.command()(doctor.doctor)
commands.command()(explain.explain)
commands.command()(pin.pin)
commands.command()(scale.scale)
commands.command()(plan.plan)
commands.command()(pilot.pilot)
commands.command()(accept.accept)
commands.command()(summary.summary)
commands.add_typer(ledger.app, name="ledger")
commands.add_typer(publish.app, name="publish")
commands.add_typer(try_.app, name="try")


def main() -> None:
    """`ultramed`, with the code of the repository that it is called in: its environment may be another clone's."""
    own = paths.root() / "ultramed/cli/__init__.py"
    if own.is_file() and not own.samefile(__file__):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(paths.root()), os.environ.get("PYTHONPATH"))))
        os.execv(sys.executable, [sys.executable, "-m", "ultramed.cli", *sys.argv[1:]])
    app()


def app() -> None:
    """Run the command line. A user's mistake prints one line and exits with code 1."""
    try:
        commands()
    except UltramedError as error:
        fail(str(error))
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        if damaged := damage.explained(error):
            fail(str(damaged))
        raise
