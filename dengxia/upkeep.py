"""友情链接, old addresses and settings: every change to them at the desk."""

import json
from collections.abc import Mapping

from flask import current_app
from sqlalchemy import ColumnElement, Select, bindparam, delete, func, insert, select, update
from werkzeug.exceptions import HTTPException, NotFound

from dengxia import journal
from dengxia.formats import Refused, line, old_path, web_address
from dengxia.journal import By
from dengxia.queries import Row, ask, categories, category, exists, page
from dengxia.settings import AT_DESK, DEFAULTS, fixed, malformed
from dengxia.writing import CATEGORIES, changing
from models import Article, Category, Link, Redirect, Setting, db

PER_PAGE = 50
_LAST = "\U0010ffff"


def line_of(value: object, name: str, limit: int) -> str:
    """What somebody typed into one line. Raises `Refused`."""
    try:
        return line(value, name, limit)
    except ValueError as error:
        raise Refused(name, str(error)) from None


def swap(table: type, id: int, step: int) -> bool:
    """Let a row of an ordered table change places with its neighbour; whether there was one."""
    ids = list(db.session.scalars(select(table.id).order_by(table.position, table.id)))
    place = ids.index(id)
    if not 0 <= place + step < len(ids):
        return False
    ids[place], ids[place + step] = ids[place + step], ids[place]
    for position, other in enumerate(ids):
        changed = update(table).where(table.id == other, table.position != position)
        db.session.execute(changed.values(position=position))
    return True


# 友情链接


_links = select(Link.id, Link.name, Link.url).order_by(Link.position, Link.id)


def links() -> list[Row]:
    """友情链接 in their order: id, name and url."""
    return ask(_links)


def add_link(by: By, name: str, url: str) -> None:
    """Add a link, at the end."""
    name, url = _checked_link(name, url)
    with changing():
        _refuse_known(url)
        last = db.session.scalar(select(func.max(Link.position)))
        db.session.execute(insert(Link).values(name=name, url=url, position=0 if last is None else last + 1))
        journal.note(by, "添加链接", f"{name}（{url}）")


def change_link(by: By, id: int, name: str, url: str) -> None:
    """Change a link."""
    name, url = _checked_link(name, url)
    with changing():
        row = _link(id)
        _refuse_known(url, id)
        if (row.name, row.url) != (name, url):
            db.session.execute(update(Link).where(Link.id == id).values(name=name, url=url))
            journal.note(by, "改链接", f"{row.name}（{row.url}） → {name}（{url}）")


def move_link(by: By, id: int, step: int) -> None:
    """Change places with the one before (step -1) or behind (1)."""
    with changing():
        row = _link(id)
        if swap(Link, id, step):
            journal.note(by, "挪动链接", row.name)


def remove_link(by: By, id: int) -> None:
    """Delete a link."""
    with changing():
        row = _link(id)
        db.session.execute(delete(Link).where(Link.id == id))
        journal.note(by, "删除链接", f"{row.name}（{row.url}）")


def _checked_link(name: str, url: str) -> tuple[str, str]:
    name = line_of(name, "名字", 50)
    try:
        url = web_address(url, "网址")
    except ValueError as error:
        raise Refused("网址", str(error)) from None
    if not (name and url):
        raise Refused("链接", "名字和网址都要写")
    return name, url


def _refuse_known(url: str, id: int | None = None) -> None:
    known = db.session.execute(select(Link.id, Link.name).where(Link.url == url)).first()
    if known and known.id != id:
        raise Refused("网址", f"{url} 已经有了，名字是 {known.name}")


def _link(id: int) -> Row:
    row = db.session.execute(select(Link.__table__).where(Link.id == id)).first()
    if row is None:
        raise Refused("链接", "已经没有这一个了")
    return row


# Old addresses


def _leads(*conditions: ColumnElement[bool]) -> Select:
    return (
        select(Redirect.path, Redirect.article_id, Article.title, Category.slug, Category.name)
        .select_from(Redirect)
        .outerjoin(Article, Article.id == Redirect.article_id)
        .outerjoin(Category, Category.id == Redirect.category_id)
        .where(*conditions)
    )


_leading = _leads(Redirect.path == bindparam("path"))
_following = _leads(
    Redirect.path >= bindparam("prefix"), Redirect.path > bindparam("after"), Redirect.path < bindparam("end")
)
_following = _following.order_by(Redirect.path).limit(PER_PAGE + 1)


