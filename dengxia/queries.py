"""Every question that is asked of the database, one function each; what a visitor may see is `models.public()`.

Each question is a SQLAlchemy statement, compiled once and then run on the driver's own connection: that costs a third
of a Core execution, and no session, whose begin and end cost as much as three questions. So it sees what is committed.
Times in the rows are seconds since 1970.
"""

from collections import namedtuple
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import lru_cache
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Select, and_, bindparam, func, or_, select, tuple_

from dengxia.kept import kept
from dengxia.packing import unpack, unpack_html
from models import (
    Article,
    ArticleTag,
    Body,
    Category,
    ContentVersion,
    Correction,
    Link,
    Origin,
    Page,
    PictureUse,
    Redirect,
    Related,
    RelatedChoice,
    Tag,
    db,
    now,
    public,
)

Row = Any  # a named tuple with the columns of its statement
PER_PAGE = 20
PER_SITEMAP = 1000
SHOWN = 10

CARD = (
    Article.id,
    Article.title,
    func.coalesce(func.nullif(Article.summary, ""), Article.excerpt).label("summary"),
    Article.published_at,
    Article.updated_at,
    Article.kind,
    Article.author,
    Article.source,
    Article.cover,
    Article.category_id,
    Category.slug.label("category_slug"),
    Category.name.label("category"),
)
NEWEST_FIRST = (Article.published_at.desc(), Article.number.desc())
OLDEST_FIRST = MOMENT = (Article.published_at, Article.number)


def select_titles(*conditions: ColumnElement[bool], placed: bool = False) -> Select:
    """What a list of titles shows of visible articles; `placed` as for `public`."""
    return select(Article.id, Article.title).where(public(placed), *conditions)


def select_cards(*conditions: ColumnElement[bool], placed: bool = False) -> Select:
    """The cards of visible articles; `placed` as for `public`."""
    return select(*CARD).join_from(Article, Category).where(public(placed), *conditions)


@lru_cache(maxsize=256)
def _compiled(statement: Select, dialect: type[Dialect]) -> tuple[str, dict[str, object], Any]:
    """The SQL of a statement, its parameters as far as they are known, and the type of its rows."""
    made = statement.compile(dialect=dialect(paramstyle="named"))
    columns = [column.key for column in statement.selected_columns]
    return made.string, {name: bind.value for name, bind in made.binds.items()}, namedtuple("Row", columns)


def ask(statement: Select, **values: object) -> list[Row]:
    """The rows of a statement, which has to be one that is kept: it is compiled once."""
    engine = db.engine
    sql, known, row = _compiled(statement, type(engine.dialect))
    with closing(engine.raw_connection()) as connection:
        rows = connection.driver_connection.execute(sql, {**known, "now": now(), **values}).fetchall()
    return list(map(row._make, rows))


def ask_first(statement: Select, **values: object) -> Row | None:
    """The first row of a statement, as `ask` gives it."""
    return next(iter(ask(statement, **values)), None)


def ask_these(statement: Select, ids: Iterable[int]) -> Sequence[Row]:
    """The rows of a statement that has `ids`, which cannot be compiled once: their number differs."""
    # Not the session's connection: it would be held while a page asks for more, and many threads run the pool dry.
    with db.engine.connect() as connection:
        return connection.execute(statement, {"ids": list(ids)}).all()


# What every page shows


_categories = select(Category.id, Category.slug, Category.name, Category.description, Category.in_nav)
_categories = _categories.order_by(Category.position, Category.id)


@kept
def categories() -> Sequence[Row]:
    """All categories in their order: id, slug, name, description, in_nav."""
    return ask(_categories)


_links = select(Link.name, Link.url).order_by(Link.position, Link.id)


@kept
def links() -> Sequence[Row]:
    """友情链接: name and url."""
    return ask(_links)


_page_titles = select(Page.slug, Page.title).order_by(Page.id)


@kept
def page_titles() -> Sequence[Row]:
    """The fixed pages: slug and title."""
    return ask(_page_titles)


def category(slug: str) -> Row | None:
    """The category at an address."""
    return next((row for row in categories() if row.slug == slug), None)


NEWEST_MOMENT = select(Article.published_at).where(public()).order_by(*NEWEST_FIRST).limit(1)
_changed_at = select(ContentVersion.changed_at)


@kept
def changed_at() -> int:
    """When anything that a visitor may see last changed: by a write, or because a scheduled time came."""
    return max(row[0] for row in (*ask(_changed_at), *ask(NEWEST_MOMENT)))


# One article


