"""`ultramed pilot`: a few rows through every stage that asks a model, one page on them, and the plan for the whole."""

from pathlib import Path
from typing import Annotated

import typer

from ultramed import params, paths, tables
from ultramed.errors import PromptError
from ultramed.inference.readiness import refuse_unready
from ultramed.pilot.page import cost, render
from ultramed.pilot.trial import reduced, run
from ultramed.planning.display import sentence
from ultramed.planning.plan import make


def pilot(
    rows: Annotated[int, typer.Option(min=10, max=2000, help="Rows to begin with.")] = 50,
    prompt: Annotated[str, typer.Option(help="NAME=FILE: also try this file for that prompt, side by side.")] = "",
    out: Annotated[Path, typer.Option(help="Where to write the page.")] = Path("reports/pilot.html"),
) -> None:
    """Try the models and prompts of params.yaml on a few rows before the bill for all.

    Needs the screened rows and the raw inputs (`dvc repro screen fetch model`, which asks no model). Replies are bought
    within budget_usd and kept in the ledger: the run asks for none of them again. Writes one page, and the plan for the
    whole as these replies make it.
    """
    settings, folder = params.load(), paths.home() / "pilot"
    refuse_unready(settings, reduced(settings, rows).asked.values())
    name, text = _variant(prompt)
    few = run(settings, rows, folder / "as-is")
    if name:
        run(settings, rows, folder / "variant", {name: text})
    plan, told = sentence(make(settings)), cost(few, folder / "as-is")
    tables.write_text(out, render(few, folder / "as-is", plan, told, (folder / "variant", name) if name else None))
    print(f"{told}\n{plan}\n{out}")


def _variant(prompt: str) -> tuple[str, str]:
    """Name and text of a prompt to try. Raises PromptError if there is no such file."""
    name, _, path = prompt.partition("=")
    if not prompt:
        return "", ""
    try:
        return name, Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"--prompt {prompt}", f"cannot be read: {error}", "give NAME=FILE, as evolve-exam=mine.md") \
            from None
