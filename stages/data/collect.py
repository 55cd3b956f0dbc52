"""collect: a source's raw rows as instructions, with a verdict on each. Usage: python -m stages.data.collect SOURCE"""

import sys

from ultramed import artifacts, params, stage
from ultramed.errors import ParamsError
from ultramed.sources.collect import collect


def main(source: str) -> None:
    settings = params.load()
    if source not in settings.sources:
        raise ParamsError("collect", f"unknown source '{source}'; expected one of {', '.join(settings.sources)}")
    collection = collect(source, settings.sources[source], artifacts.RAW / source, settings)
    artifacts.COLLECTED.write(source, rows=collection, verdicts=collection.verdicts)
    if said := collection.said_unread:
        print(said, file=sys.stderr, flush=True)


if __name__ == "__main__":
    stage.run(main)
