"""An article as its form has it: the fields, what may stand in them, how it stands now, and as one packed text."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import NamedTuple

from sqlalchemy import bindparam, select

from dengxia import differences, formats, packing, queries, times
from dengxia.formats import Refused
from dengxia.queries import Row
from dengxia.writing import DEFAULT_CATEGORY
from models import Article, Body, Category, Redirect, db

# The fields of the form, in the words of the page.
FIELDS = {
    "title": "标题",
    "body": "正文",
    "format": "格式",
    "category": "分类",
    "tags": "标签",
    "kind": "类型",
    "source": "来源",
    "source_url": "来源链接",
    "author": "作者",
    "editor": "责任编辑",
    "summary": "摘要",
    "cover": "封面",
    "aliases": "旧地址",
    "date": "发布时间",
}
KINDS = {"original": "原创", "reprint": "转载", "translation": "翻译"}
FORMATS = {"markdown": "Markdown", "html": "HTML"}
LONGEST_SUMMARY = 500


@dataclass(frozen=True)
class Manuscript:
    """What somebody writes of an article. `date` is None where it is not said: then it is when it is published."""

    title: str
    body: str
    format: str = "markdown"
    category: str = DEFAULT_CATEGORY
    tags: list[str] = field(default_factory=list)
    kind: str = "original"
    source: str = ""
    source_url: str = ""
    author: str = ""
    editor: str = ""
    summary: str = ""
    cover: str = ""
    aliases: list[str] = field(default_factory=list)
    date: int | None = None
    status: str = "draft"


class Standing(NamedTuple):
    """An article as it stands: the columns of its card with `excerpt`, and its manuscript."""

    row: Row
    text: Manuscript


_COLUMNS = ("id", "version", "status", "owner_id", "note", "date", "published_at", "updated_at", "edited_at", "excerpt")
# Of the card, as they are typed.
OWN = (
    "title",
    "kind",
    "source",
    "source_url",
    "author",
    "editor",
    "summary",
    "cover",
)
_standing = (
    select(
        *(getattr(Article, name) for name in (*_COLUMNS, *OWN)),
        Category.name.label("category"),
        Body.format,
        Body.source.label("packed"),
    )
    .join_from(Article, Category)
    .join(Body, Body.article_id == Article.id)
    .where(Article.id == bindparam("id"))
)
_aliases = select(Redirect.path).where(Redirect.article_id == bindparam("id"))


def standing(id: int) -> Standing | None:
    """How an article stands, whoever may see it, in the transaction of the session."""
    row = db.session.execute(_standing, {"id": id}).first()
    if row is None:
        return None
    text = Manuscript(
        **{name: getattr(row, name) for name in OWN},
        body=packing.unpack(row.packed),
        format=row.format,
        category=row.category,
        tags=queries.tags([id])[id],
        aliases=sorted(db.session.scalars(_aliases, {"id": id})),
        # What is not published has a time only where it is another than that of its last save.
        date=row.date if row.status == "published" or row.date != row.edited_at else None,
        status=row.status,
    )
    return Standing(row, text)


# What is typed


def typed(text: Manuscript) -> dict[str, str]:
    """A manuscript as the fields of its form hold it."""
    shown = {name: getattr(text, name) for name in FIELDS}
    date = "" if text.date is None else times.moment(text.date).replace(" ", "T")
    return {**shown, "tags": "，".join(text.tags), "aliases": "\n".join(text.aliases), "date": date}


def read(form: Mapping[str, str], known: Manuscript | None = None) -> Manuscript:
    """What the fields of a form say, over how the article stood; `Refused` with the field's name and what to do."""
    said = {name: form.get(name, "") for name in FIELDS}
    if len(said["summary"]) > LONGEST_SUMMARY:
        raise Refused("摘要", f"有 {len(said['summary'])} 个字，最多 {LONGEST_SUMMARY} 个")
    if said["cover"] != (known and known.cover) and not re.match(r"$|/(?!/)|https?://", said["cover"].strip()):
        raise Refused("封面", "应当是图片的地址，以 / 或 https:// 开头")
    found = {**said, "aliases": said["aliases"].splitlines(), "date": ""}
    try:
        record = formats.record("", found, said["body"], times.zone())
    except Refused as refused:
        name, _, reason = refused.args[1].partition(" ")
        raise (Refused(FIELDS[name], reason) if name in FIELDS else Refused("文章", refused.args[1])) from None
    if not record.title:
        raise Refused("标题", "还没有写")
    category = record.category or DEFAULT_CATEGORY
    if category != DEFAULT_CATEGORY and category not in {row.name for row in queries.categories()}:
        raise Refused("分类", f"没有叫「{category}」的分类，请另选一个")
    same = known and typed(known)["date"] == said["date"]
    return Manuscript(
        **{name: getattr(record, name) for name in (*OWN, "body", "format", "tags")},
        category=category,
        aliases=sorted(record.aliases),
        date=known.date if same else _date(said["date"]),
        status=known.status if known else "draft",
    )


def tags(typed: str) -> list[str]:
    """The tags that somebody typed."""
    return read({"title": "题", "body": "文", "tags": typed}).tags


def _date(text: str) -> int | None:
    try:
        return times.seconds(text) if text.strip() else None
    except ValueError as error:
        raise Refused("发布时间", str(error)) from None


# How two differ


class Change(NamedTuple):
    """A field that differs, in the words of the page, with its lines as `differences.lines` gives them."""

    label: str
    lines: list[differences.Line | int]


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[Change]:
    """The fields of a form that differ."""
    found = ((name, _shown(old.get(name, "")), _shown(new.get(name, ""))) for name in FIELDS)
    return [Change(FIELDS[name], _lines(name, one, two)) for name, one, two in found if one != two]


def _lines(name: str, old: str, new: str) -> list[differences.Line | int]:
    if name != "date":
        return differences.lines(old, new)
    # Digits that two moments have in common mean nothing.
    found = [("old", old), ("new", new)]
    return [[differences.Piece(kind, text.replace("T", " "))] for kind, text in found if text]


def _shown(value: str) -> str:
    return {**KINDS, **FORMATS}.get(value, value.replace("\r\n", "\n"))


# As one text


def pack(text: Manuscript) -> bytes:
    """A manuscript as it is kept as a revision: equal ones are equal bytes."""
    return packing.pack(json.dumps(asdict(text), ensure_ascii=False))


def unpack(content: bytes) -> Manuscript:
    """The manuscript of a revision, also of one from before a field was there."""
    known = {field.name for field in fields(Manuscript)}
    return Manuscript(**{name: value for name, value in json.loads(packing.unpack(content)).items() if name in known})
