"""Everything derived made again: what `flask rebuild` does."""

from collections.abc import Iterator, Mapping
from contextlib import closing

from sqlalchemy import bindparam, select, update

from dengxia import ahead, markup, prerender, queries, ranks, related, search, uses, writing
from dengxia.derived import Derived, Written
from dengxia.formats import Refused
from dengxia.packing import unpack
from dengxia.prerender import Draft
from models import Article, Body, Page, db


def rebuild(batch: int = 500) -> Iterator[int]:
    """Make everything derived again: HTML, lengths, excerpts, search, lists and related. Yields the count done.

    One transaction: readers see the old until all is done, and a crash or a `Refused` leaves the old.
    """
    with search.much(), writing.changing():
        search.clear()
        related.clear()
        uses.clear()
        ranks.rebuild()
        for page in db.session.execute(select(Page.id, Page.source, Page.format)).all():
            html = markup.render(page.source, page.format).html
            uses.note(markup.pictures(html))
            db.session.execute(update(Page).where(Page.id == page.id).values(html=html))
        done = 0
        with closing(ahead.each(prerender.deriving(), _written(batch))) as batches:
            for covers, texts in batches:
                _rewrite(dict(zip(covers, texts, strict=True)))
                shown = zip(covers.items(), texts, strict=True)
                uses.change({id: writing.pictures_of(text, cover) for (id, cover), text in shown})
                done += len(covers)
                yield done


def _written(batch: int) -> Iterator[tuple[dict[int, str], list[tuple[Written, Draft | None]]]]:
    """The texts of all articles and the drafts of their pages in batches, each with the articles' covers by number."""
    after = 0
    while rows := queries.bodies(after, batch):
        covers = {row.id: row.cover for row in rows}
        drafts = prerender.drafts(covers)
        texts = [Written(f"article {row.id}", row.title, unpack(row.source), row.format) for row in rows]
        yield covers, [(text, drafts.get(row.id)) for row, text in zip(rows, texts, strict=True)]
        after = rows[-1].id


def _rewrite(texts: Mapping[int, Derived | Refused]) -> None:
    for text in texts.values():
        if isinstance(text, Refused):
            raise text
    db.session.execute(_rewrite_excerpt, [{"b_id": id, "b_excerpt": text.excerpt} for id, text in texts.items()])
    pages = prerender.pages(texts)
    values = [
        {"b_id": id, "b_html": text.html, "b_length": text.length, "b_page": pages.get(id)}
        for id, text in texts.items()
    ]
    db.session.execute(_rewrite_body, values)
    indexed = search.with_credits({id: text.words for id, text in texts.items()})
    search.change({}, indexed)
    related.change({}, indexed)


_body, _card = Body.__table__, Article.__table__
_rewrite_body = _body.update().where(_body.c.article_id == bindparam("b_id"))
_rewrite_body = _rewrite_body.values(html=bindparam("b_html"), length=bindparam("b_length"), page=bindparam("b_page"))
_rewrite_excerpt = _card.update().where(_card.c.id == bindparam("b_id")).values(excerpt=bindparam("b_excerpt"))
