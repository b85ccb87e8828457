"""Z-BlogPHP's tables (1.4 to 1.7)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Table, select

from dengxia.formats import LeftOut, Record, Refused, blogs, record

TABLES = ("post", "category", "tag", "member", "config")
BATCH = 200
_HOST = "{#ZC_BLOG_HOST#}"
_ACTIVE = "{%host%}?id={%id%}"
_OPTION = re.compile(r'(?s)(?:s:\d+:"(.*)"|[bi]:(\d+));')


def read(
    connection: Connection, tables: Mapping[str, Table], where: str, key: str, zone: ZoneInfo
) -> Iterator[tuple[Record | Refused, int]]:
    """The articles and pages with the length of each, in the order of their numbers."""
    blog = _Blog(connection, tables, where, key, zone)
    posts, after = tables["post"], 0
    while rows := connection.execute(
        select(posts).where(posts.c.log_ID > after).order_by(posts.c.log_ID).limit(BATCH)
    ).all():
        for row in rows:
            yield blogs.taken(f"{where}:{row.log_ID}", partial(blog.record, row)), len(str(row.log_Content))
        after = blogs.next_after(after, rows[-1].log_ID, where)


class _Blog:
    """What the tables say beside the articles, and what becomes of each of these."""

    def __init__(
        self, connection: Connection, tables: Mapping[str, Table], where: str, key: str, zone: ZoneInfo
    ) -> None:
        def rows(name: str) -> list[Row]:
            return connection.execute(select(tables[name])).all()

        self._where, self._key, self._zone = where, key, zone
        self._options = _options(rows("config"))
        # Kept with a | behind every character, so that no host is replaced in it.
        self._home = self._options.get("ZC_BLOG_HOST", "").replace("|", "").rstrip("/") or blogs.NOWHERE
        self._categories = {row.cate_ID: row for row in rows("category")}
        self._parents = {id: (row.cate_Name, row.cate_ParentID) for id, row in self._categories.items()}
        self._tags = {row.tag_ID: row.tag_Name for row in rows("tag")}
        self._authors = {row.mem_ID: row.mem_Alias or row.mem_Name for row in rows("member")}

    def record(self, row: Row) -> Record:
        """An article or a page; `LeftOut` or `Refused` where it is none."""
        where = f"{self._where}:{row.log_ID}"
        if row.log_Type not in (0, 1):
            raise LeftOut(where, f"没有放入的第 {row.log_Type} 类内容（不是文章，也不是页面）")
        fields = self._fields(row) | {"type": "page"} if row.log_Type else self._fields(row)
        body = (row.log_Content or "").replace(_HOST, f"{self._home}/")
        made = record(where, fields, body, self._zone, key=f"{self._key}:{row.log_ID}")
        # 1 is a draft; what else is not 0 waits for a look, is private or has a password.
        hidden = ["待审、私密或有密码的文章，成了草稿"] if row.log_Status > 1 else []
        made.home, made.tally = self._home, Counter(hidden)
        return made

    def _fields(self, row: Row) -> dict[str, object]:
        rules = dict.fromkeys((self._options.get("ZC_ARTICLE_REGEX") or _ACTIVE, _ACTIVE))
        return {
            "title": blogs.words(row.log_Title or "") or "（无题）",
            "date": blogs.moment(row.log_PostTime),
            "updated": blogs.moment(getattr(row, "log_UpdateTime", None)),
            "category": [blogs.whole_name(row.log_CateID, self._parents)] if row.log_CateID in self._parents else [],
            "tags": [name for id in re.findall(r"\d+", row.log_Tag or "") if (name := self._tags.get(int(id)))],
            "author": self._authors.get(row.log_AuthorID, ""),
            "summary": _summary(row),
            "slug": blogs.page_slug(row.log_Alias, row.log_ID) if row.log_Type else row.log_Alias,
            "aliases": [] if row.log_Type else [self._path(row, rule) for rule in rules],
            "draft": row.log_Status != 0,
            "format": "html",
        }

    def _path(self, row: Row, rule: str) -> str:
        """The old address of an article by one of the site's rules."""
        moment = (blogs.moment(row.log_PostTime) or datetime.now(UTC)).astimezone(self._zone)
        category = self._categories.get(row.log_CateID)
        other = row.log_ID if self._options.get("ZC_POST_ALIAS_USE_ID_NOT_TITLE") == "1" else row.log_Title
        values = {
            "host": f"{self._home}/",
            "id": row.log_ID,
            "alias": row.log_Alias or other,
            "category": category and (category.cate_Alias or category.cate_Name),
            "author": self._authors.get(row.log_AuthorID),
            "year": f"{moment:%Y}",
            "month": f"{moment:%m}",
            "day": f"{moment:%d}",
        }
        return re.sub(r"\{%(\w+)%\}", lambda found: str(values.get(found[1]) or ""), rule)


def _options(rows: list[Row]) -> dict[str, str]:
    """The site's options: a row each (since 1.6), or all in one, as PHP writes an array."""
    rows = [row for row in rows if row.conf_Name == "system"]
    options = dict(re.findall(r's:\d+:"(ZC_\w+)";s:\d+:"([^"]*)";', "".join(row.conf_Value or "" for row in rows)))
    for row in rows:
        if (name := getattr(row, "conf_Key", "")) and (found := _OPTION.fullmatch(row.conf_Value or "")):
            options[name] = found[1] or found[2] or ""
    return options


def _summary(row: Row) -> str:
    """The summary, where somebody wrote one: otherwise the beginning of the text stands there."""
    summary = blogs.words(row.log_Intro or "")
    begins = "".join(blogs.words(row.log_Content or "").split()).startswith("".join(summary.split()))
    return "" if "<!--autointro-->" in (row.log_Intro or "") or begins else summary
