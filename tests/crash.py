"""Kill the program at random moments and look whether anything is lost: `python tests/crash.py [ROUNDS]`.

Each round begins with the same small site. A child of this process seeds, saves at the desk, backs up, restores,
upgrades or rebuilds, tells of all that it has acknowledged, and is killed (SIGKILL) somewhere on the way. Then the site
is opened as it was left: it is whole, all that was acknowledged is there, nothing is there by half.
"""

import gzip
import json
import logging
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parent.parent))
from flask_migrate import upgrade

from app import create_app
from dengxia import (
    ahead,
    archive,
    doctor,
    editing,
    keeping,
    manuscripts,
    queries,
    rebuilding,
    records,
    schema,
    search,
    transfer,
)
from dengxia.formats import Refused
from dengxia.journal import By
from models import db

BATCH, MANY = 5, 30
OLD = "0003"
DATABASE = Path(__file__).parent / f"databases/{OLD}.db.gz"
ZONE = ZoneInfo("Asia/Shanghai")
PERSON = editing.Person(1, By("某人"))


class Kind:
    """What is done until it is killed, and what has to hold then; `started` is the site that each round begins with."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.started = folder / "instance", folder / "started"
        os.environ["FLASK_INSTANCE_PATH"] = str(self.folder)
        self.app = create_app()
        with self.app.app_context():
            self.prepare()
            close()
        shutil.copytree(self.folder, self.started)

    def prepare(self) -> None:
        upgrade()
        self.seed(range(BATCH))

    def seed(self, numbers, told=transfer.print_nothing) -> None:
        file = self.folder.parent / "content.jsonl"
        lines = ({"key": str(n), "title": f"第{n}篇", "body": f"正文{n}", "date": "2024-01-01"} for n in numbers)
        file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf8")
        options = records.Options(zone=ZONE, media=self.folder / "media")
        transfer.seed([file], options, transfer.Report(say=print), told)

    def begin(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self.started, self.folder)

    def act(self, acknowledge) -> None:
        """What is done, in the child."""

    def check(self, acknowledged: int) -> None:
        """What holds besides that the site is well, in the parent; raises AssertionError."""


class Seed(Kind):
    def act(self, acknowledge):
        self.seed(range(MANY), lambda _: acknowledge())

    def check(self, acknowledged):
        count = queries.count_bodies()
        assert count % BATCH == 0, f"half a batch: {count}"
        assert count >= max(1, acknowledged) * BATCH, f"{count} articles, {acknowledged} batches acknowledged"
        self.seed(range(MANY))
        assert queries.count_bodies() == MANY


class Desk(Kind):
    def act(self, acknowledge):
        for number in range(8):
            known = manuscripts.standing(1)
            text = replace(known.text, body=f"第 {number} 次")
            db.session.rollback()
            editing.change(PERSON, known, known.row.version, text, editing.Step())
            acknowledge()

    def check(self, acknowledged):
        written, version = queries.written(1), manuscripts.standing(1).row.version
        assert version - 1 >= acknowledged, f"version {version} after {acknowledged} saves"
        assert written == (f"第 {version - 2} 次" if version > 1 else "正文0")
        assert search.find(written).count == 1


class Backup(Kind):
    target = property(lambda self: self.folder / "backups" / "one.tar")

    def act(self, acknowledge):
        for _ in range(2):
            keeping.backup(self.target)
            acknowledge()

    def check(self, acknowledged):
        assert self.target.exists() or not acknowledged
        if self.target.exists():
            close()
            keeping.restore(self.target)
        assert queries.count_bodies() == BATCH


class Restore(Kind):
    def prepare(self):
        super().prepare()
        keeping.backup(self.folder / "one.tar")
        self.seed(range(BATCH, 2 * BATCH))

    def act(self, acknowledge):
        keeping.restore(self.folder / "one.tar")
        acknowledge()

    def check(self, acknowledged):
        assert queries.count_bodies() in ((BATCH,) if acknowledged else (BATCH, 2 * BATCH))


class Upgrade(Kind):
    def prepare(self):
        keeping.database().write_bytes(gzip.decompress(DATABASE.read_bytes()))

    def act(self, acknowledge):
        upgrade()
        acknowledge()

    def check(self, acknowledged):
        assert keeping.revision_of(keeping.database()) in (
            (schema.revisions()[-1],) if acknowledged else (OLD, schema.revisions()[-1])
        )
        for copy in (self.folder / "backups").glob("before-*.tar"):
            archive.unpack(copy)
        with redirect_stdout(None):
            upgrade()
        assert queries.count_bodies() == 4


class Rebuild(Kind):
    def prepare(self):
        upgrade()
        self.seed(range(MANY))

    def act(self, acknowledge):
        for _ in rebuilding.rebuild(batch=BATCH):
            pass
        acknowledge()

    def check(self, acknowledged):
        assert queries.count_bodies() == search.find("正文").count == MANY


def close() -> None:
    db.session.remove()
    db.engine.dispose()


def child(kind: Kind, pipe: int) -> None:
    """Do it, telling of each acknowledged step with a byte; never returns."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        with kind.app.app_context():
            os.write(pipe, b"!")
            kind.act(lambda: os.write(pipe, b"."))
            close()
        os._exit(0)
    except BaseException as error:
        print(f"{type(kind).__name__}: {error!r}", file=sys.stderr)
        os._exit(1)


def round_of(kind: Kind, seconds: float | None) -> float:
    """One round, killed after so many seconds, or not; gives how long it took."""
    kind.begin()
    reading, pipe = os.pipe()
    process = os.fork()
    if process == 0:
        child(kind, pipe)
    os.close(pipe)
    os.read(reading, 1)
    began = time.monotonic()
    if seconds is not None:
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    took = time.monotonic() - began
    with open(reading, "rb") as told:  # noqa: PTH123 (it is open already)
        acknowledged = len(told.read())
    assert os.WIFSIGNALED(status) or status == 0, "it failed by itself"
    with kind.app.app_context():
        # First what was left is used, then looked at: restarting needs no repair.
        kind.check(acknowledged)
        wrong = [one for one in doctor.examine() if one.wrong and one.what not in ("权限", "备份", "磁盘")]
        close()
    assert not wrong, wrong
    return took


def main(rounds: int) -> None:
    logging.disable()
    transfer.FIRST = transfer.BATCH = BATCH
    ahead._cores = lambda: 1  # a process of its own takes longer to start than a round
    chance = random.Random()
    with tempfile.TemporaryDirectory() as name:
        kinds = []
        for made in (Seed, Desk, Backup, Restore, Upgrade, Rebuild):
            folder = Path(name, made.__name__)
            folder.mkdir()
            kinds.append(made(folder))
        lasting = {kind: round_of(kind, None) for kind in kinds}
        for number in range(rounds):
            kind = kinds[number % len(kinds)]
            seconds = chance.uniform(0, 1.1 * lasting[kind])
            try:
                round_of(kind, seconds)
            except (AssertionError, Refused) as error:
                sys.exit(f"round {number}, {type(kind).__name__} killed after {seconds:.4f} s: {error}")
    print(f"{rounds} rounds, nothing lost")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
