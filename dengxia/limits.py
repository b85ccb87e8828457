"""How long one piece of work may take."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from dengxia.formats import Refused

# To set a text in, and one more for each 100,000 characters; a long chapter takes a tenth of one.
SECONDS = 5
Made = TypeVar("Made")


def in_time(where: str, length: int, work: Callable[[], Made]) -> Made:
    """Do some work on a text of so many characters; `Refused` when it takes too long.

    Both markdown-it and html5lib take a time that grows with the square of some inputs (`[` or `<div>` ten thousand
    times), more of them than could be told beforehand.
    """
    seconds = SECONDS + length // 100_000
    try:
        with _at_most(seconds):
            return work()
    except RecursionError:
        raise Refused(where, "引用或列表套得太深，排不出来；请改浅一些") from None
    except _TooLong:
        raise Refused(where, f"{seconds} 秒还没有排完；请分成几篇，或删去成串的括号和标签") from None


class _TooLong(Exception):
    pass


@contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    """Stop after so many seconds of computing; only a main thread can be stopped so."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGVTALRM"):
        yield
        return

    def stop(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
