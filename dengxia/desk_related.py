"""相关文章 at the desk: what readers see below an article, what an editor pins there and what never comes."""

from flask import abort, redirect, render_template, request, url_for

from dengxia import auth, choices, queries
from dengxia.around import around
from dengxia.auth import bp, needs
from dengxia.formats import Refused

CHOICES = {"pin": True, "ban": False, "leave": None}


@bp.get("/articles/<number:id>/related")
@needs("publish")
def list_related(id):
    return _page(_article(id))


@bp.post("/articles/<number:id>/related")
@needs("publish")
def choose_related(id):
    article, other, choice = _article(id), request.form.get("other", ""), request.form.get("choice")
    if choice not in CHOICES:
        abort(400)
    try:
        choices.choose(auth.by(), article, other, CHOICES[choice])
    except Refused as refused:
        return _page(article, str(refused), other), 400
    return redirect(url_for(".list_related", id=id), 303)


def _article(id: int) -> queries.Row:
    """An article that readers see: only then it has related ones."""
    return queries.article(id) or abort(404)


def _page(article: queries.Row, problem: str = "", typed: str = "") -> str:
    chosen = {other: pinned for (_, other), pinned in queries.choices([article.id]).items()}
    shown = around(article).related
    unseen = chosen.keys() - {row.id for row in shown}
    titles = {row.id: row.title for row in queries.titles(unseen)}
    return render_template(
        "desk/related.html",
        article=article,
        shown=shown,
        pinned={id for id in chosen if chosen[id]},
        unseen=[(id, chosen[id], titles.get(id, "读者现在看不到")) for id in sorted(unseen)],
        problem=problem,
        typed=typed,
    )
