"""The tables, `db`, and `public()`: the one rule for what a visitor may see.

Columns named `date` or `…_at` are moments: whole seconds since 1970, UTC.
"""

import time

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Computed,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    UniqueConstraint,
    bindparam,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

STATUSES = ("draft", "review", "published", "trash")
KINDS = ("original", "reprint", "translation")
FORMATS = ("markdown", "html")
ROLES = ("author", "editor", "admin")


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)


def now() -> int:
    """This moment as the tables keep every time: whole seconds since 1970, UTC."""
    return int(time.time())


def public(placed: bool = False) -> ColumnElement[bool]:
    """What a visitor may see: published (only then is `published_at` set) and its time has come.

    The moment is asked for when a statement runs, so a statement may be kept. `placed` tells that the statement begins
    at a place in the order of time: of two bounds SQLite may take this one, and walk from now down to the place.
    """
    return (Article.published_at + 0 if placed else Article.published_at) <= bindparam("now", callable_=now)


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(map(repr, values))})", name=column)


class Category(Base):
    __tablename__ = "category"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=1000)
    in_nav: Mapped[bool] = mapped_column(default=False)


class Article(Base):
    """The card of an article: all that lists, neighbours, related and random articles show of it."""

    __tablename__ = "article"
    __table_args__ = (
        _one_of("status", STATUSES),
        _one_of("kind", KINDS),
        Index(None, "published_at", "number"),
        Index(None, "category_id", "published_at", "number"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id", ondelete="RESTRICT"))
    status: Mapped[str] = mapped_column(default="draft")
    date: Mapped[int] = mapped_column(BigInteger)
    published_at: Mapped[int | None] = mapped_column(
        BigInteger, Computed("CASE WHEN status = 'published' THEN date END", persisted=True)
    )
    updated_at: Mapped[int | None] = mapped_column(BigInteger)
    # The id again, for the indexes: SQLite cannot begin at a place (time, id) in one where the id is the row's own
    # number, and would walk over all articles of one second.
    number: Mapped[int] = mapped_column(BigInteger, Computed("id", persisted=False))
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(default="")
    excerpt: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(default="original")
    author: Mapped[str] = mapped_column(default="")
    editor: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="")
    source_url: Mapped[str] = mapped_column(default="")
    slug: Mapped[str] = mapped_column(default="")
    cover: Mapped[str] = mapped_column(default="")
    # Grows with every write, so that a second writer is told.
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    # Of the user who began it, if it was at the desk; no foreign key, which SQLite could only add by copying the table.
    owner_id: Mapped[int | None]
    # When it was last saved at the desk, and what an editor said who gave it back.
    edited_at: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(default="", server_default="")


class Body(Base):
    """The text of an article as written and as safe HTML (both packed, see `dengxia/packing.py`), its 字数, its page.

    `page` is the article's page as `dengxia/prerender.py` made it, or nothing.
    """

    __tablename__ = "body"
    __table_args__ = (_one_of("format", FORMATS),)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    format: Mapped[str]
    source: Mapped[bytes]
    html: Mapped[bytes]
    length: Mapped[int]
    page: Mapped[bytes | None]


class Origin(Base):
    """Where an article came from when it was seeded: its key there, and a digest that tells a change.

    `run_id` is of the run that wrote it last; no foreign key, which SQLite could only add by copying the table.
    """

    __tablename__ = "origin"
    __table_args__ = (Index("ix_origin_run_id", "run_id", "article_id", sqlite_where=text("run_id IS NOT NULL")),)
    key: Mapped[str] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    digest: Mapped[bytes]
    run_id: Mapped[int | None]


class Run(Base):
    """One run of `flask seed` that changed something: see `dengxia/runs.py`."""

    __tablename__ = "run"
    __table_args__ = {"sqlite_autoincrement": True}
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger)
    what: Mapped[str]


class Replaced(Base):
    """An article as it stood before a run changed it; `before` is the run that had written it last."""

    __tablename__ = "replaced"
    __table_args__ = (Index("ix_replaced_before", "before", "run_id"),)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True)
    before: Mapped[int | None]
    slug: Mapped[str]
    updated_at: Mapped[int | None] = mapped_column(BigInteger)
    edited_at: Mapped[int | None] = mapped_column(BigInteger)
    digest: Mapped[bytes]
    content: Mapped[bytes]


class ReplacedPage(Base):
    """A fixed page that a run wrote at `written_at`, as it stood before, or nothing where there was none."""

    __tablename__ = "replaced_page"
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    slug: Mapped[str] = mapped_column(primary_key=True)
    written_at: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[list | None] = mapped_column(JSON(none_as_null=True))


class Tag(Base):
    """A tag as it was first written; `folded` (without case) tells that Go and go are one."""

    __tablename__ = "tag"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(unique=True)


class ArticleTag(Base):
    """A tag of an article; `published_at` is the article's, so that a tag page reads one index range."""

    __tablename__ = "article_tag"
    __table_args__ = (Index(None, "tag_id", "published_at", "article_id"), {"sqlite_with_rowid": False})
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id", ondelete="CASCADE"))
    published_at: Mapped[int | None] = mapped_column(BigInteger)


class Related(Base):
    """The articles that fit one best, packed by `dengxia/related.py`: ten to a row instead of ten rows."""

    __tablename__ = "related"
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    others: Mapped[bytes]


