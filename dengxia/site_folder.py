"""What a folder brings besides texts: its site.toml (categories, links, settings), pictures of an export."""

from collections.abc import Callable
from pathlib import Path

from flask import current_app

from dengxia import files, images, queries, upkeep, writing
from dengxia.formats import Refused, shown, site
from dengxia.journal import TERMINAL
from dengxia.records import Options
from dengxia.settings import AT_DESK, malformed


def take(path: Path, options: Options, skip: Callable[[Refused], object]) -> None:
    """Take in what a folder says of its site; `skip` is told what was not taken."""
    try:
        found = _site(path)
    except Refused as refused:
        skip(refused)
    else:
        if not options.dry_run:
            writing.put_categories(found.categories)
            writing.put_links(found.links)
            _settle_settings(path / site.NAME, found, skip)
            _take_pictures(path / "media", options, skip)


def _site(path: Path) -> site.Site:
    """What a folder's site.toml says, which may not give a category that is there another slug.

    It brings nothing back that was merged or given another address at the desk.
    """
    file = path / site.NAME
    if not file.is_file():
        return site.Site()
    try:
        found = site.read(file)
    except OSError as error:
        raise Refused(shown(file), files.unreadable(error)) from None
    for name, value in found.settings.items():
        if reason := "编辑台里没有这一项" if name not in AT_DESK else malformed(name, value):
            raise Refused(shown(file), f"settings 的 {name}：{reason}")
    slugs, old = {row.name: row.slug for row in queries.categories()}, writing.old_categories()
    found = found._replace(categories=[row for row in found.categories if row["slug"] not in old])
    for category in found.categories:
        name, slug = category["name"], category["slug"]
        if slugs.get(name, slug) != slug:
            raise Refused(shown(file), f"分类 {name} 已经有了，它的 slug 是 {slugs[name]}，请照着写")
    return found


def _settle_settings(file: Path, found: site.Site, skip: Callable[[Refused], object]) -> None:
    """Set what was set at the desk of the site that was exported, but for what is fixed here."""
    wanted = {name: value for name, value in found.settings.items() if current_app.config.get(name) != value}
    try:
        if wanted:
            upkeep.change_settings(TERMINAL, wanted)
    except Refused as refused:
        skip(Refused(shown(file), f"设置 {refused}"))


def _take_pictures(folder: Path, options: Options, skip: Callable[[Refused], object]) -> None:
    """Take in the pictures of an export, which the texts name by the names they have there."""
    for file in sorted(folder.glob("[!.]*.*")):
        if files.lies_in(file, folder) and not (options.media / file.name).exists():
            try:
                images.put_back(file.name, file.read_bytes(), options.media)
            except (ValueError, OSError) as error:
                skip(Refused(shown(file), str(error)))
