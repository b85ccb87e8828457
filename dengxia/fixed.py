"""The fixed pages (关于, 联系): every change to them, and the texts that they had before."""

from sqlalchemy import bindparam, delete, insert, select, update

from dengxia import journal, limits, markup, uses
from dengxia.formats import LONGEST, SLUG, Refused, line, without_controls
from dengxia.journal import By
from dengxia.packing import pack, unpack
from dengxia.queries import Row, ask, ask_first
from dengxia.writing import changing
from models import OldPage, Page, Redirect, db, now

# First parts of addresses that a fixed page cannot have; a test holds them against the routes.
RESERVED = frozenset(
    "archive article category desk favicon.ico feed.xml healthz manifest.webmanifest media opensearch.xml page random"
    " robots.txt search sitemap sitemap.xml static tag".split()
)
OLD_SHOWN = 50

_CARD = (OldPage.id, OldPage.slug, OldPage.at, OldPage.who, OldPage.title)
_old_of = select(*_CARD).where(OldPage.slug == bindparam("slug")).order_by(OldPage.id.desc()).limit(OLD_SHOWN)
_gone = select(*_CARD).where(OldPage.removed).order_by(OldPage.id.desc()).limit(OLD_SHOWN)
_one = select(*OldPage.__table__.columns).where(OldPage.id == bindparam("id"))


def old_texts(slug: str) -> list[Row]:
    """The texts that a page had before, newest first: id, slug, at, who, title."""
    return ask(_old_of, slug=slug)


def gone() -> list[Row]:
    """The last texts of pages that were deleted, newest first."""
    return ask(_gone)


def old_text(id: int) -> Row | None:
    """One of them in full, the columns of `models.OldPage` with its `source` unpacked."""
    row = ask_first(_one, id=id)
    return row and row._replace(source=unpack(row.source))


def may_be_at(slug: str) -> bool:
    """Whether this can be the address of a page."""
    return bool(SLUG.fullmatch(slug)) and slug not in RESERVED


def render(source: str, format: str) -> str:
    """The safe HTML of a page's text. Raises `Refused`."""
    return limits.in_time("正文", len(source), lambda: markup.render(source, format).html)


def add(by: By, slug: str, title: str, format: str, source: str) -> None:
    """Make a page."""
    if not may_be_at(slug):
        raise Refused("地址", "只能用小写字母、数字和连字符，也不能和网站已有的地址相同")
    title, source, html = _checked(title, format, source)
    with changing():
        if current(slug):
            raise Refused("地址", f"/{slug} 已经有一页了")
        if db.session.get(Redirect, f"/{slug}"):
            raise Refused("地址", f"/{slug} 是一个旧地址，还在转到别处；要用它，先在「旧地址」里删去")
        enter(by, slug, title, format, source, html)
        journal.note(by, "添加页面", f"{title}（/{slug}）")


def change(by: By, slug: str, title: str, format: str, source: str, seen: int) -> None:
    """Change a page that was last saved at `seen` when its text was given out, which somebody else may have done since.

    Its address stays: what was linked shall go on leading there.
    """
    title, source, html = _checked(title, format, source)
    with changing():
        page = current(slug) or _missing(slug)
        if page.updated_at != seen:
            raise Refused(
                "没有存", "你打开以后别人存过这一页。你写的还在下面，先看看现在的文字；再存一次，就用你的代替它"
            )
        if (page.title, page.format, page.source) != (title, format, source):
            enter(by, slug, title, format, source, html)
            journal.note(by, "改页面", f"{title}（/{slug}）")


def remove(by: By, slug: str) -> None:
    """Delete a page; its text is kept among the old ones."""
    with changing():
        page = current(slug) or _missing(slug)
        take_out(by, page)
        journal.note(by, "删除页面", f"{page.title}（/{slug}）")


def take_out(by: By, page: Row) -> None:
    """What `remove` does, within the transaction of a `changing` that is under way."""
    _keep(by, page, removed=True)
    db.session.execute(delete(Page).where(Page.slug == page.slug))


def enter(by: By, slug: str, title: str, format: str, source: str, html: str, updated_at: int | None = None) -> int:
    """Write a page that was checked before, new or changed, at some moment or now, within the transaction under way.

    Gives the moment as it was written.
    """
    columns = {"title": title, "format": format, "source": source, "html": html, "updated_at": updated_at or now()}
    if page := current(slug):
        _keep(by, page)
        # Two saves of one second are two.
        columns["updated_at"] = updated_at or max(now(), page.updated_at + 1)
        db.session.execute(update(Page).where(Page.slug == slug).values(columns))
    else:
        db.session.execute(insert(Page).values(slug=slug, **columns))
    uses.note(markup.pictures(html))
    return columns["updated_at"]


def current(slug: str) -> Row | None:
    """A page as it stands, in the transaction of the session."""
    return db.session.execute(select(Page.__table__).where(Page.slug == slug)).first()


def _keep(by: By, page: Row, removed: bool = False) -> None:
    columns = {name: getattr(page, name) for name in ("slug", "title", "format")}
    db.session.execute(
        insert(OldPage).values(**columns, at=page.updated_at, who=by.name, removed=removed, source=pack(page.source))
    )


def _missing(slug: str) -> Row:
    raise Refused("没有存", f"/{slug} 这一页已经被删去了；要留下你写的，请复制下来，另加一页")


def _checked(title: str, format: str, source: str) -> tuple[str, str, str]:
    """Title, text and HTML as they are kept. Raises `Refused`."""
    try:
        title = line(title, "标题", 200)
    except ValueError as error:
        raise Refused("标题", str(error)) from None
    source, _ = without_controls(source.replace("\r\n", "\n"))
    if not (title and source.strip()):
        raise Refused("没有存", "标题和正文都要写")
    if len(source) > LONGEST:
        raise Refused("正文", f"有 {len(source)} 个字，最多 {LONGEST} 个")
    return title, source, render(source, format)