_IN_FULL = (*CARD, Article.editor, Article.source_url, Article.summary.label("own_summary"))
_article = (
    select(*_IN_FULL, Body.source.label("packed"), Body.html, Body.length, Body.page, Related.others)
    .join_from(Article, Category)
    .join(Body, Body.article_id == Article.id)
    .outerjoin(Related, Related.article_id == Article.id)
    .where(public(), Article.id == bindparam("id"))
)


def article(id: int) -> Row | None:
    """One article with its text and its category, if a visitor may see it."""
    row = ask_first(_article, id=id)
    return row and _unpacked(row)


def _unpacked(row: Row) -> Row:
    return row._replace(html=unpack_html(row.html, row.packed))


_published = select(*_IN_FULL).join_from(Article, Category)
_published = _published.where(Article.id.in_(bindparam("ids", expanding=True)), Article.published_at.is_not(None))


def published(ids: Iterable[int]) -> Sequence[Row]:
    """The cards of these in full, scheduled ones too, in the transaction of the session."""
    return db.session.execute(_published, {"ids": list(ids)}).all()


_tags = (
    select(ArticleTag.article_id, Tag.name)
    .join(Tag, Tag.id == ArticleTag.tag_id)
    .where(ArticleTag.article_id.in_(bindparam("ids", expanding=True)))
    .order_by(ArticleTag.position)
)


def tags(ids: Iterable[int], on: Connection | None = None) -> dict[int, list[str]]:
    """The tags of articles in their order, in the transaction of the session (or `on`); none for those without."""
    found: dict[int, list[str]] = {id: [] for id in ids}
    for id, name in (on or db.session).execute(_tags, {"ids": list(found)}):
        found[id].append(name)
    return found


_corrections = (
    select(Correction.article_id, Correction.id, Correction.at, Correction.text)
    .where(Correction.article_id.in_(bindparam("ids", expanding=True)))
    .order_by(Correction.article_id, Correction.id)
)


def corrections(ids: Iterable[int], on: Connection | None = None) -> dict[int, list[Row]]:
    """The corrections of articles (`id`, `at`, `text`), oldest first, in the transaction of the session (or `on`)."""
    found: dict[int, list[Row]] = {id: [] for id in ids}
    for row in (on or db.session).execute(_corrections, {"ids": list(found)}):
        found[row.article_id].append(row)
    return found


OWN_CATEGORY = Article.category_id == bindparam("category_id")
PLACE = tuple_(bindparam("at"), bindparam("id"))

_newest = select_cards().order_by(*NEWEST_FIRST).limit(bindparam("limit"))
_newest_of_category = select_cards(OWN_CATEGORY).order_by(*NEWEST_FIRST).limit(bindparam("limit"))


def newest(limit: int, category_id: int | None = None) -> Sequence[Row]:
    """The newest cards, of all or of one category."""
    if category_id is None:
        return ask(_newest, limit=limit)
    return ask(_newest_of_category, limit=limit, category_id=category_id)


_tag = select(Tag.id, Tag.name).where(Tag.folded == bindparam("folded"))


def tag(name: str) -> Row | None:
    """A tag (id and name) by its name in any case."""
    return ask_first(_tag, folded=name.casefold())


_titles = select_titles(Article.id.in_(bindparam("ids", expanding=True)))


def titles(ids: Iterable[int]) -> list[Row]:
    """The titles of these articles that a visitor may see, with their ids, in the order of the ids."""
    ids = list(ids)
    rows = {row.id: row for row in ask_these(_titles, ids)}
    return [rows[id] for id in ids if id in rows]


# For machines


_feed = (
    select(*CARD, Body.source.label("packed"), Body.html)
    .join_from(Article, Category)
    .join(Body, Body.article_id == Article.id)
    .where(public())
    .order_by(*NEWEST_FIRST)
    .limit(PER_PAGE)
)
_feed_of_category = _feed.where(OWN_CATEGORY)


def feed(category_id: int | None = None) -> Sequence[Row]:
    """The newest cards with their HTML, of all or of one category."""
    if category_id is None:
        return list(map(_unpacked, ask(_feed)))
    return list(map(_unpacked, ask(_feed_of_category, category_id=category_id)))


_largest_id = select(func.max(Article.id).label("id"))


@kept
def largest_id() -> int:
    """The largest number that an article has, 0 where there is none."""
    return ask_first(_largest_id).id or 0


def sitemaps() -> int:
    """How many sitemap files there are: one for each thousand of ids ever given, so that a file never shifts."""
    return ceil(largest_id() / PER_SITEMAP)


_sitemap = (
    select(Article.id, Article.published_at, Article.updated_at)
    .where(public(), Article.id > bindparam("after"), Article.id <= bindparam("upto"))
    .order_by(Article.id)
)


