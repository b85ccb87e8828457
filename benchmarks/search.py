"""How long search takes: `python benchmarks/search.py [ARTICLES]`.

Words of known frequency are planted in the corpus; the others are cut out of its articles. Times are of
`dengxia.search.find` with its page of cards and snippets, and of `dengxia.suggestions`, in milliseconds of this
process, and the ratio to the same queries on a site of 1,000 articles.
"""

import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
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

    with create_app().app_context():
        times: dict[str, list[float]] = {}
        for kind, asked in questions(articles).items():
            asked[0]()
            times[kind] = [timed(ask) for ask in asked]
        return times


def questions(articles: int) -> dict[str, list[Callable]]:
    """What is asked, kind by kind."""
    from dengxia import queries, search, suggestions

    chance = random.Random(1)
    cards = [queries.article(chance.randint(1, articles)) for _ in range(EACH)]
    cut = {length: [piece(queries.written(card.id), length, chance) for card in cards] for length in (1, 2, 4, 8)}
    planted = {"in 30 %": corpus.COMMON, "in 1 %": corpus.UNCOMMON, "in 0.01 %": corpus.RARE, "in none": corpus.ABSENT}
    words = {
        **{f"word {kind}": [word] * EACH for kind, word in planted.items()},
        **{f"{length} characters": pieces for length, pieces in cut.items()},
        "two words": [f"{one} {two}" for one, two in zip(cut[2], cut[4], strict=True)],
        "two words, one in 30 %": [f"{corpus.COMMON} {two}" for two in cut[2]],
        "phrase": [f'"{words}"' for words in cut[8]],
    }
    category = queries.categories()[0].id
    typed = [*(card.title[:length] for card in cards for length in (1, 2, 3, 5)), corpus.COMMON, corpus.COMMON[0]]
    missed = [words[:3] + corpus.ABSENT[0] + words[4:] for words in cut[8]]
    return {
        **{kind: [partial(search.find, query) for query in asked] for kind, asked in words.items()},
        "page 50": [partial(search.find, corpus.COMMON, 50)] * EACH,
        "in a category": [partial(search.find, query, 1, category) for query in (*cut[2], *planted.values())],
        "newest first": [partial(search.find, query, newest=True) for query in (*cut[2], *planted.values())],
        "suggestions while typing": [partial(suggestions.suggest, text) for text in typed],
        "what comes nearest": [partial(suggestions.nearest, words) for words in missed],
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
