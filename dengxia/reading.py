"""The public pages: an address each, rows in from `queries`, a template out."""

import mimetypes
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from io import BytesIO
from urllib.parse import quote

import segno
from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from markupsafe import Markup, escape
from sqlalchemy import Row
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter
from werkzeug.sansio.utils import get_host

from dengxia import listings, prerender, queries, search, suggestions, times
from dengxia.around import around
from dengxia.kept import keep, kept
from models import now

bp = Blueprint("reading", __name__)
IN_BLOCK = 6
# Python before 3.13 does not know them, and a small system has no list of its own.
mimetypes.add_type("image/webp", ".webp")
mimetypes.add_type("image/avif", ".avif")


class Number(IntegerConverter):
    """1 to 15 digits that do not begin with 0: each page has one address, and the database can hold the number."""

    regex = r"[1-9][0-9]{0,14}"


# Lists


@bp.get("/", defaults={"page": 1})
@bp.get("/page/<number:page>")
def home(page):
    # WordPress's oldest addresses: /?p=7.
    if request.query_string and (old := queries.redirect(request.full_path)):
        return _to(old)
    listing = _found(listings.list_all(page))
    blocks = _blocks() if page == 1 else []
    return render_template("home.html", listing=listing, blocks=blocks, site_data=_site_data())


@bp.get("/category/<slug>", defaults={"page": 1})
@bp.get("/category/<slug>/page/<number:page>")
def category(slug, page):
    row = queries.category(slug) or abort(404)
    return render_template("category.html", category=row, listing=_found(listings.list_category(row.id, page)))


@bp.get("/tag/<path:name>", defaults={"page": 1})
@bp.get("/tag/<path:name>/page/<number:page>")
def tag(name, page):
    row = queries.tag(name) or abort(404)
    if row.name != name:
        return redirect(url_for(".tag", name=row.name, page=page), 301)
    listing = _found(listings.list_tag(row.id, page))
    if not listing.total:
        abort(404)
    return render_template("tag.html", name=name, listing=listing)


@bp.get("/archive/")
def archive():
    return render_template("archive.html", months=listings.months(times.zone()))


@bp.get("/archive/<int(fixed_digits=4):year>/<int(fixed_digits=2):month>", defaults={"page": 1})
@bp.get("/archive/<int(fixed_digits=4):year>/<int(fixed_digits=2):month>/page/<number:page>")
def month(year, month, page):
    if not (1 <= year < 9999 and 1 <= month <= 12):
        abort(404)
    listing = _found(listings.list_month(year, month, page, times.zone()))
    if not listing.total:
        abort(404)
    return render_template("month.html", year=year, month=month, listing=listing)


@bp.get("/search")
def find():
    query = request.args.get("q", "").strip()[: search.LONGEST_QUERY]
    page = request.args.get("page", 1, type=int)
    if not 1 <= page <= search.LAST_PAGE:
        abort(404)
    sort = "date" if request.args.get("sort") == "date" else None
    slug = request.args.get("category")
    within = (queries.category(slug) or abort(404)) if slug else None
    found = search.find(query, page, within and within.id, newest=sort == "date") if query else None
    if found and page > found.pages:
        abort(404)
    nearest = suggestions.nearest(query) if found and not found.count else []
    return render_template("search.html", query=query, within=within, sort=sort, found=found, nearest=nearest)


@bp.get("/search/suggest")
def suggest():
    """What OpenSearch calls suggestions: what is typed, titles, nothing, and their addresses."""
    typed = request.args.get("q", "").strip()[: search.LONGEST_QUERY]
    rows = suggestions.suggest(typed)
    return jsonify([typed, [row.title for row in rows], [], [url_for(".article", id=row.id) for row in rows]])


@bp.get("/sitemap")
def sitemap():
    return render_template("sitemap.html", blocks=_blocks(), months=listings.months(times.zone()))


# One article


@bp.get("/article/<number:id>")
def article(id):
    return _article(id, request.root_url.rstrip("/")) or abort(404)


_ADDRESS = re.compile(f"/article/({Number.regex})")


def direct(environ: dict) -> bytes | None:
    """The page that a WSGI environment asks for, if it is that of an article; the app's context has to be there."""
    found, host = _ADDRESS.fullmatch(environ.get("PATH_INFO", "")), environ.get("HTTP_HOST", ".")
    # A dot stands where the visitor named no host, see `security.py`.
    if not found or host == "." or environ.get("SCRIPT_NAME"):
        return None
    return _article(int(found[1]), _site(environ["wsgi.url_scheme"], host))


@lru_cache(maxsize=100)
def _site(scheme: str, host: str) -> str:
    return f"{scheme}://{get_host(scheme, host)}"


def _article(id: int, site: str) -> bytes | None:
    """The page of an article where the site is at such an address, if a visitor may see it."""
    card = queries.article(id)
    if card is None:
        return None
    beside, shared = around(card), _for_all(site, card.category_slug)
    macros = current_app.jinja_env.get_template("_around.html").module
    holes = {
        **shared,
        b"id": b"%d" % id,
        b"url": f"{site}/article/{id}".encode(),
        b"text": card.html.encode(),
        b"links": macros.links(beside).encode(),
        b"neighbours": macros.neighbours(beside).encode(),
        b"aside": macros.aside(beside).encode(),
    }
    return prerender.page(card, holes)


