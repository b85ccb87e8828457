"""Search finds what stands in the text, and nothing that a visitor types breaks it."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dengxia import han, queries, search, snippets

TEXT = "社区居民在灯下读书，用iPhone15拍了照片。后台程序员说：“发布前要检查”！全角ＡＢＣ与半角。"


@pytest.fixture
def library(seed):
    seed(
        {"key": "a", "title": "读书会", "body": TEXT, "author": "周明", "tags": ["夜读"]},
        {"key": "b", "title": "灯下的工坊", "body": "木匠在工坊里做灯。程式設計師與後臺。"},
        {"key": "c", "title": "雨", "body": "灯下没有人，只有雨声。灯下，灯下。"},
    )


def titles(query):
    return [hit.card.title for hit in search.find(query, 1).hits]


@pytest.mark.parametrize(
    "query",
    (
        "居民 区居 社区居民 社区居民在灯下读书 民 书 iphone 15 iPhone15 用iPhone15拍 ＩＰＨＯＮＥ 15拍了 abc 全角abc"
        ' "发布前要检查" “发布前” 社區居民 周明 夜读 读书，用'
    ).split(),
)
def test_found(library, query):
    assert "读书会" in titles(query)


def test_all_words_are_required(library):
    assert titles("照片 居民") == ["读书会"]
    assert titles("照片 木匠") == []


@pytest.mark.parametrize("query", ["民社", "社民", "phone", "1", "居民 -读书", '"居民照片"'])
def test_not_found(library, query):
    assert "读书会" not in titles(query)


def test_title_hits_come_first(library):
    assert titles("灯下") == ["灯下的工坊", "雨", "读书会"]


def test_simplified_finds_traditional(library):
    assert titles("程式设计师") == ["灯下的工坊"]
    assert set(titles("后台")) == {"灯下的工坊", "读书会"}


def test_words_left_out(library):
    assert titles("灯下 -雨声") == ["灯下的工坊", "读书会"]
    assert search.find("-灯下", 1).count == 0
    assert titles("雨 -雨声") == titles("灯下的工坊 -木匠") == []


def test_hits_are_marked_and_escaped(seed):
    seed({"key": "x", "title": "<b>灯下</b>", "body": "`<script>alert('灯下')</script>` 與燈下"})
    hit = search.find("灯下", 1).hits[0]
    assert hit.title == "&lt;b&gt;<mark>灯下</mark>&lt;/b&gt;"
    assert "<script" not in hit.snippet
    assert hit.snippet.count("<mark>") == 2


def test_the_snippet_shows_where_the_words_stand_together(seed):
    seed({"key": "x", "title": "一", "body": f"灯下……{'灯下没有人。' * 40}工匠在灯下做灯。{'灯下没有人。' * 40}"})
    snippet = search.find("灯下 工匠", 1).hits[0].snippet
    assert "<mark>工匠</mark>在<mark>灯下</mark>" in snippet
    assert len(snippet.striptags()) <= snippets.LENGTH + 2
    assert search.find("灯下", 1).hits[0].snippet.startswith("<mark>灯下</mark>……<mark>灯下</mark>没有人。")


def test_change_and_draft_leave_the_index(seed):
    seed({"key": "x", "title": "一", "body": "旧的说法"})
    seed({"key": "x", "title": "一", "body": "新的说法"})
    assert titles("旧的") == []
    assert titles("新的") == ["一"]
    seed({"key": "x", "title": "一", "body": "新的说法", "draft": True})
    assert titles("新的") == []


def test_pages_of_an_answer(seed):
    seed(*({"key": str(n), "title": f"第{n}篇", "body": "同样的话"} for n in range(45)))
    found = [search.find("同样", number) for number in (1, 2, 3)]
    assert [(f.count, f.pages, len(f.hits)) for f in found] == [(45, 3, 20), (45, 3, 20), (45, 3, 5)]
    assert len({hit.card.id for f in found for hit in f.hits}) == 45


@pytest.mark.parametrize(
    ("query", "count"), {"同样 春": 14, "同样 -春": 26, "话 -春天": 26, "同样": 40, "话": 40}.items()
)
def test_what_two_tables_hold_is_counted_whole_or_as_more(seed, monkeypatch, query, count):
    monkeypatch.setattr(search, "FEW", 5)
    seed(*({"key": f"{n}", "title": f"第{n}篇", "body": f"同样的话{'' if n % 3 else '春天'}"} for n in range(40)))
    found = [search.find(query, number) for number in (1, 2)]
    assert [(f.count, f.more) for f in found] == [(count, False)] * 2
    assert len({hit.card.id for f in found for hit in f.hits}) == count
    monkeypatch.setattr(search, "MOST", 10)
    few = search.find(query)
    assert few.more and few.count <= 10


def test_newest_first_when_asked(seed):
    seed(
        *({"key": str(n), "title": f"第{n}篇", "body": "同样的话 " * n, "date": f"2024-01-{n:02}"} for n in range(1, 9))
    )
    assert [hit.card.id for hit in search.find("同样", newest=True).hits] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_one_category_only(seed, app):
    seed(
        *(
            {"key": f"{n}", "title": f"第{n}篇", "body": "同样的话", "category": "甲" if n % 3 else "乙"}
            for n in range(66)
        )
    )
    yi, jia = queries.categories()
    assert [search.find("同样", 1, id).count for id in (None, jia.id, yi.id)] == [66, 44, 22]
    assert {hit.card.category for hit in search.find("同 第3篇", 1, yi.id).hits} == {"乙"}
    client = app.test_client()
    page = client.get(f"/search?q=同样&sort=date&category={yi.slug}").text
    assert "「乙」里共 22 条" in page
    assert f'<option value="{yi.slug}" selected>' in page
    assert re.search(rf'href="/search\?page=2&amp;q=[^"]*&amp;category={yi.slug}&amp;sort=date"', page)
    assert re.search(rf'href="/search\?q=[^"]*&amp;category={yi.slug}">按相关', page)
    assert client.get(f"/search?q=同样&category={yi.slug}&page=2").status_code == 200
    assert client.get(f"/search?q=同样&category={yi.slug}&page=3").status_code == 404
    assert client.get("/search?q=同样&category=none").status_code == 404
    assert client.get("/search?q=同样&category=").text.count("共 66 条") == 1
    assert "在全部栏目里找" in client.get(f"/search?q=第4篇&category={yi.slug}").text


@pytest.mark.parametrize(
    "title",
    [
        "读书 -写字",
        "-18°C 的冷柜",
        'he said "no"',
        "one two three four five six seven eight nine ten eleven",
        "长" * 200,
    ],
)
def test_a_title_finds_its_article_first(seed, title):
    seed(
        {"key": "a", "title": title, "body": "写字"},
        {"key": "b", "title": f"再说：{title}", "body": title * 3},
        {"key": "c", "title": "读书", "body": title},
    )
    assert titles(title)[0] == title


def test_a_word_left_out_is_not_taken_for_a_title(seed):
    seed({"key": "a", "title": "读书，写字", "body": "一"}, {"key": "b", "title": "读书", "body": "二"})
    assert titles("读书 -写字") == ["读书"]


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="\"'*()+-:^{}[]~\\ 灯下ab1 AND OR NOT NEAR,\x00%_“”", max_size=60),
    st.lists(st.sampled_from('AND OR NOT NEAR( ) " * title: ^灯 - -- 灯下 {a}:b 💡'.split())).map(" ".join),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=HOSTILE)
def test_hostile_queries_are_answered(client, query):
    assert client.get("/search", query_string={"q": query}).status_code == 200


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, len(TEXT) - 2), length=st.integers(2, 12))
def test_every_substring_is_found(library, start, length):
    piece = TEXT[start : start + length]
    # A substring that begins or ends inside a Latin word or a number is another word.
    if (
        not piece.isascii()
        and not any(c.isascii() or c in "ＡＢＣ" for c in (piece[0], piece[-1]))
        and piece.strip("，。：“”！")
    ):
        assert "读书会" in titles(f'"{piece.replace("“", "").replace("”", "")}"')


@given(text=st.text(alphabet="灯後臺ＡbＣ…㎏ﬁ①é ]^-\\\n", max_size=20))
def test_each_folded_character_knows_its_place(text):
    folded, places = han.fold_with_places(text)
    assert len(folded) == len(places)
    assert folded == "".join(map(han.fold, text))
    assert all(folded[n] in han.fold(text[place]) for n, place in enumerate(places))
    assert places == sorted(places) and set(places) == set(range(len(text)))
