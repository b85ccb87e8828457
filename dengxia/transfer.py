"""Content in: read records from files, match them with what was seeded before, write them in batches, report.

Seeding the same content twice changes nothing: each record has a key, and a digest of all that it says is kept with it.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Row

from dengxia import (
    ahead,
    export,
    fixed,
    images,
    keeping,
    limits,
    moved,
    pictures,
    prerender,
    queries,
    records,
    runs,
    search,
    site_folder,
    writing,
)
from dengxia.derived import Derived, Written
from dengxia.formats import LeftOut, Record, Refused, markdown
from dengxia.packing import unpack_html
from dengxia.records import Found, Options
from models import now

# A batch ends with so many records or so many bytes of them. The first are small and grow by half: until there is a
# second everything waits for everything, and then for a while the writing for the rest.
FIRST, BATCH, BYTES = 60, 1000, 3 * 2**20
MUCH = 100  # records, before more of which (or more than a batch of bytes) the database is kept


@dataclass
class Report:
    """What became of the records. A line is said for each that was skipped and each picture that was not found.

    `refused` is told of all that were not taken. `elsewhere` counts the pictures that lie on other hosts, `tally` what
    else is to be told as a number. `linked` says that a text leads to one of its site that was not there yet, `run` is
    the number of the run once something was written. `choices` are the related articles that editors pinned (or
    banned), by key: they may come later than the article itself.
    """

    say: Callable[[str], object]
    refused: Callable[[Refused], object] = lambda _: None
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    elsewhere: int = 0
    tally: Counter[str] = field(default_factory=Counter)
    linked: bool = False
    run: int | None = None
    read: int = 0
    length: int = 0
    choices: list[tuple[str, str, bool]] = field(default_factory=list)

    def skip(self, refused: Refused) -> None:
        self.refused(refused)
        if isinstance(refused, LeftOut):
            self.tally[refused.args[1]] += 1
        else:
            self.skipped += 1
            self.say(str(refused))


class _Strict(Report):
    def skip(self, refused: Refused) -> None:
        if not isinstance(refused, LeftOut):
            raise refused


def check(paths: Sequence[Path], options: Options) -> None:
    """Go through everything as `seed` does and raise the first `Refused`; nothing is written."""
    seed(paths, replace(options, dry_run=True), _Strict(say=print_nothing), print_nothing)


def seed(paths: Sequence[Path], options: Options, report: Report, progress: Callable[[int], object]) -> None:
    """Bring in the content of files and folders, batch by batch; `progress` is told the bytes done."""
    paths = records.outermost(paths)
    options = replace(options, backup=options.backup and not options.dry_run and not queries.is_empty())
    for path in paths:
        site_folder.take(path, options, report.skip)
    with search.much():
        _take_all(paths, options, report, progress)
    if not options.dry_run:
        _choose(report.choices)


def _take_all(paths: Sequence[Path], options: Options, report: Report, progress: Callable[[int], object]) -> None:
    _take(records.find(paths, options), options, report, progress)
    if report.linked and not options.dry_run:
        # What was not there yet when a text that leads to it was written is there now.
        found = (item for item in records.find(paths, options) if isinstance(item[0], Record) and moved.links(item[0]))
        again = Report(say=print_nothing, run=report.run)
        _take(found, replace(options, backup=False), again, print_nothing)
        report.run = again.run


def _take(
    found: Iterator[tuple[Found, int]], options: Options, report: Report, progress: Callable[[int], object]
) -> None:
    backup = options.backup
    with closing(ahead.each(prerender.deriving(), _batches(found, options, report))) as done:
        for batch, texts in done:
            # The batch after this one has been read too.
            much = report.read > MUCH or report.length >= BYTES
            if backup and much and any(isinstance(step, _Wanted) for step in batch.steps):
                report.say(f"放入之前的备份: 在 {keeping.before('seed')}")
                backup = False
            _write(batch, texts, options, report)
            progress(batch.length)


def print_nothing(_: object) -> None:
    """For when nobody listens."""


# Matching and writing


class _Wanted(NamedTuple):
    """A record that says something new, what stands at its place, and of an article its digest and its card."""

    record: Record
    known: Row | None
    digest: bytes = b""
    card: dict[str, object] | None = None


class _Batch(NamedTuple):
    """What is to be done and said, in the order of the records, and how many bytes were read for it."""

    steps: list[_Wanted | Refused | str]
    length: int


def _batches(
    found: Iterator[tuple[Found, int]], options: Options, report: Report
) -> Iterator[tuple[_Batch, list[tuple[Written, prerender.Draft | None]]]]:
    """Each batch with the texts that something must be derived from, and drafts of the pages of articles."""
    for items, length in _cut(found):
        report.read += len(items)
        report.length += length
        steps = _steps(items, options, report)
        categories = {name.casefold(): row for row in queries.categories() for name in (row.slug, row.name)}
        wanted = [step for step in steps if isinstance(step, _Wanted)]
        yield _Batch(steps, length), [(_text(one.record), _draft(one, categories)) for one in wanted]


def _text(record: Record) -> Written:
    return Written(record.where, record.title, record.body, record.format)


def _draft(wanted: _Wanted, categories: Mapping[str, Row]) -> prerender.Draft | None:
    """What the page of an article will be made of, as far as that is known before it is written."""
    record, card = wanted.record, wanted.card
    category = categories.get((record.category or writing.DEFAULT_CATEGORY).casefold())
    if not category or not card or card["status"] != "published":
        return None
    columns = {**card, "own_summary": card["summary"], "published_at": card["date"]}
    columns |= {"category": category.name, "category_slug": category.slug}
    return prerender.Draft({name: columns[name] for name in prerender.CARD}, record.tags, _corrections(record) or [])


def _cut(found: Iterator[tuple[Found, int]]) -> Iterator[tuple[list[Found], int]]:
    items, bytes_read, most = [], 0, min(FIRST, BATCH)
    for item, length in found:
        items.append(item)
        bytes_read += length
        if len(items) == most or bytes_read >= BYTES:
            yield items, bytes_read
            items, bytes_read, most = [], 0, min(3 * most // 2, BATCH)
    if items:
        yield items, bytes_read


def _steps(items: Sequence[Found], options: Options, report: Report) -> list[_Wanted | Refused | str]:
    known = queries.origins([item.key for item in items if isinstance(item, Record)])
    steps: list[_Wanted | Refused | str] = []
    for item in items:
        try:
            if isinstance(item, Refused):
                raise item
            if item.page:
                _check_page(item)  # before its pictures are taken in
            _settle(item, options, report, steps.append)
            wanted = _page(item) if item.page else _article(item, known.get(item.key), options)
            if item.own:
                report.choices += [(item.key, other, True) for other in item.own.pinned]
                report.choices += [(item.key, other, False) for other in item.own.banned]
        except Refused as refused:
            steps.append(refused)
        else:
            if wanted:
                steps.append(wanted)
            else:
                report.unchanged += 1
    return steps


def _settle(record: Record, options: Options, report: Report, say: Callable[[str], object]) -> None:
    """Make of a record what this site keeps: its text in our Markdown, its pictures among ours, its links to here."""
    keep = images.name if options.dry_run else partial(images.keep, folder=options.media)
    for note in record.notes:
        say(f"{record.where}: {note}")
    in_time = partial(limits.in_time, record.where, len(record.body))
    if record.dialect and record.format == "markdown":
        record.body = in_time(lambda: markdown.settled(record.body, record.dialect))
    if paths := moved.links(record):
        places = queries.places(paths)
        moved.point(record, places)
        report.linked = report.linked or not paths <= places.keys()
    report.elsewhere += in_time(lambda: pictures.take(record, keep, say))
    report.tally += record.tally


def _article(record: Record, known: Row | None, options: Options) -> _Wanted | None:
    """What to write of a record, or None where it says the same as before."""
    digest = _digest(record)
    edited = known and known.edited_at
    if known and digest == known.digest and not (edited and options.overwrite):
        return None
    if known and record.own and digest == _digest_of(known.article_id):
        return None
    if edited and not options.overwrite:
        raise _edited(record, known.title)
    if known and not record.own_key and _is_another(record, known):
        # Two blogs have a folder _posts each: the second must not write over the first.
        place = f"同样的位置上原来是《{known.title}》，正文完全不同，没有覆盖"
        raise Refused(record.where, f"{place}；真要换掉它，请在文件头写上 key: {record.key}")
    return _Wanted(record, known, digest, _card(record, known))


def _edited(record: Record, title: str) -> Refused:
    return Refused(record.where, f"《{title}》在编辑台改过，没有动它；要换成这里的，请加 --overwrite")


def _check_page(record: Record) -> None:
    if record.draft:
        left_out = f"《{record.title}》是草稿、私密或有密码，没有放入；要公开它，先去掉这个标记"
        raise Refused(record.where, f"页面没有草稿：{left_out}")
    if not fixed.may_be_at(record.slug):
        reason = "不能作页面的地址：用小写字母、数字和连字符，且不与现有地址相同"
        raise Refused(record.where, f"slug {record.slug!r} {reason}")


def _page(record: Record) -> _Wanted | None:
    known = queries.page(record.slug)
    if known and (known.title, known.format, known.source) == (record.title, record.format, record.body):
        return None
    return _Wanted(record, known)


def _write(batch: _Batch, texts: Iterable[Derived | Refused], options: Options, report: Report) -> None:
    texts, entries = iter(texts), {}
    for step in batch.steps:
        text = next(texts) if isinstance(step, _Wanted) else step
        if isinstance(text, str):
            report.say(text)
        elif isinstance(text, Refused):
            report.skip(text)
        else:
            report.updated += bool(step.known)
            report.created += not step.known
            if not options.dry_run:
                report.run = report.run or runs.begin(options.what)
                if step.record.page:
                    _put_page(report.run, step.record, text)
                else:
                    entries[step.record.key] = step, _entry(step, text)
    if entries:
        # Edited at the desk since the records were compared.
        for key in runs.put(report.run, [entry for _, entry in entries.values()], options.overwrite):
            report.updated -= 1
            report.skip(_edited(entries[key][0].record, entries[key][0].known.title))


def _put_page(run: int, record: Record, text: Derived) -> None:
    html, updated = unpack_html(text.html, text.source), _seconds(record.updated) if record.own else None
    runs.put_page(run, record.slug, record.title, record.format, record.body, html, updated)


def _entry(wanted: _Wanted, text: Derived) -> writing.Entry:
    record, known, digest, card = wanted
    own = record.own
    return writing.Entry(
        id=known.article_id if known else None,
        card=card,
        category=record.category,
        tags=record.tags,
        aliases=record.aliases,
        format=record.format,
        derived=text,
        key=record.key,
        digest=digest,
        number=own.number if own else 0,
        corrections=_corrections(record),
    )


def _corrections(record: Record) -> list[tuple[int, str]] | None:
    return [(_seconds(at), text) for at, text in record.own.corrections] if record.own else None


def _card(record: Record, known: Row | None) -> dict[str, object]:
    own = record.own
    updated = _seconds(record.updated)
    if updated and updated > now():
        updated = None
    # An old site's export says itself when it last changed.
    if known and not updated and not record.home and known.published_at and known.published_at <= now():
        updated = now()
    return {
        "status": own.status if own else "draft" if record.draft else "published",
        "date": _date(record, known),
        "updated_at": updated,
        **{name: getattr(record, name) for name in _CARD},
        **({"note": own.note} if own else {}),
    }


def _choose(choices: Sequence[tuple[str, str, bool]]) -> None:
    """Pin and ban what is not pinned and banned yet."""
    ids = {
        key: row.article_id for key, row in queries.origins({key for choice in choices for key in choice[:2]}).items()
    }
    known = queries.choices(ids.values())
    for key, other, pinned in choices:
        if key in ids and other in ids and known.get((ids[key], ids[other])) is not pinned:
            with writing.changing():
                writing.choose_related(ids[key], ids[other], pinned)


def _digest_of(id: int) -> bytes:
    """The digest of what an export would say of an article."""
    return _digest(export.records([id])[id])


def _is_another(record: Record, known: Row) -> bool:
    """Whether a record with another title or date than what stands at its place has hardly a word in common with it."""
    if known.title == record.title and (record.date is None or known.date == _seconds(record.date)):
        return False
    old, new = (set(pairwise(text)) for text in (queries.written(known.article_id), record.body))
    return len(old & new) < 0.1 * min(len(old), len(new))


def _date(record: Record, known: Row | None) -> int:
    if record.date is None and known:
        return known.date
    given = _seconds(record.date or record.fallback_date)
    return now() if given is None else given


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


_CARD = ("title", "summary", "kind", "author", "editor", "source", "source_url", "slug", "cover")
_NOT_CONTENT = ("where", "fallback_date", "folder", "root", "own_key", "dialect", "notes", "tally", "home", "own")
_CONTENT = [field.name for field in fields(Record) if field.name not in _NOT_CONTENT]


def _digest(record: Record) -> bytes:
    content = {name: getattr(record, name) for name in _CONTENT}
    if record.own:
        content["own"] = record.own
    return hashlib.blake2b(json.dumps(content, default=str, sort_keys=True).encode(), digest_size=16).digest()
