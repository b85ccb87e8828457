"""How many pages a second, against bare Flask and against a site of 1,000 articles, in one run.

`python benchmarks/pages.py [ARTICLES] [--runs N] [--seconds S]`; wants wrk. Each round measures the baseline and every
page in turn, so that a machine that slows down slows all of them; figures are medians of the ratios of a round.
"""

import argparse
import statistics
import sys
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).parent))
from common import middle, pages_a_second, report, server, site

SMALL = 1_000
ANY_ARTICLE = """
math.randomseed(os.time())
request = function() return wrk.format("GET", "/article/" .. math.random(1, {articles})) end
"""


def addresses(articles: int) -> dict[str, str]:
    last = -(-articles // 20)
    return {
        "home": "/",
        "second page": "/page/2",
        "page in the middle": f"/page/{max(2, last // 2)}",
        "deepest page": f"/page/{last}",
        "category": "/category/waihui",
        "month archive": "/archive/2019/06",
        "months": "/archive/",
        "random": "/random",
        "sitemap file": "/sitemap-1.xml",
        "feed": "/feed.xml",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("articles", nargs="?", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    told = parser.parse_args()
    folders = {count: site(count) for count in (SMALL, told.articles)}
    with server("app:create_app", FLASK_INSTANCE_PATH=str(folders[told.articles])) as address:
        size = len(urlopen(f"{address}/article/1").read())
    print(f"a page of {size} bytes, {told.articles} articles, {told.runs} rounds of {told.seconds} s")
    figures = {
        name: [] for name in ("any article / bare", "any article / at 1,000", "hot article / bare", "home / bare")
    }
    for _ in range(told.runs):
        round_of(told.articles, folders, size, told.seconds, figures)
    slower = compare(told.articles, folders, told.seconds, told.runs)
    for name, values in {**figures, **slower}.items():
        print(f"{name:40}{middle(values)}")
    report("pages", {"articles": told.articles, "bytes": size, **figures, **slower})


def round_of(articles: int, folders: dict[int, Path], size: int, seconds: float, figures: dict) -> None:
    """One round: bare Flask, articles drawn at random, and two pages again and again."""
    with server("benchmarks.bare:create_app", BARE_BYTES=str(size)) as address:
        bare = pages_a_second(address, seconds)
    with server("app:create_app", FLASK_INSTANCE_PATH=str(folders[SMALL]), FLASK_PAGE_CACHE_BYTES="0") as address:
        small = pages_a_second(address, seconds, ANY_ARTICLE.format(articles=SMALL))
    with server("app:create_app", FLASK_INSTANCE_PATH=str(folders[articles])) as address:
        many = pages_a_second(address, seconds, ANY_ARTICLE.format(articles=articles))
        hot = pages_a_second(f"{address}/article/7", seconds)
        home = pages_a_second(address, seconds)
    print(f"  bare {bare:.0f}/s, any article {many:.0f}/s, at 1,000 {small:.0f}/s, hot {hot:.0f}/s, home {home:.0f}/s")
    for name, value in zip(figures, (many / bare, many / small, hot / bare, home / bare), strict=True):
        figures[name].append(value)


def compare(articles: int, folders: dict[int, Path], seconds: float, runs: int) -> dict[str, list[float]]:
    """How much longer each kind of page takes at many articles than at 1,000, with no page kept."""
    speeds = {count: {name: [] for name in addresses(count)} for count in folders}
    for _ in range(runs):
        for count, folder in folders.items():
            with server("app:create_app", FLASK_INSTANCE_PATH=str(folder), FLASK_PAGE_CACHE_BYTES="0") as address:
                for name, path in addresses(count).items():
                    speeds[count][name].append(pages_a_second(address + quote(path), seconds / 2))
    return {
        f"{name}: time / at 1,000": [small / statistics.median(speeds[articles][name]) for small in speeds[SMALL][name]]
        for name in speeds[articles]
    }


if __name__ == "__main__":
    main()
