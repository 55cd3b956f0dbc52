"""What desktops, editors and tools leave beside data: never content, wherever it comes from."""

from pathlib import PurePath

_FOLDERS = {"__macosx", "__pycache__", "$recycle.bin", "system volume information", "@eadir", "lost+found"}
_FILES = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}
_LOCKS = ("~$", "#")  # of an open Office document, of an open buffer


def is_leftover(relative: PurePath) -> bool:
    """Whether a path inside an input is such a file, or lies in such a folder.

    Hidden names count (`.DS_Store`, `._train.jsonl`, `.git/…`, `.~lock.train.csv#`), as does a backup `train.json~`.
    """
    *folders, name = (part.lower() for part in relative.parts)
    if any(folder.startswith(".") or folder in _FOLDERS for folder in folders):
        return True
    return name in _FILES or name.startswith((".", *_LOCKS)) or name.endswith("~")
