"""Files: written whole or not at all, and where they lie."""

import errno
import filecmp
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def create(target: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file that is not there yet: written beside it, flushed, then named. One that is there stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    number, partial = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with open(number, "wb") as file:  # noqa: PTH123 (it is open already)
            os.fchmod(number, mode)
            file.write(data)
            file.flush()
            os.fsync(number)
        with suppress(FileExistsError):
            target.hardlink_to(partial)
    finally:
        Path(partial).unlink()


def replace(target: Path, pieces: Iterable[bytes]) -> None:
    """Write a file whatever stands there; one that says the same already is not touched."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    with partial.open("wb") as file:
        file.writelines(pieces)
    if target.is_file() and filecmp.cmp(partial, target, shallow=False):
        partial.unlink()
    else:
        partial.replace(target)


def flush(folder: Path) -> None:
    """Let the names in a folder survive a power cut."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def listed(folder: Path) -> list[Path]:
    """What is in a folder, but hidden files, in its order; nothing where there is none. OSError where it is closed.

    `glob` would give nothing then, and a backup would be called one without its pictures.
    """
    return sorted(file for file in folder.iterdir() if file.name[0] != ".") if folder.exists() else []


def lies_in(file: Path, folder: Path) -> bool:
    """Whether a file lies in a folder once all links are followed."""
    try:
        return file.resolve().is_relative_to(folder.resolve())
    except RuntimeError:  # links in a circle, before Python 3.13
        return False


REASONS = {
    errno.ENOSPC: "磁盘满了，请先腾出地方",
    errno.EDQUOT: "磁盘的限额满了，请先腾出地方",
    errno.EFBIG: "文件超过了限额",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "文件夹是只读的",
    errno.ENOENT: "没有这个文件夹",
    errno.EEXIST: "那里已经有同名的东西",
    errno.ENOTDIR: "那里是文件，不是文件夹",
    errno.EISDIR: "那里是文件夹，不是文件",
}


def unwritable(error: OSError) -> str:
    """Why a file could not be written, for the user."""
    return f"写不了：{REASONS.get(error.errno, error.strerror)}"


def unreadable(error: OSError) -> str:
    """Why a file could not be read, for the user."""
    return "读不了：没有权限" if isinstance(error, PermissionError) else f"读不了：{error.strerror}"
