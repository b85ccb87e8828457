"""Files that are there whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path


def create(target: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file that is not there yet: written beside it, flushed, then named. One that is there stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            partial.chmod(mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            target.hardlink_to(partial)
    finally:
        partial.unlink(missing_ok=True)
