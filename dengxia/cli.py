"""The commands: arguments in, one call, one closing line."""

import json
import re
import sys
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import NoReturn, TextIO
from zoneinfo import ZoneInfo

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DatabaseError

from dengxia import (
    ahead,
    doctor,
    export,
    files,
    keeping,
    kept,
    people,
    queries,
    rebuilding,
    records,
    runs,
    schema,
    times,
    transfer,
)
from dengxia.formats import Refused
from dengxia.journal import TERMINAL
from models import db


class _Stop(click.ClickException):
    """Ends a command with one line, which says all."""

    def __init__(self, message: str, exit_code: int = 1):
        super().__init__(message)
        self.exit_code = exit_code

    def show(self, file=None):
        click.echo(self.message, err=True)


_REST, _SAME = "（已写完的批次都在，其余没有写）", "（网站没有变）"


@click.command()
@click.argument("paths", nargs=-1)
@click.option("--format", type=click.Choice(list(records.FORMATS)), help="内容的格式；不写就按文件名认")
@click.option("--category", default="", help="没有分类的文章归到哪里；不写就归到综合")
@click.option("--media", type=click.Path(path_type=Path), help="旧网站的图片所在的文件夹（WordPress 的 uploads）")
@click.option("--report", type=click.Path(path_type=Path), help="没有放入的每一条写进这个文件（JSON Lines）")
@click.option("--overwrite", is_flag=True, help="在编辑台改过的文章也换成文件里的；改过的样子留作一次修改")
@click.option("--undo", type=int, metavar="RUN", help="撤销第 RUN 次放入，不能同时放入别的")
@click.option("--dry-run", is_flag=True, help="只说会怎样，什么都不写")
@click.option("--strict", is_flag=True, help="有一条不对就停下，什么都不写")
@click.option("--if-empty", is_flag=True, help="网站已有内容就什么都不做")
@click.option("--no-backup", is_flag=True, help="放入一百篇以上之前不备份数据库")
@with_appcontext
def seed(paths, format, category, media, report, overwrite, undo, dry_run, strict, if_empty, no_backup):
    """把文章放进网站：PATH 是文件、文件夹或数据库的地址；不写就放入样例网站。

    认得 Markdown（Hugo、Hexo、Jekyll、Pelican 的写法都行）、JSON Lines、CSV、
    WordPress 的导出文件（WXR）、Typecho 和 Z-BlogPHP 的数据库。同样的内容放两次，什么都不会变。
    """
    _need_schema()
    if undo is not None:
        _undo(undo, paths)
        return
    if if_empty and not queries.is_empty():
        return
    paths, addresses = _sources(paths)
    if media:
        _need_path(media)
    if media and not media.is_dir():
        raise _Stop(f"--media 应当是文件夹：{media}", exit_code=2)
    options = records.Options(
        zone=ZoneInfo(current_app.config["SITE_TIMEZONE"]),
        media=Path(current_app.instance_path, "media"),
        addresses=addresses,
        category=category.strip(),
        format=format or "",
        old_media=media,
        dry_run=dry_run,
        overwrite=overwrite,
        # Not with the password of a database.
        what=re.sub(r":[^/@:]*@", ":***@", " ".join(map(str, (*paths, *addresses)))),
        backup=current_app.config["BACKUP_BEFORE"] and not no_backup,
    )
    if strict:
        try:
            transfer.check(paths, options)
        except Refused as refused:
            raise _Stop(f"{refused}（什么都没有写）") from None
    with _writing(), report.open("w", encoding="utf8") if report else nullcontext() as file:
        done = transfer.Report(say=lambda line: click.echo(line, err=True), refused=partial(_write_down, file))
        with _progress(lambda: records.size(paths, options), "放入") as bar:
            transfer.seed(paths, options, done, bar.update if bar else transfer.print_nothing)
    _tell(done, dry_run)
    if done.skipped:
        sys.exit(1)


def _sources(given: tuple[str, ...]) -> tuple[list[Path], list[str]]:
    """The files and folders, and the addresses of databases; the sample site where nothing is given."""
    addresses = [path for path in given if "://" in path]
    paths = [Path(path) for path in given if "://" not in path]
    if not given:
        paths = [Path(current_app.root_path, "content")]
    for path in paths:
        _need_path(path)
    return paths, addresses


def _need_path(path: Path) -> None:
    if not str(path).strip(".") or not path.exists():
        raise _Stop(f"没有这个文件或文件夹：{path}", exit_code=2)


