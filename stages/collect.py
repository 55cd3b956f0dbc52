"""collect: one source's raw rows as instructions, with a verdict on each. Usage: python -m stages.collect SOURCE"""

from ultramed import artifacts, params, stage, tables
from ultramed.errors import ParamsError
from ultramed.records import Instruction, Verdict
from ultramed.sources.collect import collect


def main(source: str) -> None:
    settings = params.load()
    if source not in settings.sources:
        raise ParamsError("collect", f"'{source}' is no source; expected one of {', '.join(settings.sources)}")
    collection = collect(source, settings.sources[source], artifacts.RAW / source, settings)
    with tables.artifact(artifacts.COLLECTED / source) as out:
        tables.write(out, "rows", Instruction, collection)
        tables.write(out, "verdicts", Verdict, collection.verdicts)


if __name__ == "__main__":
    stage.run(main)
