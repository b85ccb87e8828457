"""The editor's desk: its front page, one's own account, the people, the log."""

from functools import partial

import segno
from flask import abort, current_app, redirect, render_template, request, session, url_for
from flask_login import current_user
from markupsafe import Markup
from pyotp import TOTP, random_base32

from dengxia import auth, journal, keeping, passwords, people, revisions, working, worklist
from dengxia.auth import ASK_FIRST, bp, needs, number, tried
from dengxia.formats import Refused
from models import now

NEWEST = 2**63 - 1
SHOWN = 10  # of each list on the front page


@bp.get("")
@needs("enter")
def front():
    """What waits for whoever is signed in, what is scheduled, and what changed lately."""
    every, mine = auth.may("publish"), current_user.id
    return render_template(
        "desk/front.html",
        SHOWN=SHOWN,
        now=now(),
        reviews=worklist.page("review").rows if every else [],
        drafts=worklist.page("draft", owner=mine).rows,
        copies=working.of_anything(mine),
        scheduled=worklist.soonest(None if every else mine),
        edited=revisions.latest(SHOWN) if every else [],
        backup=keeping.last_backup() if auth.may("settings") else None,
        entries=journal.entries(NEWEST)[0][:SHOWN] if auth.may("people") else [],
    )


# One's own account


@bp.get("/me")
@needs("own")
def me():
    return _me()


@bp.post("/me/password")
@needs("own")
def change_password():
    old, new = request.form.get("old", ""), request.form.get("new", "")
    if new != request.form.get("again", ""):
        return _me("两次输入的新密码不一样"), 400
    try:
        row = people.change_password(auth.by(), current_user, old, new)
    except Refused as refused:
        return _me(refused.args[1]), 400
    auth.begin_session(row)
    return _me(done="密码换好了，别处的登录都已退出")


@bp.post("/me/two-step")
@needs("own")
def start_two_step():
    # Until a code has proved that it works the secret is nowhere but in this browser.
    session["totp"] = random_base32()
    return redirect(url_for(".me"), 303)


@bp.post("/me/two-step/on")
@needs("own")
def switch_on_two_step():
    try:
        code = request.form.get("code", "")
        codes = people.switch_on(auth.by(), current_user, session.get("totp") or abort(400), code)
    except Refused as refused:
        return _me(refused.args[1]), 400
    del session["totp"]
    return render_template("desk/codes.html", codes=codes)


@bp.post("/me/two-step/off")
@needs("own")
def switch_off_two_step():
    try:
        people.switch_off(auth.by(), current_user, request.form.get("password", ""))
    except Refused as refused:
        return _me(refused.args[1]), 400
    return redirect(url_for(".me"), 303)


def _me(problem: str = "", done: str = "") -> str:
    drawn, secret = None, session.get("totp")
    if secret:
        uri = TOTP(secret, name=current_user.name, issuer=current_app.config["SITE_NAME"]).provisioning_uri()
        drawn = Markup(segno.make(uri, error="m").svg_inline(scale=4, border=4, light="#fff"))
    return render_template("desk/me.html", problem=problem, done=done, secret=secret, drawn=drawn)


# People


@bp.get("/people")
@needs("people")
def list_people():
    return _people()


@bp.post("/people")
@needs("people")
def add_person():
    name = request.form.get("name", "")
    password = passwords.make(name)
    try:
        people.add(auth.by(), name, _role(), password, provisional=True)
    except Refused as refused:
        return _people(str(refused), name), 400
    return render_template("desk/password.html", name=name, password=password)


@bp.post("/people/<number:id>/role")
@needs("people")
def change_role(id):
    return tried(partial(people.change_role, auth.by(), _person(id), _role()), _people, ".list_people")


@bp.route("/people/<number:id>/disable", methods=ASK_FIRST)
@needs("people")
def disable_person(id):
    row = _person(id)
    if request.method == "POST":
        return tried(partial(people.disable, auth.by(), row), _people, ".list_people")
    return render_template(
        "desk/confirm.html",
        title=f"停用{row.name}？",
        words="以后不能再登录，已有的登录立刻失效；可以再恢复。",
        button="停用",
        back=url_for(".list_people"),
    )


@bp.post("/people/<number:id>/enable")
@needs("people")
def enable_person(id):
    return tried(partial(people.enable, auth.by(), _person(id)), _people, ".list_people")


@bp.route("/people/<number:id>/reset", methods=ASK_FIRST)
@needs("people")
def reset_person(id):
    row = _person(id)
    if request.method != "POST":
        return render_template(
            "desk/confirm.html",
            title=f"重设{row.name}的密码？",
            words="网站会换一个新密码，关闭两步验证，已有的登录立刻失效；旧密码不能再用。",
            button="重设密码",
            back=url_for(".list_people"),
        )
    password = passwords.make(row.name)
    people.reset(auth.by(), row, password, provisional=True)
    return render_template("desk/password.html", name=row.name, password=password)


def _people(problem: str = "", name: str = "") -> str:
    return render_template("desk/people.html", people=people.everyone(), problem=problem, name=name)


def _person(id: int) -> people.Row:
    return people.person(id) or abort(404)


def _role() -> str:
    role = request.form.get("role", "")
    return role if role in people.ROLES else abort(400)


# The log


@bp.get("/log")
@needs("people")
def log():
    rows, before = journal.entries(request.args.get("before", 0, type=number) or NEWEST)
    return render_template("desk/log.html", rows=rows, before=before)
