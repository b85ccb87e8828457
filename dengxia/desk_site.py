"""What of the site is no text, at the desk: categories, 友情链接, old addresses, settings."""

from collections.abc import Mapping
from functools import partial
from math import ceil

from flask import abort, current_app, redirect, render_template, request, url_for

from dengxia import auth, categories, queries, settings, upkeep
from dengxia.auth import ASK_FIRST, bp, needs, tried
from dengxia.formats import Refused
from dengxia.queries import Row


def _step() -> int:
    return -1 if request.form.get("step") == "up" else 1


# Categories


@bp.get("/categories")
@needs("publish")
def list_categories():
    return _categories()


@bp.post("/categories")
@needs("publish")
def add_category():
    return tried(partial(categories.add, auth.by(), _category_fields()), _categories, ".list_categories")


@bp.get("/categories/<number:id>")
@needs("publish")
def edit_category(id):
    return _category_form(id)


@bp.post("/categories/<number:id>")
@needs("publish")
def change_category(id):
    act = partial(categories.change, auth.by(), id, _category_fields())
    return tried(act, partial(_category_form, id), ".list_categories")


@bp.post("/categories/<number:id>/move")
@needs("publish")
def move_category(id):
    return tried(partial(categories.move, auth.by(), id, _step()), _categories, ".list_categories")


@bp.route("/categories/<number:id>/merge", methods=ASK_FIRST)
@needs("publish")
def merge_category(id):
    row, into = _category(id), _category(request.args.get("into", 0, type=int))
    if request.method == "POST":
        act = partial(categories.merge, auth.by(), id, into.id)
        return tried(act, partial(_category_form, id), ".list_categories")
    count = categories.size(id)
    return render_template(
        "desk/confirm.html",
        title=f"把「{row.name}」并入「{into.name}」？",
        words=f"「{row.name}」的 {count} 篇文章（还有草稿）都归到「{into.name}」，它的地址也转到那里。并了就分不开了。"
        f"大约要 {max(1, ceil(count / categories.MERGED_A_SECOND))} 秒，这期间读者照常看，别的保存要等着。",
        button="并入",
        back=url_for(".edit_category", id=id),
    )


@bp.route("/categories/<number:id>/delete", methods=ASK_FIRST)
@needs("publish")
def delete_category(id):
    row = _category(id)
    if request.method == "POST":
        return tried(partial(categories.remove, auth.by(), id), partial(_category_form, id), ".list_categories")
    return render_template(
        "desk/confirm.html",
        title=f"删去分类「{row.name}」？",
        words=f"它的地址 /category/{row.slug} 和转到它的旧地址，以后都打不开。",
        button="删去",
        back=url_for(".edit_category", id=id),
    )


def _categories(problem: str = "") -> str:
    rows = [(row, categories.size(row.id)) for row in queries.categories()]
    return render_template("desk/categories.html", rows=rows, problem=problem, typed=request.form)


def _category_form(id: int, problem: str = "") -> str:
    row = _category(id)
    others = [other for other in queries.categories() if other.id != id]
    typed = request.form if "name" in request.form else row._asdict()
    empty = categories.is_empty(id)
    return render_template("desk/category.html", row=row, others=others, empty=empty, problem=problem, typed=typed)


def _category(id: int) -> Row:
    return next((row for row in queries.categories() if row.id == id), None) or abort(404)


def _category_fields() -> dict[str, str]:
    return {name: request.form.get(name, "") for name in ("name", "slug", "description", "in_nav")}


# 友情链接


@bp.get("/links")
@needs("publish")
def list_links():
    return _links()


@bp.post("/links")
@needs("publish")
def add_link():
    return tried(partial(upkeep.add_link, auth.by(), *_link_fields()), _links, ".list_links")


@bp.get("/links/<number:id>")
@needs("publish")
def edit_link(id):
    return _link_form(id)


@bp.post("/links/<number:id>")
@needs("publish")
def change_link(id):
    act = partial(upkeep.change_link, auth.by(), id, *_link_fields())
    return tried(act, partial(_link_form, id), ".list_links")


@bp.post("/links/<number:id>/move")
@needs("publish")
def move_link(id):
    return tried(partial(upkeep.move_link, auth.by(), id, _step()), _links, ".list_links")


@bp.route("/links/<number:id>/delete", methods=ASK_FIRST)
@needs("publish")
def delete_link(id):
    row = _link(id)
    if request.method == "POST":
        return tried(partial(upkeep.remove_link, auth.by(), id), _links, ".list_links")
    return render_template(
        "desk/confirm.html",
        title=f"删去链接「{row.name}」？",
        words=f"页脚里不再有 {row.url}。",
        button="删去",
        back=url_for(".list_links"),
    )


def _links(problem: str = "") -> str:
    return render_template("desk/links.html", rows=upkeep.links(), problem=problem, typed=request.form)


def _link_form(id: int, problem: str = "") -> str:
    row = _link(id)
    return render_template("desk/link.html", row=row, problem=problem, typed=request.form or row._asdict())


def _link(id: int) -> Row:
    return next((row for row in upkeep.links() if row.id == id), None) or abort(404)


def _link_fields() -> tuple[str, str]:
    return request.form.get("name", ""), request.form.get("url", "")


# Old addresses


@bp.get("/redirects")
@needs("settings")
def list_redirects():
    return _redirects()


@bp.post("/redirects")
@needs("settings")
def add_redirect():
    act = partial(upkeep.add_redirect, auth.by(), request.form.get("old", ""), request.form.get("target", ""))
    return tried(act, _redirects, ".list_redirects")


@bp.route("/redirects/delete", methods=ASK_FIRST)
@needs("settings")
def delete_redirect():
    row = upkeep.redirect(request.args.get("path", "")) or abort(404)
    if request.method == "POST":
        upkeep.remove_redirect(auth.by(), row.path)
        return redirect(url_for(".list_redirects"), 303)
    return render_template(
        "desk/confirm.html",
        title=f"删去旧地址 {row.path}？",
        words=f"它现在转到「{row.title or row.name}」；删去以后打不开。",
        button="删去",
        back=url_for(".list_redirects"),
    )


def _redirects(problem: str = "") -> str:
    prefix, after = request.args.get("prefix", "").strip(), request.args.get("after", "")
    rows, following = upkeep.redirects(prefix, after)
    return render_template(
        "desk/redirects.html", rows=rows, following=following, prefix=prefix, problem=problem, typed=request.form
    )


# Settings


@bp.get("/settings")
@needs("settings")
def show_settings():
    return _settings({name: current_app.config[name] for name in settings.AT_DESK})


@bp.post("/settings")
@needs("settings")
def change_settings():
    typed = {name: _typed(name) for name in settings.AT_DESK}
    try:
        upkeep.change_settings(auth.by(), typed)
    except Refused as refused:
        name, reason = refused.args
        return _settings(typed, f"{_MEANINGS[name]}：{reason}"), 400
    return redirect(url_for(".show_settings"), 303)


_MEANINGS = {name: meaning for name, _, meaning in settings.SETTINGS}


def _settings(values: Mapping[str, object], problem: str = "") -> str:
    return render_template(
        "desk/settings.html", values=values, meanings=_MEANINGS, fixed=settings.fixed(), problem=problem
    )


def _typed(name: str) -> object:
    """What was typed for a setting, of the type that it has where that can be."""
    kind, text = type(settings.DEFAULTS[name]), request.form.get(name, "").strip()
    if kind is bool:
        return name in request.form
    return int(text) if kind is int and text.isdecimal() and len(text) < 10 else text
