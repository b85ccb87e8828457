"""Is the site well: what a monitor asks for."""

import os
import shutil
from pathlib import Path

from flask import current_app

from dengxia import schema

ROOM = 100 * 2**20  # bytes that shall be free, for the WAL file, pictures and the next backup


def problem() -> str:
    """What is wrong with the database, its schema or the disk, in one line; nothing while all is well."""
    return schema.problem() or _disk(Path(current_app.instance_path))


def _disk(folder: Path) -> str:
    if not os.access(folder, os.W_OK):
        return f"{folder} 写不了：请检查它的主人和权限，磁盘是不是只读"
    free = shutil.disk_usage(folder).free
    return f"磁盘只剩 {free // 2**20} MB：请腾出地方" if free < ROOM else ""
