"""What machines read: Atom, sitemaps, robots, manifest, OpenSearch, and whether the site is well."""

from flask import Blueprint, Response, abort, current_app, jsonify, render_template, url_for

from dengxia import health, queries
from dengxia.cache import static_url

bp = Blueprint("feeds", __name__)


def _xml(template: str, kind: str, **context: object) -> Response:
    return Response(render_template(template, **context), content_type=f"{kind}; charset=utf-8")


@bp.get("/feed.xml")
@bp.get("/category/<slug>/feed.xml")
def feed(slug=None):
    category = (queries.category(slug) or abort(404)) if slug else None
    cards = queries.feed(category.id if category else None)
    updated = max((card.updated_at or card.published_at for card in cards), default=queries.changed_at())
    return _xml("feed.xml", "application/atom+xml", category=category, cards=cards, updated=updated)


@bp.get("/sitemap.xml")
def sitemap_index():
    return _xml("sitemap-index.xml", "application/xml", count=queries.sitemaps())


@bp.get("/sitemap-<number:number>.xml")
def sitemap_file(number):
    if number > queries.sitemaps():
        abort(404)
    return _xml("sitemap.xml", "application/xml", number=number, articles=queries.sitemap(number))


@bp.get("/robots.txt")
def robots():
    lines = ["User-agent: *", "Disallow: /desk/", "Disallow: /search", "Disallow: /random"]
    lines.append(f"Sitemap: {url_for('.sitemap_index', _external=True)}")
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


@bp.get("/manifest.webmanifest")
def manifest():
    sizes = {"icon.svg": "any", "icon-192.png": "192x192", "icon-512.png": "512x512"}
    found = {
        "name": current_app.config["SITE_NAME"],
        "short_name": current_app.config["SITE_NAME"],
        "description": current_app.config["SITE_DESCRIPTION"],
        "lang": "zh-CN",
        "start_url": "/",
        "display": "minimal-ui",
        "background_color": "#fbf8f1",
        "theme_color": "#b23a2a",
        "icons": [{"src": static_url(name), "sizes": size} for name, size in sizes.items()],
    }
    response = jsonify(found)
    response.mimetype = "application/manifest+json"
    return response


@bp.get("/opensearch.xml")
def opensearch():
    return _xml("opensearch.xml", "application/opensearchdescription+xml")


@bp.get("/healthz")
def healthz():
    found = health.problem()
    headers = {"Cache-Control": "no-store"}
    return Response(found or "ok", status=503 if found else 200, mimetype="text/plain", headers=headers)
