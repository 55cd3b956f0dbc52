"""`ultramed ledger`: inspect the replies that were paid for, share them with other machines, remove some."""

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
from ultramed.ledger import rescue as recovery
from ultramed.ledger.budget import reserved, spent
from ultramed.ledger.ledger import Ledger
from ultramed.ledger.prices import cents
from ultramed.report.lineage import asked_as

app = typer.Typer(help="Inspect, share and remove the replies that were paid for.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; otherwise only report what would be removed.")]


@app.command()
def stats(as_json: Json = False) -> None:
    """Show replies, tokens and price by stage and model, and the spending that counts against the budget."""
    ledger = _ledger()
    lines, paid = maintenance.stats(ledger), spent(ledger)
    total = {"replies": sum(line.replies for line in lines),
             "tokens": sum(line.prompt_tokens + line.completion_tokens for line in lines),
             "price_usd": sum(line.price_usd for line in lines),
             "spent_usd": sum(sure for sure, _ in paid.values()),
             "uncertain_usd": sum(uncertain for _, uncertain in paid.values()),
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
        table.add_row(line.stage, line.model, *counts, cents(line.price_usd))
    console = Console(highlight=False)
    console.print(table)
    console.print(f"{total['replies']:,} replies, {total['tokens']:,} tokens, USD {cents(total['price_usd'])} in "
                  f"{paths.ledger()}", soft_wrap=True)
    if paid or total["reserved_usd"]:
        uncertain = f", perhaps {cents(total['uncertain_usd'])} more" if total["uncertain_usd"] else ""
        held = f"; {cents(total['reserved_usd'])} reserved for requests in flight" if total["reserved_usd"] else ""
        console.print(f"Spent through this ledger: USD {cents(total['spent_usd'])}{uncertain}{held}", soft_wrap=True)


@app.command()
def pack(as_json: Json = False) -> None:
    """Write new replies into segments in ledger/, tracked by ledger.dvc, ready for `dvc push`."""
    folder = _segments()
    made = segments.pack(_ledger(), folder)
    if made or not _pointer().exists():
        _dvc("add", folder)
    _say(as_json, {"new_segments": len(made), "segments": len(list(folder.glob("*.parquet")))},
         f"{len(made)} new segments in {folder}. To keep them: `git add ledger.dvc && git commit`, then `dvc push "
         "ledger.dvc` to storage that may hold full prompts")


@app.command()
def pull(as_json: Json = False) -> None:
    """Fetch the segments that ledger.dvc names and load their replies into this machine's ledger."""
    if not _pointer().exists():
        remedy = "whoever has the replies must run `ultramed ledger pack` and commit it"
        raise LedgerError(str(_pointer()), "not found", remedy)
    _dvc("pull", _pointer())
    count = segments.unpack(_ledger(), _segments())
    _say(as_json, {"new_replies": count}, f"{count:,} new replies in {paths.ledger()}")


@app.command()
def take(
    folder: Annotated[Path, typer.Argument(help="Segments to read.")] = Path("data/replies"),
    as_json: Json = False,
) -> None:
    """Load replies from segments in a folder; those that the embedded sample needs ship with the repository."""
    if not list(folder.glob("*.parquet")):
        raise LedgerError(str(folder), "has no segments; expected <hash>.parquet files", "name another folder")
    count = segments.unpack(_ledger(), folder)
    _say(as_json, {"new_replies": count}, f"{count:,} new replies in {paths.ledger()}")


@app.command()
def give(
    folder: Annotated[Path, typer.Argument(help="Folder to write the segment to.")],
    data: Annotated[list[Path], typer.Argument(help="Artifact folders whose manifests name the replies.")],
    as_json: Json = False,
) -> None:
    """Write the replies that the given artifacts used into segments in a folder, for `take` on another machine."""
    keys = {key for artifact in data for key in maintenance.used_keys(artifact)}
    made = segments.pack(_ledger(), folder, keys)
    _say(as_json, {"new_segments": len(made), "replies": len(keys)},
         f"{len(keys):,} replies, {len(made)} new segments in {folder}")


@app.command()
def verify(as_json: Json = False) -> None:
    """Check every reply against its checksum; exit code 1 if any is damaged. `prune` removes damaged replies."""
    damaged = maintenance.damaged(_ledger())
    ((total,),) = _ledger().read("SELECT count(*) FROM replies")
    rest = ": they will be asked for again; `ultramed ledger prune --yes` removes them" if damaged else ""
    _say(as_json, {"replies": total, "damaged": damaged}, f"{total:,} replies, {len(damaged):,} damaged{rest}")
    if damaged:
        raise typer.Exit(1)


@app.command()
def rescue(as_json: Json = False) -> None:
    """Make a new ledger of all replies that a damaged one and the local segments still hold. Stop all runs first."""
    _refuse_outside()
    rescued = recovery.rescue(paths.ledger())
    if rescued.kept is None:
        _say(as_json, {"rescued": 0, "from_segments": 0, "damaged": 0, "kept": None},
             f"{paths.ledger()} is sound: nothing to rescue; `ultramed ledger verify` checks each reply")
        return
    packed = segments.unpack(_ledger(), _segments()) if _segments().is_dir() else 0
    _say(as_json, {"rescued": rescued.replies, "from_segments": packed, "damaged": rescued.damaged,
                   "kept": str(rescued.kept)},
         f"{rescued.replies:,} replies rescued, {packed:,} more from segments; {rescued.damaged:,} were damaged and "
         f"will be asked for again. The damaged files are in {rescued.kept}; they hold full prompts, so remove them "
         "when you no longer need them")


@app.command()
def prune(yes: Yes = False, as_json: Json = False) -> None:
    """Remove damaged replies and those that no artifact in any worktree uses. Other branches may need the latter."""
    ledger = _ledger()
    damaged = maintenance.damaged(ledger)
    used = {key for tree in paths.worktrees() for key in maintenance.used_keys(tree / "data")}
    unused = dict(maintenance.unused(ledger, used))
    removed = maintenance.remove(ledger, {*damaged, *unused}) if yes else 0
    counts = {"damaged": len(damaged), "unused": len(unused), "price_usd": sum(unused.values()), "removed": removed}
    done = f"{removed:,} removed" if yes else "`--yes` removes them; run `ultramed ledger pack` first to keep a copy"
    worth = (f"{len(unused):,} that no manifest under data/ names, worth USD {cents(counts['price_usd'])} (queued "
             "experiments and other branches may need them)")
    _say(as_json, counts, f"{len(damaged):,} damaged replies, {worth}: {done}")


@app.command()
def purge(
    row: Annotated[str, typer.Option(help="Exchanges about this row; --text also finds it in others.")] = "",
    text: Annotated[str, typer.Option(help="Every exchange that contains these words.")] = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Erase exchanges for good, from the ledger and from the local segments."""
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
    if yes and keys:
        rest = ("; outputs made from them, DVC's cache and storage, and what was published may hold their text still: "
                "`dvc repro` without the row, then `dvc gc` with `--cloud`")
    if changed:
        rest += "; commit ledger.dvc first, so that the old segments go, too"
    _say(as_json, counts, f"{len(keys):,} exchanges found, {removed:,} erased{rest}")


def _ledger() -> Ledger:
    """Raises ParamsError outside a repository, where no ledger may be created."""
    _refuse_outside()
    return Ledger(paths.ledger())


def _refuse_outside() -> None:
    if not (paths.root() / "dvc.yaml").exists():
        raise ParamsError("dvc.yaml", "not found", "run from the root of the repository")


def _segments() -> Path:
    return paths.root() / "ledger"


def _pointer() -> Path:
    return _segments().with_suffix(".dvc")


def _dvc(command: str, target: Path) -> None:
    """Run DVC at the root. Raises LedgerError with DVC's first error if it fails."""
    words = [sys.executable, "-m", "dvc", command, str(target.relative_to(paths.root()))]
    done = subprocess.run(words, cwd=paths.root(), capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")] or ["ERROR: no message"]
        remedy = f"run `dvc {command} {words[-1]}` to see more"
        raise LedgerError(f"dvc {command}", f"failed: {errors[0].removeprefix('ERROR: ')}", remedy)


def _say(as_json: bool, counts: dict[str, Any], line: str) -> None:
    print(json.dumps(counts, indent=1) if as_json else line)
