"""Answers that are the same for every page (the navigation, the outline of a list), kept while the content stays.

Each process looks up the content version at most once a second, and with it whether a scheduled time has come; no
answer lives longer than a minute. The settings of the desk are looked up with a new version.
"""

import time
from collections.abc import Callable, Hashable
from functools import wraps
from threading import RLock
from typing import ParamSpec, TypeVar

from flask import current_app
from sqlalchemy import func, select

from dengxia import settings
from models import Article, ContentVersion, db, public

CHECK_SECONDS = 1.0
LONGEST_SECONDS = 60
MOST_ANSWERS = 512

P = ParamSpec("P")
R = TypeVar("R")
_lock = RLock()


class Content:
    """What this process knows of the content of its site: its version, when that was looked up, and answers."""

    def __init__(self) -> None:
        self.looked_up = -CHECK_SECONDS
        self.start((-1, None))

    def start(self, version: tuple[int, int | None]) -> None:
        """Begin anew, without answers."""
        self.version, self.began, self.answers = version, time.monotonic(), {}

    def is_due(self) -> bool:
        """Whether it is time to look the version up again."""
        return time.monotonic() - self.looked_up >= CHECK_SECONDS


def content() -> Content:
    """What is known of the current app's content, with a version that is at most a second old."""
    found = current_app.extensions.get("content") or current_app.extensions.setdefault("content", Content())
    if found.is_due():
        # A scheduled time that has come is a change too.
        # Not by the session, which may just be raising the number.
        with db.engine.connect() as connection:
            number = connection.scalar(select(ContentVersion.number))
            newest = connection.scalar(select(func.max(Article.published_at)).where(public()))
            with _lock:
                if (number, newest) != found.version or time.monotonic() - found.began >= LONGEST_SECONDS:
                    settings.follow(connection)
                    found.start((number, newest))
                found.looked_up = time.monotonic()
    return found


def keep(key: Hashable, make: Callable[[], R]) -> R:
    """What was made under this key since the content version changed, else make it."""
    answers = content().answers
    try:
        return answers[key]
    except KeyError:
        made = make()
    if len(answers) >= MOST_ANSWERS:
        answers.clear()
    # What was made before a change goes where nobody looks any more.
    answers[key] = made
    return made


def kept(function: Callable[P, R]) -> Callable[P, R]:
    """Keep what a question answers, for each of its arguments, until the content version changes."""

    @wraps(function)
    def answer(*args: P.args, **kwargs: P.kwargs) -> R:
        return keep((function, args, tuple(kwargs.items())), lambda: function(*args, **kwargs))

    return answer


def forget() -> None:
    """Look the version up at the next question: this process has just changed the content."""
    if known := current_app.extensions.get("content"):
        known.looked_up = -CHECK_SECONDS
