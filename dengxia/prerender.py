"""The page of an article as far as it is known when the article is written.

To render one takes 0.4 ms, and most of what it says stands firm from then on. So it is rendered when it is written,
with holes for the rest (the host, the parts for everybody, what stands around the article), and kept beside its text;
to fill the holes takes a fifth of that. Where many are written, the process that derives makes the pages too, of what
is going to be written (`Draft`).

It is packed with everything but the article itself that it was made of as the dictionary: the page of an article that
does not exist, made by the same templates and settings, and the category. zlib refuses any other dictionary, so what
other templates, settings or names made is never shown: such a page is rendered again whenever it is asked for, until
the article is written again or `flask rebuild` has run.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from math import ceil
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import urljoin

from flask import current_app
from markupsafe import Markup

from dengxia import markup, queries
from dengxia.derived import Derived, Written, derive
from dengxia.formats import Refused
from dengxia.kept import keep
from dengxia.packing import deflate, inflate, unpack_html
from dengxia.queries import Row
from dengxia.settings import DEFAULTS
from dengxia.times import iso, moment
from models import db

CHARACTERS_A_MINUTE = 400
# The columns of a card that a page tells of.
CARD = (
    *("title", "summary", "own_summary", "published_at", "updated_at", "kind", "author", "editor"),
    *("source", "source_url", "cover", "category", "category_slug"),
)
# Stands on either side of a hole's name. Unicode assigns it to no character, and no text may hold it.
MARK = "\ufdd0"
_MARK = MARK.encode()


class Draft(NamedTuple):
    """What the page of a published article is made of beside its text: columns of its card, tags, corrections."""

    card: Mapping[str, Any]
    tags: list[str]
    corrections: list[tuple[int, str]]


class Page(NamedTuple):
    """A packed page, and what it was made of."""

    draft: Draft
    packed: bytes


def pages(texts: Mapping[int, Derived | Row]) -> dict[int, bytes]:
    """The packed pages of published articles with these numbers and texts, after their cards and tags were written.

    A page that was made before is taken if it was made of the very same.
    """
    made = {}
    for id, draft in drafts(texts).items():
        text = texts[id]
        ready = getattr(text, "page", None)
        made[id] = ready.packed if ready and ready.draft == draft else _packed(draft, text)
    return made


def drafts(ids: Iterable[int]) -> dict[int, Draft]:
    """What the pages of those articles that are published are made of, in the transaction of the session."""
    ids = list(ids)
    tags, corrections = queries.tags(ids), queries.corrections(ids)
    found = {}
    for card in queries.published(ids):
        columns = {name: getattr(card, name) for name in CARD}
        found[card.id] = Draft(columns, tags[card.id], [(one.at, one.text) for one in corrections[card.id]])
    return found


def deriving() -> Callable[[tuple[Written, Draft | None]], Derived | Refused]:
    """The work of deriving everything from a text, and of making its page where a draft is given, in any process."""
    return partial(_derive, current_app.import_name, {name: current_app.config[name] for name in DEFAULTS})


def _derive(app: str, settings: Mapping[str, object], work: tuple[Written, Draft | None]) -> Derived | Refused:
    written, draft = work
    text = derive(written)
    if isinstance(text, Refused) or not draft:
        return text
    if not current_app:
        import_module(app).create_app(settings).app_context().push()
    draft = draft._replace(card={**draft.card, "summary": draft.card["own_summary"] or text.excerpt})
    return text._replace(page=Page(draft, _packed(draft, text)))


def _packed(draft: Draft, text: Derived | Row) -> bytes:
    columns = {**draft.card, "html": unpack_html(text.html, text.source), "length": text.length}
    return deflate(_render(columns, draft.tags, draft.corrections), _known(columns))


def page(card: Row, values: Mapping[bytes, bytes]) -> bytes:
    """The page of a row from `queries.article` with its holes filled: those that `_render` and its template leave."""
    pieces = _made(card._asdict()).split(_MARK)
    pieces[1::2] = map(values.__getitem__, pieces[1::2])
    return b"".join(pieces)


def preview(columns: Mapping[str, Any]) -> str:
    """The part of a page that is the article's own, while it is being written."""
    card = SimpleNamespace(**columns, updated_at=None)
    holes = {"text": Markup(card.html)}
    template = current_app.jinja_env.get_template("article.html")
    values = {**_of_text(card), "title": card.title, "hole": lambda name: holes.get(name, ""), "preview": True}
    return "".join(template.blocks["main"](template.new_context(values)))


