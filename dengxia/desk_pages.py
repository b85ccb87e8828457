"""The fixed pages (关于, 联系) at the desk."""

from collections.abc import Mapping
from functools import partial

from flask import abort, redirect, render_template, request, url_for
from markupsafe import Markup

from dengxia import auth, fixed, queries
from dengxia.auth import ASK_FIRST, bp, needs, tried
from dengxia.formats import Refused
from dengxia.queries import Row
from models import FORMATS


@bp.get("/pages")
@needs("publish")
def list_pages():
    return render_template("desk/pages.html", rows=queries.page_titles(), gone=fixed.gone())


@bp.route("/pages/add", methods=ASK_FIRST)
@needs("publish", keeps=True)
def add_page():
    if request.method != "POST":
        return _page_form(None, _earlier() or {})
    slug, typed = request.form.get("slug", "").strip(), _page_fields()
    form = partial(_page_form, None, {**typed, "slug": slug})
    if request.form.get("do") == "look":
        return form()
    return tried(partial(fixed.add, auth.by(), slug, **typed), form, ".list_pages")


@bp.route("/pages/<slug>/edit", methods=ASK_FIRST)
@needs("publish", keeps=True)
def edit_page(slug):
    page = queries.page(slug)
    if request.method != "POST":
        page = page or abort(404)
        return _page_form(page, {**page._asdict(), **_earlier(), "seen": page.updated_at})
    typed, seen = _page_fields(), request.form.get("seen", 0, type=int)
    # Where somebody has deleted it meanwhile, what was typed can be added again.
    form = partial(_page_form, page, {**typed, "slug": slug, "seen": seen})
    if request.form.get("do") == "look":
        return form()
    return tried(partial(fixed.change, auth.by(), slug, **typed, seen=seen), form, ".list_pages")


@bp.route("/pages/<slug>/delete", methods=ASK_FIRST)
@needs("publish")
def delete_page(slug):
    page = queries.page(slug) or abort(404)
    if request.method == "POST":
        fixed.remove(auth.by(), slug)
        return redirect(url_for(".list_pages"), 303)
    return render_template(
        "desk/confirm.html",
        title=f"删去页面「{page.title}」？",
        words=f"/{slug} 以后打不开；文字还留着，在「固定页」里可以找回。",
        button="删去",
        back=url_for(".edit_page", slug=slug),
    )


def _page_form(page: Row | None, typed: Mapping[str, object], problem: str = "") -> str:
    """The form of a page (None: of one that is yet to be); what was posted is shown as its readers would see it."""
    shown = ""
    if request.method == "POST":
        try:
            shown = Markup(fixed.render(typed["source"], typed["format"]))
        except Refused as refused:
            problem = problem or str(refused)
    old = fixed.old_texts(page.slug) if page else []
    # Who is told of another's text, and sees it, may replace it.
    theirs = page if page and problem and typed["seen"] != page.updated_at else None
    return render_template(
        "desk/page.html", page=page, typed=typed, shown=shown, old=old, theirs=theirs, problem=problem
    )


def _page_fields() -> dict[str, str]:
    form = request.form
    kind = form.get("format", "")
    return {
        "title": form.get("title", ""),
        "format": kind if kind in FORMATS else abort(400),
        "source": form.get("source", "").replace("\r\n", "\n"),
    }


def _earlier() -> dict[str, str]:
    """The text that shall be restored, where one is asked for."""
    if "old" not in request.args:
        return {}
    number = request.args["old"]
    old = fixed.old_text(int(number)) if number.isdecimal() and len(number) < 16 else None
    old = old or abort(404)
    return {name: getattr(old, name) for name in ("slug", "title", "format", "source")}
