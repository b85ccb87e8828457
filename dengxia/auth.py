"""Signing in and out, and who may what: the one place where that is asked.

Every address of the desk belongs to the blueprint `bp` here, whichever module has its view, and so passes `_guard`. A
view says what it is for with `needs`; one that does not say is open to nobody.
"""

import ipaddress
import re
import secrets
from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint, Flask, Response, abort, current_app, redirect, render_template, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from itsdangerous import BadSignature, URLSafeSerializer

from dengxia import addresses, editing, manuscripts, people, throttle
from dengxia.formats import Refused
from dengxia.journal import By
from dengxia.manuscripts import Standing
from dengxia.queries import Row
from models import now

# Of each role; what a view needs stands here, and "sign-in", which is everybody's.
MAY = {
    "author": frozenset(["own", "enter", "write"]),
    "editor": frozenset(["own", "enter", "write", "publish"]),
    "admin": frozenset(["own", "enter", "write", "publish", "people", "settings", "purge"]),
}
# Over Flask's defaults; a site's own settings win. The cookies are of the desk alone, so a public page never meets one.
CONFIG = {
    "SESSION_COOKIE_PATH": "/desk",
    "SESSION_COOKIE_SAMESITE": "Lax",
    "MAX_CONTENT_LENGTH": 64 * 2**20,  # several pictures at once
    "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),  # since the last request
    "WTF_CSRF_CHECK_DEFAULT": False,  # `_guard` asks, after it has asked who it is
    "MAX_FORM_MEMORY_SIZE": 16 * 2**20,  # the longest text in the longest spelling of a form
    "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: who writes for an hour shall not lose it
}
# The methods of a view that asks once more, on a page that names the thing, and then does it.
ASK_FIRST = ["GET", "POST"]
LONGEST_SESSION = 7 * 24 * 3600  # since signing in
DEVICE = "device"
DEVICE_SECONDS = 365 * 24 * 3600

bp = Blueprint("desk", __name__, url_prefix="/desk")
login = LoginManager()
login.session_protection = None  # a telephone changes its address all day
csrf = CSRFProtect()


def install(app: Flask) -> None:
    """Give the app the means to know who is signed in."""
    # Not init_app: what that adds for a cookie of its own opens the session of every public page.
    app.login_manager = login
    csrf.init_app(app)


def needs(what: str, keeps: bool = False) -> Callable:
    """Say what a view of the desk is for, one of `MAY` or "sign-in".

    `keeps` tells that a long text is sent to it: when the session has ended, it comes back, to be sent again.
    """

    def mark(view: Callable) -> Callable:
        view.needs, view.keeps = what, keeps
        return view

    return mark


def may(what: str) -> bool:
    """Whether who is signed in may do this."""
    return current_user.is_authenticated and what in MAY[current_user.role]


def number(text: str) -> int:
    """A number that a form or an address gives and the database can hold, or 0."""
    return int(text) if re.fullmatch("[0-9]{1,15}", text) else 0


def acts(article: Row | None) -> dict[str, str]:
    """What who is signed in may do to an article (None: one that is yet to be), and the state that each leads to."""
    if article is None:
        return {
            act: state for act, state in editing.acts("draft", True, may("publish"), False).items() if act != "trash"
        }
    return editing.acts(article.status, article.owner_id == current_user.id, may("publish"), may("purge"))


def may_see(article: Row) -> bool:
    """Whether who is signed in may read an article at the desk: their own, or as an editor each."""
    return may("publish") or article.owner_id == current_user.id


def standing(id: int) -> Standing:
    """An article that who is signed in may read at the desk."""
    known = manuscripts.standing(id) or abort(404)
    return known if may_see(known.row) else abort(403)


def person() -> editing.Person:
    """Who saves what is being saved."""
    return editing.Person(current_user.id, by())


def tried(act: Callable[[], object], page: Callable[[str], str], to: str):
    """Do something and go to an endpoint, or show a page that says why it is refused."""
    try:
        act()
    except Refused as refused:
        return page(str(refused)), 400
    return redirect(url_for(to), 303)


def by() -> By:
    """Who does what is being done, for the log."""
    return By(current_user.name, _address())


