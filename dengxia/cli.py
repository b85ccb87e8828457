"""The commands: arguments in, one call, one closing line."""

import sqlite3
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DatabaseError

from dengxia import ahead, queries, records, schema, transfer, writing
from dengxia.formats import Refused


class _Stop(click.ClickException):
    """Ends a command with one line, which says all."""

    def __init__(self, message: str, exit_code: int = 1):
        super().__init__(message)
        self.exit_code = exit_code

    def show(self, file=None):
        click.echo(self.message, err=True)


_REST = "（已写完的批次都在，其余没有写）"


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", type=click.Choice(list(records.FORMATS)), help="内容的格式；不写就按文件名认")
@click.option("--category", default="", help="没有分类的文章归到哪里；不写就归到综合")
@click.option("--dry-run", is_flag=True, help="只说会怎样，什么都不写")
@click.option("--strict", is_flag=True, help="有一条不对就停下，什么都不写")
@click.option("--if-empty", is_flag=True, help="网站已有内容就什么都不做")
@with_appcontext
def seed(paths, format, category, dry_run, strict, if_empty):
    """把文章放进网站：PATH 是文件或文件夹；不写就放入样例网站。

    认得 Markdown（Hugo、Hexo、Jekyll、Pelican 的写法都行）和 JSON Lines。同样的内容放两次，什么都不会变。
    """
    _need_schema()
    if if_empty and not queries.is_empty():
        return
    paths = paths or (Path(current_app.root_path, "content"),)
    for path in paths:
        if not str(path).strip(".") or not path.exists():
            raise _Stop(f"没有这个文件或文件夹：{path}", exit_code=2)
    options = records.Options(
        zone=ZoneInfo(current_app.config["SITE_TIMEZONE"]),
        media=Path(current_app.instance_path, "media"),
        category=category.strip(),
        format=format or "",
        dry_run=dry_run,
    )
    if strict:
        try:
            transfer.check(paths, options)
        except Refused as refused:
            raise _Stop(f"{refused}（什么都没有写）") from None
    report = transfer.Report(say=lambda line: click.echo(line, err=True))
    with _writing(), _progress(lambda: records.size(paths, options), "放入") as bar:
        transfer.seed(paths, options, report, bar.update if bar else transfer.print_nothing)
    if report.elsewhere:
        click.echo(f"{report.elsewhere} 张图片在别的网站上，正文里只留了链接", err=True)
    click.echo(
        f"{'（只是试算）' if dry_run else ''}新增 created {report.created}，更新 updated {report.updated}，"
        f"未变 unchanged {report.unchanged}，跳过 skipped {report.skipped}"
    )
    if report.skipped:
        sys.exit(1)


@click.command()
@with_appcontext
def rebuild():
    """重做一切可以推算出来的东西：网页、搜索、相关文章。做完之前别的写入要等着。"""
    _need_schema()
    done = 0
    with _writing(), _progress(queries.count_bodies, "重做") as bar:
        for done_now in writing.rebuild():
            if bar:
                bar.update(done_now - done)
            done = done_now
    click.echo(f"重做完毕：{done} 篇")


def _need_schema() -> None:
    if problem := schema.problem():
        raise _Stop(problem)


@contextmanager
def _writing():
    """Say in one line why the database or a file cannot be written; what was not finished is not there."""
    try:
        yield
    except Refused as refused:
        raise _Stop(f"{refused}（什么都没有改）") from None
    except ahead.Lost as lost:
        raise _Stop(f"在旁边排版的进程停了（{lost}；-9 多半是内存不够）{_REST}") from None
    except KeyboardInterrupt:
        raise _Stop(f"停下了{_REST}", exit_code=130) from None
    except (DatabaseError, sqlite3.Error) as error:
        raise _Stop(f"数据库写不了：{getattr(error, 'orig', error)}{_REST}") from None
    except OSError as error:
        raise _Stop(f"{error.filename}: 写不了（{error.strerror}）") from None


def _progress(length, label):
    """A progress bar where there is a terminal to show it; `length` is asked only then."""
    return click.progressbar(length=length(), label=label, file=sys.stderr) if sys.stderr.isatty() else nullcontext()


def install(app: Flask) -> None:
    """Give `flask` the commands."""
    app.cli.add_command(seed)
    app.cli.add_command(rebuild)