def _tell(done: transfer.Report, dry_run: bool) -> None:
    for what, count in sorted(done.tally.items()):
        click.echo(f"{what}：{count}", err=True)
    if done.elsewhere:
        click.echo(f"{done.elsewhere} 张图片在别的网站上，正文里只留了链接", err=True)
    click.echo(
        f"{'（只是试算）' if dry_run else ''}新增 created {done.created}，更新 updated {done.updated}，"
        f"未变 unchanged {done.unchanged}，跳过 skipped {done.skipped}"
        + (f"（第 {done.run} 次放入，撤销用 flask seed --undo {done.run}）" if done.run else "")
    )


def _undo(run: int, paths: tuple[str, ...]) -> None:
    if paths:
        raise _Stop("--undo 不能和要放入的文件一起写（什么都没有改）", exit_code=2)
    try:
        with _writing():
            done = runs.undo(run, say=lambda line: click.echo(line, err=True))
    except _Stop as stop:
        known = "、".join(f"第 {row.id} 次（{times.moment(row.at)} {row.what}）" for row in runs.latest())
        raise _Stop(stop.message + (f"；可以撤销的有 {known}" if known else "")) from None
    click.echo(
        f"撤销了第 {run} 次放入：移除 removed {done.removed}，恢复 restored {done.restored}，保留 kept {done.kept}"
    )
    if done.kept:
        sys.exit(1)


def _write_down(file: TextIO | None, refused: Refused) -> None:
    if file:
        name, place, reason = refused.parts()
        print(json.dumps({"file": name, "record": place, "reason": reason}, ensure_ascii=False), file=file)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--format", type=click.Choice(export.FORMATS), default="markdown", help="一篇一个文件，或者一行一篇")
@with_appcontext
def export_site(folder, format):
    """把整个网站写成 FOLDER 里的文件，flask seed 认得；再导出一次，只有改过的文件会变。

    不含人员、日志、历次修改和没有保存的草稿：这些在 flask backup 里。
    """
    _need_schema()
    zone, media = ZoneInfo(current_app.config["SITE_TIMEZONE"]), Path(current_app.instance_path, "media")
    with _writing(_SAME), _progress(queries.count_bodies, "导出") as bar:
        export.export(folder, format, media, zone, bar.update if bar else transfer.print_nothing)
    click.echo(f"导出完毕：{queries.count_bodies()} 篇，在 {folder}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--to", "folder", type=click.Path(path_type=Path), help="备份到这个文件夹，按时间取名")
@click.option("--keep", type=click.IntRange(1), help="和 --to 一起用：只留最新的这么多个")
@with_appcontext
def backup(file, folder, keep):
    """把网站备份成一个 tar 文件 FILE：数据库、图片、config.toml。网站不用停；查过没有坏才算数。"""
    _need_schema()
    if (file is None) == (folder is None) or (keep and not folder):
        raise _Stop("要么写备份的文件名，要么写 --to 文件夹（可以加 --keep 个数）", exit_code=2)
    target = file or keeping.dated(folder)
    with _writing(_SAME):
        keeping.backup(target)
        old = keeping.rotate(folder, keep) if keep else []
    click.echo(f"备份好了，查过没有坏：{target}" + (f"；删去了 {len(old)} 个旧的" if old else ""))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@with_appcontext
def restore(file):
    """用备份 FILE 换下网站的数据库，补上缺的图片。请先停下网站。"""
    with _writing(_SAME):
        revision, kept = keeping.restore(file)
    click.echo(f"恢复好了（备份时的结构 {revision}）" + (f"；原来的数据库留在 {kept}" if kept else ""))


@click.command("doctor")
@click.option("--repair", is_flag=True, help="能推算出来的东西不对，就重做")
@with_appcontext
def examine(repair):
    """检查网站好不好：一项一行，✗ 后面写着该做什么；全好就以 0 结束，否则以 1。"""
    findings = list(doctor.examine())
    if repair and any(one.wrong and one.derived for one in findings):
        with _writing():
            click.echo(f"重做了 {max(rebuilding.rebuild(), default=0)} 篇")
        findings = list(doctor.examine())
    for one in findings:
        click.echo(f"✗ {one.what}：{'。'.join(filter(None, one[1:3]))}" if one.wrong else f"✓ {one.what}")
    sys.exit(any(one.wrong for one in findings))


