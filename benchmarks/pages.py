"""How quickly pages come: `python benchmarks/pages.py [ARTICLES]`; wants wrk.

Four servers stand beside each other, of which one is asked at a time: bare Flask, our site of 1,000 articles and that
of ARTICLES with no page kept, and the latter as it is by default. Each round asks all of them in turn, so that a
machine that slows down slows all; a figure is the median of the ratios within a round.
"""

import sqlite3
from collections import defaultdict
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import quote

from common import SMALL, Server, asked, granian, memory, need_wrk, report, serve, show, site, wrk

ANY_ARTICLE = """
math.randomseed(os.time())
request = function() return wrk.format("GET", "/article/" .. math.random(1, {articles})) end
"""
# No two with the same address, from number {done} on.
NEXT_ARTICLE = """
number = {done}
request = function()
    number = number + 1
    return wrk.format("GET", "/article/" .. number % {articles} + 1 .. "?" .. math.floor(number / {articles}))
end
"""
Figures = defaultdict[str, list[float]]


def main() -> None:
    need_wrk()
    articles, quick = asked(__doc__)
    rounds, seconds, different = (2, 1, 3_000) if quick else (5, 3, 200_000)
    folders = {count: site(count) for count in (SMALL, articles)}
    figures: Figures = defaultdict(list)
    for _ in range(rounds):
        for count, folder in folders.items():
            with serve(folder) as started:
                figures[f"start to the first page, at {count:,}: s"].append(started.seconds)
    with ExitStack() as running:
        bare = running.enter_context(granian("benchmarks.bare:create_app"))
        kept = running.enter_context(serve(folders[articles]))
        unkept = [running.enter_context(serve(folder, FLASK_PAGE_CACHE_BYTES="0")) for folder in folders.values()]
        tag = common_tag(folders[SMALL])
        for _ in range(rounds):
            against_bare(bare, unkept[-1], kept, articles, seconds, figures)
            against_small(*unkept, kinds(SMALL, tag), kinds(articles, tag), seconds, figures)
    remember(folders[articles], articles, different, figures)
    print(f"{articles:,} articles, {rounds} rounds of {seconds} s")
    show(figures)
    report("pages", {"articles": articles, **figures})


def against_bare(bare: Server, unkept: Server, kept: Server, articles: int, seconds: int, figures: Figures) -> None:
    """How many pages come, to one of bare Flask that gives a constant page of the same size."""
    for name, server, path, script in (
        ("any article", unkept, "/article/1", ANY_ARTICLE.format(articles=articles)),
        ("hot article", kept, "/article/1", ""),
        ("hot home page", kept, "/", ""),
    ):
        baseline, _ = wrk(bare, f"/{len(server.get(path))}", seconds)
        speed, _ = wrk(server, path, seconds, script)
        figures[f"{name}: pages / bare"].append(speed / baseline)


def common_tag(folder: Path) -> str:
    often = "SELECT name FROM tag JOIN article_tag ON tag_id = tag.id GROUP BY tag_id ORDER BY count(*) DESC"
    with closing(sqlite3.connect(folder / "dengxia.db")) as database:
        return database.execute(often).fetchone()[0]


def kinds(articles: int, tag: str) -> dict[str, tuple[str, str]]:
    """Each kind of page of a site: its address, and the script that asks for it (none: just that address)."""
    return {
        "any article": ("/article/1", ANY_ARTICLE.format(articles=articles)),
        "home": ("/", ""),
        "first list page": ("/page/2", ""),
        "deepest list page": (f"/page/{articles // 20}", ""),
        "tag": (f"/tag/{quote(tag)}", ""),
        "month (20 cards, at 1,000 about 8)": ("/archive/2019/06", ""),
        "random": ("/random", ""),
        "sitemap file": ("/sitemap-1.xml", ""),
        "feed": ("/feed.xml", ""),
    }


def against_small(small: Server, many: Server, before: dict, now: dict, seconds: int, figures: Figures) -> None:
    """How much longer each kind of page takes than on a site of 1,000 articles."""
    for name in now:
        speeds = []
        for server, (path, script) in ((small, before[name]), (many, now[name])):
            server.get(path, status=302 if path == "/random" else 200)
            speeds.append(wrk(server, path, seconds, script)[0])
        figures[f"{name}: time / at 1,000"].append(speeds[0] / speeds[1])


def remember(folder: Path, articles: int, different: int, figures: Figures) -> None:
    """The memory of a worker, the only one of its server, before and after so many different pages."""
    with serve(folder, workers=1) as started:
        done = 0
        before = memory(started.workers)
        while done < different:
            script = NEXT_ARTICLE.format(done=done, articles=articles)
            done += wrk(started, "/", 5, script)[1]
        after = memory(started.workers)
    for name in after:
        figures[f"worker's memory at its start, {name}: MB"].append(before[name])
        figures[f"worker's memory after {different:,} different pages, {name}: MB"].append(after[name])


if __name__ == "__main__":
    main()
