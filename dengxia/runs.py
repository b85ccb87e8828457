"""The runs of seeding: which article came by which, what each replaced, and the taking back of one as a whole."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, exists, insert, select, update

from dengxia import fixed, journal, manuscripts, revisions, working, writing
from dengxia.derived import Written, derive
from dengxia.formats import Refused
from dengxia.journal import TERMINAL
from dengxia.queries import Row
from dengxia.writing import Entry
from models import Article, Category, Origin, Redirect, Replaced, ReplacedPage, Run, db, now

BATCH = 200
OVERWRITTEN = "放入时换成了文件里的"


@dataclass
class Undone:
    """How many articles and pages a run had made, how many it had changed, and how many stay as the desk has them."""

    removed: int = 0
    restored: int = 0
    kept: int = 0


def begin(what: str) -> int:
    """A new run of seeding these paths; gives its number."""
    with writing.saved():
        return db.session.scalar(insert(Run).values(at=now(), what=what).returning(Run.id))


def latest() -> Sequence[Row]:
    """The newest runs that can be taken back: `id`, `at`, `what`."""
    return db.session.execute(select(Run.id, Run.at, Run.what).order_by(Run.id.desc()).limit(10)).all()


def put(run: int, entries: Sequence[Entry], overwrite: bool) -> set[str]:
    """Write articles for a run, all or none; what each replaces is kept.

    Gives the keys of those that were not written since somebody had edited them at the desk, unless they may be
    overwritten: then what the desk had becomes a revision.
    """
    with writing.changing():
        ids = [entry.id for entry in entries if entry.id]
        edited = set(db.session.scalars(select(Article.id).where(Article.id.in_(ids), Article.edited_at.is_not(None))))
        wanted = [entry for entry in entries if overwrite or entry.id not in edited]
        for entry in wanted:
            entry.run = run
            entry.card["edited_at"] = None
        _keep(run, [entry.id for entry in wanted if entry.id], edited)
        if wanted:
            writing.enter(wanted)
        for id in edited if overwrite else ():
            revisions.keep(id, TERMINAL.name, OVERWRITTEN, manuscripts.standing(id).text)
    return {entry.key for entry in entries} - {entry.key for entry in wanted}


def put_page(run: int, slug: str, *columns: object) -> None:
    """Write a fixed page for a run (the rest as for `fixed.enter`); what it replaces is kept."""
    with writing.changing():
        before = fixed.current(slug)
        written = {"written_at": fixed.enter(TERMINAL, slug, *columns)}
        # A run writes a page twice where links in it are known only later.
        again = update(ReplacedPage).where(ReplacedPage.run_id == run, ReplacedPage.slug == slug).values(written)
        if not db.session.execute(again).rowcount:
            content = before and [getattr(before, name) for name in _PAGE]
            row = {"run_id": run, "slug": slug, "content": content, **written}
            db.session.execute(insert(ReplacedPage).values(row))


_PAGE = ("title", "format", "source", "html", "updated_at")
_CARD = (Article.id, Article.slug, Article.updated_at, Article.edited_at, Origin.digest, Origin.run_id)


def _keep(run: int, ids: Sequence[int], edited: set[int]) -> None:
    """Keep how articles stand that this run has not written yet."""
    others = Article.id.in_(ids), Origin.run_id.is_distinct_from(run)
    for row in db.session.execute(select(*_CARD).join(Origin, Origin.article_id == Article.id).where(*others)).all():
        text = manuscripts.standing(row.id).text
        if row.id in edited:
            revisions.keep(row.id, "", revisions.BEFORE, text)
        kept = {"run_id": run, "article_id": row.id, "before": row.run_id, "content": manuscripts.pack(text)}
        kept |= {name: getattr(row, name) for name in ("slug", "updated_at", "edited_at", "digest")}
        db.session.execute(insert(Replaced).values(kept))


# Back


def undo(run: int, say: Callable[[str], object]) -> Undone:
    """Take a run back: what it made goes, what it changed is again as it was.

    What was edited at the desk since stays, and is said. `Refused` where there is no such run, or where a later one
    changed something of it. Batch by batch: after a break it goes on from there.
    """
    where = f"第 {run} 次放入"
    if not (run < 2**63 and db.session.scalar(select(exists().where(Run.id == run)))):  # SQLite counts so far
        raise Refused(where, "没有这一次，或者已经撤销了")
    later = db.session.scalar(select(Replaced.run_id).where(Replaced.before == run).order_by(Replaced.run_id).limit(1))
    if later:
        raise Refused(where, f"其中有文章后来又由第 {later} 次放入改过，请先撤销第 {later} 次")
    done, after, categories = Undone(), 0, set()
    while rows := db.session.execute(_of_run(run, after)).all():
        with writing.changing():
            _take_back(run, [row.article_id for row in rows], done, say, categories)
        after = rows[-1].article_id
    with writing.changing():
        _take_back_pages(run, done, say)
        _drop_empty(categories)
        db.session.execute(update(Origin).where(Origin.run_id == run).values(run_id=None))
        db.session.execute(delete(Run).where(Run.id == run))
        journal.note(TERMINAL, "撤销放入", where)
    return done


def _of_run(run: int, after: int):
    found = select(Origin.article_id).where(Origin.run_id == run, Origin.article_id > after)
    return found.order_by(Origin.article_id).limit(BATCH)


def _take_back(run: int, ids: Sequence[int], done: Undone, say: Callable[[str], object], categories: set[int]) -> None:
    cards = select(Article.id, Article.title, Article.category_id, Article.edited_at).where(Article.id.in_(ids))
    cards = db.session.execute(cards).all()
    for card in cards:
        if card.edited_at:
            say(f"《{card.title}》（{card.id}）在编辑台改过，没有动它")
            done.kept += 1
    free = [card.id for card in cards if not card.edited_at]
    replaced = select(Replaced.__table__, Origin.key).join(Origin, Origin.article_id == Replaced.article_id)
    replaced = replaced.where(Replaced.run_id == run, Replaced.article_id.in_(free))
    replaced = db.session.execute(replaced).all()
    entries = [_entry(row) for row in replaced]
    for entry in entries:
        others = Redirect.article_id == entry.id, Redirect.path.not_in(entry.aliases)
        db.session.execute(delete(Redirect).where(*others))
    if entries:
        writing.enter(entries)
    made = set(free) - {row.article_id for row in replaced}
    categories |= {card.category_id for card in cards}
    for id in made:
        working.release(id)
    writing.remove_articles(made)
    done.restored += len(entries)
    done.removed += len(made)


def _entry(row: Row) -> Entry:
    text = manuscripts.unpack(row.content)
    derived = derive(Written(f"article {row.article_id}", text.title, text.body, text.format))
    if isinstance(derived, Refused):
        raise derived
    card = {name: getattr(text, name) for name in manuscripts.OWN}
    card |= {name: getattr(row, name) for name in ("slug", "updated_at", "edited_at")}
    card |= {"status": text.status, "date": now() if text.date is None else text.date}
    return Entry(
        id=row.article_id,
        card=card,
        category=text.category,
        tags=text.tags,
        aliases=text.aliases,
        format=text.format,
        derived=derived,
        key=row.key,
        digest=row.digest,
        run=row.before,
    )


def _take_back_pages(run: int, done: Undone, say: Callable[[str], object]) -> None:
    written = select(ReplacedPage.slug, ReplacedPage.content, ReplacedPage.written_at)
    for row in db.session.execute(written.where(ReplacedPage.run_id == run)).all():
        page = fixed.current(row.slug)
        if page and page.updated_at != row.written_at:
            say(f"页面《{page.title}》（/{row.slug}）后来改过，没有动它")
            done.kept += 1
        elif page and row.content is None:
            fixed.take_out(TERMINAL, page)
            done.removed += 1
        elif page:
            fixed.enter(TERMINAL, row.slug, *row.content)
            done.restored += 1


def _drop_empty(ids: Iterable[int]) -> None:
    """Drop the categories that are empty now and as seeding makes them."""
    empty: list[ColumnElement[bool]] = [
        Category.id.in_(ids),
        ~exists().where(Article.category_id == Category.id),
        ~exists().where(Redirect.category_id == Category.id),
        Category.description == "",
        Category.position == Category.position.default.arg,
        Category.in_nav.is_(False),
        Category.name != writing.DEFAULT_CATEGORY,
    ]
    db.session.execute(delete(Category).where(*empty))
