"""How long search takes: `python benchmarks/search.py [ARTICLES]`.

Words of known frequency are planted in the corpus; the others are cut out of its articles. Times are of
`dengxia.search.find` with its page of cards and snippets, in milliseconds of this process, and the ratio to the same
queries on a site of 1,000 articles.
"""

import json
import os
import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import corpus
from common import ROOT, report, site

SMALL = 1_000
EACH = 40


def main(articles: int) -> None:
    figures = {}
    for count in (SMALL, articles):
        figures[count] = json.loads(os.popen(f"{sys.executable} {__file__} --measure {site(count)} {count}").read())
    for kind, times in figures[articles].items():
        small = statistics.median(figures[SMALL][kind])
        row = statistics.median(times), percentile(times), statistics.median(times) / small
        print(f"{kind:30} median {row[0]:7.2f} ms   p95 {row[1]:7.2f} ms   {row[2]:6.1f} times that at 1,000")
    report("search", {"articles": articles, "milliseconds": figures[articles]})


def percentile(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def measure(folder: str, articles: int) -> dict[str, list[float]]:
    """Milliseconds of every query of each kind on one site."""
    sys.path.insert(0, str(ROOT))
    os.environ["FLASK_INSTANCE_PATH"] = folder
    from app import create_app
    from dengxia import queries, search

    with create_app().app_context():
        times: dict[str, list[float]] = {}
        for kind, asked in questions(articles, queries).items():
            number = 50 if kind == "page 50" else 1
            search.find(asked[0], number)
            times[kind] = [timed(lambda query=query, number=number: search.find(query, number)) for query in asked]
        return times


def questions(articles: int, queries) -> dict[str, list[str]]:
    """The queries of each kind."""
    chance = random.Random(1)
    texts = [queries.written(chance.randint(1, articles)) for _ in range(EACH)]
    cut = {length: [piece(text, length, chance) for text in texts] for length in (1, 2, 4, 8)}
    planted = {"in 30 %": corpus.COMMON, "in 1 %": corpus.UNCOMMON, "in 0.01 %": corpus.RARE, "in none": corpus.ABSENT}
    return {
        **{f"word {kind}": [word] * EACH for kind, word in planted.items()},
        **{f"{length} characters": pieces for length, pieces in cut.items()},
        "two words": [f"{one} {two}" for one, two in zip(cut[2], cut[4], strict=True)],
        "two words, one in 30 %": [f"{corpus.COMMON} {two}" for two in cut[2]],
        "phrase": [f'"{words}"' for words in cut[8]],
        "page 50": [corpus.COMMON] * EACH,
    }


def piece(text: str, length: int, chance: random.Random) -> str:
    """So many neighbouring Chinese characters of a text."""
    starts = [n for n in range(len(text) - length) if all("一" <= c <= "鿿" for c in text[n : n + length])]
    start = chance.choice(starts)
    return text[start : start + length]


def timed(ask) -> float:
    start = time.perf_counter()
    ask()
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
