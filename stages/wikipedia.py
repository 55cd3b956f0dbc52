"""wikipedia: domains and encyclopaedia entries → instructions. Usage: python -m stages.wikipedia"""

from ultramed import artifacts, params, stage, tables
from ultramed.inference.client import connect
from ultramed.records import Instruction, Use, Verdict
from ultramed.synthesis.wikipedia import read_domains, read_entries, write_tasks


def main() -> None:
    settings = params.load()
    domains = read_domains(artifacts.RAW / "domains")
    entries = read_entries(artifacts.RAW / "encyclopedia")
    with connect(settings.wikipedia.model, "wikipedia", settings) as client:
        made = write_tasks(client, domains, entries, settings)
    with tables.artifact(artifacts.SYNTHETIC / "wikipedia") as folder:
        tables.write(folder, "rows", Instruction, made.rows)
        tables.write(folder, "verdicts", Verdict, made.verdicts)
        tables.write(folder, "manifest", Use, client.manifest)


if __name__ == "__main__":
    stage.run(main)
