"""The lists of articles at the desk, and what is done to several at once."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from flask import abort, render_template, request
from flask_login import current_user

from dengxia import auth, editing, manuscripts, people, queries, search, worklist
from dengxia.auth import bp, needs, number
from dengxia.editing import Step
from dengxia.formats import Refused
from dengxia.manuscripts import Manuscript
from models import now

# What is done to several: the act of each, which has to be allowed for each article, and its words.
BULK = {
    "publish": ("publish", "发布"),
    "move": ("save", "移到分类"),
    "tag": ("save", "加标签"),
    "trash": ("trash", "移到回收站"),
    "restore": ("restore", "从回收站拿回"),
}


@bp.get("/articles")
@needs("write")
def list_articles():
    args = request.args
    state = args.get("state", "all")
    if state not in worklist.STATES:
        abort(404)
    within = (queries.category(args["category"]) or abort(404)) if args.get("category") else None
    owner = args.get("owner", 0, type=number) if auth.may("publish") else current_user.id
    query = args.get("q", "").strip()[: search.LONGEST_QUERY]
    before = args.get("before", 0, type=number) or worklist.NEWEST
    found = worklist.page(state, within and within.id, owner, query, before)
    asked = {"state": state, "category": within and within.slug, "owner": owner or None, "q": query or None}
    return render_template(
        "desk/articles.html",
        found=found,
        asked=asked,
        turned=before < worklist.NEWEST,
        people=people.everyone(),
        now=now(),
    )


@bp.post("/articles/bulk")
@needs("write")
def change_articles():
    """Each article in a transaction of its own; the page says which were done, and of the others why not."""
    form = request.form
    act, words = BULK.get(form.get("act", "")) or abort(400)
    done, undone, problem = [], [], ""
    try:
        change, more = _change(form)
        for id in dict.fromkeys(form.getlist("id", type=number)[: worklist.PER_PAGE]):
            title, reason = _do(id, change, Step(act, what=words + more))
            (undone if reason else done).append((title, reason))
        problem = "" if done or undone else "没有选文章"
    except Refused as refused:
        problem = str(refused)
    page = render_template(
        "desk/bulk.html", words=words, done_ones=done, undone=undone, problem=problem, back=form.get("back", "")
    )
    return page, 400 if problem else 200


def _change(form: Mapping[str, str]) -> tuple[Callable[[Manuscript], Manuscript], str]:
    """What becomes of each manuscript, and what to say of it further."""
    if form["act"] == "move":
        name = form.get("category", "")
        if name not in {row.name for row in queries.categories()}:
            raise Refused("分类", "请选一个")
        return lambda text: replace(text, category=name), f"「{name}」"
    if form["act"] == "tag":
        if not (names := manuscripts.tags(form.get("tags", ""))):
            raise Refused("标签", "还没有写")
        return lambda text: replace(text, tags=_together(text.tags, names)), f"「{'、'.join(names)}」"
    return lambda text: text, ""


def _together(old: list[str], new: list[str]) -> list[str]:
    known = set(map(str.casefold, old))
    return [*old, *(name for name in new if name.casefold() not in known)]


def _do(id: int, change: Callable[[Manuscript], Manuscript], step: Step) -> tuple[str, str]:
    """Change one article; its title, and why it was not done if it was not."""
    known = manuscripts.standing(id)
    if known is None or not auth.may_see(known.row):
        return f"第 {id} 号", "没有这篇文章，或者它不是你的"
    title = known.text.title
    if step.act not in auth.acts(known.row):
        return title, f"{editing.STATES[known.row.status]}的文章，你不能{editing.WORDS[step.act]}"
    try:
        changed = editing.change(auth.person(), known, known.row.version, change(known.text), step)
    except Refused as refused:
        return title, str(refused)
    return title, "" if changed else "本来就是这样"
