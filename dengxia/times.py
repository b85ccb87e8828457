"""Moments (seconds since 1970) as pages say them, in the site's zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import current_app


def zone() -> ZoneInfo:
    """The zone of the setting SITE_TIMEZONE."""
    return ZoneInfo(current_app.config["SITE_TIMEZONE"])


def local(seconds: int) -> datetime:
    """A moment in the site's zone."""
    return datetime.fromtimestamp(seconds, zone())


def moment(seconds: int) -> str:
    """`2025-11-10 01:33:39`."""
    return local(seconds).replace(tzinfo=None).isoformat(" ")


def seconds(text: str) -> int:
    """The moment of a local time as `<input type="datetime-local">` sends it; ValueError where there is none.

    Of an hour that comes twice, as summer time ends, the first.
    """
    try:
        typed = datetime.fromisoformat(text.strip())
        found = int(typed.replace(tzinfo=zone()).timestamp())
        back = local(found).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise ValueError("应当像 2025-11-10 01:33") from None
    if typed.tzinfo or back != typed.replace(microsecond=0):
        raise ValueError("那里的钟没有这个时刻（夏令时开始），请改早或改晚一小时")
    return found


def day(seconds: int) -> str:
    """`2025-11-10`."""
    return local(seconds).date().isoformat()


def iso(seconds: int) -> str:
    """For `<time datetime>`: with the zone, or in UTC where the zone's offset was not yet one of whole minutes."""
    found = local(seconds)
    return (found if found.utcoffset().seconds % 60 == 0 else found.astimezone(UTC)).isoformat()
