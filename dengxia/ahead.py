"""Work that asks nothing of what is being written, done a batch ahead in a process of its own while this one writes.

The process is a plain child that reads pickles and answers each with one. It ends when this one does, since then its
input ends; a signal from the terminal does not reach it.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

_GONE = EOFError, BrokenPipeError, pickle.UnpicklingError

Key = TypeVar("Key")
Item = TypeVar("Item")
Made = TypeVar("Made")


class Lost(Exception):
    """The process ended before its work was done; `str()` gives its status."""


class _Batch(NamedTuple):
    key: object
    items: Sequence
    sent: bool


def each(
    work: Callable[[Item], Made], batches: Iterable[tuple[Key, Sequence[Item]]]
) -> Iterator[tuple[Key, list[Made]]]:
    """Each batch's key with what `work`, a function of a module, makes of its items. Raises `Lost`.

    The process is started when a second batch has come and a second core is there, so a little work does not pay for
    it. Close this generator: that ends the process.
    """
    before, process = None, None
    try:
        for key, items in batches:
            if before and items and not process and _cores() > 1:
                process = _started()
            made = _made(work, before, process)
            if process and items:
                with _watched(process):
                    _send(process.stdin, (work, items))
            if before:
                yield before.key, made
            before = _Batch(key, items, bool(process and items))
        if before:
            yield before.key, _made(work, before, process)
    finally:
        if process:
            _end(process)


def apart(work: Callable[[Item], Made], items: Sequence[Item]) -> list[Made]:
    """Do some work in a process that ends with it, for work that would leave much in memory. Raises `Lost`."""
    if not items:
        return []
    process = _started()
    try:
        with _watched(process):
            _send(process.stdin, (work, items))
            return pickle.load(process.stdout)
    finally:
        _end(process)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _started() -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command, pipe = [sys.executable, "-m", __name__], subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, process_group=0)


def _made(work: Callable, batch: _Batch | None, process: subprocess.Popen | None) -> list:
    if not batch:
        return []
    if not batch.sent:
        return _done(work, batch.items)
    with _watched(process):
        return pickle.load(process.stdout)


def _send(pipe: BinaryIO, value: object) -> None:
    # The other side waits for it whenever something is sent, so neither waits for the other.
    pickle.dump(value, pipe, pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def _end(process: subprocess.Popen) -> None:
    process.kill()
    process.communicate()


@contextmanager
def _watched(process: subprocess.Popen) -> Iterator[None]:
    try:
        yield
    except _GONE:
        raise Lost(process.wait()) from None


def _serve() -> None:
    # The answers alone go that way: what anything prints goes where errors go.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        while True:
            # Nothing is held while it waits.
            _send(answers, _done(*pickle.load(sys.stdin.buffer)))
    except _GONE:
        os._exit(0)  # nobody is there any more to flush to


def _done(work: Callable[[Item], Made], items: Sequence[Item]) -> list[Made]:
    return [work(item) for item in items]


if __name__ == "__main__":
    _serve()
