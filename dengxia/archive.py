"""A backup as one tar file: files under names that lead nowhere else, and last a list with the SHA-256 of each."""

import hashlib
import json
import os
import re
import shutil
import tarfile
import time
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from dengxia.formats import Refused, shown

DATABASE, CONFIG, LIST = "dengxia.db", "config.toml", "backup.json"
FORM = 1
# What may be in a backup; every other name might lead out of the folder that it is unpacked into.
_MEMBER = re.compile(rf"{DATABASE}|{CONFIG}|{LIST}|media/(?!\.)[^/\0]+")
PIECE = 2**20


def pack(target: Path, members: Iterable[tuple[str, Path]], facts: Mapping[str, object]) -> None:
    """Write files under these names, and what is to be said of them, flushed to the disk, for its owner only."""
    sums = {}
    with target.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        with tarfile.open(fileobj=file, mode="w") as tar:
            for name, path in members:
                sums[name] = _add(tar, name, path)
            data = json.dumps({"form": FORM, **facts, "files": sums}, indent=1).encode()
            tar.addfile(_member(LIST, len(data)), BytesIO(data))
        file.flush()
        os.fsync(file.fileno())


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, int(time.time()), 0o600
    return member


def _add(tar: tarfile.TarFile, name: str, path: Path) -> str:
    with path.open("rb") as file:
        reader = _Summed(file)
        tar.addfile(_member(name, os.fstat(file.fileno()).st_size), reader)
    return reader.sum.hexdigest()


class _Summed:
    """A file whose SHA-256 is known when it has been read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.sum = file, hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self.file.read(size)
        self.sum.update(data)
        return data


def is_one(file: Path) -> bool:
    """Whether a file begins as a backup does."""
    try:
        with tarfile.open(file, "r:") as tar:
            return tar.next().name == DATABASE
    except (tarfile.TarError, OSError, AttributeError):
        return False


def unpack(file: Path, folder: Path | None = None) -> dict:
    """Read a backup through, into a folder if one is given, and give what its list says. Raises `Refused`."""
    facts, sums = None, {}
    try:
        with tarfile.open(file, "r:") as tar:
            for member in tar:
                # No links, no devices, nothing that is longer unpacked than packed.
                plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
                if not (plain and _MEMBER.fullmatch(member.name)) or member.name in sums or facts is not None:
                    raise Refused(shown(file), f"里面有不该有的 {member.name!r}，不是备份")
                if member.name == LIST:
                    facts = json.load(tar.extractfile(member))
                else:
                    sums[member.name] = _unpack_one(tar.extractfile(member), folder and folder / member.name)
    except (tarfile.TarError, EOFError, ValueError, RecursionError):
        raise Refused(shown(file), "不是备份，或者坏了") from None
    if not isinstance(facts, dict) or facts.get("files") != sums or DATABASE not in sums:
        raise Refused(shown(file), "备份坏了：里面的文件和它的清单不一样")
    if facts.get("form") != FORM:
        raise Refused(shown(file), "由更新的程序备份，请换用新的程序")
    return facts


def _unpack_one(source: BinaryIO, target: Path | None) -> str:
    reader = _Summed(source)
    if target is None:
        while reader.read(PIECE):
            pass
    else:
        target.parent.mkdir(exist_ok=True)
        with target.open("xb") as file:
            shutil.copyfileobj(reader, file, PIECE)
            file.flush()
            os.fsync(file.fileno())
    return reader.sum.hexdigest()
