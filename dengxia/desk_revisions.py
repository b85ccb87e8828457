"""What an article was: its revisions, how they differ, and back to one of them."""

from dataclasses import replace

from flask import abort, redirect, render_template, request, url_for

from dengxia import auth, editing, manuscripts, queries, revisions
from dengxia.auth import bp, needs, number, standing
from dengxia.editing import Step
from dengxia.formats import Refused
from dengxia.manuscripts import Manuscript


@bp.get("/articles/<number:id>/revisions")
@needs("write")
def list_revisions(id):
    known = standing(id)
    rows, before = revisions.newest(id, request.args.get("before", 0, type=number) or revisions.NEWEST)
    return render_template("desk/revisions.html", known=known, rows=rows, before=before)


@bp.get("/articles/<number:id>/revisions/<number:revision>")
@needs("write")
def revision(id, revision):
    return _page(standing(id), revision)


@bp.post("/articles/<number:id>/revisions/<number:revision>")
@needs("write")
def restore_revision(id, revision):
    known, (row, text) = standing(id), revisions.one(id, revision) or abort(404)
    if "save" not in auth.acts(known.row):
        abort(403)
    version = request.form.get("version", 0, type=number)
    step = Step(what=f"恢复到第 {row.id} 号")
    try:
        editing.change(auth.person(), known, version, _restored(text, known.text), step)
    except editing.Conflict:
        return _page(standing(id), revision, problem="你打开这一页以后，文章又保存过；看过现在的样子，再按一次"), 409
    except Refused as refused:
        return _page(known, revision, problem=str(refused)), 400
    return redirect(url_for(".article", id=id, done="save"), 303)


def _restored(text: Manuscript, now: Manuscript) -> Manuscript:
    """What is written in a revision; state, time and old addresses are the article's own and stay."""
    known = {row.name for row in queries.categories()}
    category = text.category if text.category in known else now.category
    return replace(text, category=category, status=now.status, date=now.date, aliases=now.aliases)


def _page(known: manuscripts.Standing, revision: int, problem: str = "") -> str:
    row, text = revisions.one(known.row.id, revision) or abort(404)
    with_now = request.args.get("with") == "now"
    older, newer = (text, known.text) if with_now else (revisions.previous(known.row.id, revision), text)
    return render_template(
        "desk/revision.html",
        known=known,
        row=row,
        text=text,
        with_now=with_now,
        first=older is None,
        changes=manuscripts.changes(manuscripts.typed(older), manuscripts.typed(newer)) if older else [],
        acts=auth.acts(known.row),
        problem=problem,
    )
