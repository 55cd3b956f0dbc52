"""Whether a folder lies on this machine. SQLite's write-ahead log needs memory that all its processes share, which a
network file system does not give them: see https://www.sqlite.org/wal.html."""

from pathlib import Path

import psutil

_REMOTE = {"9p", "afs", "beegfs", "ceph", "cifs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "orangefs",
           "prl_fs", "smb3", "smbfs", "vboxsf", "vmhgfs"}


def remote(folder: Path) -> str:
    """The kind of network or shared file system that a folder lies on; "" for one of this machine."""
    folder = folder.resolve()
    mounts = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}  # the last mount counts
    kind = next((mounts[path] for path in (folder, *folder.parents) if path in mounts), "")
    return kind if kind in _REMOTE or kind.startswith("fuse.") else ""
