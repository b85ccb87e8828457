"""Who tries to sign in too often has to wait, longer each time, in every process and after a restart too.

What is counted has a key: `name:…`, `address:…`, `own:…` for who has to prove again that it is they, `device:…` for a
browser in which this person has signed in before. Such a browser has a count of its own, which no stranger can raise:
so nobody can lock another out by trying wrong passwords
(https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies). A try is counted before the
password is looked at, else many at once would all be looked at before the first is counted; one that comes while it has
to wait counts for nothing.
"""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update

from dengxia.writing import saved
from models import Attempt, db, now

FREE = {"name": 5, "own": 5, "device": 5, "address": 20}
LONGEST_WAIT = 15 * 60
FORGOTTEN = 24 * 3600


def begin(keys: Sequence[str]) -> int:
    """Count a try under each of these keys, unless there is a wait: then gives its seconds, else 0."""
    with saved():
        # Written first: that takes SQLite's write lock, so that of many tries at once each sees the one before.
        db.session.execute(delete(Attempt).where(Attempt.last_at < now() - FORGOTTEN))
        found = select(Attempt.key, Attempt.count, Attempt.last_at).where(Attempt.key.in_(keys))
        known = {row.key: row for row in db.session.execute(found)}
        waits = [row.last_at + _wait(row.key, row.count) - now() for row in known.values()]
        if (wait := max(waits, default=0)) > 0:
            return wait
        for key in keys:
            if key in known:
                more = {"count": Attempt.count + 1, "last_at": now()}
                db.session.execute(update(Attempt).where(Attempt.key == key).values(more))
            else:
                db.session.execute(insert(Attempt).values(key=key, count=1, last_at=now()))
    return 0


def forgive(keys: Sequence[str]) -> None:
    """A try was right: forget the others under its keys, but of an address only this one, or else who has an account
    there could go on guessing the passwords of others. Within the transaction that is under way."""
    addresses = [key for key in keys if key.startswith("address:")]
    db.session.execute(delete(Attempt).where(Attempt.key.in_(set(keys) - set(addresses))))
    less = update(Attempt).where(Attempt.key.in_(addresses), Attempt.count > 0)
    db.session.execute(less.values(count=Attempt.count - 1))


def words(wait: int) -> str:
    """What is said to who has to wait so many seconds."""
    return f"试得太多了，请过 {wait} 秒再试" if wait < 120 else f"试得太多了，请过 {wait // 60 + 1} 分钟再试"


def _wait(key: str, count: int) -> int:
    """Seconds from one try to the next, after so many."""
    beyond = count - FREE[key.partition(":")[0]]
    return 0 if beyond < 0 else min(2**beyond, LONGEST_WAIT)
