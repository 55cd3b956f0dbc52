"""wikipedia: domains and encyclopaedia entries → instructions. Usage: python -m stages.data.wikipedia"""

from ultramed import artifacts, params, stage
from ultramed.inference.client import connect
from ultramed.synthesis.wikipedia import read_domains, read_entries, write_tasks


def main() -> None:
    settings = params.load()
    domains = read_domains(artifacts.RAW / "domains")
    entries = read_entries(artifacts.RAW / "encyclopedia")
    with connect(settings.wikipedia.model, "wikipedia", settings) as client:
        made = write_tasks(client, domains, entries, settings)
    artifacts.SYNTHETIC.write("wikipedia", rows=made.rows, verdicts=made.verdicts, drafts=[], manifest=client.manifest)


if __name__ == "__main__":
    stage.run(main)
