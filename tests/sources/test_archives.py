"""Archives: plain files inside the target folder, or nothing."""

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from ultramed.errors import SourceError
from ultramed.sources.archives import split, unpack

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


def test_a_member_is_asked_for_behind_a_hash_sign() -> None:
    assert split("https://h/d.zip#a/b.json") == ("https://h/d.zip", "a/b.json")
    assert split("notes#1.json") == ("notes#1.json", "")  # not an archive: part of the name
