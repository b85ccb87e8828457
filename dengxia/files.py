"""Files that are there whole or not at all."""

import os
import tempfile
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
