"""Titles are offered while a visitor types, and where nothing was found."""

import pytest

from dengxia import suggestions
from dengxia.search import TITLES, rows_of


@pytest.fixture
def shelf(seed):
    names = "灯下的工坊 雨夜 雨 听雨 iPhone15拍照 用Python看懂哈希 灯谜 後臺與前臺 夜，灯 雨夜"
    seed(
        *(
            {"key": f"{n}", "title": title, "body": "木匠做" if n == 0 else "文"}
            for n, title in enumerate(names.split())
        )
    )
    seed({"key": "b", "title": "读书会", "body": "社区居民在灯下读书，拍了照片；Javascript程序员说，发布前要检查。"})
    seed({"key": "d", "title": "雨夜草稿", "body": "文", "draft": True})
    seed({"key": "f", "title": "雨夜将来", "body": "文", "date": "2099-01-01"})


@pytest.mark.parametrize(
    ("typed", "found"),
    {
        "雨": ["雨", "雨夜", "听雨"],
        "雨夜": ["雨夜"],
        "灯": ["灯谜", "灯下的工坊", "夜，灯"],
        "灯下的": ["灯下的工坊"],
        "夜，": ["夜，灯", "雨夜"],
        "燈下": ["灯下的工坊"],
        "后": ["後臺與前臺"],
        "后台与": ["後臺與前臺"],
        "ＩＰＨ": ["iPhone15拍照"],
        "iphone1": ["iPhone15拍照"],
        "iphone15拍": ["iPhone15拍照"],
        "pyth": ["用Python看懂哈希"],
        "哈希 python": ["用Python看懂哈希"],
        "没有": [],
        "": [],
        "？": [],
    }.items(),
)
def test_titles_are_suggested_for_what_is_typed(shelf, typed, found):
    assert [row.title for row in suggestions.suggest(typed)] == found


def test_what_is_in_too_many_titles_is_found_among_the_newest(seed, monkeypatch):
    seed(
        *({"key": f"{n}", "title": f"2024年第{n}期", "body": "文", "date": "2024-01-01"} for n in range(9)),
        *({"key": f"later {n}", "title": f"2024年后{n}", "body": "文", "date": "2099-01-01"} for n in range(200)),
    )
    monkeypatch.setattr(suggestions, "SUGGEST", -1)
    assert rows_of(TITLES, "2024", 1, -1) == ([], False)
    assert [row.title for row in suggestions.suggest("20")] == [f"2024年第{n}期" for n in range(8, 0, -1)]


def test_suggestions_are_served_as_opensearch_reads_them(shelf, app):
    client = app.test_client()
    answer = client.get("/search/suggest?q=燈下")
    assert answer.json == ["燈下", ["灯下的工坊"], [], ["/article/1"]]
    assert answer.headers["Cache-Control"] == client.get("/search?q=灯下").headers["Cache-Control"]
    assert client.get("/search/suggest").json == ["", [], [], []]
    assert "/search/suggest?q={searchTerms}" in client.get("/opensearch.xml").text


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("灯下工坊志", "灯下的工坊"),
        ("木匠 火炉", "灯下的工坊"),
        ("社区居名在灯下读书", "读书会"),
        ("怎样检查照片", "读书会"),
        ("会读", "读书会"),
        ("java", "读书会"),
        ("雨中", "雨"),
    ],
)
def test_what_comes_nearest_is_offered(shelf, app, words, title):
    assert suggestions.nearest(words)[0].title == title
    assert f"{title}</a>" in app.test_client().get("/search", query_string={"q": words}).text


def test_nothing_is_near_to_nothing(shelf):
    assert suggestions.nearest("") == suggestions.nearest("a b") == suggestions.nearest("魑魅魍魉") == []
