"""What `ultramed publish data` and `publish models` share: options, refusals, the listing, the upload."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Annotated

import typer

from ultramed.errors import PublishError, UltramedError
from ultramed.release import fitness, hub
from ultramed.release.shipment import Shipment
from ultramed.stage import fail

RepoId = Annotated[str, typer.Option(help="owner/name on the Hub")]
Tag = Annotated[str | None, typer.Option(help="tag for the commit, such as v1.0")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="show what would be sent; send nothing")]


def misuse(repo_id: str, tag: str | None) -> Iterator[UltramedError]:
    """Options that are not valid names."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repo_id, re.ASCII):
        yield PublishError("--repo-id", f"is '{repo_id}'; expected owner/name")
    if tag and not re.fullmatch(r"\w[\w.-]*", tag, re.ASCII):
        yield PublishError("--tag", f"is '{tag}'; expected letters, digits, '.', '-' and '_'")


def stop_at(refusals: list[UltramedError]) -> None:
    """Print all refusals, one line each, and exit with 1 if there are any."""
    for refusal in refusals[:-1]:
        typer.echo(f"ERROR {refusal}", err=True)
    if refusals:
        fail(str(refusals[-1]))
    print("ready to publish: rights, Git, DVC and all gates are fine")


def show(shipment: Shipment, rows: dict[str, int]) -> None:
    """Print what would be sent, where to, and how many rows it holds or was trained on."""
    seen = "public" if shipment.public else "private and gated" if shipment.gated else "private"
    tag = f", tag {shipment.tag}" if shipment.tag else ""
    print(f"{shipment.message} → {shipment.repo_id} ({seen}{tag})")
    files = sorted(path for path in shipment.folder.rglob("*") if path.is_file())
    for path in files:
        print(f"  {path.stat().st_size:>12,} bytes  {path.relative_to(shipment.folder)}")
    for name, count in rows.items():
        print(f"  {count:>12,} rows   {name}")


def send(shipment: Shipment, load: str, dry_run: bool) -> None:
    """Upload it; `load` is the function that reads it back."""
    if dry_run:
        print("dry run: nothing was sent; token and Hub repository were not checked")
        return
    message = f"{shipment.message}, from Git commit {fitness.head()[:12]}"
    sent = hub.publish(dataclasses.replace(shipment, message=message))
    revision = shipment.tag or sent.commit
    print(f"{sent.url}\n{load}({shipment.repo_id!r}, revision={revision!r})")
