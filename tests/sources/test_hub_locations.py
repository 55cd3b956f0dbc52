"""hf:// locations against a Hub on this machine, through the real entry points and the real client."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ultramed import params
from ultramed.fakes.loopback_hub import LoopbackHub

ROOT = Path(__file__).parents[2]
TOKEN = "hf_loopback"


@pytest.fixture(scope="module")
def revision(hub: LoopbackHub) -> str:
    """The full commit of a dataset of three files."""
    from huggingface_hub import HfApi

    api = HfApi(endpoint=hub.base, token=TOKEN)
    api.create_repo("owner/name", repo_type="dataset")
    for path, content in {"data/train.jsonl": b"{}\n", "data/sub/dev.jsonl": b"[]\n", "README.md": b"# it\n"}.items():
        api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id="owner/name", repo_type="dataset")
    return str(api.repo_info("owner/name", repo_type="dataset").sha)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackHub]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("no_proxy", "127.0.0.1")
        root = tmp_path_factory.mktemp("hub")
        server = LoopbackHub(root, 0, TOKEN)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class Repository:
    """A folder with params.yaml whose raw.medqa is the location given; commands run in it."""

    def __init__(self, folder: Path, hub: LoopbackHub) -> None:
        self.folder, self.file = folder, folder / "params.yaml"
        self.environment = os.environ | {
            "HF_ENDPOINT": hub.base, "HF_TOKEN": TOKEN, "HF_HOME": str(folder / "cache"), "no_proxy": "127.0.0.1",
            "DVC_ROOT": str(folder), "HF_HUB_DISABLE_XET": "1", "PYTHONPATH": str(ROOT)}

    def locate(self, entry: str) -> None:
        text = (ROOT / "params.yaml").read_text()
        self.file.write_text(re.sub(r"^  medqa:\n( {4}.*\n)+", f"  medqa: {entry}\n", text, flags=re.MULTILINE))

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *command], cwd=self.folder, env=self.environment, text=True,
                              capture_output=True, check=False)

    def pin(self) -> subprocess.CompletedProcess[str]:
        return self.run("-c", "from ultramed.cli.pin import pin; pin(['medqa'])")


@pytest.fixture
def repository(tmp_path: Path, hub: LoopbackHub, revision: str) -> Repository:
    return Repository(tmp_path, hub)


def fetched(repository: Repository) -> list[str]:
    folder = repository.folder / "data/raw/medqa"
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("entry", [
    "{location: 'hf://datasets/owner/name/data'}", "{location: 'hf://datasets/owner/name/data', revision: main}",
    "{location: 'hf://datasets/owner/name/data', sha256: ''}",
])
def test_pin_resolves_a_branch_and_fetch_brings_that_commit(
    repository: Repository, revision: str, entry: str
) -> None:
    repository.locate(entry)
    assert repository.pin().stdout.startswith(f"raw.medqa: revision {revision}, was ")
    entry_now = params.load(repository.file).raw["medqa"]
    assert (entry_now.revision, entry_now.sha256) == (revision, None)
    done = repository.run("-m", "stages.fetch", "raw", "medqa")
    assert done.returncode == 0, done.stderr
    assert fetched(repository) == ["sub/dev.jsonl", "train.jsonl"]
    assert not any(p.is_symlink() for p in (repository.folder / "data/raw/medqa").rglob("*"))


def test_a_single_file_and_the_whole_repository(repository: Repository, revision: str) -> None:
    repository.locate(f"{{location: 'hf://datasets/owner/name/data/train.jsonl', revision: {revision}}}")
    repository.run("-m", "stages.fetch", "raw", "medqa")
    assert fetched(repository) == ["train.jsonl"]
    repository.locate(f"{{location: 'hf://datasets/owner/name', revision: {revision}}}")
    repository.run("-m", "stages.fetch", "raw", "medqa")
    assert set(fetched(repository)) >= {"README.md", "data/train.jsonl", "data/sub/dev.jsonl"}


@pytest.mark.parametrize(("location", "said"), [
    ("hf://datasets/owner/name/no.jsonl", "holds no 'no.jsonl' at revision"),
    ("hf://datasets/owner/missing", "does not exist, or you have no access"),
])
def test_what_is_not_there_is_one_line(repository: Repository, revision: str, location: str, said: str) -> None:
    repository.locate(f"{{location: '{location}', revision: {revision}}}")
    done = repository.run("-m", "stages.fetch", "raw", "medqa")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    (line,) = [ln for ln in done.stderr.splitlines() if ln.startswith("ERROR")]
    assert said in line
    assert not (repository.folder / "data/raw/medqa").exists()


@pytest.mark.slow  # the client tries for 20 s
def test_no_hub_is_one_line(repository: Repository, revision: str) -> None:
    repository.locate(f"{{location: 'hf://datasets/owner/name', revision: {revision}}}")
    repository.environment["HF_ENDPOINT"] = "http://127.0.0.1:9"
    done = repository.run("-m", "stages.fetch", "raw", "medqa")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "ERROR medqa: hf://datasets/owner/name: cannot be read from the Hub" in done.stderr
