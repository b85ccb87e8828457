"""Is the site well: one finding for each thing that can be wrong, with what to do about it.

Everything is walked through, so this is for the terminal, and for a monitor by night.
"""

import os
import re
import shutil
import tomllib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from flask import current_app
from sqlalchemy import func, select

from dengxia import images, keeping, queries, ranks, schema, search
from dengxia.packing import unpack_html
from models import Article, ArticleTag, Body, Page, Related, Segment, db, now

OLDEST_BACKUP = 8 * 86_400  # seconds: a week, and a day for whoever does it weekly
ROOM = 200 * 2**20  # bytes that are left besides another copy of the database
_MEDIA = re.compile(r"/media/([\w.-]+)", re.ASCII)
# What a browser fetches by itself; a link that a reader may follow is none of it.
_ELSEWHERE = re.compile(
    r"""(?:\b(?:src|srcset|poster|action)\s*=|<link\b[^>]*\shref\s*=|\burl\(|@import)\s*["']?\s*(?:https?:)?//([\w.-]+)""",
    re.IGNORECASE,
)


class Finding(NamedTuple):
    """What was looked at, what is wrong with it (nothing where all is well), and what to do.

    `derived` tells that it can be made again from the rest.
    """

    what: str
    wrong: str = ""
    todo: str = ""
    derived: bool = False


def examine() -> Iterator[Finding]:
    """Look at everything that can be looked at; where the database is broken, not at what is in it."""
    yield from (look() for look in (_permissions, _settings, _room, _templates))
    if problem := schema.problem():
        yield Finding("数据库的结构", problem)
        return
    yield Finding("数据库的结构")
    problems = keeping.problems_of(keeping.database())
    todo = "" if set(problems) & {*schema.REASONS.values()} else "flask restore 最近的备份"
    yield Finding("数据库的完整", "；".join(problems[:3]), todo)
    if not problems:
        yield from (look() for look in (_search, _related, _lists, _pictures, _backup))


# The machine


def _permissions() -> Finding:
    instance = Path(current_app.instance_path)
    database = keeping.database()
    secret = [instance / "secret_key", database]
    found = [f"{file.name} 别人也能读写" for file in filter(Path.exists, secret) if file.stat().st_mode & 0o007]
    owner = instance.stat().st_uid
    files = [*secret, *(Path(f"{database}{end}") for end in ("-wal", "-shm")), instance / "media"]
    found += [
        f"{file.name} 和文件夹不是同一个主人" for file in filter(Path.exists, files) if file.stat().st_uid != owner
    ]
    places = instance, *filter(Path.exists, [instance / "media"])
    found += [f"{folder.name} 文件夹读不了或写不了" for folder in places if not os.access(folder, os.R_OK | os.W_OK)]
    return Finding("权限", "；".join(found), f"在 {instance} 里 chmod o-rwx、chown 成网站的用户")


def _settings() -> Finding:
    file = Path(current_app.instance_path, "config.toml")
    written = tomllib.loads(file.read_text("utf8")) if file.exists() else {}
    idle = [name for name in written if not name.isupper()]
    return Finding(
        "设置", f"config.toml 里的 {'、'.join(idle)} 不起作用" if idle else "", "名字全用大写，见 docs/settings.md"
    )


def _room() -> Finding:
    file = keeping.database()
    free, size = shutil.disk_usage(file.parent).free, file.stat().st_size if file.exists() else 0
    little = free < size + ROOM
    return Finding(
        "磁盘", f"只剩 {free // 2**20} MB，数据库有 {size // 2**20} MB" if little else "", "腾出地方，备份和升级都要用"
    )


def _templates() -> Finding:
    folders = [Path(current_app.root_path, name) for name in ("templates", "static")]
    files = (
        file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix in (".html", ".css", ".js")
    )
    found = [f"{file.name} 要用 {host[1]}" for file in files for host in _ELSEWHERE.finditer(file.read_text("utf8"))]
    return Finding("网页不用别的网站", "；".join(found[:5]), "把那些文件放到 static 里，别的网站才看不到你的读者")


# What is derived


def _search() -> Finding:
    missing, extra = search.strays()
    return _derived("搜索", _some("缺", missing) + _some("多", extra))


def _related() -> Finding:
    ids = set(db.session.scalars(select(Article.id).where(Article.published_at.is_not(None))))
    # What was removed since stays in the lists of others, and pages pass it over.
    listed = db.session.scalars(select(Related.article_id).execution_options(yield_per=1000))
    return _derived("相关文章", _some("缺", sorted(ids.difference(listed))))


def _lists() -> Finding:
    published = Article.published_at.is_not(None)
    by_category = select(Article.category_id, func.count()).where(published).group_by(Article.category_id)
    tagged = ArticleTag.published_at.is_not(None)
    by_tag = select(ArticleTag.tag_id, func.count()).where(tagged).group_by(ArticleTag.tag_id)
    counted = {
        ranks.ALL: db.session.scalar(select(func.count()).select_from(Article).where(published)),
        **{ranks.of_category(id): count for id, count in db.session.execute(by_category)},
        **{ranks.of_tag(id): count for id, count in db.session.execute(by_tag)},
    }
    sums = select(Segment.list, func.sum(Segment.count)).group_by(Segment.list)
    kept = {name: count for name, count in db.session.execute(sums) if count}
    wrong = sorted(name for name in kept.keys() | counted.keys() if kept.get(name, 0) != counted.get(name, 0))
    return _derived("列表的页数", _some("不对", wrong))


def _derived(what: str, wrong: str) -> Finding:
    return Finding(what, wrong, "flask doctor --repair", derived=True)


def _some(word: str, found: Iterable[object]) -> str:
    found = list(found)
    return (
        f"{word} {len(found)} 项（{'、'.join(map(str, found[:5]))}{' …' if len(found) > 5 else ''}）" if found else ""
    )


# What is kept


def _pictures() -> Finding:
    folder = Path(current_app.instance_path, "media")
    there = {file.name for file in folder.glob("[!.]*")}
    named = set(chain.from_iterable(map(_MEDIA.findall, _texts())))
    used = named.union(*(images.forms(name) for name in named if images.NAME.fullmatch(name)))
    unused = f"（{len(there - used)} 张没有用到）" if there - used else ""
    return Finding(f"图片{unused}", _some("缺", sorted(used - there)), "从备份里找回来放进 instance/media，或者改文章")


def _texts() -> Iterator[str]:
    """Everything that may show a picture."""
    bodies = select(Body.html, Body.source).execution_options(yield_per=500)
    yield from (unpack_html(html, source) for html, source in db.session.execute(bodies))
    yield from db.session.scalars(select(Page.html))
    yield from db.session.scalars(select(Article.cover).where(Article.cover != "").execution_options(yield_per=1000))


def _backup() -> Finding:
    last = keeping.last_backup()
    if queries.is_empty() or (last and now() - last.at < OLDEST_BACKUP):
        return Finding("备份")
    wrong = f"最近一次是 {(now() - last.at) // 86_400} 天前" if last else "还没有做过"
    return Finding("备份", wrong, "flask backup --to 文件夹 --keep 14，最好每天自动做")