class Revision(Base):
    """An article as it stood after a save at the desk, packed: see `dengxia/manuscripts.py`."""

    __tablename__ = "revision"
    __table_args__ = (Index(None, "article_id", "id"), {"sqlite_autoincrement": True})
    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    at: Mapped[int] = mapped_column(BigInteger)
    who: Mapped[str]
    what: Mapped[str]
    content: Mapped[bytes]


class WorkingCopy(Base):
    """What somebody has typed and not yet saved, packed; `version` is that of the article when they began."""

    __tablename__ = "working_copy"
    __table_args__ = (Index(None, "user_id", "article_id"), {"sqlite_autoincrement": True})
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    # Without one it is of an article that is yet to be.
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    version: Mapped[int]
    saved_at: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[bytes]


class Correction(Base):
    """更正: what was wrong in a published article, said in public."""

    __tablename__ = "correction"
    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    at: Mapped[int] = mapped_column(BigInteger)
    text: Mapped[str]


class Picture(Base):
    """A picture that is kept: its name in the media folder, the name it came with, the bytes of its largest form.

    Of a picture that was seeded nobody knows what it was called and who brought it.
    """

    __tablename__ = "picture"
    __table_args__ = (Index(None, "at", "name"),)
    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    size: Mapped[int]
    at: Mapped[int] = mapped_column(BigInteger)
    who: Mapped[str]


class PictureUse(Base):
    """Which article shows which picture, in its text or as its cover."""

    __tablename__ = "picture_use"
    __table_args__ = {"sqlite_with_rowid": False}
    name: Mapped[str] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True)


class RelatedChoice(Base):
    """What an editor wants of an article's related ones: `other` pinned, so that it comes first, or never shown."""

    __tablename__ = "related_choice"
    __table_args__ = (CheckConstraint("article_id <> other_id", name="another"),)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True)
    pinned: Mapped[bool]


class Term(Base):
    """How many articles hold a term, and which of the newest tell of it: see `dengxia/postings.py`."""

    __tablename__ = "term"
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    frequency: Mapped[int]
    postings: Mapped[bytes]


class NewTerm(Base):
    """What has been added to terms and has not yet gone on to their rows in `term`."""

    __tablename__ = "new_term"
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    frequency: Mapped[int] = mapped_column(BigInteger)
    postings: Mapped[bytes]


class Segment(Base):
    """A stretch of a list of published articles, oldest first, with how many it holds: see `dengxia/ranks.py`."""

    __tablename__ = "segment"
    __table_args__ = {"sqlite_with_rowid": False}
    list: Mapped[str] = mapped_column(primary_key=True)
    start_at: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    start_id: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int]


class Redirect(Base):
    """An old address that is answered by 301."""

    __tablename__ = "redirect"
    __table_args__ = (CheckConstraint("(article_id IS NULL) <> (category_id IS NULL)", name="one_target"),)
    path: Mapped[str] = mapped_column(primary_key=True)
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id", ondelete="CASCADE"), index=True)


class Page(Base):
    """A fixed page such as 关于, at `/<slug>`."""

    __tablename__ = "page"
    __table_args__ = (_one_of("format", FORMATS),)
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    format: Mapped[str]
    source: Mapped[str]
    html: Mapped[str]
    updated_at: Mapped[int] = mapped_column(BigInteger)


class OldPage(Base):
    """A fixed page as it stood before it was changed or `removed`: saved `at`, until `who` did that; packed."""

    __tablename__ = "old_page"
    __table_args__ = (
        Index(None, "slug", "id"),
        Index("ix_old_page_removed", "removed", "id", sqlite_where=text("removed = 1")),
        _one_of("format", FORMATS),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str]
    at: Mapped[int] = mapped_column(BigInteger)
    who: Mapped[str]
    removed: Mapped[bool]
    title: Mapped[str]
    format: Mapped[str]
    source: Mapped[bytes]


class Link(Base):
    __tablename__ = "link"
    __table_args__ = (UniqueConstraint("url"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    url: Mapped[str]
    position: Mapped[int]


class Setting(Base):
    """A setting of the site that was changed at the desk, over its default; `value` is JSON."""

    __tablename__ = "setting"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class ContentVersion(Base):
    """One row: a number that grows with every change a visitor could see, and when it last did."""

    __tablename__ = "content_version"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    changed_at: Mapped[int] = mapped_column(BigInteger)


# People


class User(Base):
    """A person of the desk; never deleted, so that the log goes on saying who it was.

    `folded` is the name without case; `session` is part of what a session is signed with, so a higher one ends them
    all; `provisional` tells that somebody else chose the password; `totp_step` is the newest time step whose code was
    used.
    """

    __tablename__ = "user"
    __table_args__ = (_one_of("role", ROLES),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password: Mapped[str]
    provisional: Mapped[bool]
    session: Mapped[int] = mapped_column(default=1)
    totp: Mapped[str] = mapped_column(default="")
    totp_step: Mapped[int] = mapped_column(BigInteger, default=0)
    disabled: Mapped[bool] = mapped_column(default=False)
    seen_at: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """A code that lets a person in once without their telephone; only its digest is kept."""

    __tablename__ = "recovery_code"
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)


class Attempt(Base):
    """How often signing in failed of late, for a name, an address or a browser: see `dengxia/throttle.py`."""

    __tablename__ = "attempt"
    key: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    last_at: Mapped[int] = mapped_column(BigInteger, index=True)


class Log(Base):
    """Who did what, to what, when, and from which address."""

    __tablename__ = "log"
    __table_args__ = {"sqlite_autoincrement": True}
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger)
    who: Mapped[str]
    what: Mapped[str]
    about: Mapped[str]
    address: Mapped[str]