@click.command()
@with_appcontext
def rebuild():
    """重做一切可以推算出来的东西：网页、搜索、相关文章。做完之前别的写入要等着。"""
    _need_schema()
    done = 0
    with _writing(), _progress(queries.count_bodies, "重做") as bar:
        for done_now in rebuilding.rebuild():
            if bar:
                bar.update(done_now - done)
            done = done_now
    click.echo(f"重做完毕：{done} 篇")


@click.group()
def user():
    """管人：谁能登录编辑台。"""


@user.command("add")
@click.argument("name")
@click.option("--role", default="", metavar="|".join(people.ROLES), help="角色：作者、编辑或管理员")
@with_appcontext
def add_user(name, role):
    """添加 NAME，密码在终端上输入两遍。"""
    _need_schema()
    if role not in people.ROLES:
        raise _Stop(f"要写明角色：--role {'、'.join(people.ROLES)} 里的一个", exit_code=2)
    if people.named(name):
        raise _Stop(f"{name}: 已经有叫这个名字的人（什么都没有改）")
    with _writing():
        people.add(TERMINAL, name, role, _new_password())
    click.echo(f"添加好了：{name}（{people.ROLES[role]}）")


@user.command("password")
@click.argument("name")
@with_appcontext
def reset_user(name):
    """给 NAME 换密码，两步验证也关上；手机丢了、密码忘了都用它。"""
    row = _person(name)
    with _writing():
        people.reset(TERMINAL, row, _new_password())
    click.echo(f"换好了：{row.name} 的登录都已退出，两步验证已关闭")


@user.command("list")
@with_appcontext
def list_users():
    """列出所有的人。"""
    _need_schema()
    for row in people.everyone():
        seen = f"最近登录 {times.moment(row.seen_at)}" if row.seen_at else "还没有登录过"
        marks = ["已停用"] * row.disabled + ["两步验证"] * bool(row.totp)
        click.echo("  ".join([row.name, people.ROLES[row.role], *marks, seen]))


@user.command("disable")
@click.argument("name")
@with_appcontext
def disable_user(name):
    """停用 NAME：不能再登录，已有的登录立刻失效。"""
    row = _person(name)
    with _writing():
        people.disable(TERMINAL, row)
    click.echo(f"停用了：{row.name}")


def _person(name: str) -> people.Row:
    _need_schema()
    return people.named(name) or _stop(f"{name}: 没有叫这个名字的人")


def _new_password() -> str:
    """A password, typed twice; hidden where there is a terminal to hide it on."""
    hidden = sys.stdin.isatty()
    try:
        first = click.prompt("密码（至少 12 个字）", hide_input=hidden, err=True)
        again = click.prompt("再输一遍", hide_input=hidden, err=True)
    except click.Abort:
        raise _Stop("没有输入密码（什么都没有改）") from None
    return first if first == again else _stop("两次输入的不一样（什么都没有改）")


def _stop(message: str) -> NoReturn:
    raise _Stop(message)


def _need_schema() -> None:
    if problem := schema.problem():
        raise _Stop(problem)
    kept.content()  # with the settings that were changed at the desk


@contextmanager
def _writing(rest: str = _REST):
    """Say in one line why the database or a file cannot be written; what was not finished is not there."""
    try:
        yield
    except Refused as refused:
        raise _Stop(f"{refused}（什么都没有改）") from None
    except ahead.Lost as lost:
        raise _Stop(f"在旁边排版的进程停了（{lost}；-9 多半是内存不够）{rest}") from None
    except KeyboardInterrupt:
        raise _Stop(f"停下了{rest}", exit_code=130) from None
    except (DatabaseError, db.engine.dialect.loaded_dbapi.Error) as error:
        raise _Stop(f"数据库写不了：{schema.reason(getattr(error, 'orig', error))}{rest}") from None
    except OSError as error:
        raise _Stop(": ".join(filter(None, (error.filename, files.unwritable(error))))) from None


def _progress(length, label):
    """A progress bar where there is a terminal to show it; `length` is asked only then."""
    return click.progressbar(length=length(), label=label, file=sys.stderr) if sys.stderr.isatty() else nullcontext()


def install(group: click.Group) -> None:
    """Give `flask` the commands."""
    group.add_command(seed)
    group.add_command(export_site, "export")
    group.add_command(backup)
    group.add_command(restore)
    group.add_command(examine)
    group.add_command(rebuild)
    group.add_command(user)
