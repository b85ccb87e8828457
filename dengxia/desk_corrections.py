"""更正 at the desk: what stands at the end of a published article, one more, one less."""

from flask import abort, redirect, render_template, request, url_for

from dengxia import auth, corrections, queries
from dengxia.auth import bp, needs
from dengxia.formats import Refused


@bp.get("/articles/<number:id>/corrections")
@needs("publish")
def list_corrections(id):
    return _page(_article(id))


@bp.post("/articles/<number:id>/corrections")
@needs("publish", keeps=True)
def add_correction(id):
    article, text = _article(id), request.form.get("text", "")
    try:
        corrections.add(auth.by(), article, text)
    except Refused as refused:
        return _page(article, str(refused), text), 400
    return redirect(url_for(".list_corrections", id=id), 303)


@bp.post("/articles/<number:id>/corrections/<number:correction>/remove")
@needs("publish")
def remove_correction(id, correction):
    row = corrections.named(correction)
    if row is None or row.article_id != id:
        abort(404)
    corrections.remove(auth.by(), _article(id), row)
    return redirect(url_for(".list_corrections", id=id), 303)


def _article(id: int) -> queries.Row:
    """An article that is published, if only from a time to come."""
    return next(iter(queries.published([id])), None) or abort(404)


def _page(article: queries.Row, problem: str = "", text: str = "") -> str:
    rows = queries.corrections([article.id])[article.id]
    return render_template("desk/corrections.html", article=article, rows=rows, problem=problem, text=text)
