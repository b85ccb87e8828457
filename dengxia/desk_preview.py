"""What a text will look like to a reader, while it is being written."""

from flask import request

from dengxia import limits, manuscripts, markup, prerender, times
from dengxia.auth import bp, needs
from dengxia.formats import Refused
from models import now


@bp.post("/preview")
@needs("write")
def preview():
    """The article's part of its page, of the form's fields; nothing is kept. Where it cannot be set, why, and 400."""
    fields = {name: request.form.get(name, "") for name in manuscripts.FIELDS}
    source = fields["body"]
    format = fields["format"] if fields["format"] in manuscripts.FORMATS else "markdown"
    try:
        html, text = limits.in_time("正文", len(source), lambda: markup.render(source, format))
    except Refused as refused:
        return str(refused), 400, {"Content-Type": "text/plain; charset=utf-8"}
    fields["title"] = fields["title"].strip() or "（还没有标题）"
    own = {"html": html, "length": markup.length(text), "own_summary": fields["summary"].strip()}
    return prerender.preview({**fields, **own, "published_at": _date(fields["date"])})


def _date(typed: str) -> int:
    """The time that is typed; now where there is none."""
    try:
        return times.seconds(typed)
    except ValueError:
        return now()
