"""Sending folders to the loopback Hub with the real client, in separate processes: it reads HF_ENDPOINT once."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from release_world import LoopbackHub

from ultramed import tables

pytestmark = pytest.mark.slow  # starts servers and clients

SEND = """
import sys
from pathlib import Path
from ultramed.errors import UltramedError
from ultramed.release.hub import Shipment, publish
folder, profile, tag, public = sys.argv[1:]
try:
    sent = publish(Shipment(Path(folder), "me/x", profile, tag or None, public == "public", "a release"))
    print(sent.commit)
except UltramedError as error:
    sys.exit(f"ERROR {error}")
"""


def send(
    hub: LoopbackHub, folder: Path, profile: str = "open", tag: str = "", public: bool = False, **more: str
) -> str:
    """The commit, or the error line of a refused shipment."""
    done = hub.run("-c", SEND, str(folder), profile, tag, "public" if public else "", **more)
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    assert "Traceback" not in done.stderr, done.stderr
    return errors[0] if done.returncode else done.stdout.strip()


def client(hub: LoopbackHub, code: str) -> str:
    """The output of a few lines that use `api`."""
    done = hub.run("-c", f"from huggingface_hub import HfApi\napi = HfApi()\n{code}")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def folder_of(path: Path, texts: list[str], profile: str = "open", split: str = "train") -> Path:
    """A folder like a release, with these texts in one shard."""
    shard = path / f"data/instructions/{split}-00000-of-00001.parquet"
    shard.parent.mkdir(parents=True)
    tables.write_arrow(shard, pa.table({"id": [str(n) for n in range(len(texts))], "text": texts}))
    (path / "README.md").write_text(
        "---\nconfigs:\n- config_name: instructions\n  data_files:\n"
        f"  - split: {split}\n    path: data/instructions/{split}-*\n---\n"
    )
    (path / "NOTICE.md").write_text("notice\n")
    (path / "lineage.json").write_text(json.dumps({"profile": profile}))
    return path


def test_what_is_sent_is_read_back_and_sending_it_again_changes_nothing(
    start_hub: Callable[..., LoopbackHub], tmp_path: Path
) -> None:
    hub, folder = start_hub(), folder_of(tmp_path / "a", ["one", "two"])
    commit = send(hub, folder, tag="v1")
    assert hub.load("me/x", "instructions", "v1") == {"train": [{"id": "0", "text": "one"}, {"id": "1", "text": "two"}]}
    assert send(hub, folder, tag="v1") == commit
    assert send(hub, folder) == commit
    made = [r for r in hub.requests() if "/commit/" in r["path"] or "/tag/" in r["path"]]
    assert len(made) == 2  # one commit, one tag, in three runs


def test_stale_files_vanish_and_tags_never_move(start_hub: Callable[..., LoopbackHub], tmp_path: Path) -> None:
    hub = start_hub()
    first = send(hub, folder_of(tmp_path / "a", ["one"]), tag="v1")
    changed = folder_of(tmp_path / "b", ["one"], split="test")
    assert f"tag v1: marks commit {first[:12]}, and 3 file(s) differ from it" in send(hub, changed, tag="v1")
    assert send(hub, changed, tag="v2") != first
    files = client(hub, "print(sorted(api.list_repo_files('me/x', repo_type='dataset')))")
    assert files == str([".gitattributes", "NOTICE.md", "README.md", "data/instructions/test-00000-of-00001.parquet",
                         "lineage.json"])
    assert list(hub.load("me/x", "instructions", "v1")) == ["train"]  # the old tag still reads


def test_deleting_rows_sends_few_bytes_again(start_hub: Callable[..., LoopbackHub], tmp_path: Path) -> None:
    hub, draw = start_hub(), random.Random(1)
    texts = [draw.randbytes(2000).hex() for _ in range(8000)]  # 32 MB of hexadecimal digits, half that compressed
    send(hub, folder_of(tmp_path / "a", texts))
    before = hub.requests()[-1]["stored"]
    size = (tmp_path / "a/data/instructions/train-00000-of-00001.parquet").stat().st_size
    assert before >= size > 10_000_000
    send(hub, folder_of(tmp_path / "b", texts[:5] + texts[15:]))
    assert 0 < hub.requests()[-1]["stored"] - before < size / 5
    assert pq.read_metadata(tmp_path / "b/data/instructions/train-00000-of-00001.parquet").num_rows == 7990


def test_a_hub_that_breaks_off_is_one_line_and_the_next_run_completes(
    start_hub: Callable[..., LoopbackHub], tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "a", ["one"])
    # agent probe, dataset_info, create, tree, validate-yaml, preupload, token; the commit then fails
    hub = start_hub("--fail-after", "7")
    assert "answers 503 after several tries; run the same command again" in send(hub, folder, tag="v1")
    assert next(r["path"] for r in hub.requests() if r["status"] == 503).endswith("/commit/main")
    again = start_hub(root=hub.root)
    send(again, folder, tag="v1")
    assert again.load("me/x", "instructions", "v1") == {"train": [{"id": "0", "text": "one"}]}


def test_research_is_gated_before_its_first_row_is_there(start_hub: Callable[..., LoopbackHub], tmp_path: Path) -> None:
    hub = start_hub()
    send(hub, folder_of(tmp_path / "a", ["one"], "research"), "research")
    assert client(hub, "i = api.dataset_info('me/x'); print(i.private, i.gated)") == "True manual"
    paths = [r["path"] for r in hub.requests()]
    assert paths.index("/api/datasets/me/x/settings") < paths.index("/api/datasets/me/x/commit/main")


def test_public_means_visible_without_a_token(start_hub: Callable[..., LoopbackHub], tmp_path: Path) -> None:
    hub, folder = start_hub(), folder_of(tmp_path / "a", ["one"])
    send(hub, folder, tag="v1", public=True)
    assert len(hub.load("me/x", "instructions", "v1", HF_TOKEN="")["train"]) == 1
    assert "me/x: is already public; add --public" in send(hub, folder)


def test_other_peoples_files_and_other_profiles_are_left_alone(
    start_hub: Callable[..., LoopbackHub], tmp_path: Path
) -> None:
    hub = start_hub()
    client(hub, "api.create_repo('me/x', repo_type='dataset', private=True)\n"
                "api.upload_file(path_or_fileobj=b'x', path_in_repo='mine.csv', repo_id='me/x', repo_type='dataset')")
    folder = folder_of(tmp_path / "a", ["one"])
    assert "me/x: holds 1 file(s) that no release made, the first is mine.csv" in send(hub, folder)
    client(hub, "api.delete_repo('me/x', repo_type='dataset')")
    send(hub, folder_of(tmp_path / "b", ["two"], "research"), "research")
    assert "holds profile 'research', and its history stays readable; this is 'open'" in send(hub, folder)


@pytest.mark.parametrize(("environment", "words"), [
    ({"HF_TOKEN": ""}, "HF_TOKEN: is not set"),
    ({"HF_TOKEN": "hf_secret_but_wrong"}, "401, the Hub does not accept the token"),
    ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "cannot be reached"),
    ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE: is set"),
])
def test_each_trouble_is_one_line_without_the_token(
    start_hub: Callable[..., LoopbackHub], tmp_path: Path, environment: dict[str, str], words: str
) -> None:
    said = send(start_hub(), folder_of(tmp_path / "a", ["one"]), **environment)
    assert words in said
    assert "hf_" not in said
