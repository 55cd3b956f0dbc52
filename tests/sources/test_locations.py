"""Pinned locations: only pinned content is copied, or nothing."""

import errno
import hashlib
import os
from pathlib import Path

import pytest
from loopback_site import Site

from ultramed.errors import EnvironmentFault, SourceError
from ultramed.params import Pin
from ultramed.sources import locations
from ultramed.sources.download import ATTEMPTS, Download, file_name
from ultramed.sources.hashing import content_hash
from ultramed.sources.locations import current_hash, fault, fetch, fetch_all

CONTENT = os.urandom(3 << 20)


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def out(tmp_path: Path, home: Path) -> Path:
    return tmp_path / "out" / "thing"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files, and one that does not count."""
    root = tmp_path / "original"
    (root / "sub" / "__pycache__").mkdir(parents=True)
    (root / "b.txt").write_bytes(b"bee")
    (root / "sub" / "a.txt").write_bytes(b"ay")
    (root / "sub" / "__pycache__" / "a.pyc").write_bytes(b"compiled")
    return root


def left(out: Path) -> list[str]:
    """Everything next to `out`, half-written folders included."""
    return sorted(os.listdir(out.parent)) if out.parent.exists() else []


def test_a_folder_hash_is_that_of_its_sorted_lines(folder: Path) -> None:
    lines = sorted([f"{sha(b'bee')}  b.txt\n", f"{sha(b'ay')}  sub/a.txt\n"])
    assert content_hash(folder) == sha("".join(lines).encode())


def test_a_folder_keeps_its_relative_names(folder: Path, out: Path) -> None:
    fetch("thing", Pin(location=str(folder), sha256=content_hash(folder)), out)
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()) == ["b.txt", "sub/a.txt"]
    assert content_hash(out) == content_hash(folder)


def test_a_file_keeps_its_name_and_is_a_copy(folder: Path, out: Path) -> None:
    fetch("thing", Pin(location=str(folder / "b.txt"), sha256=sha(b"bee")), out)
    (folder / "b.txt").write_bytes(b"changed later")
    assert (out / "b.txt").read_bytes() == b"bee"


def test_a_changed_file_is_refused_and_the_old_copy_stays(folder: Path, out: Path) -> None:
    pin = Pin(location=str(folder / "b.txt"), sha256=sha(b"bee"))
    fetch("thing", pin, out)
    (folder / "b.txt").write_bytes(b"wasp")
    with pytest.raises(SourceError) as caught:
        fetch("thing", pin, out)
    assert str(caught.value) == (
        f"thing: {folder}/b.txt: has SHA-256 {sha(b'wasp')}, expected {sha(b'bee')}; "
        "put the pinned content back, or `ultramed pin thing` if the change is intended")
    assert (out / "b.txt").read_bytes() == b"bee" and left(out) == ["thing"]


@pytest.mark.parametrize(("pin", "said"), [
    (Pin(location="b.txt", sha256=""), "has no pin.*run `ultramed pin thing`"),
    (Pin(location="hf://datasets/a/b"), "revision is ''.*run `ultramed pin thing`"),
    (Pin(location="hf://datasets/a/b", revision="main"), "revision is 'main'; expected a full commit"),
    (Pin(location="hf://a", revision="a" * 40), "expected hf://datasets/"),
    (Pin(location="/no/such/file", sha256="0"), "does not exist; expected a file or folder; correct its location"),
    (Pin(location="ftp://host/x", sha256="0"), "scheme 'ftp' is unknown"),
    (Pin(location="package:no_such_package/x", sha256="0"), "package 'no_such_package' is not installed"),
    (Pin(location="package:os.path/x", sha256="0"), r"package 'os\.path' is not installed"),
    (Pin(location="package:ultramed/no.such", sha256="0"), r"holds no 'no\.such'"),
    (Pin(location="/dev/null", sha256="0"), "is neither a file nor a folder"),
])
def test_what_cannot_be_fetched_says_so_in_one_line(out: Path, pin: Pin, said: str) -> None:
    with pytest.raises(SourceError, match=said) as caught:
        fetch("thing", pin, out)
    assert "\n" not in str(caught.value)
    assert left(out) == []


def test_a_package_is_found_without_being_imported(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "carrier"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "weights.bin").write_bytes(b"w")
    monkeypatch.syspath_prepend(package.parent)
    fetch("thing", Pin(location="package:carrier/weights.bin", sha256=sha(b"w")), out)
    assert (out / "weights.bin").read_bytes() == b"w"


def test_a_relative_path_is_sought_in_the_main_repository_too(out: Path, home: Path) -> None:
    """In a --temp run's worktree, files that Git ignores are missing."""
    (home / "ignored.json").write_bytes(b"[]")
    fetch("thing", Pin(location="ignored.json", sha256=sha(b"[]")), out)
    assert (out / "ignored.json").exists()


