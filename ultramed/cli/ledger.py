"""`ultramed ledger`: look at the replies that were bought, carry them to other machines, take some out."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ultramed import paths
from ultramed.errors import LedgerError, ParamsError
from ultramed.ledger import maintenance, segments
from ultramed.ledger.budget import reserved, spent
from ultramed.ledger.ledger import Ledger
from ultramed.report.lineage import asked_as

app = typer.Typer(help="Replies that were bought: look at them, carry them, take some out.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="For machines.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without it, only say what would go.")]


@app.command()
def stats(as_json: Json = False) -> None:
    """Replies, tokens and their price, by stage and model; what was spent from here, which a budget counts."""
    ledger = _ledger()
    lines, paid = maintenance.stats(ledger), spent(ledger)
    total = {"replies": sum(line.replies for line in lines),
             "tokens": sum(line.prompt_tokens + line.completion_tokens for line in lines),
             "price_usd": sum(line.price_usd for line in lines),
             "spent_usd": sum(sure for sure, _ in paid.values()),
             "uncertain_usd": sum(perhaps for _, perhaps in paid.values()),
             "reserved_usd": reserved(ledger)}
    if as_json:
        print(json.dumps(total | {"by_stage_and_model": [asdict(line) for line in lines],
                                  "spent_by_stage": {n: dict(zip(("usd", "uncertain_usd"), p, strict=True))
                                                     for n, p in paid.items()}}, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("stage", "model", "replies", "tokens read", "generated", "USD"):
        table.add_column(name, justify="left" if name in ("stage", "model") else "right", overflow="fold")
    for line in lines:
        counts = [f"{n:,}" for n in (line.replies, line.prompt_tokens, line.completion_tokens)]
        table.add_row(line.stage, line.model, *counts, f"{line.price_usd:.2f}")
    console = Console(highlight=False)
    console.print(table)
    console.print(f"{total['replies']:,} replies, {total['tokens']:,} tokens, USD {total['price_usd']:.2f} in "
                  f"{paths.ledger()}", soft_wrap=True)
    if paid or total["reserved_usd"]:
        perhaps = f", perhaps {total['uncertain_usd']:.2f} more" if total["uncertain_usd"] else ""
        held = f"; {total['reserved_usd']:.2f} reserved for requests under way" if total["reserved_usd"] else ""
        console.print(f"Spent through this ledger: USD {total['spent_usd']:.2f}{perhaps}{held}", soft_wrap=True)


@app.command()
def pack(as_json: Json = False) -> None:
    """Write what is new into segments in ledger/, tracked by ledger.dvc, for `dvc push` to store."""
    folder = _segments()
    made = segments.pack(_ledger(), folder)
    if made or not _pointer().exists():
        _dvc("add", folder)
    _say(as_json, {"new_segments": len(made), "segments": len(list(folder.glob("*.parquet")))},
         f"{len(made)} new segments in {folder}. Keep them: `git add ledger.dvc && git commit`, then `dvc push "
         "ledger.dvc`, to storage that may hold prompts in full")


@app.command()
def pull(as_json: Json = False) -> None:
    """Bring the segments that ledger.dvc names here, and their replies into this machine's ledger."""
    if not _pointer().exists():
        remedy = "who has the replies runs `ultramed ledger pack` and commits it"
        raise LedgerError(str(_pointer()), "is not here", remedy)
    _dvc("pull", _pointer())
    count = segments.unpack(_ledger(), _segments())
    _say(as_json, {"new_replies": count}, f"{count:,} new replies in {paths.ledger()}")


@app.command()
def take(
    folder: Annotated[Path, typer.Argument(help="Segments to read.")] = Path("data/replies"),
    as_json: Json = False,
) -> None:
    """Record the replies of segments in a folder: those that the embedded sample needs ship with the repository."""
    if not list(folder.glob("*.parquet")):
        raise LedgerError(str(folder), "holds no segment; expected <hash>.parquet files", "name another folder")
    count = segments.unpack(_ledger(), folder)
    _say(as_json, {"new_replies": count}, f"{count:,} new replies in {paths.ledger()}")


