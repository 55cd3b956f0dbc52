"""The content hash of an artifact, the same one `dvc.lock` records for its path."""

from pathlib import Path

from ultramed.errors import SourceError


def content_hash(path: Path) -> str:
    """DVC's MD5 of a folder, over the sorted relative paths and MD5s of its files, ending in `.dir`.

    Raises SourceError if the folder does not exist.
    """
    from dvc_data.hashfile.hash import hash_file
    from dvc_data.hashfile.meta import Meta
    from dvc_data.hashfile.tree import Tree
    from dvc_objects.fs.local import LocalFileSystem

    if not path.is_dir():
        raise SourceError(str(path), "does not exist", "run `dvc repro` (or `dvc pull`) to make it")
    tree, disk = Tree(), LocalFileSystem()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        _, digest = hash_file(str(file), disk, "md5")
        tree.add(file.relative_to(path).parts, Meta(), digest)
    tree.digest()
    return str(tree.hash_info.value)
