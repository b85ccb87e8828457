"""Typecho's tables (0.9 to 1.3)."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Table, select

from dengxia import limits
from dengxia.formats import LeftOut, Record, Refused, autop, blogs, record

TABLES = ("contents", "metas", "relationships", "options", "users")
BATCH = 200
_MARKDOWN = "<!--markdown-->"
_HIDDEN = {
    "private": "私密的文章，成了草稿",
    "hidden": "隐藏的文章，成了草稿",
    "waiting": "待审的文章，成了草稿",
}


def read(
    connection: Connection, tables: Mapping[str, Table], where: str, key: str, zone: ZoneInfo
) -> Iterator[tuple[Record | Refused, int]]:
    """The articles and pages with the length of each, in the order of their numbers."""
    blog = _Blog(connection, tables, where, key, zone)
    contents, after = tables["contents"].c, 0
    while rows := connection.execute(
        select(tables["contents"]).where(contents.cid > after).order_by(contents.cid).limit(BATCH)
    ).all():
        terms = blog.terms([row.cid for row in rows])
        for row in rows:
            if row.type != "attachment":
                made = partial(blog.record, row, terms[row.cid])
                yield blogs.taken(f"{where}:{row.cid}", made), len(str(row.text))
        after = blogs.next_after(after, rows[-1].cid, where)


class _Blog:
    """What the tables say beside the articles, and what becomes of each of these."""

    def __init__(
        self, connection: Connection, tables: Mapping[str, Table], where: str, key: str, zone: ZoneInfo
    ) -> None:
        self._ask, self._tables = connection.execute, tables
        self._where, self._key, self._zone = where, key, zone
        options = tables["options"].c
        told = dict(self._ask(select(options.name, options.value).where(options.user == 0)).all())
        self._home = (told.get("siteUrl") or blogs.NOWHERE).rstrip("/")
        self._rule = _rule(told.get("routingTable") or "")
        self._authors = {row.uid: row.screenName or row.name for row in self._ask(select(tables["users"]))}
        self._metas = {row.mid: row for row in self._ask(select(tables["metas"]))}
        # Before 1.0 no category lay in another.
        self._parents = {mid: (row.name, getattr(row, "parent", 0)) for mid, row in self._metas.items()}

    def terms(self, ids: list[int]) -> dict[int, list[Row]]:
        """The categories and tags of articles, in their order."""
        found: dict[int, list[Row]] = {id: [] for id in ids}
        relations = self._tables["relationships"].c
        for cid, mid in self._ask(select(relations.cid, relations.mid).where(relations.cid.in_(ids))):
            if mid in self._metas:
                found[cid].append(self._metas[mid])
        return {id: sorted(terms, key=lambda term: (term.order or 0, term.mid)) for id, terms in found.items()}

    def record(self, row: Row, terms: list[Row]) -> Record:
        """An article or a page; `LeftOut` or `Refused` where it is none."""
        where, kind = f"{self._where}:{row.cid}", row.type.removesuffix("_draft")
        if row.type == "revision" or (row.type != kind and row.parent):
            raise LeftOut(where, "没有放入的修改稿（已发布的文章改到一半的样子）")
        if kind not in ("post", "page"):
            raise LeftOut(where, f"没有放入的 {row.type}（不是文章，也不是页面）")
        # Only what says that it is public is: a plugin may know other states.
        hidden = _HIDDEN.get(row.status, f"状态是 {row.status} 的文章，成了草稿") if row.status != "publish" else ""
        hidden = "有密码的文章，成了草稿" if row.password else hidden
        text = row.text or ""
        fields = self._fields(row, kind, terms) | {"draft": bool(hidden) or row.type != kind}
        if text.startswith(_MARKDOWN):
            body = text.removeprefix(_MARKDOWN)
        else:
            body, _ = limits.in_time(where, len(text), lambda: autop.to_html(text))
            fields["format"] = "html"
        # Typecho shows every line end, as Hexo does.
        made = record(where, fields, body, self._zone, key=f"{self._key}:{row.cid}", dialect="hexo")
        made.home, made.tally = self._home, Counter([hidden] if hidden else [])
        return made

    def _fields(self, row: Row, kind: str, terms: list[Row]) -> dict[str, object]:
        categories = [term for term in terms if term.type == "category"]
        # Of a category and one that lies in it, the latter says both.
        inner = [term for term in categories if term.mid not in {getattr(other, "parent", 0) for other in categories}]
        paths = [f"{folder}{self._path(row, categories)}" for folder in ("", "/index.php")]
        return {
            "title": row.title or "（无题）",
            "date": blogs.moment(row.created),
            "updated": blogs.moment(row.modified),
            "category": [blogs.whole_name(term.mid, self._parents) for term in inner[:1]],
            "tags": [term.name for term in [*terms, *inner[1:]] if term.type == "tag" or term in inner[1:]],
            "author": self._authors.get(row.authorId, ""),
            "slug": blogs.page_slug(row.slug or "", row.cid) if kind == "page" else row.slug,
            "aliases": [urlsplit(self._home).path + path for path in paths] if kind == "post" else [],
            "type": kind,
        }

    def _path(self, row: Row, categories: list[Row]) -> str:
        """The old address of an article by the site's own rule."""
        moment = (blogs.moment(row.created) or datetime.now(UTC)).astimezone(self._zone)
        slugs = [categories[0].slug] if categories else []
        parent = getattr(categories[0], "parent", 0) if categories else 0
        while parent in self._metas and len(slugs) < 20:
            slugs.insert(0, self._metas[parent].slug)
            parent = self._metas[parent].parent
        values = {
            "cid": row.cid,
            "slug": row.slug,
            "category": slugs[-1] if slugs else "",
            "directory": "/".join(slugs),
        }
        values |= {"year": f"{moment:%Y}", "month": f"{moment:%m}", "day": f"{moment:%d}"}
        return re.sub(r"\[(\w+)[^\]]*\]", lambda found: str(values.get(found[1], "")), self._rule)


def _rule(routes: str) -> str:
    """The rule for addresses of articles, from a table in JSON (1.3) or as PHP writes it."""
    try:
        return json.loads(routes)["post"]["url"]
    except (ValueError, KeyError, TypeError):
        found = re.search(r's:4:"post";a:\d+:\{s:3:"url";s:\d+:"([^"]*)"', routes)
        return found[1] if found else "/archives/[cid:digital]/"