@app.command()
def give(
    folder: Annotated[Path, typer.Argument(help="Where the segment is written.")],
    data: Annotated[list[Path], typer.Argument(help="Artifacts: folders whose manifests name the replies.")],
    as_json: Json = False,
) -> None:
    """Write the replies that some artifacts are made of into segments in a folder, for `take` to read elsewhere."""
    keys = {key for place in data for key in maintenance.used_keys(place)}
    made = segments.pack(_ledger(), folder, keys)
    _say(as_json, {"new_segments": len(made), "replies": len(keys)},
         f"{len(keys):,} replies, {len(made)} new segments in {folder}")


@app.command()
def verify(as_json: Json = False) -> None:
    """Check every reply against its checksum; exit code 1 where one is damaged. `prune` takes those out."""
    damaged = maintenance.damaged(_ledger())
    ((total,),) = _ledger().read("SELECT count(*) FROM replies")
    rest = ": they count as never asked; `ultramed ledger prune --yes` takes them out" if damaged else ""
    _say(as_json, {"replies": total, "damaged": damaged}, f"{total:,} replies, {len(damaged):,} damaged{rest}")
    if damaged:
        raise typer.Exit(1)


@app.command()
def prune(yes: Yes = False, as_json: Json = False) -> None:
    """Take out damaged replies, and those that no artifact here is made of: other branches may need them."""
    ledger = _ledger()
    damaged = maintenance.damaged(ledger)
    unused = dict(maintenance.unused(ledger, maintenance.used_keys(paths.root() / "data")))
    removed = maintenance.remove(ledger, {*damaged, *unused}) if yes else 0
    counts = {"damaged": len(damaged), "unused": len(unused), "price_usd": sum(unused.values()), "removed": removed}
    done = f"{removed:,} removed" if yes else "`--yes` removes them; `ultramed ledger pack` first keeps them elsewhere"
    worth = f"{len(unused):,} that no manifest under data/ names, which cost USD {counts['price_usd']:.2f}"
    _say(as_json, counts, f"{len(damaged):,} damaged replies, {worth}: {done}")


@app.command()
def purge(
    row: Annotated[str, typer.Option(help="What was asked for this row; --text finds it in others, too.")] = "",
    text: Annotated[str, typer.Option(help="Every exchange that contains these words.")] = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Erase exchanges for good: from the ledger and from the segments here."""
    if bool(row) == bool(text):
        raise ParamsError("ultramed ledger purge", "expected either --row or --text")
    ledger = _ledger()
    if row:
        keys = maintenance.asked_for(paths.root() / "data", asked_as(row))
    else:
        keys = set(maintenance.mentioning(ledger, text))
    removed, changed = 0, []
    if yes:
        removed, changed = maintenance.remove(ledger, keys), segments.remove(_segments(), keys)
        if changed:
            _dvc("add", _segments())
    counts = {"found": len(keys), "removed": removed, "segments_replaced": len(changed)}
    rest = "" if yes else "; `--yes` erases them"
    if changed:
        rest = "; commit ledger.dvc, then `dvc gc` with `--cloud` takes the old segments from cache and storage"
    _say(as_json, counts, f"{len(keys):,} exchanges found, {removed:,} erased{rest}")


def _ledger() -> Ledger:
    """Raises ParamsError outside a repository: no ledger is made there."""
    if not (paths.root() / "dvc.yaml").exists():
        raise ParamsError("dvc.yaml", "is not here", "run from the root of the repository")
    return Ledger(paths.ledger())


def _segments() -> Path:
    return paths.root() / "ledger"


def _pointer() -> Path:
    return _segments().with_suffix(".dvc")


def _dvc(command: str, target: Path) -> None:
    """Run DVC at the root. Raises LedgerError with its first error where it fails."""
    words = [sys.executable, "-m", "dvc", command, str(target.relative_to(paths.root()))]
    done = subprocess.run(words, cwd=paths.root(), capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")] or ["ERROR: no word"]
        remedy = f"`dvc {command} {words[-1]}` says more"
        raise LedgerError(f"dvc {command}", f"failed: {errors[0].removeprefix('ERROR: ')}", remedy)


def _say(as_json: bool, counts: dict[str, Any], line: str) -> None:
    print(json.dumps(counts, indent=1) if as_json else line)
