"""How long a new article takes on a large site, and how well what it is related to fits it.

    python benchmarks/related.py [ARTICLES]
    python benchmarks/related.py --headlines FILE [--body TEXT]

Without --headlines: new articles are put, one at a time, on copies of the site of 1,000 articles and of that of
ARTICLES in turn; the milliseconds are those of the transaction, with all that is derived, and of the related articles
in it.

With --headlines: FILE has a headline and its class on each line, with a tab between. The headlines become articles
without a category; the figure is the share, over all of them, of the ten related that have the same class. For
comparison, each article's ten newest neighbours, which know nothing of the text.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from common import QUICK, ROOT, SMALL, copied, corpus, report, show, site
from flask_migrate import upgrade

sys.path.insert(0, str(ROOT))
from app import create_app
from dengxia import queries, related, runs
from dengxia.around import around

WARM_UP, EACH = 5, 40


def latency(articles: int) -> None:
    """Milliseconds of one new article on either site."""
    figures: dict[str, list[float]] = defaultdict(list)
    times = timed(runs, "put"), timed(related, "change")
    with ExitStack() as open_files:
        records = open_files.enter_context(corpus(WARM_UP + EACH, 500, after=articles)).read_text("utf8").splitlines()
        apps = {}
        for count in (SMALL, articles):
            os.environ["FLASK_INSTANCE_PATH"] = str(open_files.enter_context(copied(site(count))))
            apps[count] = create_app()
        one = Path(open_files.enter_context(tempfile.TemporaryDirectory()), "one.jsonl")
        for number, record in enumerate(records):
            one.write_text(record, "utf8")
            for count, app in apps.items():
                app.test_cli_runner().invoke(args=["seed", str(one)], catch_exceptions=False)
                if number >= WARM_UP:
                    figures[f"one new article at {count:,}: ms"].append(times[0][-1])
                    figures[f"its related articles at {count:,}: ms"].append(times[1][-1])
    show(figures)
    for part in ("one new article", "its related articles"):
        now, before = (statistics.median(figures[f"{part} at {count:,}: ms"]) for count in (articles, SMALL))
        print(f"{part + ': time / at 1,000':55}{now / before:10.2f}")
    report("related", {"articles": articles, **figures})


def timed(module, name: str) -> list[float]:
    """The milliseconds of every call of a function from now on."""
    function, times = getattr(module, name), []

    def call(*arguments):
        start = time.perf_counter()
        answer = function(*arguments)
        times.append((time.perf_counter() - start) * 1000)
        return answer

    setattr(module, name, call)
    return times


def quality(file: Path, body: str) -> None:
    """How often a related article is of the same class."""
    rows = [line.rsplit("\t", 1) for line in file.read_text("utf8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FLASK_INSTANCE_PATH"] = folder
        records = Path(folder, "headlines.jsonl")
        with records.open("w", encoding="utf8") as out:
            for number, (title, _) in enumerate(rows):
                record = {"key": str(number), "title": title, "body": body or title}
                out.write(json.dumps(record, ensure_ascii=False) + "\n")
        print(json.dumps(share_of_class(records, [kind for _, kind in rows])))


def share_of_class(records: Path, kinds: list[str]) -> dict[str, float]:
    app = create_app()
    with app.app_context():
        upgrade()
        start = time.perf_counter()
        result = app.test_cli_runner().invoke(args=["seed", str(records)], catch_exceptions=False)
        seconds = time.perf_counter() - start
        print(result.output.splitlines()[-1], file=sys.stderr)
        same = near = full = 0
        for number, kind in enumerate(kinds):
            ids = [row.id for row in around(queries.article(number + 1)).related]
            full += len(ids) == queries.SHOWN
            same += sum(kinds[id - 1] == kind for id in ids)
            near += sum(kinds[other] == kind for other in range(max(0, number - 10), number))
        most = queries.SHOWN * len(kinds)
        return {
            "articles": len(kinds),
            "full lists": full / len(kinds),
            "same class": same / most,
            "same class, newest neighbours": near / most,
            "seeded per second": len(kinds) / seconds,
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", nargs="?", type=int, default=QUICK)
    parser.add_argument("--headlines", type=Path)
    parser.add_argument("--body", default="")
    told = parser.parse_args()
    if told.headlines:
        quality(told.headlines, told.body)
    else:
        latency(told.articles)