def test_a_location_that_the_stage_would_delete_is_refused(folder: Path, home: Path) -> None:
    for inside, target in [(folder / "b.txt", folder), (folder, folder / "sub"), (folder, folder)]:
        with pytest.raises(SourceError, match="overlaps"):
            fetch("thing", Pin(location=str(inside), sha256=content_hash(inside)), target)
        with pytest.raises(SourceError, match="overlaps"):
            current_hash("thing", str(inside), target)
    assert (folder / "b.txt").read_bytes() == b"bee"


def test_links_to_folders_and_empty_folders_are_refused(folder: Path, tmp_path: Path, out: Path) -> None:
    (folder / "loop").symlink_to(folder)
    with pytest.raises(SourceError, match="loop: is a link to a folder"):
        current_hash("thing", str(folder), out)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="holds no file"):
        current_hash("thing", str(tmp_path / "empty"), out)


def test_a_full_disk_is_the_machines_fault() -> None:
    error = fault("thing: x", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out/x"))
    assert isinstance(error, EnvironmentFault)
    assert str(error) == "thing: x: No space left on device: it cannot be copied; free some space and run it again"
    assert isinstance(fault("thing: x", PermissionError(errno.EACCES, "Permission denied", "x")), SourceError)


def test_an_address(site: Site, out: Path, home: Path) -> None:
    site.files["/data/train.json"] = CONTENT
    fetch("thing", Pin(location=f"{site.address}/data/train.json?raw=1", sha256=sha(CONTENT)), out)
    assert (out / "train.json").read_bytes() == CONTENT
    assert list((home / ".ultramed" / "downloads").rglob("train.json")) == []  # nothing is kept twice


def test_a_download_that_breaks_off_is_resumed(site: Site, out: Path) -> None:
    site.files["/train.json"] = CONTENT
    site.break_after, site.breaks = 1 << 20, 2
    fetch("thing", Pin(location=f"{site.address}/train.json", sha256=sha(CONTENT)), out)
    assert (out / "train.json").read_bytes() == CONTENT
    assert site.ranges == [None, "bytes=1048576-", "bytes=2097152-"]
    assert site.sent == len(CONTENT)  # no byte twice


def test_a_later_run_resumes_and_notices_another_file(site: Site, out: Path) -> None:
    url = f"{site.address}/train.json"
    site.files["/train.json"] = CONTENT
    site.break_after, site.breaks = 100_000, ATTEMPTS
    with pytest.raises(SourceError, match=rf"broke off after 400000 of {len(CONTENT)} bytes"):
        fetch("thing", Pin(location=url, sha256=sha(CONTENT)), out)
    assert left(out) == []
    site.files["/train.json"] = changed = os.urandom(500_000)  # If-Range: the server starts over
    fetch("thing", Pin(location=url, sha256=sha(changed)), out)
    assert (out / "train.json").read_bytes() == changed
    assert site.ranges[-1] == "bytes=400000-"


def test_a_partial_file_longer_than_the_whole_is_thrown_away(site: Site, out: Path) -> None:
    site.files["/train.json"] = b"short"
    target = Download(f"{site.address}/train.json")
    target.folder.mkdir(parents=True)
    target.partial.write_bytes(b"much longer")
    fetch("thing", Pin(location=target.url, sha256=sha(b"short")), out)
    assert (out / "train.json").read_bytes() == b"short"


def test_a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(site: Site, out: Path) -> None:
    site.files["/train.json"] = b"[]"
    site.refuse = [503, 429]
    fetch("thing", Pin(location=f"{site.address}/train.json", sha256=sha(b"[]")), out)
    assert len(site.ranges) == 3
    with pytest.raises(SourceError, match="the server answered 404 Not Found"):
        fetch("thing", Pin(location=f"{site.address}/missing.json", sha256="0"), out)
    assert len(site.ranges) == 4


def test_nobody_answers(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("ultramed.sources.download.WAIT_S", 0.0)
    with pytest.raises(SourceError, match=r"http://127\.0\.0\.1:9/x: cannot be reached: .*refused"):
        fetch("thing", Pin(location="http://127.0.0.1:9/x", sha256="0"), out)


def test_a_wrong_hash_of_a_download_is_forgotten(site: Site, out: Path) -> None:
    url = f"{site.address}/train.json"
    site.files["/train.json"] = b"wrong"
    with pytest.raises(SourceError, match=f"has SHA-256 {sha(b'wrong')}, expected {sha(b'right')}"):
        fetch("thing", Pin(location=url, sha256=sha(b"right")), out)
    site.files["/train.json"] = b"right"
    fetch("thing", Pin(location=url, sha256=sha(b"right")), out)
    assert (out / "train.json").read_bytes() == b"right"


def test_what_was_downloaded_for_its_pin_is_not_asked_for_again(site: Site, out: Path) -> None:
    url = f"{site.address}/train.json"
    site.files["/train.json"] = CONTENT
    pin = Pin(location=url, sha256=current_hash("thing", url, out))
    assert pin.sha256 == sha(CONTENT)
    fetch("thing", pin, out)
    assert len(site.ranges) == 1


@pytest.mark.parametrize(("url", "name"), [
    ("https://h/a/b%20c.json?x=1#f", "b_c.json"), ("https://h/", "download"), ("https://h/a/..%2F..%2Fetc", "etc"),
    ("https://h/...", "download"),
])
def test_a_file_name_from_an_address_leads_nowhere(url: str, name: str) -> None:
    assert file_name(url) == name


def test_a_local_archive_is_verified_packed_and_copied_unpacked(tmp_path: Path, out: Path) -> None:
    import zipfile

    archive = tmp_path / "data.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("top/train.json", "[1]")
        file.writestr("top/dev.json", "[2]")
    digest = sha(archive.read_bytes())
    fetch("thing", Pin(location=f"{archive}#top/train.json", sha256=digest), out)
    assert [p.name for p in out.iterdir()] == ["train.json"]
    assert locations.current_hash("thing", f"{archive}#top", out) == digest


def test_a_group_is_fetched_as_a_whole_and_a_changed_pin_downloads_that_file_alone(
    site: Site, folder: Path, out: Path
) -> None:
    site.files = {"/a.json": b"[1]", "/b.json": b"[2]"}
    pins = {name: Pin(location=f"{site.address}/{name}.json", sha256=sha(site.files[f"/{name}.json"])) for name in "ab"}
    pins["c"] = Pin(location=str(folder), sha256=content_hash(folder))
    fetch_all(pins, out)
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()) == [
        "a/a.json", "b/b.json", "c/b.txt", "c/sub/a.txt"]
    assert len(site.ranges) == 2
    site.files["/b.json"] = b"[3]"
    pins["b"] = pins["b"].model_copy(update={"sha256": sha(b"[3]")})
    del pins["c"]
    fetch_all(pins, out)
    assert (out / "b/b.json").read_bytes() == b"[3]" and sorted(os.listdir(out)) == ["a", "b"]
    assert len(site.ranges) == 3


def test_a_group_that_cannot_be_fetched_whole_is_left_alone_and_what_came_is_kept(site: Site, out: Path) -> None:
    site.files = {"/a.json": b"[1]"}
    pins = {name: Pin(location=f"{site.address}/{name}.json", sha256=sha(b"[1]")) for name in "ab"}
    with pytest.raises(SourceError, match=r"b\.json: the server answered 404"):
        fetch_all(pins, out)
    assert left(out) == [] and len(site.ranges) == 2
    site.files["/b.json"] = b"[1]"
    fetch_all(pins, out)
    assert sorted(os.listdir(out)) == ["a", "b"] and len(site.ranges) == 3


def test_no_member_of_a_group_may_be_in_the_folder_that_it_replaces(folder: Path, out: Path) -> None:
    fetch_all({"a": Pin(location=str(folder), sha256=content_hash(folder))}, out)
    inside = Pin(location=str(out / "a"), sha256=content_hash(folder))
    with pytest.raises(SourceError, match=r"overlaps .*, which this stage replaces"):
        fetch_all({"b": inside}, out)
    assert os.listdir(out) == ["a"]
