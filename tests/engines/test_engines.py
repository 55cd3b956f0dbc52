"""Engines: found by their name in params, started with what they need, and clear about why a start failed."""

import json
from pathlib import Path

import pytest

from ultramed import engines, registry
from ultramed.engines import Launch, ServingEngine
from ultramed.engines._engine import CommandEngine
from ultramed.engines.vllm import Vllm
from ultramed.errors import ParamsError
from ultramed.params import load

ROOT = Path(__file__).parents[2]
MEMBERS = [registry.load("ultramed.engines", module).ENGINE for module in registry.names("ultramed.engines")]
NAMES = ", ".join(engine.name for engine in MEMBERS)
SERVING = ", ".join(engine.name for engine in MEMBERS if isinstance(engine, ServingEngine))
FREE = ("ValueError: Free memory on device (3.22/4.0 GiB) on startup is less than desired GPU memory utilization "
        "(0.9, 3.6 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.")
NODE = "ValueError: Available memory on node 0 (3.1/7.6 GiB) on startup is less than desired CPU memory utilization"
END = "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore_0': 1}"


def test_every_member_is_found_by_its_own_name() -> None:
    assert [engines.get(engine.name) for engine in MEMBERS] == MEMBERS
    assert {"llama.cpp", "model2vec", "vllm"} <= {engine.name for engine in MEMBERS}


def test_an_encoder_is_no_engine_that_answers() -> None:
    assert engines.serving("llama.cpp") is engines.get("llama.cpp")
    with pytest.raises(ValueError, match=f"is 'model2vec', which cannot serve requests; expected one of {SERVING}"):
        engines.serving("model2vec")


@pytest.mark.parametrize("name", ["llama_cpp", "llama-cpp", "_engine", "none-such", "", "../vllm", "engines.vllm"])
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"is '{name}'; expected one of {NAMES}"):
        engines.get(name)


@pytest.mark.parametrize(("old", "new", "said"), [
    ("      engine: llama.cpp", "      engine: other",
     f"models.local.smollm2.engine: is 'other'; expected one of {NAMES}"),
    ("\n  engine: llama.cpp", "\n  engine: other", f"serving.engine: is 'other'; expected one of {NAMES}"),
    ("\n  engine: llama.cpp", "\n  engine: model2vec",
     f"serving.engine: is 'model2vec', which cannot serve requests; expected one of {SERVING}"),
], ids=["model", "policies", "encoder"])
def test_params_name_the_engines_there_are(old: str, new: str, said: str, tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "params.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ParamsError) as caught:
        load(tmp_path / "params.yaml")
    assert str(caught.value) == f"{tmp_path / 'params.yaml'}: {said}"


@pytest.mark.parametrize(("log", "cause"), [
    (["(EngineCore_DP0 pid=7) ERROR 09-28 15:47:24 [core.py:718] EngineCore failed to start.",
      "(EngineCore_DP0 pid=7) ERROR 09-28 15:47:24 [core.py:718]     raise ValueError(",
      f"(EngineCore_DP0 pid=7) ERROR 09-28 15:47:24 [core.py:718] {FREE}",
      "(EngineCore_DP0 pid=7) Process EngineCore_DP0:", f"(EngineCore_DP0 pid=7) {FREE}",
      "(APIServer pid=1) Traceback (most recent call last):", f"(APIServer pid=1) {END}"], FREE),
    ([f"(EngineCore pid=7) ERROR 11-27 15:47:24 [core.py:1224] {NODE} (0.92, 7.0 GiB).", END],
     f"{NODE} (0.92, 7.0 GiB)."),
    (["(Worker_TP1 pid=9) ERROR 06-30 13:53:19 [multiproc_executor.py:870] torch.OutOfMemoryError: CUDA out of memory.",
      "ERROR 06-30 13:53:19 [core.py:515] Exception: WorkerProc initialization failed due to an exception in a "
      "background process. See stack trace for root cause.", END], "torch.OutOfMemoryError: CUDA out of memory."),
    (["usage: api_server.py [-h]", "api_server.py: error: unrecognized arguments: --tensor-paralel-size 4"],
     "api_server.py: error: unrecognized arguments: --tensor-paralel-size 4"),
    ([END], END),
], ids=["memory", "node", "several GPUs", "options", "nothing else"])
def test_the_cause_of_a_failed_vllm_is_not_see_above(log: list[str], cause: str) -> None:
    assert Vllm().cause(log) == cause


def launch(weights: Path) -> Launch:
    return Launch(model="m", weights=weights, scratch=weights, context=512, concurrency=4,
                  options={"tensor-parallel-size": 2, "enforce-eager": True})


def options(command: list[str]) -> dict[str, str]:
    """Command-line options, each with the argument that follows it."""
    return {name: value for name, value in zip(command, [*command[1:], ""], strict=True) if name.startswith("--")}


def test_vllm_is_given_a_folder_or_what_a_pointer_names(tmp_path: Path) -> None:
    given = options(Vllm().command(launch(tmp_path), 8000))
    assert (given["--model"], given["--max-model-len"], given["--max-num-seqs"]) == (str(tmp_path), "512", "4")
    assert (given["--tensor-parallel-size"], given["--enforce-eager"], "--revision" in given) == ("2", "", False)
    (tmp_path / "model.json").write_text(json.dumps({"hub_id": "owner/name", "revision": "a" * 40}))
    given = options(Vllm().command(launch(tmp_path), 8000))
    assert (given["--model"], given["--revision"], given["--tokenizer-revision"]) == ("owner/name", *["a" * 40] * 2)


def test_what_engines_take_of_gpus() -> None:
    vllm, llama_cpp = engines.get("vllm"), engines.get("llama.cpp")
    assert (vllm.gpus({}), vllm.gpus({"tensor-parallel-size": 8}), llama_cpp.gpus({})) == (1, 8, 0)
    assert (vllm.gpu_share({}), vllm.gpu_share({"gpu-memory-utilization": 0.75})) == (0.9, 0.75)


def test_an_engine_needs_no_more_than_a_name_and_a_command() -> None:
    class Other(CommandEngine):
        name = "other"
        start_s = 1.0

        def command(self, launch: Launch, port: int) -> list[str]:
            return ["sleep", "0"]

    served = Other().start(launch(Path(".")))
    assert served.address.startswith("http://127.0.0.1:") and served.process is not None
    assert served.process.wait(10) == 0
    assert (Other().prepare(Path("w"), None, Path("s")), Other().cause(["a", "b"])) == (Path("w"), "b")
