"""Every change to the content, each one transaction; nothing else commits."""

import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute

from dengxia import ahead, han, kept, markup, prerender, ranks, related, search, uses
from dengxia.derived import Derived
from models import (
    Article,
    ArticleTag,
    Body,
    Category,
    ContentVersion,
    Correction,
    Link,
    Origin,
    Redirect,
    RelatedChoice,
    Tag,
    db,
    now,
)

DEFAULT_CATEGORY = "综合"
CATEGORIES = "/category/"  # where their addresses begin


@dataclass(slots=True)
class Entry:
    """An article as it shall be: its card's columns, tags, old addresses, text, and where it came from (`key`), if so.

    `id` is None for a new one, which gets `number` if that is given and free; `category` is a name or a slug.
    `corrections` (moments in seconds and texts) take the place of those that are there, unless there are none given.
    """

    id: int | None
    card: dict[str, object]
    category: str
    tags: list[str]
    aliases: list[str]
    format: str
    derived: Derived
    key: str = ""
    digest: bytes = b""
    run: int | None = None
    number: int = 0
    corrections: Sequence[tuple[int, str]] | None = None


def enter(entries: Sequence[Entry]) -> list[int]:
    """Write new and changed articles with everything derived from them, within a `changing`. Gives their ids."""
    known = [entry.id for entry in entries if entry.id]
    old_texts, old_keys = search.texts(known), ranks.keys(known)
    ids = _put_cards(entries)
    _put_tags(entries, ids)
    _put_bodies(entries, ids)
    _put_origins(entries, ids)
    _put_aliases(entries, ids)
    _put_corrections(entries, ids)
    words = {id: entry.derived.words for id, entry in zip(ids, entries, strict=True)}
    new_texts = search.with_credits(words)
    search.change(old_texts, new_texts)
    related.change(old_texts, new_texts)
    uses.change({id: pictures_of(entry.derived, entry.card["cover"]) for id, entry in zip(ids, entries, strict=True)})
    ranks.change(old_keys, ranks.keys(ids))
    return ids


def pictures_of(text: Derived, cover: str) -> list[str]:
    """The names of our pictures that an article with this text and cover shows."""
    return text.pictures + markup.pictures(cover)


def remove_articles(ids: Collection[int]) -> None:
    """Take articles out of the database for good, within the transaction of a `changing` that is under way."""
    if not ids:
        return
    old_texts, old_keys = search.texts(ids), ranks.keys(ids)
    db.session.execute(delete(Article).where(Article.id.in_(ids)))
    search.change(old_texts, {})
    related.change(old_texts, {})
    ranks.change(old_keys, {})


def choose_related(id: int, other: int, pinned: bool | None) -> None:
    """Pin an article to the related ones of another or ban it from them, or (None) leave it to the texts again.

    Within a `changing`.
    """
    mine = RelatedChoice.article_id == id, RelatedChoice.other_id == other
    db.session.execute(delete(RelatedChoice).where(*mine))
    if pinned is not None:
        db.session.execute(insert(RelatedChoice).values(article_id=id, other_id=other, pinned=pinned))
    texts = search.texts([id])
    related.change(texts, texts)


def name_articles(ids: Iterable[int]) -> None:
    """Give articles that were not seeded a key, by which seeding what was exported knows them again."""
    with saved():
        rows = [{"key": secrets.token_hex(8), "article_id": id, "digest": b""} for id in ids]
        db.session.execute(insert(Origin), rows)


def put_categories(categories: Sequence[Mapping[str, object]]) -> None:
    """Write categories (`slug`, `name`, `description`, `in_nav`, `aliases`) in their order, new or changed."""
    rows = [{name: value for name, value in row.items() if name != "aliases"} for row in categories]
    _put_rows(Category, Category.slug, rows)
    wanted = {path: row["slug"] for row in categories for path in row.get("aliases", ())}
    for path in db.session.scalars(select(Redirect.path).where(Redirect.path.in_(wanted))).all():
        del wanted[path]
    if wanted:
        ids = dict(db.session.execute(select(Category.slug, Category.id)).all())
        with changing():
            db.session.execute(insert(Redirect), [{"path": p, "category_id": ids[slug]} for p, slug in wanted.items()])