def redirects(prefix: str, after: str) -> tuple[list[Row], str | None]:
    """A page of the old addresses that begin with `prefix`, behind one of them, and behind which the next page begins.

    Each with the `article_id` and `title`, or the `slug` and `name` of the category, that it leads to.
    """
    rows = ask(_following, prefix=prefix, after=after, end=prefix + _LAST)
    return rows[:PER_PAGE], rows[PER_PAGE - 1].path if len(rows) > PER_PAGE else None


def redirect(path: str) -> Row | None:
    """One of them."""
    return next(iter(ask(_leading, path=path)), None)


def typed_path(typed: str) -> str:
    """An old address as it is kept: what somebody typed or pasted, without its host. Raises `Refused`."""
    try:
        return old_path(line_of(typed, "旧地址", 500))
    except ValueError as error:
        raise Refused("旧地址", str(error)) from None


def refuse_ours(path: str) -> None:
    """Raise `Refused` where an old address could lead nowhere, since it is one of the site's own."""
    if _is_ours(path):
        raise Refused("旧地址", f"{path} 是网站自己的地址，打得开，不能转走")


def _is_ours(path: str) -> bool:
    """Whether a visitor finds something at an address already, or an article that is yet to be published would be."""
    path, _, query = path.partition("?")
    if path == "/":
        return not query
    try:
        endpoint, values = current_app.url_map.bind("").match(path, method="GET")
    except NotFound:
        return False
    except HTTPException:
        return True
    if "slug" in values:
        return bool(page(values["slug"]) if endpoint == "reading.page" else category(values["slug"]))
    if endpoint.startswith("reading.article"):
        return exists(values["id"])
    return True


def add_redirect(by: By, typed: str, target: str) -> None:
    """Let an address, as it was typed, lead to an article or a category.

    `target` is the number or the address of an article, or the name, slug or address of a category.
    """
    path = typed_path(typed)
    refuse_ours(path)
    to = _target(target)
    with changing():
        if known := redirect(path):
            raise Refused("旧地址", f"{path} 已经转到 {known.title or known.name}；要改，先删去它")
        db.session.execute(insert(Redirect).values(path=path, **to))
        journal.note(by, "添加旧地址", f"{path} → {target.strip()}")


def remove_redirect(by: By, path: str) -> None:
    """Let an old address lead nowhere any more."""
    with changing():
        if db.session.execute(delete(Redirect).where(Redirect.path == path)).rowcount:
            journal.note(by, "删除旧地址", path)


def _target(typed: str) -> dict[str, int]:
    path = typed_path(typed)
    number = path.removeprefix("/article/").removeprefix("/")
    if number.isascii() and number.isdigit() and len(number) < 16:
        if db.session.get(Article, int(number)):
            return {"article_id": int(number)}
        raise Refused("转到", f"没有第 {number} 号文章")
    name = path.removeprefix(CATEGORIES).removeprefix("/").casefold()
    for row in categories():
        if name in (row.slug, row.name.casefold()):
            return {"category_id": row.id}
    raise Refused("转到", f"{typed.strip()!r} 不是文章的号码或地址，也不是分类的名字或地址")


# Settings


def change_settings(by: By, values: Mapping[str, object]) -> list[str]:
    """Set settings of the site that nobody else has fixed; gives the names of those that changed.

    What is the default again is no longer kept. Raises `Refused` with the name of a setting that will not do.
    """
    values = {name: value for name, value in values.items() if name in AT_DESK and name not in fixed()}
    for name, value in values.items():
        if reason := malformed(name, value):
            raise Refused(name, reason)
    with changing():
        stored = {row.name: json.loads(row.value) for row in db.session.execute(select(Setting.__table__))}
        before = {**DEFAULTS, **stored}
        changed = [name for name, value in values.items() if value != before[name]]
        for name in changed:
            db.session.execute(delete(Setting).where(Setting.name == name))
            if values[name] != DEFAULTS[name]:
                value = json.dumps(values[name], ensure_ascii=False)
                db.session.execute(insert(Setting).values(name=name, value=value))
            journal.note(by, "改设置", f"{name}：{before[name]} → {values[name]}")
    return changed