def sitemap(number: int) -> Sequence[Row]:
    """The visible articles (id and times) of one sitemap file, numbered from 1."""
    return ask(_sitemap, after=(number - 1) * PER_SITEMAP, upto=number * PER_SITEMAP)


# Other addresses


_exists = select(Article.id).where(Article.id == bindparam("id"))


def exists(id: int) -> bool:
    """Whether there is an article of this number, whoever may see it."""
    return ask_first(_exists, id=id) is not None


_page = select(Page.slug, Page.title, Page.format, Page.source, Page.html, Page.updated_at)
_page = _page.where(Page.slug == bindparam("slug"))


def page(slug: str) -> Row | None:
    """A fixed page."""
    return ask_first(_page, slug=slug)


_redirect = (
    select(Article.id.label("article_id"), Category.slug)
    .select_from(Redirect)
    .outerjoin(Category, Category.id == Redirect.category_id)
    .outerjoin(Article, and_(Article.id == Redirect.article_id, public()))
    .where(Redirect.path == bindparam("path"), or_(Article.id.is_not(None), Category.id.is_not(None)))
)


def redirect(path: str) -> Row | None:
    """Where an old address leads: `article_id` of one that a visitor may see, or the `slug` of a category."""
    return ask_first(_redirect, path=path)


_redirects = (
    select(Redirect.path, Redirect.article_id, Category.slug)
    .outerjoin(Category, Category.id == Redirect.category_id)
    .where(Redirect.path.in_(bindparam("paths", expanding=True)))
)


def places(paths: Iterable[str]) -> dict[str, str]:
    """Where these old paths lead now, of those that lead somewhere; to what is not public yet, too."""
    paths = list(paths)
    found = {f"/{row.slug}": f"/{row.slug}" for row in page_titles()}
    for start in range(0, len(paths), 500):
        for path, article, slug in db.session.execute(_redirects, {"paths": paths[start : start + 500]}):
            found[path] = f"/article/{article}" if article else f"/category/{slug}"
    return found


_origins = (
    select(Origin.key, Origin.article_id, Origin.digest, Article.date, Article.published_at, Article.title)
    .add_columns(Article.edited_at)
    .join(Article, Article.id == Origin.article_id)
    .where(Origin.key.in_(bindparam("keys", expanding=True)))
)


def origins(keys: Iterable[str]) -> dict[str, Row]:
    """What was seeded before under these keys, by key: `article_id`, `digest`, and the article's times and title."""
    return {row.key: row for row in db.session.execute(_origins, {"keys": list(keys)})}


_choices = select(RelatedChoice.article_id, RelatedChoice.other_id, RelatedChoice.pinned)
_choices = _choices.where(RelatedChoice.article_id.in_(bindparam("ids", expanding=True)))


def choices(ids: Iterable[int]) -> dict[tuple[int, int], bool]:
    """Whether an article is pinned (or else banned) among those related to one of these, by both ids."""
    return {tuple(row[:2]): row.pinned for row in db.session.execute(_choices, {"ids": list(ids)})}


_written = select(Body.source).where(Body.article_id == bindparam("id"))


def written(id: int) -> str:
    """The text of an article, whoever may see it, as it was written."""
    return unpack(ask_first(_written, id=id).source)


_bodies = (
    select(Article.id, Article.title, Article.cover, Body.format, Body.source)
    .join_from(Body, Article)
    .where(Body.article_id > bindparam("after"))
    .order_by(Body.article_id)
    .limit(bindparam("limit"))
)


def bodies(after: int, limit: int) -> list[Row]:
    """Titles, covers and packed texts of all articles, drafts too, with larger numbers than `after`."""
    return ask(_bodies, after=after, limit=limit)


_showing = (
    select(Article.id, Article.title, Article.owner_id)
    .join(PictureUse, PictureUse.article_id == Article.id)
    .where(PictureUse.name == bindparam("name"), Article.id < bindparam("before"))
    .order_by(PictureUse.article_id.desc())
    .limit(bindparam("limit"))
)


def showing(name: str, limit: int, before: int = 2**62) -> list[Row]:
    """The articles (id, title, owner_id), whoever may see them, that show a picture, with numbers below `before`."""
    return ask(_showing, name=name, limit=limit, before=before)


def count_bodies() -> int:
    """How many articles there are in all, drafts too: only for a progress bar, it walks the table."""
    return db.session.scalar(select(func.count()).select_from(Body))


def is_empty() -> bool:
    """Whether the site has no content at all yet."""
    return not (largest_id() or page_titles())