def put_links(links: Sequence[Mapping[str, object]]) -> None:
    """Write 友情链接 (`url`, `name`) in their order, new or changed."""
    _put_rows(Link, Link.url, links)


@contextmanager
def saved() -> Iterator[None]:
    """One transaction: what is written meanwhile is kept when all went well, and else nothing of it."""
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


@contextmanager
def changing(seen: bool = True) -> Iterator[None]:
    """One transaction that raises the content version, which every process looks up, unless no visitor could see it.

    The version is written first: that takes SQLite's write lock before anything is read, so that no other writer can
    come between what is read here and what is written.
    """
    raised = {"number": ContentVersion.number + seen, **({"changed_at": now()} if seen else {})}
    try:
        with saved():
            db.session.execute(update(ContentVersion).values(raised))
            yield
    finally:
        kept.forget()


def _put_rows(table: type, key: InstrumentedAttribute, rows: Sequence[Mapping[str, object]]) -> None:
    """Make the rows with these keys say what is given, and nothing where they do already."""
    wanted = [{**row, "position": position} for position, row in enumerate(rows)]
    known = {row[key.key]: row for row in db.session.execute(select(table.__table__)).mappings()}
    changed = [row for row in wanted if not row.items() <= dict(known.get(row[key.key], {})).items()]
    if changed:
        with changing():
            for row in changed:
                _put(table, key, row[key.key], row)


def _put(table: type, key: InstrumentedAttribute, value: object, columns: Mapping[str, object]) -> None:
    changed = db.session.execute(update(table).where(key == value).values(columns)).rowcount
    if not changed:
        db.session.execute(insert(table).values({key.key: value, **columns}))


def _put_cards(entries: Sequence[Entry]) -> list[int]:
    categories = _category_ids({entry.category or DEFAULT_CATEGORY for entry in entries})
    cards = Article.__table__.c
    taken = set(db.session.scalars(select(cards.id).where(cards.id.in_([entry.number for entry in entries]))))
    new: list[dict] = []
    for entry in entries:
        columns = {
            **entry.card,
            "category_id": categories[entry.category or DEFAULT_CATEGORY],
            "excerpt": entry.derived.excerpt,
        }
        if entry.id:
            columns["version"] = Article.version + 1
            db.session.execute(update(Article).where(Article.id == entry.id).values(columns))
        else:
            number = entry.number if entry.number not in taken else None
            taken.add(number)
            new.append({"id": number or None, **columns})
    made = iter(_new_cards(new))
    return [entry.id or next(made) for entry in entries]


def _new_cards(rows: Sequence[dict]) -> list[int]:
    """The ids of new cards; those whose number is given go first, so that no other is given it."""
    given = [row for row in rows if row["id"]]
    if given:
        db.session.execute(insert(Article), given)
    others = [{name: row[name] for name in row if name != "id"} for row in rows if not row["id"]]
    returning = insert(Article).returning(Article.id, sort_by_parameter_order=True)
    made = iter(db.session.scalars(returning, others) if others else ())
    return [row["id"] or next(made) for row in rows]


def _category_ids(names: Collection[str]) -> dict[str, int]:
    """The categories of these names or slugs, whatever their case, made where there are none."""
    rows = db.session.execute(select(Category.id, Category.name, Category.slug)).all()
    old = old_categories()
    slugs = {row.slug: row.id for row in rows}
    known = {**old, **slugs, **{row.name.casefold(): row.id for row in rows}}
    # Chinese names first: of 外汇 and waihui in one batch, the second is the slug of the first.
    new = sorted((name for name in names if name.casefold() not in known), key=lambda name: (name.isascii(), name))
    for name, pinyin in zip(new, ahead.apart(han.pinyin, new), strict=True):
        if name.casefold() not in known:
            slug = free_slug(pinyin, {*slugs, *old})
            made = db.session.scalar(insert(Category).values(name=name, slug=slug).returning(Category.id))
            slugs[slug] = known[slug] = known[name.casefold()] = made
    return {name: known[name.casefold()] for name in names}


