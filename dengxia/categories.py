"""The categories: every change to them. An address or a name that one had goes on leading to it."""

from collections.abc import Mapping

from sqlalchemy import bindparam, delete, insert, select, update

from dengxia import ahead, han, journal, ranks, search
from dengxia.formats import SLUG, Refused
from dengxia.journal import By
from dengxia.queries import Row, ask_first
from dengxia.upkeep import line_of, swap
from dengxia.writing import CATEGORIES, changing, free_slug, old_categories
from models import Article, Category, Redirect, db

# So many articles are moved in a second when two categories are merged; 25,000 were measured.
MERGED_A_SECOND = 10_000

_used = select(Article.id).where(Article.category_id == bindparam("id")).limit(1)


def is_empty(id: int) -> bool:
    """Whether no article, not even a draft, is in a category."""
    return ask_first(_used, id=id) is None


def size(id: int) -> int:
    """How many published and scheduled articles a category has."""
    return ranks.outline(ranks.of_category(id)).total


def add(by: By, fields: Mapping[str, object]) -> None:
    """Make a category, at the end of their order (`name`, `slug`, `description`, `in_nav`; no slug: the pinyin)."""
    fields = _checked(fields)
    proposed = "" if fields["slug"] else ahead.apart(han.pinyin, [fields["name"]])[0]
    with changing():
        rows = _all()
        if proposed:
            fields["slug"] = free_slug(proposed, {*old_categories(), *(row.slug for row in rows)})
        _refuse_taken(fields, rows)
        position = max((row.position for row in rows), default=-1) + 1
        db.session.execute(insert(Category).values(**fields, position=position))
        journal.note(by, "添加分类", _words(fields["name"], fields["slug"]))


def change(by: By, id: int, fields: Mapping[str, object]) -> None:
    """Change a category (fields as for `add`); its old address leads on to it, from its pages and its feed too."""
    fields = _checked(fields)
    with changing():
        row = _one(id)
        fields["slug"] = fields["slug"] or row.slug
        _refuse_taken(fields, [other for other in _all() if other.id != id], id)
        if any(getattr(row, name) != value for name, value in fields.items()):
            db.session.execute(update(Category).where(Category.id == id).values(fields))
            # What was its own before is again.
            _forget_address(fields["slug"])
            _lead([old for old in (row.slug, row.name) if old not in (fields["slug"], fields["name"])], id)
            now, before = _words(fields["name"], fields["slug"]), _words(row.name, row.slug)
            journal.note(by, "改分类", now if now == before else f"{before} → {now}")


def move(by: By, id: int, step: int) -> None:
    """Change places with the one before (step -1) or behind (1)."""
    with changing():
        row = _one(id)
        if swap(Category, id, step):
            journal.note(by, "挪动分类", row.name)


def merge(by: By, id: int, into: int) -> None:
    """Move all articles of a category into another one and delete it; its addresses lead to that.

    One transaction: readers see the old until all is done, other writers wait (`MERGED_A_SECOND`).
    """
    with changing():
        row, target = _one(id), _one(into)
        if id == into:
            raise Refused(row.name, "不能并入自己")
        search.change_category(id, into)
        db.session.execute(update(Article).where(Article.category_id == id).values(category_id=into))
        ranks.join(ranks.of_category(into), ranks.of_category(id))
        db.session.execute(update(Redirect).where(Redirect.category_id == id).values(category_id=into))
        db.session.execute(delete(Category).where(Category.id == id))
        _lead([row.slug, row.name], into)
        journal.note(by, "合并分类", f"{_words(row.name, row.slug)} → {_words(target.name, target.slug)}")


def remove(by: By, id: int) -> None:
    """Delete a category that has no article."""
    with changing():
        row = _one(id)
        if db.session.scalar(select(Article.id).where(Article.category_id == id).limit(1)):
            raise Refused(row.name, "里面还有文章（草稿和回收站里的也算），不能删；可以并入另一个分类")
        db.session.execute(delete(Category).where(Category.id == id))
        journal.note(by, "删除分类", _words(row.name, row.slug))


def _checked(fields: Mapping[str, object]) -> dict[str, object]:
    found = {"in_nav": bool(fields["in_nav"]), "slug": str(fields["slug"]).strip()}
    found |= {"name": line_of(fields["name"], "名字", 50), "description": line_of(fields["description"], "介绍", 500)}
    if not found["name"]:
        raise Refused("名字", "不能空着")
    if found["slug"] and not (SLUG.fullmatch(found["slug"]) and len(found["slug"]) <= 60):
        raise Refused("地址", "只能用小写字母、数字和连字符，最多 60 个")
    return found


def _refuse_taken(fields: Mapping[str, object], others: list[Row], id: int | None = None) -> None:
    name, slug = str(fields["name"]).casefold(), fields["slug"]
    # Seeding knows a category by its name or its slug, so neither may be another's.
    for other in others:
        if name in (other.name.casefold(), other.slug):
            raise Refused("名字", f"{fields['name']} 已经是分类 {other.name} 的名字或地址")
        if slug in (other.name.casefold(), other.slug):
            raise Refused("地址", f"{slug} 已经是分类 {other.name} 的名字或地址")
    old = db.session.get(Redirect, CATEGORIES + slug)
    if old and (id is None or old.category_id != id):
        raise Refused("地址", f"{slug} 是别处的旧地址，还在转过去；要用它，先在「旧地址」里删去")


def _lead(names: list[str], id: int) -> None:
    """Let these old names and slugs lead to a category."""
    for name in dict.fromkeys(names):
        _forget_address(name)
        db.session.execute(insert(Redirect).values(path=CATEGORIES + name, category_id=id))


def _forget_address(name: str) -> None:
    db.session.execute(delete(Redirect).where(Redirect.path == CATEGORIES + name))


def _all() -> list[Row]:
    return db.session.execute(select(Category.__table__)).all()


def _one(id: int) -> Row:
    row = db.session.execute(select(Category.__table__).where(Category.id == id)).first()
    if row is None:
        raise Refused("分类", "已经没有这一个了")
    return row


def _words(name: object, slug: object) -> str:
    return f"{name}（{slug}）"
