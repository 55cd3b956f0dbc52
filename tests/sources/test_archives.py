"""Archives: plain files inside the target folder, or nothing."""

import io
import stat
import tarfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ultramed.errors import SourceError
from ultramed.params.models import Unpacking
from ultramed.sources.archives import is_archive, split, unpack

FILES = {"top/a.json": b"[1]", "top/sub/b.json": b"[2]"}


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def tarred(path: Path, files: dict[str, bytes], *others: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as file:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
        for info in others:
            file.addfile(info)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("make", [zipped, tarred])
@pytest.mark.parametrize(("member", "expected"), [
    ("", FILES), ("top", {"a.json": b"[1]", "sub/b.json": b"[2]"}), ("top/sub/b.json", {"b.json": b"[2]"}),
])
def test_all_or_one_member(tmp_path: Path, make: object, member: str, expected: dict[str, bytes]) -> None:
    archive = make(tmp_path / "data.tgz", FILES)  # type: ignore[operator]
    unpack(archive, tmp_path / "into", member)
    assert content(tmp_path / "into") == expected


@pytest.mark.parametrize("make", [zipped, tarred])
@pytest.mark.parametrize("name", ["../evil", "top/../../evil", "/tmp/evil", "..\\evil"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, make: object, name: str) -> None:
    archive = make(tmp_path / "data", {name: b"evil"})  # type: ignore[operator]
    (tmp_path / "into").mkdir()
    with pytest.raises(SourceError, match="points outside the folder"):
        unpack(archive, tmp_path / "into")
    assert {p.name for p in tmp_path.rglob("*")} == {"data", "into"}


@pytest.mark.parametrize("info", [
    special("link", tarfile.SYMTYPE, "/etc"), special("link", tarfile.LNKTYPE, "top/a.json"),
    special("pipe", tarfile.FIFOTYPE), special("disk", tarfile.BLKTYPE),
])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, info: tarfile.TarInfo) -> None:
    archive = tarred(tmp_path / "data.tgz", FILES, info)
    with pytest.raises(SourceError, match="is a link or device; only plain files"):
        unpack(archive, tmp_path / "into")
    assert not any(p.is_symlink() for p in (tmp_path / "into").rglob("*"))


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as file:
        file.writestr(info, "/etc/passwd")
    with pytest.raises(SourceError, match="is a link or device"):
        unpack(tmp_path / "data.zip", tmp_path / "into")


@pytest.mark.parametrize("damage", ["cut", "text"])
@pytest.mark.parametrize("make", [zipped, tarred])
def test_a_damaged_archive_is_one_clear_line(tmp_path: Path, make: object, damage: str) -> None:
    archive = make(tmp_path / "data.zip", {"a": bytes(range(256)) * 400})  # type: ignore[operator]
    archive.write_bytes(archive.read_bytes()[:200] if damage == "cut" else b"<!DOCTYPE html>")
    with pytest.raises(SourceError, match=r"cannot be unpacked: .+; fetch it again"):
        unpack(archive, tmp_path / "into")


def test_a_member_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no file under 'top/c'"):
        unpack(zipped(tmp_path / "data.zip", FILES), tmp_path / "into", "top/c")


@pytest.mark.parametrize(("location", "expected"), [
    ("https://h/d.zip#a/b.json", ("https://h/d.zip", "a/b.json")),
    ("https://h/d.zip?download=1#a/b.json", ("https://h/d.zip?download=1", "a/b.json")),
    ("HTTPS://h/D.ZIP?a=b&c=d#x/", ("HTTPS://h/D.ZIP?a=b&c=d", "x")),
    ("https://h/files/7/content?name=d.zip#a", ("https://h/files/7/content?name=d.zip", "a")),
    ("https://h/d.zip?download=1", ("https://h/d.zip?download=1", "")),
    ("/data/d.tar.gz#a", ("/data/d.tar.gz", "a")), ("hf://datasets/o/n/d.zip#a", ("hf://datasets/o/n/d.zip", "a")),
    ("notes#1.json", ("notes#1.json", "")),  # no archive: part of the name
])
def test_a_member_is_asked_for_behind_a_hash_sign(location: str, expected: tuple[str, str]) -> None:
    assert split(location) == expected


@pytest.mark.parametrize("name", ["data.zip", "DATA.ZIP", "content", "d.tgz"])
def test_an_archive_is_known_by_its_name_or_without_a_suffix_by_its_content(tmp_path: Path, name: str) -> None:
    assert is_archive(zipped(tmp_path / name, FILES))
    (tmp_path / "plain").write_text("{}")
    assert not is_archive(tmp_path / "plain") and not is_archive(zipped(tmp_path / "table.xlsx", FILES))


LEFT = ["__MACOSX/._a.json", "top/._a.json", "top/.DS_Store", "__MACOSX/top/sub/._b.json", "top/Thumbs.db",
        "top/desktop.ini", "top/.git/config.json", "top/~$a.json", "top/sub/a.json~", "top/.ipynb_checkpoints/a.json"]


@pytest.mark.parametrize("make", [zipped, tarred])
@pytest.mark.parametrize("member", ["", "top", "top/sub/b.json"])
def test_what_desktops_leave_in_an_archive_is_passed_over(tmp_path: Path, make: object, member: str) -> None:
    files = {name: b"\x00\x05\x16\x07binary" for name in LEFT} | FILES
    unpack(make(tmp_path / "data.tgz", files), tmp_path / "into", member)  # type: ignore[operator]
    assert sorted(content(tmp_path / "into").values()) == [b"[1]", b"[2]"][-1 if member.endswith("json") else 0:]


def test_a_leftover_that_is_asked_for_by_name_is_given(tmp_path: Path) -> None:
    unpack(zipped(tmp_path / "data.zip", {"a/.hidden.json": b"[]"}), tmp_path / "into", "a/.hidden.json")
    assert content(tmp_path / "into") == {".hidden.json": b"[]"}


@pytest.mark.parametrize("make", [zipped, tarred])
@pytest.mark.parametrize(("files", "limits", "found"), [
    ({"a": b"0" * 8_000_000}, {}, "more than 200 times"),
    ({f"{n}": b"0" * 1_000_000 for n in range(8)}, {}, "more than 200 times"),
    ({"a": b"[1]" * 10, "b": b"[1]" * 10}, {"gb": 5e-8}, "more than 5e-08 GB"),
    ({str(n): b"" for n in range(11)}, {"files": 10}, "more than 10 members"),
])
def test_an_archive_that_holds_too_much_is_refused_before_it_is_written(
    tmp_path: Path, make: object, files: dict[str, bytes], limits: dict[str, Any], found: str
) -> None:
    archive = make(tmp_path / "data.tgz", files)  # type: ignore[operator]
    with pytest.raises(SourceError, match=f"{found}.*larger unpack"):
        unpack(archive, tmp_path / "into", limits=Unpacking(**limits))
    assert sum(map(len, content(tmp_path / "into").values())) <= 4 << 20
    unpack(archive, tmp_path / "all", limits=Unpacking(gb=1, files=100, ratio=2000))
    assert len(content(tmp_path / "all")) == len(files)


@pytest.mark.parametrize("make", [zipped, tarred])
def test_what_is_passed_over_counts_too(tmp_path: Path, make: object) -> None:
    archive = make(tmp_path / "d.tgz", {"big": b"0" * 8_000_000, "a.json": b"[1]"})  # type: ignore[operator]
    with pytest.raises(SourceError, match="more than 200 times"):
        unpack(archive, tmp_path / "into", "a.json")


def test_a_header_that_claims_to_be_long_is_not_read(tmp_path: Path) -> None:
    """As of a tar whose names are gigabytes of zeros, which packs into a megabyte."""
    with tarfile.open(tmp_path / "data.tgz", "w:gz", format=tarfile.PAX_FORMAT) as file:
        info = tarfile.TarInfo("a")
        info.pax_headers = {"comment": "0" * 6_000_000}
        file.addfile(info)
    with pytest.raises(SourceError, match="cannot be unpacked: a header of 6"):
        unpack(tmp_path / "data.tgz", tmp_path / "into")


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file.writestr("a.json", "[1]")
        file.writestr("./a.json", "[2]")
    with pytest.raises(SourceError, match="two members"):
        unpack(tmp_path / "data.zip", tmp_path / "into")