@bp.before_request
def _guard():
    view = current_app.view_functions[request.endpoint]
    what, keeps = getattr(view, "needs", None), getattr(view, "keeps", False)
    if what != "sign-in":
        if not current_user.is_authenticated:
            return _ask_in(keeps)
        if current_user.provisional and what != "own":
            return redirect(url_for(".me"))
        if not may(what):
            abort(403)
    try:
        csrf.protect()
    except CSRFError:
        # After signing in anew the form's token is of the session before.
        return (_typed(), 400) if keeps and _is_ours() else abort(400)
    return None


def _ask_in(keeps: bool):
    if not people.exist():
        return redirect(url_for(".sign_in"))
    if request.method not in ("GET", "HEAD"):
        return (_typed(), 401) if keeps and _is_ours() else abort(401)
    return redirect(url_for(".sign_in", next=request.full_path.rstrip("?")))


def _typed() -> str:
    """A page with all that was sent, from which it can be sent again."""
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    # An article, whose 来源 is `source` too, a fixed page, a correction.
    long = next((name for name in ("body", "source", "text") if name in request.form), None)
    return render_template("desk/typed.html", fields=fields, long=long)


def _is_ours() -> bool:
    """Whether a form was sent from a page of this site."""
    return request.origin in (None, request.host_url.rstrip("/"))


@bp.after_request
def _keep_nothing(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.context_processor
def _for_templates() -> dict:
    return {"may": may, "me": current_user, "roles": people.ROLES}


# Sessions


class Person(UserMixin):
    """Who is signed in: the columns of `models.User`."""

    def __init__(self, row: people.Row):
        vars(self).update(row._asdict())

    def get_id(self) -> str:
        """What a session is signed for. The second number grows when the sessions shall end."""
        return f"{self.id}.{self.session}"


@login.user_loader
def _person(signed_for: str) -> Person | None:
    row = people.person(int(signed_for.partition(".")[0]))
    if row is None or now() - session["began"] > LONGEST_SESSION:
        return None
    person = Person(row)
    return person if person.get_id() == signed_for else None


def begin_session(row: people.Row) -> None:
    """Sign somebody in, with nothing left of the session before."""
    session.clear()
    session.permanent = True
    session["began"] = now()
    login_user(Person(row))


# In and out


@bp.get("/sign-in")
@needs("sign-in")
def sign_in():
    if current_user.is_authenticated:
        return redirect(_inside(request.args.get("next", "")))
    return _form()


@bp.post("/sign-in")
@needs("sign-in")
def enter():
    name = request.form.get("name", "").strip()
    keys = _keys(name)
    if wait := throttle.begin(keys):
        return _form(throttle.words(wait)), 429, {"Retry-After": str(wait)}
    row = people.sign_in(name, request.form.get("password", ""), request.form.get("code", "").strip(), keys, _address())
    if row is None:
        return _form("名字、密码或动态码不对"), 400
    begin_session(row)
    response = redirect(_inside(request.form.get("next", "")), 303)
    device = _signer().dumps([row.folded, _device(name) or secrets.token_hex(8)])
    secure = current_app.session_interface.get_cookie_secure(current_app)
    response.set_cookie(
        DEVICE, device, DEVICE_SECONDS, path=url_for(".sign_in"), secure=secure, httponly=True, samesite="Lax"
    )
    return response


@bp.post("/sign-out")
@needs("own")
def sign_out():
    people.sign_out(by())
    session.clear()
    return redirect(url_for(".sign_in"), 303)


def _form(problem: str = "") -> str:
    next = request.values.get("next", "")
    return render_template("desk/sign-in.html", problem=problem, next=next, exist=people.exist())


def _inside(next: str) -> str:
    """Where to go after signing in: within the desk."""
    return next if next.startswith("/desk/") and next.isprintable() else url_for(".front")


def _keys(name: str) -> list[str]:
    """Under which keys a try to sign in counts, for `throttle.begin`."""
    if device := _device(name):
        return [f"device:{device}"]
    return [f"name:{people.fold(name[: people.LONGEST_NAME])}", f"address:{_address()}"]


def _device(name: str) -> str:
    """The number of this browser, if who has this name has signed in here before."""
    try:
        folded, number = _signer().loads(request.cookies.get(DEVICE, ""))
    except (BadSignature, ValueError, TypeError):
        return ""
    return number if folded == people.fold(name) else ""


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key, salt=DEVICE)


def _address() -> str:
    """Whom a request comes from; of IPv6 the network: who has one address there has 2^64."""
    found = addresses.ip(request.remote_addr or "")
    if found is not None and found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found or "")