def old_categories() -> dict[str, int]:
    """What categories were called before they were renamed or merged, names and slugs: it goes on meaning them."""
    # Not IS NOT NULL, for which SQLite would walk the whole table.
    rows = db.session.execute(select(Redirect.path, Redirect.category_id).where(Redirect.category_id > 0))
    return {path.removeprefix(CATEGORIES).casefold(): id for path, id in rows}


def free_slug(pinyin: str, taken: Collection[str]) -> str:
    """The pinyin as a slug, with a number behind it where that is taken."""
    slug = re.sub(r"[^a-z0-9]+", "-", pinyin.lower()).strip("-") or "category"
    return next(s for s in (slug, *(f"{slug}-{n}" for n in range(2, len(taken) + 3))) if s not in taken)


def _put_bodies(entries: Sequence[Entry], ids: Sequence[int]) -> None:
    db.session.execute(delete(Body).where(Body.article_id.in_([entry.id for entry in entries if entry.id])))
    pages = prerender.pages({id: entry.derived for entry, id in zip(entries, ids, strict=True)})
    rows = [
        {
            "article_id": id,
            "format": entry.format,
            "source": entry.derived.source,
            "html": entry.derived.html,
            "length": entry.derived.length,
            "page": pages.get(id),
        }
        for entry, id in zip(entries, ids, strict=True)
    ]
    db.session.execute(insert(Body), rows)


def remake_page(id: int) -> None:
    """Make the page of an article anew, within the transaction that is under way, after something on it changed."""
    text = db.session.execute(select(Body.source, Body.html, Body.length).where(Body.article_id == id)).one()
    db.session.execute(update(Body).where(Body.article_id == id).values(page=prerender.pages({id: text}).get(id)))


def _put_tags(entries: Sequence[Entry], ids: Sequence[int]) -> None:
    written = {name.casefold(): name for entry in reversed(entries) for name in reversed(entry.tags)}
    known = select(Tag.folded, Tag.id).where(Tag.folded.in_(written))
    tags = dict(db.session.execute(known).all())
    new = [{"folded": folded, "name": written[folded]} for folded in sorted(written.keys() - tags.keys())]
    if new:
        tags |= dict(db.session.execute(insert(Tag).returning(Tag.folded, Tag.id), new).all())
    db.session.execute(delete(ArticleTag).where(ArticleTag.article_id.in_([entry.id for entry in entries if entry.id])))
    rows = [
        {
            "article_id": id,
            "position": position,
            "tag_id": tags[folded],
            "published_at": entry.card["date"] if entry.card["status"] == "published" else None,
        }
        for entry, id in zip(entries, ids, strict=True)
        for position, folded in enumerate(dict.fromkeys(map(str.casefold, entry.tags)))
    ]
    if rows:
        db.session.execute(insert(ArticleTag), rows)


def _put_origins(entries: Sequence[Entry], ids: Sequence[int]) -> None:
    rows = [
        {"key": entry.key, "article_id": id, "digest": entry.digest, "run_id": entry.run}
        for entry, id in zip(entries, ids, strict=True)
        if entry.key
    ]
    if rows:
        db.session.execute(delete(Origin).where(Origin.key.in_([row["key"] for row in rows])))
        db.session.execute(insert(Origin), rows)


def _put_aliases(entries: Sequence[Entry], ids: Sequence[int]) -> None:
    wanted: dict[str, int] = {}
    for entry, id in zip(entries, ids, strict=True):
        for path in entry.aliases:
            wanted.setdefault(path, id)
    # An old address goes on leading to where it has led.
    for path in db.session.scalars(select(Redirect.path).where(Redirect.path.in_(wanted))).all():
        del wanted[path]
    if wanted:
        rows = [{"path": path, "article_id": id} for path, id in wanted.items()]
        db.session.execute(insert(Redirect), rows)


def _put_corrections(entries: Sequence[Entry], ids: Sequence[int]) -> None:
    given = {id: entry.corrections for entry, id in zip(entries, ids, strict=True) if entry.corrections is not None}
    if not given:
        return
    db.session.execute(delete(Correction).where(Correction.article_id.in_(given)))
    rows = [{"article_id": id, "at": at, "text": text} for id, told in given.items() for at, text in told]
    if rows:
        db.session.execute(insert(Correction), rows)
