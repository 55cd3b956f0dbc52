"""llama.cpp: one GGUF file on the CPU, inside the server process."""

import os
from pathlib import Path

from ultramed.engines._engine import Launch, Served, ServingEngine
from ultramed.errors import EnvironmentFault

EXPORTED = "model.gguf"  # a trained policy, written for one server


class LlamaCpp(ServingEngine):
    """Options are attributes of `xllamacpp.CommonParams`."""

    name = "llama.cpp"
    start_s = 120.0

    def prepare(self, weights: Path, base: Path | None, scratch: Path) -> Path:
        """The model's GGUF file. A policy trained here is exported first, with the tokenizer of its base's GGUF file.

        Raises EnvironmentFault if a folder does not hold exactly one GGUF file, and whatever `export` raises.
        """
        if base is None or not (weights / "config.json").exists():
            return _only_gguf(weights)
        from ultramed.engines._gguf import export

        export(weights, _only_gguf(base), scratch / EXPORTED)
        return scratch / EXPORTED

    def start(self, launch: Launch) -> Served:
        import xllamacpp

        settings = xllamacpp.CommonParams()
        settings.model.path = str(launch.weights)
        settings.model_alias = {launch.model}
        settings.n_parallel = launch.concurrency
        settings.n_ctx = launch.context * launch.concurrency
        settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = len(os.sched_getaffinity(0))
        settings.warmup = False
        settings.cache_ram_mib = 256  # host memory for prompts already processed; the engine's default is 8 GB
        settings.verbosity = 1
        for name, value in launch.options.items():
            setattr(settings, name, value)
        server = xllamacpp.Server(settings)  # a port of 0 picks a free one
        # the file is memory-mapped: its space is freed when this process ends, however it ends
        (launch.scratch / EXPORTED).unlink(missing_ok=True)
        return Served(server.listening_address, server=server)

    def cause(self, log: list[str]) -> str:
        """The first error: later ones follow from it."""
        return next((line.split(" E ", 1)[1] for line in log if " E " in line), log[-1])


def _only_gguf(folder: Path) -> Path:
    files = sorted(folder.glob("*.gguf"))
    if len(files) != 1:
        raise EnvironmentFault(str(folder), f"holds {len(files)} GGUF files, expected one",
                               "check models.local and serving.engine in params.yaml")
    return files[0]


ENGINE = LlamaCpp()