@kept
def _for_all(site: str, category_slug: str) -> dict[bytes, bytes]:
    """What stands in the page of every article of a category, where the site is at such an address."""
    parts = {
        "site": site,
        "year": str(this_year()),
        "head": part("head"),
        "bar": part("bar", home=f"{site}/"),
        "nav": part("nav", here=category_slug, page="article"),
        "foot": part("foot"),
    }
    return {name.encode(): text.encode() for name, text in parts.items()}


@bp.get("/article/<number:id>/qr.svg")
def qr(id):
    card = queries.article(id) or abort(404)
    drawn = BytesIO()
    code = segno.make(url_for(".article", id=card.id, _external=True), error="m")
    code.save(drawn, kind="svg", scale=4, border=4, light="#fff", xmldecl=False)
    return drawn.getvalue(), {"Content-Type": "image/svg+xml"}


@bp.get("/random")
def random():
    cards = listings.random_cards(1)
    response = redirect(url_for(".article", id=cards[0].id) if cards else url_for(".home"))
    response.headers["Cache-Control"] = "no-store"
    return response


# The rest


@bp.get("/media/<name>")
def media(name):
    response = send_from_directory(f"{current_app.instance_path}/media", name, max_age=31536000)
    response.cache_control.immutable = True
    return response


@bp.get("/<slug>")
def page(slug):
    row = queries.page(slug) or abort(404)
    return render_template("page.html", page=row, body=Markup(row.html))


@bp.app_errorhandler(404)
def not_found(error):
    old = queries.redirect(request.full_path.rstrip("?").rstrip("/")) or queries.redirect(request.path.rstrip("/"))
    if old:
        return _to(old)
    if moved := _moved():
        return redirect(moved, 301)
    if _is_page(shorter := request.path.rstrip("/")) and shorter != request.path:
        return redirect(quote(shorter) + request.full_path[len(request.path) :].rstrip("?"), 301)
    return render_template("404.html", nearest=suggestions.nearest(request.path)), 404


def _moved() -> str:
    """Where a page, or the feed, of a category lies that had another address before; nothing where it had none."""
    found = re.fullmatch(r"(/category/[^/]+)(/page/\d+|/feed\.xml)/?", request.path)
    old = found and queries.redirect(found[1])
    return f"/category/{old.slug}{found[2]}" if old and old.slug else ""


def _is_page(path: str) -> bool:
    """Whether an address of ours has this form; of the fixed pages, whether there is one."""
    try:
        endpoint, values = current_app.create_url_adapter(request).match(path)
    except HTTPException:
        return False
    return endpoint != "reading.page" or queries.page(values["slug"]) is not None


def _to(old: Row) -> Response:
    """To where an old address leads now."""
    if old.article_id:
        return redirect(url_for("reading.article", id=old.article_id), 301)
    return redirect(url_for("reading.category", slug=old.slug), 301)


@bp.app_template_global("part")
def part(name: str, **values: object) -> Markup:
    """A part of the page that is the same for everybody until the content changes: templates/parts/<name>.html."""
    template = f"parts/{name}.html"
    return keep((template, *values.values()), lambda: Markup(render_template(template, **values)))


@bp.app_template_global("this_year")
@kept
def this_year() -> int:
    """The year that it is, in the site's zone."""
    return times.local(now()).year


# Asked by the parts of a page that are kept, so only when they are made.
bp.add_app_template_global(queries.categories, "categories")
bp.add_app_template_global(queries.links, "links")
bp.add_app_template_global(queries.page_titles, "pages")


def _blocks() -> list[tuple[Row, Sequence[Row]]]:
    """Each category that has articles, with its newest."""
    blocks = ((category, queries.newest(IN_BLOCK, category.id)) for category in queries.categories())
    return [(category, cards) for category, cards in blocks if cards]


def _found(listing: listings.Listing) -> listings.Listing:
    return listing if listing.number <= listing.pages else abort(404)


@bp.app_template_filter("title_items")
def title_items(rows: Iterable[Row]) -> Markup:
    """Titles with their links as `<li>`; a loop in a template takes three times as long, and a page has twenty."""
    return Markup("".join(f'  <li><a href="/article/{row.id}">{escape(row.title)!s}</a></li>\n' for row in rows))


bp.add_app_template_filter(times.moment)
bp.add_app_template_filter(times.day)
bp.add_app_template_filter(times.iso)


# For machines that read the page


def _site_data() -> list[dict]:
    """JSON-LD of the site, with its search."""
    search_url = url_for(".find", _external=True) + "?q={search_term_string}"
    action = {"@type": "SearchAction", "target": search_url, "query-input": "required name=search_term_string"}
    site = {"@context": "https://schema.org", "@type": "WebSite", "name": current_app.config["SITE_NAME"]}
    return [{**site, "url": url_for(".home", _external=True), "potentialAction": action}]
