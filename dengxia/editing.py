"""What becomes of articles at the desk: the states, the acts that lead from one to another, and every save."""

from typing import NamedTuple

from sqlalchemy import delete, select

from dengxia import journal, manuscripts, revisions, upkeep, working, writing
from dengxia.derived import Derived, Written, derive
from dengxia.formats import Refused
from dengxia.journal import By
from dengxia.manuscripts import Manuscript, Standing
from models import Redirect, db, now

# Of each state: the acts, and the state that each leads to.
ACTS = {
    "draft": {"save": "draft", "submit": "review", "publish": "published", "trash": "trash"},
    "review": {"save": "review", "publish": "published", "return": "draft", "trash": "trash"},
    "published": {"save": "published", "withdraw": "draft", "trash": "trash"},
    "trash": {"restore": "draft", "purge": ""},
}
# What who may not publish does with an article of their own. While it is in review nobody changes it under the
# editor's eyes: it has to be taken back first.
OWN_ACTS = {
    "draft": {"save": "draft", "submit": "review", "trash": "trash"},
    "review": {"recall": "draft"},
    "published": {},
    "trash": {"restore": "draft"},
}
STATES = {"draft": "草稿", "review": "待审", "published": "已发布", "trash": "回收站里"}
WORDS = {
    "save": "保存",
    "submit": "送审",
    "recall": "收回",
    "publish": "发布",
    "return": "退回",
    "withdraw": "撤回",
    "trash": "移到回收站",
    "restore": "从回收站拿回",
    "purge": "清除",
}


class Conflict(Refused):
    """Somebody else has saved meanwhile: `theirs` is how the article stands."""

    def __init__(self, theirs: Standing):
        super().__init__("文章", "你打开以后，别人保存过它")
        self.theirs = theirs


class Person(NamedTuple):
    """Who saves: their number, and how the log says it."""

    id: int
    by: By


class Step(NamedTuple):
    """What a save is for: an act, a note with it, the words of it in the log, and the working copy it comes from."""

    act: str = "save"
    note: str = ""
    what: str = ""
    copy: int | None = None

    @property
    def words(self) -> str:
        return self.what or WORDS[self.act]


def acts(status: str, own: bool, may_publish: bool, may_purge: bool) -> dict[str, str]:
    """What somebody may do to an article in this state, maybe of their own, and the state that each act leads to."""
    if not may_publish:
        return OWN_ACTS[status] if own else {}
    return {act: state for act, state in ACTS[status].items() if may_purge or act != "purge"}


def begin(person: Person, text: Manuscript, step: Step) -> int:
    """Write a new article and give its number."""
    status, derived = ACTS["draft"][step.act], _derived(text)
    with writing.changing(seen=status == "published"):
        [id] = writing.enter([_entry(None, text, status, derived, {"owner_id": person.id})])
        _finish(person, id, step)
    return id


def change(person: Person, known: Standing, version: int, text: Manuscript, step: Step) -> bool:
    """Save an article over the version that its writer saw, and do an act; whether anything was changed by that.

    `known` is how it stood a moment ago. `Conflict` where it has another version by now.
    """
    id, status = known.row.id, {**ACTS[known.row.status], **OWN_ACTS[known.row.status]}[step.act]
    derived = _derived(text)
    with writing.changing(seen="published" in (known.row.status, status)):
        standing = manuscripts.standing(id)
        if standing is None:
            raise Refused("文章", "已经被清除了")
        if standing.row.version != version:
            raise Conflict(standing)
        revisions.keep(id, "", revisions.BEFORE, standing.text)
        if standing.text == text and step.act == "save":
            working.take(person.id, step.copy)
            return False
        _drop_aliases(id, text.aliases)
        columns = {"note": step.note} if status != standing.row.status else {}
        writing.enter([_entry(standing, text, status, derived, columns)])
        _finish(person, id, step)
    return True


def purge(person: Person, known: Standing) -> None:
    """Take an article that lies in the trash out for good, with all its revisions.

    What somebody has typed and not saved of it stays theirs, as of a new article.
    """
    with writing.changing(seen=False):
        standing = manuscripts.standing(known.row.id)
        if standing and standing.row.status == "trash":
            working.release(known.row.id)
            writing.remove_articles([known.row.id])
            journal.note(person.by, WORDS["purge"], _about(known.row.id, standing.text))


def _derived(text: Manuscript) -> Derived:
    found = derive(Written("正文", text.title, text.body, text.format))
    if isinstance(found, Refused):
        raise found
    return found


def _entry(standing: Standing | None, text: Manuscript, status: str, derived: Derived, columns: dict) -> writing.Entry:
    moment = now()
    card = {name: getattr(text, name) for name in manuscripts.OWN}
    shown_at = min((standing and standing.row.published_at) or moment, moment)
    card |= {"status": status, "date": shown_at if text.date is None else text.date, "edited_at": moment, **columns}
    if status == "published" and shown_at < moment and _reads_otherwise(standing, text):
        card["updated_at"] = moment
    return writing.Entry(
        id=standing.row.id if standing else None,
        card=card,
        category=text.category,
        tags=text.tags,
        aliases=_free(text.aliases, standing and standing.row.id),
        format=text.format,
        derived=derived,
    )


def _reads_otherwise(standing: Standing, text: Manuscript) -> bool:
    """Whether a reader reads something else than before."""
    return any(getattr(standing.text, name) != getattr(text, name) for name in ("title", "summary", "body", "format"))


def _free(aliases: list[str], id: int | None) -> list[str]:
    """The old addresses; `Refused` where one leads elsewhere, or would from now on but is the site's own."""
    taken = select(Redirect.path).where(Redirect.path.in_(aliases), Redirect.article_id.is_distinct_from(id))
    if path := db.session.scalar(taken.limit(1)):
        raise Refused("旧地址", f"{path} 已经通到别处，请删去")
    own = set(db.session.scalars(select(Redirect.path).where(Redirect.article_id == id)))
    for path in aliases:
        if path not in own:
            upkeep.refuse_ours(path)
    return aliases


def _drop_aliases(id: int, kept: list[str]) -> None:
    db.session.execute(delete(Redirect).where(Redirect.article_id == id, Redirect.path.not_in(kept)))


def _finish(person: Person, id: int, step: Step) -> None:
    text = manuscripts.standing(id).text
    revisions.keep(id, person.by.name, step.words, text)
    working.take(person.id, step.copy)
    if step.words != WORDS["save"]:
        journal.note(person.by, step.words, _about(id, text))


def _about(id: int, text: Manuscript) -> str:
    return f"《{text.title}》（{id}）"
