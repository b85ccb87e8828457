"""Answers that are the same for every page (the navigation, the outline of a list), kept while the content stays.

Each process looks up the content version at most once a second, and no answer lives longer than a minute: what was
scheduled appears without any change.
"""

import time
from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from cachetools import TTLCache
from sqlalchemy import Engine, select

from models import ContentVersion, db

CHECK_SECONDS = 1.0
LONGEST_SECONDS = 60
MOST_ANSWERS = 512

_lock = RLock()
_engines: "WeakKeyDictionary[Engine, _Answers]" = WeakKeyDictionary()


class _Answers:
    def __init__(self) -> None:
        self.version, self.looked_up = -1, -CHECK_SECONDS
        self.answers: TTLCache = TTLCache(MOST_ANSWERS, LONGEST_SECONDS)


def version() -> int:
    """The content version, at most a second old (this process's own changes: at once)."""
    state = _state()
    if time.monotonic() - state.looked_up >= CHECK_SECONDS:
        number = db.session.scalar(select(ContentVersion.number)) or 0
        with _lock:
            if number != state.version:
                state.answers.clear()
            state.version, state.looked_up = number, time.monotonic()
    return state.version


P = ParamSpec("P")
R = TypeVar("R")


def kept(function: Callable[P, R]) -> Callable[P, R]:
    """Keep what a question answers, for each of its arguments, until the content version changes."""

    @wraps(function)
    def answer(*args: P.args, **kwargs: P.kwargs) -> R:
        version()
        state, key = _state(), (function, args, tuple(kwargs.items()))
        with _lock:
            if key in state.answers:
                return state.answers[key]
        value = function(*args, **kwargs)
        with _lock:
            state.answers[key] = value
        return value

    return answer


def forget() -> None:
    """Look the version up again at the next question: this process has just changed the content."""
    _state().looked_up = -CHECK_SECONDS


def _state() -> _Answers:
    with _lock:
        return _engines.setdefault(db.engine, _Answers())
