"""The settings of the site: which there are, what is wrong with a value, and those that were changed at the desk."""

import json
import re
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import current_app
from sqlalchemy import Connection, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from models import Setting

# Name, default, meaning. A value comes from here, then the desk (those of AT_DESK), then instance/config.toml, then the
# environment (FLASK_<name>).
SETTINGS = (
    ("SITE_NAME", "中利blog", "网站的名字"),
    ("SITE_DESCRIPTION", "把有用的事写清楚。", "一句话的介绍"),
    ("SITE_URL", "", "网站的正式地址，如 https://example.com；空着就用访问者所用的地址"),
    ("SITE_TIMEZONE", "Asia/Shanghai", "没有写时区的时间算哪个时区，页面上的时间也是"),
    ("SITE_ICP", "", "ICP 备案号，写在每页的页脚"),
    ("SITE_POLICE", "", "公安备案号，写在每页的页脚"),
    ("ARTICLES_A_PAGE", 20, "首页、分类、标签、归档的每一页列几篇文章"),
    ("REPRINT_CANONICAL", False, "转载的文章把 canonical 指向原文"),
    ("PAGE_CACHE_BYTES", 32 * 2**20, "每个进程为访客留存网页的内存；0 为不留存"),
    ("BACKUP_BEFORE", True, "升级数据库、放入一百篇以上之前，先在 instance/backups 里备份数据库"),
    ("SQLALCHEMY_DATABASE_URI", "sqlite:///dengxia.db", "数据库；相对路径从 instance 文件夹算起"),
)
DEFAULTS = {name: default for name, default, _ in SETTINGS}
AT_DESK = (
    "SITE_NAME",
    "SITE_DESCRIPTION",
    "SITE_ICP",
    "SITE_POLICE",
    "SITE_TIMEZONE",
    "ARTICLES_A_PAGE",
    "REPRINT_CANONICAL",
)
LONGEST = 200
MOST_A_PAGE = 100
_SITE = re.compile(r"https?://\w([\w.-]*\w)?(:\d{1,5})?", re.ASCII)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def malformed(name: str, value: object) -> str:
    """What is wrong with the value of a setting, or nothing."""
    kind = type(DEFAULTS[name])
    if type(value) is not kind:
        return {str: "应当是文字", bool: "应当是 true 或 false", int: "应当是整数"}[kind]
    try:
        if name == "SITE_TIMEZONE":
            ZoneInfo(value)
        if name == "SQLALCHEMY_DATABASE_URI" and make_url(value).drivername != "sqlite":
            return "目前只能用 SQLite，应当像 sqlite:///dengxia.db"
        if name == "SITE_URL" and value and not (_SITE.fullmatch(value) and urlsplit(value).port != 0):
            return "应当像 https://example.com，末尾没有斜线"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "没有这个时区或端口"
    except ArgumentError:
        return "应当像 sqlite:///dengxia.db"
    return _unfit_number(name, value) if isinstance(value, int) else _unfit_line(name, value)


def _unfit_number(name: str, value: int) -> str:
    if name == "ARTICLES_A_PAGE" and not 1 <= value <= MOST_A_PAGE:
        return f"应当是 1 到 {MOST_A_PAGE}"
    return "不能是负数" if value < 0 else ""


def _unfit_line(name: str, value: str) -> str:
    if name == "SITE_NAME" and not value.strip():
        return "不能空着"
    if name in AT_DESK and (len(value) > LONGEST or _UNSEEN.search(value)):
        return f"应当是一行字，最多 {LONGEST} 个"
    return ""


def fixed() -> dict[str, str]:
    """The settings that who runs the server has fixed, with the words where."""
    return current_app.extensions["fixed_settings"]


def follow(connection: Connection) -> None:
    """Bring the app's settings up to what was changed at the desk, but for those that are fixed."""
    changed = {row.name: json.loads(row.value) for row in connection.execute(select(Setting.name, Setting.value))}
    for name in AT_DESK:
        if name not in fixed():
            value = changed.get(name, DEFAULTS[name])
            # What another machine or version took for right: better the default than no site.
            current_app.config[name] = DEFAULTS[name] if malformed(name, value) else value
