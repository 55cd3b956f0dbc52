"""`ultramed doctor` reports everything that is missing, one line each, and never crashes."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ultramed.cli import doctor
from ultramed.ledger.ledger import Ledger

ROOT = Path(__file__).parents[2]
REMOTE = """  remote:
    api: {base_url: 'http://127.0.0.1:1/v1', model: m, revision: '1', provider: p, api_key_env: A_KEY_FOR_TESTS}
    open: {base_url: 'http://127.0.0.1:1/v1', model: m, revision: '1', provider: p}
"""
FREE = REMOTE.replace("provider: p", "provider: p, price: {prompt: 0.0, completion: 0.0}")
Ultramed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Git repository with the project's params and samples, on a large enough machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setattr(doctor, "NEED_DISK_GB", 0.0)
    monkeypatch.setattr(doctor, "NEED_MEMORY_GB", 0.0)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "data/raw/sample", tmp_path / "data/raw/sample")
    subprocess.run(["git", "init", "-q"], check=True)
    return tmp_path


def findings(out: str) -> dict[str, tuple[str, str]]:
    """Subject of each line → its verdict and result (the last line of each subject)."""
    return {line[6:18].strip(): (line[:4].strip(), line[18:]) for line in out.splitlines()}


def change(old: str, new: str) -> None:
    text = Path("params.yaml").read_text()
    assert old in text
    Path("params.yaml").write_text(text.replace(old, new, 1))


def test_a_fit_machine(root: Path, ultramed: Ultramed) -> None:
    code, out, err = ultramed("doctor")
    results = findings(out)
    assert code == 0 and err == "" and {fine for fine, _ in results.values()} == {"ok"}
    assert list(results) == ["interpreter", "disk", "memory", "ports", "git", "dvc", "params", "pins", "inputs",
                             "ledger", "lock", "repository"]
    assert results["params"][1] == "scale laptop, all names known"
    assert results["repository"][1] == "has uncommitted changes (fine to run)"


@pytest.mark.parametrize("left", ["", '{"write": {"data/cur', "[]", '{"read": []}', "\0\0"])
def test_a_lock_that_a_killed_dvc_left_half_written(root: Path, ultramed: Ultramed, left: str) -> None:
    (root / ".dvc/tmp").mkdir(parents=True)
    (root / ".dvc/tmp/rwlock").write_text(left)
    code, out, _ = ultramed("doctor")
    fine, said = findings(out)["lock"]
    assert code == 1 and fine == "FAIL" and f"`rm {root}/.dvc/tmp/rwlock`" in said
    (root / ".dvc/tmp/rwlock").write_text('{"write": {}, "read": {"data/curated": [{"pid": 1, "cmd": "dvc repro"}]}}')
    assert findings(ultramed("doctor")[1])["lock"][0] == "ok"


def test_the_ledger_is_opened(root: Path, ultramed: Ultramed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ULTRAMED_LEDGER", raising=False)
    assert findings(ultramed("doctor")[1])["ledger"] == ("ok", f"{root}/.ultramed/ledger")
    Ledger(root / ".ultramed/ledger").close()
    assert findings(ultramed("doctor")[1])["ledger"] == ("ok", f"{root}/.ultramed/ledger, 0 replies")
    (root / ".ultramed/ledger/ledger.sqlite").write_bytes(bytes(range(256)) * 100)
    fine, said = findings(ultramed("doctor")[1])["ledger"]
    assert fine == "FAIL" and "cannot be used: file is not a database; `ultramed ledger rescue` makes" in said


def test_too_small_a_machine(root: Path, ultramed: Ultramed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "NEED_DISK_GB", 1e9)
    code, out, _ = ultramed("doctor")
    assert code == 1 and findings(out)["disk"][0] == "FAIL" and "1e+09 needed" in findings(out)["disk"][1]
    assert findings(out)["memory"][0] == "ok"  # the rest is still reported


def test_pins_and_inputs_that_are_missing(root: Path, ultramed: Ultramed) -> None:
    change("location: data/raw/sample/mmlu\n", "location: data/raw/nowhere\n")
    digest = Path("params.yaml").read_text().split("medquad\n    sha256: '")[1].split("'")[0]
    change(f"sha256: '{digest}'", "sha256: ''")
    code, out, _ = ultramed("doctor")
    results = findings(out)
    assert code == 1
    assert results["pins"] == ("FAIL", "missing: raw.medquad; run `ultramed pin`")
    assert results["inputs"] == ("FAIL", "not found: data/raw/nowhere")


def test_keys_of_remote_models(root: Path, ultramed: Ultramed, monkeypatch: pytest.MonkeyPatch) -> None:
    change("  remote: {}\n", FREE)
    monkeypatch.delenv("A_KEY_FOR_TESTS", raising=False)
    code, out, _ = ultramed("doctor")
    assert code == 1 and "FAIL  key         api: A_KEY_FOR_TESTS is not set\n" in out
    assert "ok    key         open: none needed\n" in out
    monkeypatch.setenv("A_KEY_FOR_TESTS", "a secret")
    _, out, _ = ultramed("doctor")
    assert "ok    key         api: A_KEY_FOR_TESTS\n" in out and "a secret" not in out


@contextmanager
def provider(status: int, said: str, of_empty: int = 404) -> Iterator[str]:
    """An address that serves this list of models, and answers an empty request with `of_empty`. A refusal echoes the
    key."""
    class Lists(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/v1/models"
            self.send_response(status)
            self.end_headers()
            self.wfile.write(f"{said}{self.headers['Authorization'] if status != 200 else ''}".encode())

        def do_POST(self) -> None:
            assert self.path == "/v1/chat/completions" and self.rfile.read(int(self.headers["Content-Length"])) == b"{}"
            self.send_response(of_empty)
            self.end_headers()
            self.wfile.write(b"no such page")

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Lists) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


@pytest.mark.parametrize(("status", "said", "fine", "shown"), [
    (200, '{"data": [{"id": "m"}]}', True, "answers\n"),
    (200, '{"data": [{"id": "other"}]}', True, "answers, but does not list 'm'\n"),
    (200, "not JSON", True, "answers\n"),
    (404, "no such page", False, "answers HTTP 404: no such page; check base_url: it ends before /chat/completions, "),
    (401, "unknown key ", False, "answers HTTP 401: unknown key Bearer ***\n"),
    (503, "busy", False, "answers HTTP 503: busy"),
])
def test_endpoints_are_looked_at(
    root: Path, ultramed: Ultramed, monkeypatch: pytest.MonkeyPatch, status: int, said: str, fine: bool, shown: str
) -> None:
    monkeypatch.setenv("A_KEY_FOR_TESTS", "a secret")
    with provider(status, said) as address:
        change("  remote: {}\n", FREE.replace("http://127.0.0.1:1/v1", address))
        code, out, _ = ultramed("doctor")
    assert (code == 0) is fine
    assert f"{'ok  ' if fine else 'FAIL'}  endpoint    api: {address} {shown}" in out and "a secret" not in out


@pytest.mark.parametrize("status", [400, 422])
def test_an_endpoint_that_lists_no_models_is_fine(
    root: Path, ultramed: Ultramed, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("A_KEY_FOR_TESTS", "a secret")
    with provider(404, "no such page ", status) as address:
        change("  remote: {}\n", FREE.replace("http://127.0.0.1:1/v1", address))
        code, out, _ = ultramed("doctor")
    assert code == 0 and f"ok    endpoint    open: {address} answers\n" in out


def test_each_replica_is_looked_at_and_one_that_is_down_is_told(root: Path, ultramed: Ultramed) -> None:
    with provider(200, "{}") as address:
        change("  remote: {}\n", FREE.replace("'http://127.0.0.1:1/v1'", f"['{address}', 'http://127.0.0.1:1/v1']"))
        code, out, _ = ultramed("doctor")
    assert code == 1 and f"ok    endpoint    open: {address} answers\n" in out
    assert "FAIL  endpoint    open: http://127.0.0.1:1/v1 does not answer ([Errno 111] Connection refused)\n" in out


def test_prices_are_told_and_an_unknown_one_is_missed(root: Path, ultramed: Ultramed) -> None:
    known = "    known: {base_url: 'https://127.0.0.2:1/v1', model: gpt-4o-mini, revision: '1', provider: openai}\n"
    change("  remote: {}\n", REMOTE.replace(", api_key_env: A_KEY_FOR_TESTS", "") + known)
    code, out, _ = ultramed("doctor")
    assert code == 1 and "FAIL  price       open: unknown; set price under it in params.yaml\n" in out
    assert "ok    price       known: USD 0.15 and 0.6 per million tokens, genai-prices " in out


def test_a_mistake_in_params_is_one_finding(root: Path, ultramed: Ultramed) -> None:
    change("score:\n", "scored:\n")
    code, out, err = ultramed("doctor")
    assert code == 1 and err == "" and list(findings(out))[-1] == "params"
    assert "params.yaml: scored: is unknown; did you mean score?" in findings(out)["params"][1]


def test_without_git_and_outside_a_repository(
    root: Path, ultramed: Ultramed, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(".git")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    code, out, _ = ultramed("doctor")
    fine, said = findings(out)["repository"]
    assert code == 1 and fine == "FAIL" and "not a git repository" in said
    monkeypatch.setenv("PATH", "")
    code, out, _ = ultramed("doctor")
    assert code == 1 and findings(out)["git"] == ("FAIL", "not on PATH: run `source .venv/bin/activate`")
    assert "repository" not in findings(out)


def test_a_ledger_elsewhere(root: Path, ultramed: Ultramed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULTRAMED_LEDGER", str(root / "far/away"))
    assert findings(ultramed("doctor")[1])["ledger"] == ("ok", str(root / "far/away"))
    assert not (root / "far").exists()  # the check creates nothing
