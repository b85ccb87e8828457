"""The people of the desk: who there is, whom a password lets in, and every change to them."""

import secrets
import time
import unicodedata
from functools import lru_cache

import pyotp
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from dengxia import journal, passwords, throttle
from dengxia.formats import Refused
from dengxia.journal import By
from dengxia.queries import Row, ask, ask_first
from dengxia.writing import saved
from models import RecoveryCode, User, db, now

LONGEST_NAME = 30
ROLES = {"author": "作者", "editor": "编辑", "admin": "管理员"}

_columns = select(*User.__table__.columns)
_by_id = _columns.where(User.id == bindparam("id"))
_by_name = _columns.where(User.folded == bindparam("folded"))
_all = _columns.order_by(User.id)
_first = select(User.id).limit(1)


def exist() -> bool:
    """Whether there is anybody."""
    return ask_first(_first) is not None


def everyone() -> list[Row]:
    """Everybody in the order in which they came, the columns of `models.User`."""
    return ask(_all)


def person(id: int) -> Row | None:
    """Who has this number."""
    return ask_first(_by_id, id=id)


def named(name: str) -> Row | None:
    """Who has this name, in any case."""
    return ask_first(_by_name, folded=fold(name))


def fold(name: str) -> str:
    """A name as it is compared."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


# In and out


def sign_in(name: str, password: str, code: str, keys: list[str], address: str) -> Row | None:
    """Whom these let in. Whatever is wrong, the answer and its time are the same; `keys` as for `throttle.begin`.

    `code` is of two-step sign-in or for recovery; where that is not on, it says nothing.
    """
    user, nobody = named(name), _nobody()
    right = passwords.fits(password, user.password if user else nobody)
    with saved():
        if user and right and not user.disabled and _takes_code(user, code):
            throttle.forgive(keys)
            db.session.execute(update(User).where(User.id == user.id).values(seen_at=now()))
            journal.note(By(user.name, address), "登录")
            return user
        # Not what was typed where there is nobody of that name: it may be a password in the wrong field.
        journal.note(By(user.name if user else "", address), "登录失败")
    return None


def sign_out(by: By) -> None:
    """Note that somebody left."""
    with saved():
        journal.note(by, "退出")


@lru_cache(maxsize=1)
def _nobody() -> str:
    """What is compared where there is nobody, so that it takes as long."""
    return passwords.keep(secrets.token_hex())


def _takes_code(user: Row, code: str) -> bool:
    """Whether two-step sign-in is content; a code that was right is used up with it."""
    if not user.totp:
        return True
    if step := _step(user.totp, code):
        newer = update(User).where(User.id == user.id, User.totp_step < step)
        return bool(db.session.execute(newer.values(totp_step=step)).rowcount)
    mine = RecoveryCode.user_id == user.id, RecoveryCode.digest == passwords.digest(code)
    return bool(db.session.execute(delete(RecoveryCode).where(*mine)).rowcount)


def _step(secret: str, code: str) -> int:
    """The time step of which this is the code, at most one from now; 0 when it is of none."""
    totp = pyotp.TOTP(secret)
    current = totp.timecode(time.time())
    typed = "".join(unicodedata.normalize("NFKC", code).split())
    steps = (current, current - 1, current + 1)
    return next((s for s in steps if secrets.compare_digest(totp.generate_otp(s).encode(), typed.encode())), 0)


# Changes


def add(by: By, name: str, role: str, password: str, provisional: bool = False) -> None:
    """Take somebody in. `provisional` tells that they shall choose another password."""
    name = " ".join(name.split())
    if not (0 < len(name) <= LONGEST_NAME and name.isprintable()):
        raise Refused(name, f"名字要有 1 到 {LONGEST_NAME} 个看得见的字")
    columns = {"name": name, "folded": fold(name), "role": role, "provisional": provisional}
    columns["password"] = _kept(name, password)
    try:
        with saved():
            db.session.execute(insert(User).values(columns))
            journal.note(by, "添加人员", f"{name}（{ROLES[role]}）")
    except IntegrityError:
        raise Refused(name, "已经有叫这个名字的人") from None


def reset(by: By, user: Row, password: str, provisional: bool = False) -> None:
    """Give somebody a new password and no two-step sign-in, end their sessions and forget wrong tries."""
    kept = _kept(user.name, password)
    with saved():
        _put(user, password=kept, provisional=provisional, session=User.session + 1, totp="")
        db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
        throttle.forgive([f"name:{user.folded}", _own(user)])
        journal.note(by, "重设密码", user.name)


def disable(by: By, user: Row) -> None:
    """Let somebody in no more, and end their sessions."""
    with saved():
        _put(user, disabled=True, session=User.session + 1)
        _keep_an_admin(user)
        journal.note(by, "停用", user.name)


def enable(by: By, user: Row) -> None:
    """Let somebody in again."""
    with saved():
        _put(user, disabled=False)
        journal.note(by, "恢复", user.name)


def change_role(by: By, user: Row, role: str) -> None:
    """Give somebody another role, from their next request on."""
    with saved():
        _put(user, role=role)
        _keep_an_admin(user)
        journal.note(by, "改角色", f"{user.name}（{ROLES[role]}）")


def change_password(by: By, user: Row, old: str, new: str) -> Row:
    """What somebody does for themselves; all their sessions end. Gives them as they are now, for a new one."""
    _prove(user, old)
    kept = _kept(user.name, new)
    if passwords.fits(new, user.password):
        raise Refused(user.name, "新密码和现在的一样")
    with saved():
        _put(user, password=kept, provisional=False, session=User.session + 1)
        throttle.forgive([_own(user)])
        journal.note(by, "换密码")
    return person(user.id)


def switch_on(by: By, user: Row, secret: str, code: str) -> list[str]:
    """Two-step sign-in from now on, as a first code proves that it works. Gives recovery codes, to be shown once."""
    step = _step(secret, code)
    if not step:
        raise Refused(user.name, "动态码不对，请看手机的时间准不准，再试一次")
    codes = passwords.make_codes()
    with saved():
        _put(user, totp=secret, totp_step=step)
        db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
        rows = [{"user_id": user.id, "digest": passwords.digest(code)} for code in codes]
        db.session.execute(insert(RecoveryCode), rows)
        journal.note(by, "打开两步验证")
    return codes


def switch_off(by: By, user: Row, password: str) -> None:
    """No two-step sign-in any more."""
    _prove(user, password)
    with saved():
        _put(user, totp="")
        db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
        throttle.forgive([_own(user)])
        journal.note(by, "关闭两步验证")


def _put(user: Row, **columns: object) -> None:
    db.session.execute(update(User).where(User.id == user.id).values(columns))


def _keep_an_admin(user: Row) -> None:
    left = select(User.id).where(User.role == "admin", User.disabled.is_(False)).limit(1)
    if not db.session.scalar(left):
        raise Refused(user.name, "是最后一个管理员，要留着")


def _kept(name: str, password: str) -> str:
    if reason := passwords.problem(password, name):
        raise Refused(name, reason)
    return passwords.keep(password)


def _prove(user: Row, password: str) -> None:
    """Whoever sits at an open desk has to know the password too."""
    if wait := throttle.begin([_own(user)]):
        raise Refused(user.name, throttle.words(wait))
    if not passwords.fits(password, user.password):
        raise Refused(user.name, "现在的密码不对")


def _own(user: Row) -> str:
    return f"own:{user.id}"
