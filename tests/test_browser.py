"""What a reader meets, in a real Chromium on a real server."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT, nu_errors
from playwright.sync_api import expect

KINDS = {
    "home": "/",
    "second page": "/page/2",
    "category": "/category/waihui",
    "tag": "/tag/写作",
    "archive": "/archive/",
    "month": "/archive/2025/11",
    "search": "/search?q=灯",
    "search in a category": "/search?q=灯&category=zonghe&sort=date",
    "nothing found": "/search?q=没有这样的话",
    "empty search": "/search",
    "sitemap": "/sitemap",
    "fixed page": "/about",
    "404": "/nothing/here",
    "405": "/about",
    "article": "一篇文章里能放些什么",
    "reprint": "reprint",
}


@pytest.fixture(scope="session")
def paths(address, sample_site):
    """The path of each kind of page."""
    import sqlite3

    with sqlite3.connect(sample_site / "dengxia.db") as database:
        find = "SELECT id FROM article WHERE published_at < unixepoch() AND {} LIMIT 1"
        (title,) = database.execute(find.format("title = ?"), (KINDS["article"],)).fetchone()
        (reprint,) = database.execute(find.format("kind = 'reprint'")).fetchone()
    database.close()
    kinds = {name: path for name, path in KINDS.items() if name != "405"}
    return {**kinds, "article": f"/article/{title}", "reprint": f"/article/{reprint}"}


@pytest.fixture
def visit(page, address, paths):
    """Open a kind of page; the test fails when a script complains or another host is asked."""
    complaints, strangers = [], []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: strangers.append(request.url) if not request.url.startswith(address) else None)

    def go(kind):
        page.goto(address + paths.get(kind, kind))
        return page

    yield go
    assert [c for c in complaints if "404 (NOT FOUND)" not in c and "404 (Not Found)" not in c] == []
    assert strangers == []


every_kind = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "405"])


@every_kind
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_violation(visit, page, kind, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    found = Axe().run(visit(kind))
    assert found.violations_count == 0, found.generate_report()


@every_kind
@pytest.mark.parametrize("width", [320, 768])
def test_nothing_overflows(visit, page, kind, width):
    page.set_viewport_size({"width": width, "height": 800})
    visit(kind)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_nu_checker_accepts_every_kind(address, paths, tmp_path, playwright):
    request = playwright.request.new_context()
    pages = {kind: request.get(address + path).text() for kind, path in paths.items()}
    pages["405"] = request.post(address + "/about").text()
    request.dispose()
    assert nu_errors(pages, tmp_path) == ""


def test_a_reader_goes_from_home_to_an_article_and_on(visit, page):
    visit("home")
    page.get_by_role("navigation").get_by_role("link", name="武术", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("武术")
    page.get_by_role("main").get_by_role("link").filter(has_text=re.compile("站桩")).first.click()
    title = page.get_by_role("heading", level=1).inner_text()
    assert title in page.title()
    page.get_by_role("combobox").fill("膝盖")
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_have_text("膝盖")


def test_arrow_keys_turn_pages_but_not_in_a_field(visit, page):
    visit("article")
    first = page.url
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(lambda url: url != first)
    page.keyboard.press("ArrowRight")
    page.wait_for_url(first)
    page.get_by_role("combobox").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(300)
    assert page.url == first


def test_titles_are_suggested_and_opened_with_the_keyboard(visit, page):
    visit("home")
    box, options = page.get_by_role("combobox"), page.get_by_role("option")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press_sequentially("怎样", delay=20)
    expect(options.first).to_have_text(re.compile("^怎样"))
    expect(box).to_have_attribute("aria-expanded", "true")
    assert Axe().run(page).violations_count == 0
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(box).to_have_value("怎样")
    page.keyboard.type("写")
    expect(options).to_have_text("怎样写一则让人看得明白的通知")
    page.keyboard.press("ArrowUp")
    expect(options).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", options.get_attribute("id"))
    page.keyboard.press("ArrowUp")
    expect(box).not_to_have_attribute("aria-activedescendant", re.compile("."))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("怎样写一则让人看得明白的通知")


def test_a_suggestion_is_opened_by_a_click_and_enter_searches(visit, page):
    visit("search")
    page.get_by_role("combobox", name="搜索文章").fill("睡前二")
    page.get_by_role("option", name="睡前二十页").click()
    expect(page.locator("h1")).to_have_text("睡前二十页")
    page.get_by_role("combobox").fill("睡前二")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("搜索: 睡前二")


def test_what_an_input_method_has_not_put_down_is_not_asked_for(visit, page):
    visit("home")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "suggest" in request.url else None)
    page.get_by_role("combobox").focus()
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "deng", "selectionStart": 4, "selectionEnd": 4})
    page.wait_for_timeout(300)
    assert asked == []
    session.send("Input.insertText", {"text": "灯"})
    page.wait_for_timeout(300)
    assert len(asked) == 1


def test_choices_are_kept_and_applied_before_the_page_shows(visit, page):
    page.emulate_media(color_scheme="light")
    visit("article")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="阅读设置").click()
    page.get_by_label("深色").check()
    page.get_by_label("黑", exact=True).check()
    dark = page.evaluate(paper)
    assert dark != light
    visit("home")
    assert page.evaluate(paper) == dark
    page.get_by_role("button", name="阅读设置").click()
    expect(page.get_by_label("黑", exact=True)).to_be_checked()


def test_all_but_choices_and_share_works_without_scripts(browser, address, paths):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + paths["article"])
    expect(page.get_by_text("上一篇").first).to_be_visible()
    assert page.get_by_role("button", name="复制链接").count() == 0
    page.get_by_role("button", name="加入收藏").click()
    expect(page.get_by_text("Ctrl").first).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_text("二维码").click()
    expect(page.locator('img[src$="qr.svg"]')).to_have_js_property("complete", True)
    assert page.locator('img[src$="qr.svg"]').evaluate("image => image.naturalWidth") > 0
    page.get_by_role("searchbox").first.fill("外汇")
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_be_visible()
    context.close()


def test_the_keyboard_reaches_the_text_first(visit, page):
    visit("article")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    expect(skip).to_be_visible()
    expect(skip).to_have_attribute("href", "#main")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_copying_the_link_says_so(visit, page, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit("article")
    page.get_by_role("button", name="复制链接").click()
    expect(page.get_by_text("已复制")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_the_sheet_and_the_scripts_are_small():
    sizes = {file.name: file.stat().st_size for file in (ROOT / "static").iterdir()}
    assert sizes["style.css"] < 20_000
    assert sizes["early.js"] + sizes["site.js"] < 10_000
    assert not [name for name in sizes if name.endswith((".woff", ".woff2", ".ttf"))]
