"""Passwords and recovery codes: whether one will do, how it is kept, and new ones."""

import secrets
import unicodedata
from hashlib import sha256

from werkzeug.security import check_password_hash, generate_password_hash

SHORTEST, LONGEST = 12, 200
# The commonest that are long enough; what repeats few characters is refused without being listed.
COMMONEST = frozenset(
    "123456789012 1234567890123 12345678901234 123456789abc 1234567890ab 12345678910 012345678910 0123456789ab"
    " 0123456789abc abc123456789 abcd12345678 abcdefghijkl abcdefghijklm abcdefg12345 a12345678910 a123456789012"
    " password1234 password12345 password123456 password@123 passwordpassword p@ssw0rd1234 p@ssword1234"
    " qwertyuiop12 qwertyuiop123 qwertyuiop[] qwertyuiopasdfghjkl qwerty123456 qwerty1234567 qwerty12345678"
    " 1qaz2wsx3edc 1qaz2wsx3edc4rfv qazwsxedcrfv qazwsxedc123 1q2w3e4r5t6y 1q2w3e4r5t6y7u q1w2e3r4t5y6 1234qwerasdf"
    " 1234qwerasdfzxcv zxcvbnm12345 zxcvbnm123456 asdfghjkl123 asdfghjkl1234 adminadminadmin admin123456789"
    " admin1234567 administrator administrator1 administrator123 changemechangeme letmeinletmein welcome12345"
    " iloveyou1234 iloveyou5201314 woaini1314520 woaini5201314 woaini123456 5201314woaini 520131452013"
    " 147258369147 1472583690147 147258369000 789456123000 987654321098 9876543210987".split()
)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike


def problem(password: str, name: str) -> str:
    """Why this cannot be the password of who has this name, in a sentence; nothing when it can."""
    password = _normal(password)
    if len(password) < SHORTEST:
        return f"密码至少要 {SHORTEST} 个字"
    if len(password) > LONGEST:
        return f"密码最多 {LONGEST} 个字"
    if not password.isprintable():
        return "密码里有看不见的字符"
    folded = password.casefold()
    if folded in COMMONEST or len(set(folded)) < 5:
        return "这个密码太常见，一猜就中，请换一个"
    if len(name) > 1 and _normal(name).casefold() in folded:
        return "密码里不能有自己的名字"
    return ""


def keep(password: str) -> str:
    """The password as it may be kept: a scrypt hash with its salt. Takes about 0.1 s."""
    return generate_password_hash(_normal(password))


def fits(password: str, kept: str) -> bool:
    """Whether this is the password that was kept. Takes about 0.1 s."""
    return len(password) <= LONGEST and check_password_hash(kept, _normal(password))


def make(name: str) -> str:
    """A new password for who has this name, one that can be read out: four groups of five, 99 bits."""
    return next(made for made in iter(lambda: _groups(4, 5), "") if not problem(made, name))


def make_codes() -> list[str]:
    """Ten new recovery codes of 79 bits each."""
    return [_groups(4, 4) for _ in range(10)]


def digest(code: str) -> bytes:
    """A recovery code as it is kept. Nobody can try them all, so it needs neither salt nor a slow hash."""
    return sha256("".join(code.lower().replace("-", "").split()).encode()).digest()


def _normal(password: str) -> str:
    # As NIST SP 800-63B wants: full-width or half-width, composed or not, it is the same password.
    return unicodedata.normalize("NFKC", password)


def _groups(count: int, length: int) -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(length)) for _ in range(count))
