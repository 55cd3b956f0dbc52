"""`ultramed publish data`: check everything, then send a release to the Hub."""

from collections.abc import Iterator
from typing import Annotated

import typer

from ultramed import artifacts, params
from ultramed.cli.publish import sending
from ultramed.errors import PublishError, UltramedError
from ultramed.release import fitness
from ultramed.release.audit import audit, rows_of
from ultramed.release.shipment import Shipment
from ultramed.stage import fail


def data(
    repo_id: sending.RepoId,
    profile: Annotated[str, typer.Option(help="open, research or recipe")],
    tag: sending.Tag = None,
    public: Annotated[bool, typer.Option("--public", help="make it public (never for research)")] = False,
    dry_run: sending.DryRun = False,
) -> None:
    """Publish data/release/PROFILE as it is: private unless --public; research is also gated."""
    try:
        settings = params.load()
        folder = artifacts.RELEASE / profile
        refusals = [*sending.misuse(repo_id, tag), *_misuse(profile, public), *audit(settings, profile, folder),
                    *fitness.unfit(settings)]
        sending.stop_at(refusals)
        message = f"{settings.release.name}, profile {profile}"
        shipment = Shipment(folder, repo_id, profile, tag, public, message)
        sending.show(shipment, rows_of(folder))
        sending.send(shipment, "load_dataset", dry_run)
    except UltramedError as error:
        fail(str(error))


def _misuse(profile: str, public: bool) -> Iterator[UltramedError]:
    if public and profile == "research":
        yield PublishError("--public", "cannot be used with profile 'research', which is private and gated",
                           "omit it, or publish 'open' or 'recipe'")
