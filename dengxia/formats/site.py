"""site.toml: the categories (with old addresses) and 友情链接 of a site, in their order, and its settings."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dengxia.formats import SLUG, Refused, checked, decode, line, markdown, own, shown

NAME = "site.toml"


class Site(NamedTuple):
    """Categories (`slug`, `name`, `description`, `in_nav`, `aliases`), links (`name`, `url`), and settings by name."""

    categories: Sequence[Mapping[str, object]] = ()
    links: Sequence[Mapping[str, object]] = ()
    settings: Mapping[str, object] = {}


def read(file: Path) -> Site:
    """What a file says."""
    found = markdown.parse("+++", decode(file.read_bytes(), shown(file)), shown(file), 1)
    try:
        made = Site(_categories(found.pop("category", [])), _links(found.pop("link", [])), found.pop("settings", {}))
        if found:
            raise ValueError(f"没有 {'、'.join(found)} 这一项，可以写的有 [[category]]、[[link]] 和 [settings]")
        if not isinstance(made.settings, dict):
            raise ValueError("settings 应当写成 [settings]，下面一行一项")
    except ValueError as error:
        raise Refused(shown(file), str(error)) from None
    return made


def write(site: Site) -> str:
    """A site as a file that `read` reads back."""
    parts = [_table("[[category]]", category) for category in site.categories]
    parts += [_table("[[link]]", link) for link in site.links]
    return "\n".join([*parts, *([_table("[settings]", site.settings)] if site.settings else [])])


def _table(head: str, row: Mapping[str, object]) -> str:
    return "\n".join([head, *(f"{name} = {_value(value)}" for name, value in row.items())]) + "\n"


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return own.quoted(value) if isinstance(value, str) else json.dumps(value)


def _categories(rows: object) -> list[dict]:
    columns = {"slug": str, "name": str, "description": str, "in_nav": bool, "aliases": list}
    categories = _rows(rows, columns, ("slug", "name"), unique=("slug", "name"))
    for category in categories:
        if not SLUG.fullmatch(category["slug"]):
            raise ValueError(f"分类 {category['name']} 的 slug 只能用小写字母、数字和连字符")
    return categories


def _links(rows: object) -> list[dict]:
    links = _rows(rows, {"name": str, "url": str}, ("name", "url"), unique=("url",))
    for link in links:
        if not link["url"].startswith(("https://", "http://")):
            raise ValueError(f"链接 {link['name']} 的 url 应当以 http:// 或 https:// 开头")
    return links


def _rows(rows: object, columns: dict[str, type], required: Sequence[str], unique: Sequence[str]) -> list[dict]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("每一项应当写成 [[category]] 或 [[link]]")
    rows = [_typed(row, columns, required) for row in rows]
    for name in unique:
        for value, times in Counter(row[name] for row in rows).items():
            if times > 1:
                raise ValueError(f"{name} = {value!r} 写了 {times} 次")
    return rows


def _typed(row: dict, columns: dict[str, type], required: Sequence[str]) -> dict:
    for name, value in row.items():
        if not isinstance(value, columns.get(name, ())):
            raise ValueError(f"{name} = {value!r}：没有这一项，或者类型不对；可以写的有 {'、'.join(columns)}")
    row = {name: line(value, name, 500) if isinstance(value, str) else value for name, value in row.items()}
    if not all(
        isinstance(path, str) and path.startswith("/") and checked(path, "aliases") for path in row.get("aliases", ())
    ):
        raise ValueError("aliases 应当是一列以 / 开头的旧地址")
    if missing := [name for name in required if not row.get(name)]:
        raise ValueError(f"缺少 {'、'.join(missing)}")
    return row
