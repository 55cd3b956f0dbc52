"""Local or network file system? SQLite's write-ahead log relies on memory shared between processes, which does not work
over a network: see https://www.sqlite.org/wal.html."""

from pathlib import Path

import psutil

_REMOTE = {"9p", "afs", "beegfs", "ceph", "cifs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "orangefs",
           "prl_fs", "smb3", "smbfs", "vboxsf", "vmhgfs"}


def remote(folder: Path) -> str:
    """Type of the network or shared file system that holds a folder (`nfs4`); "" if it is a local one."""
    folder = folder.resolve()
    mounts = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}  # the last mount counts
    kind = next((mounts[path] for path in (folder, *folder.parents) if path in mounts), "")
    return kind if kind in _REMOTE or kind.startswith("fuse.") else ""
