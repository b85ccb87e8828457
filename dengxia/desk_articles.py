"""The form of an article at the desk: what is typed comes back whatever happens, and nobody writes over another."""

from collections.abc import Mapping

from flask import abort, jsonify, redirect, render_template, request, url_for
from flask_login import current_user

from dengxia import auth, editing, manuscripts, proof, remembered, revisions, times, working
from dengxia.auth import bp, needs, number, standing
from dengxia.editing import Conflict, Step
from dengxia.formats import Refused
from dengxia.manuscripts import FIELDS, Manuscript, Standing
from dengxia.working import Working
from models import now


@bp.get("/articles/new")
@needs("write")
def new_article():
    copy = _copy(None)
    text = Manuscript("", "", author=current_user.name)
    return _form(None, copy.fields if copy else manuscripts.typed(text), copy=copy)


@bp.post("/articles/new")
@needs("write", keeps=True)
def make_article():
    step = _step(auth.acts(None))
    try:
        id = editing.begin(auth.person(), manuscripts.read(request.form), step)
    except Refused as refused:
        return _form(None, request.form, problem=str(refused)), 400
    return _saved(id, step)


@bp.get("/articles/<number:id>")
@needs("write")
def article(id):
    known, copy = standing(id), _copy(id)
    act = request.args.get("done", "")
    done = editing.WORDS.get(act)
    return _form(
        known,
        copy.fields if copy else manuscripts.typed(known.text),
        copy=copy,
        done=done and f"{done}：好了",
        findings=proof.check(known.text, id) or None if act == "save" else None,
    )


@bp.post("/articles/<number:id>")
@needs("write", keeps=True)
def save_article(id):
    if manuscripts.standing(id) is None and "body" in request.form:
        copy = working.put(current_user.id, None, _number_of_copy(), 0, request.form)
        return redirect(url_for(".new_article", working=copy.id), 303)
    known, version = standing(id), request.form.get("version", 0, type=number)
    try:
        if known.row.version != version:
            raise Conflict(known)
        step = _step(auth.acts(known.row))
        # What lies in the trash or is in review comes without its fields, which nobody could change.
        text = manuscripts.read(request.form, known.text) if "body" in request.form else known.text
        editing.change(auth.person(), known, version, text, step)
    except Conflict as conflict:
        return _conflict(conflict.theirs, version), 409
    except Refused as refused:
        return _form(known, request.form, problem=str(refused)), 400
    return _saved(id, step)


@bp.post("/articles/new/check", defaults={"id": None})
@bp.post("/articles/<number:id>/check")
@needs("write", keeps=True)
def check_article(id):
    """Tell what to look at in what is typed, which is not saved by that."""
    known = standing(id) if id else None
    try:
        findings = proof.check(manuscripts.read(request.form, known and known.text), id)
    except Refused as refused:
        return _form(known, request.form, problem=str(refused)), 400
    return _form(known, request.form, findings=findings, seen=request.form.get("version", 0, type=number))


@bp.get("/articles/<number:id>/purge")
@needs("purge")
def ask_to_purge(id):
    return render_template("desk/purge.html", known=_in_trash(id))


@bp.post("/articles/<number:id>/purge")
@needs("purge")
def purge_article(id):
    editing.purge(auth.person(), _in_trash(id))
    return redirect(url_for(".list_articles", state="trash"), 303)


def _in_trash(id: int) -> Standing:
    known = standing(id)
    return known if "purge" in auth.acts(known.row) else abort(404)


def _step(acts: Mapping[str, str]) -> Step:
    act = request.form.get("act", "save")
    if act not in acts:
        abort(403)
    note = " ".join(request.form.get("note", "").split())[:500] if act == "return" else ""
    return Step(act, note, copy=_number_of_copy())


def _number_of_copy() -> int:
    """Of the working copy that what is sent was typed into."""
    return request.form.get("working", 0, type=number)


def _saved(id: int, step: Step):
    return redirect(url_for(".article", id=id, done=step.act), 303)


def _conflict(theirs: Standing, version: int) -> str:
    """The form as it was typed, with what stands there now: a save from here has seen both."""
    if "body" not in request.form:
        problem = "你打开这一页以后，文章又保存过；看过现在的样子，再按一次"
        return _form(theirs, manuscripts.typed(theirs.text), problem=problem)
    copy = working.put(current_user.id, theirs.row.id, _number_of_copy(), version, request.form)
    last = revisions.last(theirs.row.id)
    return _form(
        theirs,
        request.form,
        working_id=copy.id,
        theirs=theirs,
        changes=manuscripts.changes(manuscripts.typed(theirs.text), request.form),
        by=last[0] if last and last[1] == theirs.text else None,
    )


def _form(known: Standing | None, fields: Mapping[str, str], copy: Working | None = None, **more: object) -> str:
    """The page of the form; with a working copy (`copy`) it says so, else it offers the ones that there are."""
    came_back = request.method == "POST"
    return render_template(
        "desk/article.html",
        known=known,
        fields={name: fields.get(name, "") for name in FIELDS},
        copy=copy,
        lefts=[] if copy or came_back else _left(known),
        acts=auth.acts(known.row if known else None),
        acts_words=editing.WORDS,
        kinds=manuscripts.KINDS,
        formats=manuscripts.FORMATS,
        names=FIELDS,
        known_values=remembered.values(),
        now=now(),
        **{
            "seen": copy.version if copy else known.row.version if known else 0,
            "working_id": copy.id if copy else _number_of_copy(),
            **more,
        },
    )


# Working copies


@bp.post("/working")
@needs("write")
def keep_working():
    """Keep what is typed; answers with the copy's number, which the form shall send from then on."""
    form = request.form
    id, copy, version = (form.get(name, 0, type=number) for name in ("article", "working", "version"))
    if id and manuscripts.standing(id) is None:  # purged meanwhile: what is typed goes on as of a new one
        id = version = 0
    elif id:
        standing(id)
    kept = working.put(current_user.id, id or None, copy, version, form)
    return jsonify(working=kept.id, saved_at=times.iso(kept.saved_at))


@bp.post("/working/<number:id>/forget")
@needs("write")
def forget_working(id):
    copy = working.get(current_user.id, id) or abort(404)
    working.forget(current_user.id, id)
    to = url_for(".article", id=copy.article_id) if copy.article_id else url_for(".new_article")
    return redirect(to, 303)


def _copy(article_id: int | None) -> Working | None:
    """The working copy that the address asks for."""
    found = working.get(current_user.id, request.args.get("working", 0, type=number))
    return found if found and found.article_id == article_id else None


def _left(known: Standing | None) -> list[Working]:
    """The working copies that one may go on with."""
    return working.of_article(current_user.id, known.row.id) if known else working.of_new(current_user.id)


# Suggestions


@bp.get("/tags")
@needs("write")
def suggest_tags():
    """Tags that begin with what is typed: a list of names."""
    return jsonify(remembered.tags(request.args.get("q", "").strip()))
