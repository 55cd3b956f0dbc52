"""Reads what the Xet client leaves in a `local://` store: its shards map each Xet file to its SHA-256."""

import struct
from collections.abc import Iterator
from pathlib import Path

BLOCK = 48  # bytes: every header, segment, verification and metadata record of a shard has this size
END = b"\xff" * 32  # the file section ends with a record of this hash
HAS_VERIFICATION, HAS_METADATA = 0x8000_0000, 0x4000_0000
NEVER = 9_999_999_999  # seconds since 1970: the loopback token does not expire


def index(cas: Path) -> dict[str, str]:
    """SHA-256 → Xet file hash of everything uploaded so far."""
    return {
        sha256: xet
        for shard in sorted((cas / "xet/shard-cache").glob("*.mdb"))
        for sha256, xet in _files(shard.read_bytes())
    }


def _files(shard: bytes) -> Iterator[tuple[str, str]]:
    """(SHA-256, Xet hash) of the files a shard lists: for each a header record, its segments, then as many
    verification records and one metadata record if the header's flags say so."""
    at = BLOCK
    while (file_hash := shard[at : at + 32]) != END:
        flags, segments = struct.unpack_from("<II", shard, at + 32)
        at += BLOCK * (1 + segments)
        if flags & HAS_VERIFICATION:
            at += BLOCK * segments
        if flags & HAS_METADATA:
            yield _hex(shard[at : at + 32]), _hex(file_hash)
            at += BLOCK


def _hex(value: bytes) -> str:
    """A hash as text: four 64-bit words, each stored with its lowest byte first."""
    return "".join(value[i : i + 8][::-1].hex() for i in range(0, 32, 8))


def read(cas: Path, scratch: Path, xet_hash: str, size: int) -> bytes:
    """The content of a Xet file, for clients that use plain HTTP; kept in `scratch` afterwards."""
    path = scratch / xet_hash
    if not path.exists():
        scratch.mkdir(exist_ok=True)
        import hf_xet

        session = hf_xet.XetSession()
        with session.new_file_download_group(
            endpoint=f"local://{cas}", token="loopback", token_expiry_unix_secs=NEVER
        ) as group:
            group.start_download_file(hf_xet.XetFileInfo(xet_hash, size), str(path))
    return path.read_bytes()
