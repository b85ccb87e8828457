"""What the check before publishing finds, what it must let pass, and corrections of what was published."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import NAMES, post, served, sign_in
from playwright.sync_api import expect

from dengxia import journal, proof, queries, rebuilding, slips
from models import Article, db

ROOT = Path(__file__).parent.parent


@dataclass
class Text:
    body: str = "正文。"
    title: str = "题目"
    summary: str = ""
    format: str = "markdown"
    kind: str = "original"
    source: str = ""
    source_url: str = ""


def slips_of(source, format="markdown"):
    """Kinds of slips, and what they are about."""
    return [(slip.kind, source[slip.start : slip.end]) for slip in slips.slips(slips.read(source, format))]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("他说：“好。\n\n然后走了。", ("pair", "“")),
        ("他说：好”，走了。", ("pair", "”")),
        ("读《红楼梦，好。", ("pair", "《")),
        ("中国（上海)自贸区", ("pair", "（上海)")),
        ("“一，“二”", ("pair", "“")),
        ('他说"好，走了。', ("pair", '"')),
        ("你好,世界。", ("half", ",")),
        ("**重点**:后文", ("half", ":")),
        ('见[甲](/a "b:c，"),然后', ("half", ",")),
        ("|甲,乙|丙|\n|-|-|", ("half", ",")),
        ("好，，坏。", ("double", "，，")),
        ("好。。。坏", ("double", "。。。")),
        ("好！！！！", ("double", "！！！！")),
        ("好\\_\\_&amp;，。", ("double", "，。")),
        ("图：\n\n![](/media/a.png)", ("picture", "![](/media/a.png)")),
        ("图：<img src='a' alt=''>", ("picture", "<img src='a' alt=''>")),
        ("<div>\n<p>你好,世界</p>\n</div>", ("half", ",")),
    ],
)
def test_a_slip_is_found_where_it_is(source, found):
    assert slips_of(source) == [found]


@pytest.mark.parametrize(
    "source",
    [
        "他说：“好‘啊’。”《红楼梦》（上海）「『好』」【注】(a) [b]",
        "“第一段。\n\n“第二段。”",
        "（注：甲。\n\n乙。）",
        "1）好 2)坏 第三）中 a）好 9 ）好",
        "选菜单—》工具-》好",
        "<div><span>for</span> (i = 0; i < length(a)); // 数\n</div>",
        "笑了：） :) ；-）",
        "值 3.14，时间 10:30，共 1,000 元，见 https://e.com/a,b?c(d 好",
        "区间 [0, 1) 里",
        "don’t 怕，’90s 好",
        '一台 15.6" 的显示器',
        "等等……然后——好！？真的！！！",
        "`你好,世界“` 与 ``“，，``\n\n```\n你好,世界“\n```\n\n    你好,世界“",
        "<pre>你好,世界“</pre><code>，，</code>",
        "Latin text (with an open bracket and “a quote.",
        "![说明](a.png) <img src='a' alt='说明'>",
        "式子 $a，，b$ 在这里",
        '[文件](https://e.com/(a)_“b "好“") 好',
    ],
)
def test_what_is_right_or_no_prose_is_let_pass(source):
    assert slips_of(source) == []


def test_html_is_read_as_html():
    source = "<p>甲&ldquo;乙“丙&#8221;</p>\n<script>你好,“</script><ul><li>一<b>,</b>二</li></ul>"
    assert slips_of(source, "html") == [("pair", "&"), ("half", ",")]


def test_every_place_lies_in_the_source(sample):
    """Whatever the text: here the sample site with its Markdown made worse."""
    for file in sorted(ROOT.glob("content/**/*.md"))[:10]:
        source = file.read_text("utf8").replace("，", "\\，&amp;,").replace("。", ",好**“*。")
        prose = slips.read(source, "markdown")
        places = [place for _, places in prose.paragraphs for place in places]
        assert all(0 <= place < len(source) for place in places)
        assert all(0 <= slip.start < slip.end <= len(source) for slip in slips.slips(prose))


def kinds(findings):
    return [finding.kind for finding in findings]


def test_a_finding_names_its_line_and_what_stands_around_it(app):
    [found] = proof.check(Text("第一行。\n\n第二段里你好,世界，如此而已。"))
    assert (found.field, found.line, found.before, found.at, found.after) == (
        "body", 3, "  第二段里你好", ",", "世界，如此而已。"
    )  # fmt: skip
    assert found.message == "汉字之间是半角的「,」，全角的是「，」"


def test_of_each_kind_the_first_few_are_told(app):
    found = proof.check(Text("甲,乙。" * 20, title="他说“好", summary="好，，"))
    assert kinds(found) == ["pair", "double"] + ["half"] * proof.FEW
    assert [finding.field for finding in found[:2]] == ["title", "summary"]
    assert found[-1].message.endswith("（后面还有 15 处这样的）")


@pytest.mark.parametrize(("kind", "word"), [("reprint", "转载"), ("translation", "翻译")])
def test_who_takes_a_text_over_says_from_where(app, kind, word):
    [found] = proof.check(Text(kind=kind))
    assert (found.field, found.message) == ("source", f"{word}的文章没有写来源")
    assert proof.check(Text(kind=kind, source="某报")) == proof.check(Text(kind=kind, source_url="https://e.com")) == []


def test_links_lead_to_articles_that_a_visitor_may_see(app, seed):
    app.config["SITE_URL"] = "https://site.com"
    seed(
        *(
            {"title": f"{n}", "body": "文"} | fields
            for n, fields in enumerate([{"draft": True}, {"date": "2099-01-01"}, {}])
        )
    )
    draft, later, shown = (db.session.scalar(db.select(Article.id).filter_by(title=f"{n}")) for n in range(3))
    text = " ".join(f"[甲]({address})" for address in (
        f"/article/{shown}", f"https://site.com/article/{shown}#x", f"https://other.com/article/{draft}",
        "/article/999999", "/about", f"//other.com/article/{draft}", "http://[",
    ))  # fmt: skip
    [found] = proof.check(Text(text))
    assert (found.kind, found.at) == ("link", "[甲](/article/999999)")
    for id in (draft, later):
        assert kinds(proof.check(Text(f"<a href='https://site.com/article/{id}/'>甲</a>"))) == ["link"]
        assert proof.check(Text(f"[自己](/article/{id})"), id) == []


def test_another_article_of_that_title_or_text_is_named(seed):
    body = "社区居民在灯下读书，每周三晚上七点开始，带一本自己喜欢的书来，读完就放在架上，别人还可以接着读。" * 3
    seed(
        {"key": "a", "title": "灯下读书会", "body": body, "date": "2024-01-01"},
        {"key": "b", "title": "别的事情", "body": "外汇市场今天没有什么变化，银行照常营业。", "date": "2024-01-02"},
        {"key": "c", "title": "没有公开的", "body": "还没有公开的一段话，谁也看不见它在说什么。", "draft": True},
    )
    id = next(row.id for row in queries.newest(9) if row.title == "灯下读书会")
    same_title, copied = proof.check(Text(body.replace("七点", "八点") + "欢迎。", title="燈下讀書會"))
    assert (same_title.kind, same_title.field, same_title.other) == ("title", "title", (id, "灯下读书会"))
    assert (copied.kind, copied.field, copied.other.id) == ("copy", "body", id)
    assert proof.check(Text(body, title="灯下读书会"), id) == []
    assert proof.check(Text("社区居民在灯下读书，说的却是另一件事，和那一篇没有几句话一样。", title="灯下")) == []
    assert proof.check(Text("还没有公开的一段话，谁也看不见它在说什么。", title="没有公开的")) == []


def test_the_sample_site_is_clean(sample):
    found = {}
    for row in queries.newest(100):
        full = queries.article(row.id)
        text = Text(
            queries.written(row.id), row.title, full.own_summary, "markdown", row.kind, row.source, full.source_url
        )
        if findings := proof.check(text, row.id):
            found[row.title] = findings
    assert found == {}


# Corrections


FORM = {
    "title": "题目",
    "body": "𠮷你好,世界。\n\n**“重点”**，见[甲](/article/99)。",
    "category": "综合",
    "kind": "reprint",
    "format": "markdown",
}


@pytest.fixture
def published(desk):
    """A desk with one published article, its number, and a browser of an editor."""
    editor = sign_in(desk, NAMES["editor"])
    saved = post(editor, "/desk/articles/new", **FORM, date="2020-09-13T12:26:40", act="publish")
    return desk, int(re.search(r"articles/(\d+)", saved.location)[1]), editor


def data_of(page):
    return json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)[1])


def test_a_correction_stands_at_the_end_at_once_and_in_the_data(published):
    app, id, editor = published
    reader = app.test_client()
    before = reader.get(f"/article/{id}").text
    assert "更正" not in before
    answer = post(editor, f"/desk/articles/{id}/corrections", text=" 原文说<b>三</b>，\n应当是四。 ")
    assert answer.status_code == 303
    page = reader.get(f"/article/{id}").text
    text = "原文说&lt;b&gt;三&lt;/b&gt;， 应当是四。"
    assert page.index("重点") < page.index(text) < page.index("复制链接")
    article = data_of(page)[0]
    [comment] = article["correction"]
    assert (comment["@type"], comment["text"]) == ("CorrectionComment", "原文说<b>三</b>， 应当是四。")
    assert article["dateModified"] == comment["datePublished"] > article["datePublished"]
    assert f"<updated>{comment['datePublished']}" in reader.get("/feed.xml").text
    with app.app_context():
        assert queries.article(id).page  # made in the same transaction, not at each request
        assert any(row.what == "更正文章" and "应当是四" in row.about for row in journal.entries(99)[0])
        list(rebuilding.rebuild())
        assert text in reader.get(f"/article/{id}").text


def test_a_correction_can_be_taken_back(published):
    app, id, editor = published
    post(editor, f"/desk/articles/{id}/corrections", text="错了")
    page = editor.get(f"/desk/articles/{id}/corrections").text
    action = re.search(r'action="([^"]+/remove)"', page)[1]
    assert post(editor, action.replace(f"/{id}/", "/77/")).status_code == 404
    assert post(editor, action).status_code == 303
    assert "错了" not in app.test_client().get(f"/article/{id}").text
    with app.app_context():
        assert journal.entries(99)[0][0].what == "删去更正"


@pytest.mark.parametrize(("text", "reason"), [("", "还没有写"), (" \n", "还没有写"), ("长" * 501, "501 个字")])
def test_what_is_no_correction_comes_back_with_the_reason(published, text, reason):
    _, id, editor = published
    answer = post(editor, f"/desk/articles/{id}/corrections", text=text)
    assert (answer.status_code, reason in answer.text, text.strip() in answer.text) == (400, True, True)


def test_only_what_is_published_is_corrected(published):
    _, _, editor = published
    assert editor.get("/desk/articles/77/corrections").status_code == 404
    assert post(editor, "/desk/articles/77/corrections", text="错了").status_code == 404


# At the desk


def test_the_form_tells_after_a_save_and_publishes_all_the_same(desk):
    editor = sign_in(desk, NAMES["editor"])
    saved = post(editor, "/desk/articles/new", **FORM)
    page = editor.get(saved.location).text
    assert re.findall('href="#(\\w+)"', page.partition("发布前检查")[2]) == ["source", "body", "body"]
    assert "正文，第 1 行" in page
    assert "<mark>,</mark>" in page
    id = re.search(r"articles/(\d+)", saved.location)[1]
    assert "发布前检查" not in editor.get(f"/desk/articles/{id}").text
    answer = post(editor, f"/desk/articles/{id}", **FORM, act="publish", version=1)
    assert (answer.status_code, desk.test_client().get(f"/article/{id}").status_code) == (303, 200)


def test_a_check_saves_nothing_and_keeps_what_is_typed(desk):
    author = sign_in(desk, NAMES["author"])
    page = post(author, "/desk/articles/new/check", **FORM | {"title": "改过的题目"}).text
    assert 'value="改过的题目"' in page
    assert "有 3 处" in page
    assert "没有看到" in post(author, "/desk/articles/new/check", **FORM | {"body": "好。", "kind": "original"}).text
    refused = post(author, "/desk/articles/new/check", **FORM | {"title": ""})
    assert (refused.status_code, "你好,世界" in refused.text) == (400, True)
    with desk.app_context():
        assert db.session.scalar(db.select(Article.id)) is None


def test_a_check_does_not_hide_that_somebody_else_saved(desk):
    editor = sign_in(desk, NAMES["editor"])
    path = post(editor, "/desk/articles/new", **FORM).location.partition("?")[0]
    post(editor, path, **FORM | {"body": "另一个人写的。"}, version=1)
    page = post(editor, f"{path}/check", **FORM, version=1).text
    assert re.search(r'name="version" value="(\d+)"', page)[1] == "1"
    assert post(editor, path, **FORM, version=1).status_code == 409


def test_findings_and_corrections_in_a_browser(desk, published, browser):
    _, id, editor = published
    post(editor, f"/desk/articles/{id}/corrections", text="原文说三，应当是四。")
    cookie = editor.get_cookie("session", path="/desk").value
    with served(desk.instance_path) as address, browser.new_context() as context:
        context.add_cookies([{"name": "session", "value": cookie, "url": f"{address}/desk"}])
        page = context.new_page()
        page.set_viewport_size({"width": 360, "height": 800})
        desk_path = f"/desk/articles/{id}"
        for path in (f"/article/{id}", f"{desk_path}/corrections", f"{desk_path}/related", desk_path):
            page.goto(address + path)
            if path.endswith(f"articles/{id}"):
                page.get_by_role("button", name="检查").click()
                expect(page.get_by_role("heading", name="发布前检查")).to_be_visible()
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                found = Axe().run(page)
                assert found.violations_count == 0, found.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.get_by_role("link", name="正文，第 1 行").press("Enter")
        place = "(field => [field.id, field.selectionStart, field.selectionEnd])(document.activeElement)"
        assert page.evaluate(place) == ["body", 4, 5]
