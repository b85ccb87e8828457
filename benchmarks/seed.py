"""How quickly articles go in, with all that is derived: `python benchmarks/seed.py [ARTICLES] [CHARS]`.

Prints articles a second, the speed of the last tenth against that of the first, the peak memory, the size of the file
against the text, and where its bytes are.
"""

import json
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from common import BIN, ROOT, SITES, flask, report


def main(articles: int, chars: int) -> None:
    folder = SITES / "seed"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    flask(folder, "db", "upgrade")
    raw, parts = split_corpus(folder, articles, chars)
    seconds = [seed(folder, part) for part in parts]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    size = (folder / "dengxia.db").stat().st_size
    figures = {
        "articles": articles,
        "characters": chars,
        "articles a second": articles / sum(seconds),
        "last tenth against first": seconds[0] / seconds[-1],
        "peak memory in MB": peak,
        "file against text": size / raw,
        "bytes": {name: bytes / raw for name, bytes in places(folder)},
    }
    print(json.dumps(figures, indent=2))
    report("seed", figures)
    shutil.rmtree(folder)


def split_corpus(folder: Path, articles: int, chars: int) -> tuple[int, list[Path]]:
    """The corpus in ten files, and how many bytes its titles and texts have."""
    command = [BIN / "python", ROOT / "benchmarks/corpus.py", str(articles), "--chars", str(chars)]
    parts = [folder / f"part{n}.jsonl" for n in range(10)]
    raw = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as made:
        for part in parts:
            with part.open("wb") as out:
                for _, line in zip(range(articles // 10), made.stdout, strict=False):
                    record = json.loads(line)
                    raw += len((record["title"] + record["body"]).encode())
                    out.write(line)
    return raw, parts


def seed(folder: Path, part: Path) -> float:
    start = time.perf_counter()
    said = flask(folder, "seed", str(part))
    seconds = time.perf_counter() - start
    created = re.search(r"created (\d+)", said)[1]
    print(f"  {created} in {seconds:.1f} s", file=sys.stderr)
    return seconds


def places(folder: Path) -> list[tuple[str, int]]:
    """The largest tables and indexes of the file."""
    database = sqlite3.connect(folder / "dengxia.db")
    rows = database.execute("SELECT name, sum(pgsize) AS size FROM dbstat GROUP BY name ORDER BY size DESC LIMIT 12")
    found = rows.fetchall()
    database.close()
    return found


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, int(sys.argv[2]) if len(sys.argv) > 2 else 1_700)
