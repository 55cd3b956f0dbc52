"""`ultramed publish models`: check everything, then send one trained model to the Hub."""

from typing import Annotated

import typer

from ultramed import params
from ultramed.cli.publish import sending
from ultramed.errors import UltramedError
from ultramed.release import fitness, model_results
from ultramed.release import models as trained
from ultramed.release.model_cards import ModelCard, pages
from ultramed.release.shipment import MODEL, Shipment
from ultramed.stage import fail


def models(
    repo_id: sending.RepoId,
    model: Annotated[str, typer.Option(help="a model trained here: a name under `train`, or iterate-ROUND")],
    tag: sending.Tag = None,
    public: Annotated[bool, typer.Option("--public", help="make it public (class open only)")] = False,
    dry_run: sending.DryRun = False,
) -> None:
    """Publish models/transformers/MODEL: private unless --public, and gated unless its rights are open."""
    try:
        settings = params.load()
        refusals = [*sending.misuse(repo_id, tag), *fitness.unfit(settings)]
        try:
            checkpoint = trained.find(settings, model)
            refusals = [*trained.audit(checkpoint, public), *refusals]
        except UltramedError as error:
            refusals = [error, *refusals]
        sending.stop_at(refusals)
        card = ModelCard(checkpoint, model_results.measure(settings, model), repo_id, tag)
        with trained.packed(checkpoint, pages(card)) as folder:
            message = f"{settings.release.name}, model {model}"
            shipment = Shipment(folder, repo_id, checkpoint.rights, tag, public, message, MODEL)
            sending.show(shipment, checkpoint.record.rows)
            sending.send(shipment, trained.loader(checkpoint), dry_run)
    except UltramedError as error:
        fail(str(error))
