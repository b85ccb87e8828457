"""site.toml: the categories and 友情链接 of a site, in their order."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from dengxia.formats import Refused, decode, line, markdown, shown

NAME = "site.toml"


def read(file: Path) -> tuple[list[dict], list[dict]]:
    """The categories (`slug`, `name`, `description`, `in_nav`) and the links (`name`, `url`) in a file."""
    found = markdown.parse("+++", decode(file.read_bytes(), shown(file)), shown(file), 1)
    try:
        categories, links = _categories(found.pop("category", [])), _links(found.pop("link", []))
        if found:
            raise ValueError(f"没有 {'、'.join(found)} 这一项，可以写的有 [[category]] 和 [[link]]")
    except ValueError as error:
        raise Refused(shown(file), str(error)) from None
    return categories, links


def _categories(rows: object) -> list[dict]:
    columns = {"slug": str, "name": str, "description": str, "in_nav": bool}
    categories = _rows(rows, columns, ("slug", "name"), unique=("slug", "name"))
    for category in categories:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", category["slug"]):
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
    if missing := [name for name in required if not row.get(name)]:
        raise ValueError(f"缺少 {'、'.join(missing)}")
    return row