def _made(columns: Mapping[str, Any]) -> bytes:
    if columns["page"]:
        with suppress(zlib.error):
            return inflate(columns["page"], _known(columns))
    id = columns["id"]
    with db.engine.connect() as connection:
        names, corrected = queries.tags([id], connection)[id], queries.corrections([id], connection)[id]
    return _render(columns, names, [(one.at, one.text) for one in corrected])


def _hole(name: str, **_: object) -> Markup:
    return Markup(f"{MARK}{name}{MARK}")


def _known(columns: Mapping[str, Any]) -> bytes:
    return keep(("model page",), _model) + "\n".join(map(columns.__getitem__, _REPEATED)).encode()


def _model() -> bytes:
    settings = map(current_app.config.__getitem__, ("SITE_TIMEZONE", "SITE_DESCRIPTION"))
    return _render(_MODEL, ["文"], [(0, "文")]) + "\n".join([*settings, ""]).encode()


# What a page says more than once, or what is not the article's own.
_REPEATED = ("category", "category_slug", "source", "source_url", "author", "summary", "title")
_MODEL = {
    **dict.fromkeys(("category", "category_slug", "cover"), ""),
    **dict.fromkeys(("title", "summary", "own_summary", "author", "editor", "source"), "文"),
    "html": '<h2 id="a">一</h2><h2 id="b">二</h2><h2 id="c">三</h2>',
    "kind": "reprint",
    "length": 0,
    "published_at": 0,
    "source_url": "https://a",
    "updated_at": 1,
}


def _render(columns: Mapping[str, Any], names: Iterable[str], corrections: Iterable[tuple[int, str]]) -> bytes:
    card = SimpleNamespace(**{name: _unmarked(value) for name, value in columns.items()})
    names = list(map(_unmarked, names))
    corrected = [SimpleNamespace(at=at, text=_unmarked(text)) for at, text in corrections]
    site, url = _hole("site"), _hole("url")
    picture = card.cover or markup.first_picture(card.html)
    if picture:
        picture = urljoin(_BASE, picture).replace(_BASE, f"{site}/", 1)
    page = current_app.jinja_env.get_template("article.html").render(
        **_of_text(card),
        tags=names,
        corrections=corrected,
        picture=picture,
        url=url,
        canonical=card.source_url if card.source_url and current_app.config["REPRINT_CANONICAL"] else url,
        site_data=_data(card, names, corrected, site, url, picture),
        home=f"{site}/",
        hole=_hole,
        part=_hole,
        this_year=lambda: _hole("year"),
    )
    return page.encode()


def _of_text(card: SimpleNamespace) -> dict[str, object]:
    minutes = ceil(card.length / CHARACTERS_A_MINUTE)
    return {"article": card, "contents": markup.contents(card.html), "minutes": minutes}


_BASE = "http://-/"


def _unmarked(value: object) -> object:
    return value.replace(MARK, "") if isinstance(value, str) else value


def _data(
    card: SimpleNamespace, tags: list[str], corrected: list[SimpleNamespace], site: str, url: str, picture: str
) -> list[dict]:
    """JSON-LD of an article and its breadcrumb; pubDate and upDate are Baidu's, in local time without a zone."""
    changed = card.updated_at or card.published_at
    name = current_app.config["SITE_NAME"]
    article = {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": card.title,
        "description": card.summary,
        "datePublished": iso(card.published_at),
        "dateModified": iso(changed),
        "pubDate": moment(card.published_at).replace(" ", "T"),
        "upDate": moment(changed).replace(" ", "T"),
        "mainEntityOfPage": url,
        "articleSection": card.category,
        "keywords": tags,
        "wordCount": card.length,
        "publisher": {"@type": "Organization", "name": name, "url": f"{site}/"},
        **({"author": {"@type": "Person", "name": card.author}} if card.author else {}),
        **({"isBasedOn": card.source_url} if card.source_url else {}),
        **({"image": picture} if picture else {}),
        **({"correction": [_comment(one) for one in corrected]} if corrected else {}),
    }
    levels = [(name, f"{site}/"), (card.category, f"{site}/category/{card.category_slug}"), (card.title, url)]
    items = [
        {"@type": "ListItem", "position": position, "name": name, "item": item}
        for position, (name, item) in enumerate(levels, 1)
    ]
    return [article, {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items}]


def _comment(correction: SimpleNamespace) -> dict:
    return {"@type": "CorrectionComment", "text": correction.text, "datePublished": iso(correction.at)}
