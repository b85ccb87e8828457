"""The pictures at the desk: bring, look through, see where each is used, take away."""

import re

from flask import abort, jsonify, redirect, render_template, request, url_for

from dengxia import album, auth, images, queries, uses
from dengxia.auth import bp, needs, number
from dengxia.formats import Refused

NEWEST = 2**62, ""


@bp.get("/pictures")
@needs("write")
def pictures():
    return _pictures()


@bp.post("/pictures")
@needs("write")
def add_pictures():
    """Take pictures in; the editor's script, which brings one and asks for JSON, is told its address."""
    problems, names = [], []
    for file in request.files.getlist("file"):
        try:
            names.append(album.add(auth.by(), file.read(images.MAX_BYTES + 1), file.filename))
        except ValueError as error:
            problems.append(f"{file.filename}: {error}" if file.filename else "还没有选图片")
    problem = "；".join(problems) or ("" if names else "还没有选图片")
    if request.accept_mimetypes.best == "application/json":
        return (jsonify(error=problem), 400) if problem else jsonify(address=f"/media/{names[0]}")
    return (_pictures(problem), 400) if problem else redirect(url_for(".pictures"), 303)


@bp.get("/pictures/<name>")
@needs("write")
def picture(name):
    return _picture(name)


@bp.post("/pictures/<name>/delete")
@needs("publish")
def delete_picture(name):
    try:
        album.remove(auth.by(), album.picture(name) or abort(404))
    except Refused as refused:
        return _picture(name, str(refused)), 400
    return redirect(url_for(".pictures"), 303)


@bp.post("/pictures/<name>/replace")
@needs("publish")
def replace_picture(name):
    row, file = album.picture(name) or abort(404), request.files.get("file")
    try:
        if not file:
            raise ValueError("还没有选图片")
        new, more = album.replace(auth.person(), row, file.read(images.MAX_BYTES + 1), file.filename)
    except (ValueError, Refused) as error:
        return _picture(name, str(error)), 400
    if more:
        return _picture(name, "一次换一百篇，还有没换到的：请把同一张图再换一次"), 200
    return redirect(url_for(".picture", name=new), 303)


def _pictures(problem: str = "") -> str:
    unused = "unused" in request.args
    rows, last = (album.unused if unused else album.page)(*_place())
    before = f"{last.at}-{last.name}" if last else None
    return render_template("desk/pictures.html", rows=rows, before=before, unused=unused, problem=problem)


def _place() -> tuple[int, str]:
    """The place in the list after which a page begins: a moment and a name."""
    found = re.fullmatch(r"(\d{1,12})-(.+)", request.args.get("before", ""))
    return (int(found[1]), found[2]) if found else NEWEST


def _picture(name: str, problem: str = "") -> str:
    row = album.picture(name) or abort(404)
    before = request.args.get("before", 0, type=number) or NEWEST[0]
    articles = queries.showing(name, queries.PER_PAGE + 1, before)
    return render_template(
        "desk/picture.html",
        row=row,
        articles=[(article, auth.may_see(article)) for article in articles[: queries.PER_PAGE]],
        before=articles[queries.PER_PAGE - 1].id if len(articles) > queries.PER_PAGE else None,
        pages=uses.of_pages().get(name, []),
        problem=problem,
    )


@bp.app_template_filter("forms")
def forms(name: str) -> list[str]:
    """The addresses of a picture's forms, smallest first."""
    return [f"/media/{form}" for form in images.forms(name)]


@bp.app_template_filter("size")
def size(row) -> str:
    """`1200×800，88 KB`."""
    _, width, height, _ = images.NAME.fullmatch(row.name).groups()
    return f"{width}×{height}，{max(1, round(row.size / 1024))} KB"
