"""How quickly articles go in, and what readers notice of it: `python benchmarks/seed.py [ARTICLES]`.

New articles of about 1,700 characters go into copies of the site of 1,000 articles and of that of ARTICLES, in turn:
so many a second, the peak memory of the seeding processes, and the speed there against that at 1,000. Then more are
seeded while readers ask a server of that copy for articles at random, 100 a second, with no page kept; before that they
do so for as long while nothing is written. A reader's time counts from when the page was due. Last, the size of the
site's file against its raw text (titles and texts, in UTF-8), and where the bytes are.
"""

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

from common import (
    BIN,
    ROOT,
    SMALL,
    Server,
    asked,
    copied,
    corpus,
    memory,
    percentile,
    report,
    serve,
    show,
    site,
    tree,
)

sys.path.insert(0, str(ROOT))
from dengxia.packing import unpack

CHARACTERS = 1_700
READERS, APART = 2, 0.02  # how many, and the seconds from one page of each to the next
Figures = defaultdict[str, list[float]]


def main() -> None:
    articles, quick = asked(__doc__)
    rounds, new = (1, 500) if quick else (3, 10_000)
    figures: Figures = defaultdict(list)
    with copied(site(articles)) as folder:
        raw = raw_bytes(folder)
        figures["file / raw text"].append(sum(places(folder).values()) / raw)
        parts = {name: size / raw for name, size in places(folder).items()}
        for number in range(rounds):
            with corpus(new, CHARACTERS, after=articles + number * new) as records, copied(site(SMALL)) as small:
                speeds = [new / seed(place, records, figures) for place in (small, folder)]
            for count, speed in zip((SMALL, articles), speeds, strict=True):
                figures[f"articles a second at {count:,}"].append(speed)
            figures["articles a second / at 1,000"].append(speeds[1] / speeds[0])
        with corpus(new, CHARACTERS, after=articles + rounds * new) as records:
            read_while_seeding(folder, records, articles, new / speeds[1], figures)
    print(f"{new:,} new articles of {CHARACTERS:,} characters, {rounds} rounds")
    show(figures)
    for name, size in list(parts.items())[:12]:
        print(f"  {name:53}{size:10.2f}")
    report("seed", {"articles": articles, **figures, "file / raw text, in parts": parts})


def seed(folder: Path, records: Path, figures: Figures) -> float:
    """The seconds it takes; enters the peak memory of the process and those it starts."""
    environment = {**os.environ, "FLASK_INSTANCE_PATH": str(folder)}
    start, peak = time.perf_counter(), {}
    command = [BIN / "flask", "seed", str(records)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            with suppress(OSError):  # when one has just ended
                peak = {name: max(size, peak.get(name, 0)) for name, size in memory(tree(process.pid)).items()}
            time.sleep(0.1)
        seconds = time.perf_counter() - start
        if process.returncode:
            raise SystemExit(process.stdout.read())
    for name, size in peak.items():
        figures[f"peak memory while seeding, {name}: MB"].append(size)
    return seconds


def read_while_seeding(folder: Path, records: Path, articles: int, seconds: float, figures: Figures) -> None:
    """The time of a page for readers, the slowest 1 %, before and while articles are seeded, and the errors."""
    with serve(folder, FLASK_PAGE_CACHE_BYTES="0") as server:
        with readers(server, articles):
            time.sleep(1)  # the first answers of a process take longer
        with readers(server, articles) as before:
            time.sleep(seconds)
        with readers(server, articles) as meanwhile:
            seed(folder, records, figures)
    p99 = [percentile(answers, 0.99) * 1000 for answers in (before, meanwhile)]
    figures["readers' 99th percentile before: ms"].append(p99[0])
    figures["readers' 99th percentile while seeding: ms"].append(p99[1])
    figures["readers' 99th percentile, while seeding / before"].append(p99[1] / p99[0])
    figures["readers' pages while seeding"].append(len(meanwhile))


@contextmanager
def readers(server: Server, articles: int):
    """The seconds each page takes, as readers who never stop measure it; any answer but a page ends the benchmark."""
    taken, wrong, done = [], [], threading.Event()

    def read(chance: random.Random) -> None:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        due = time.perf_counter()
        while not wrong and not done.wait(max(0, due - time.perf_counter())):
            try:
                connection.request("GET", f"/article/{chance.randint(1, articles)}")
                answer = connection.getresponse()
                answer.read()
            except OSError as error:
                wrong.append(str(error))
            else:
                wrong.extend([f"a reader got {answer.status}"] if answer.status != 200 else [])
            taken.append(time.perf_counter() - due)
            due += APART

    threads = [threading.Thread(target=read, args=(random.Random(n),)) for n in range(READERS)]
    for thread in threads:
        thread.start()
    yield taken
    done.set()
    for thread in threads:
        thread.join()
    if wrong:
        raise SystemExit("\n".join(wrong))


def raw_bytes(folder: Path) -> int:
    """The bytes of all titles and texts."""
    with closing(sqlite3.connect(folder / "dengxia.db")) as database:
        rows = database.execute("SELECT title, body.source FROM article JOIN body ON article_id = id")
        return sum(len(title.encode()) + len(unpack(source).encode()) for title, source in rows)


def places(folder: Path) -> dict[str, int]:
    """The bytes of each table and index of the file, the largest first."""
    with closing(sqlite3.connect(folder / "dengxia.db")) as database:
        return dict(database.execute("SELECT name, pgsize FROM dbstat WHERE aggregate = 1 ORDER BY pgsize DESC"))


if __name__ == "__main__":
    main()
