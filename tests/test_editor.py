"""The form of an article with its script, in a real Chromium: nothing typed is lost, whatever happens."""

import base64
import re
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import NAMES, PASSWORD, ROOT, served
from playwright.sync_api import expect
from test_images import picture

from dengxia import markup


@pytest.fixture(scope="module")
def desk_address(staffed_site, tmp_path_factory):
    """The address of a site with people, shared by all stories."""
    folder = tmp_path_factory.mktemp("editor") / "instance"
    shutil.copytree(staffed_site, folder)
    with served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def cookies(browser, desk_address):
    """What the browser of an editor who has signed in holds; signing in takes its time."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{desk_address}/desk")
    page.get_by_label("名字").fill(NAMES["editor"])
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/desk")
    yield context.cookies()
    context.close()


@pytest.fixture
def form(page, cookies, desk_address):
    """The form of a new article, open before an editor."""
    page.context.add_cookies(cookies)
    page.goto(f"{desk_address}/desk/articles/new")
    expect(page.get_by_role("toolbar")).to_be_visible()
    return page


@pytest.fixture
def write(form):
    """The same; the test fails when a script complains or does what the policy forbids."""
    complaints = []
    form.on("pageerror", lambda error: complaints.append(str(error)))
    form.on("console", lambda message: complaints.append(message.text) if "Security" in message.text else None)
    yield form
    assert complaints == []


def body(page):
    return page.get_by_label("正文", exact=True)


def state(page):
    return page.locator(".acts")


def paste(page, **given):
    """Paste into the text: `html`, `text`, or a `file` of these bytes."""
    given["file"] = base64.b64encode(given.get("file", b"")).decode()
    body(page).evaluate(
        """(box, given) => {
            const data = new DataTransfer();
            if (given.html) data.setData("text/html", given.html);
            if (given.text) data.setData("text/plain", given.text);
            if (given.file) {
                const bytes = Uint8Array.from(atob(given.file), (byte) => byte.charCodeAt(0));
                data.items.add(new File([bytes], "灯.png", { type: "image/png" }));
            }
            box.focus();
            box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        given,
    )


def test_a_text_with_a_pasted_picture_is_previewed_and_published(write):
    page = write
    page.get_by_label("标题", exact=True).fill("灯下第一篇")
    body(page).fill("第一段，**要紧**。")
    body(page).press("Control+End")
    paste(page, file=picture(size=(1000, 300)))
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("图上有什么").fill("一盏 [灯]")
    page.keyboard.press("Enter")
    expect(body(page)).to_have_value(
        re.compile(r"^第一段，\*\*要紧\*\*。\n\n!\[一盏 \\\[灯\\\]\]\(/media/[0-9a-f]{24}-1000x300-s\.png\)\n$")
    )
    page.get_by_role("button", name="预览").click()
    preview = page.get_by_role("region", name="预览")
    expect(preview.get_by_role("heading", name="灯下第一篇")).to_be_visible()
    expect(preview.get_by_role("img", name="一盏 [灯]")).to_have_attribute("srcset", re.compile("480w"))
    expect(preview.locator("strong")).to_have_text("要紧")
    body(page).press("Control+Home")
    page.keyboard.type("开头")
    expect(preview.locator(".text p").first).to_have_text("开头第一段，要紧。")
    preview.locator("article").evaluate("node => window.previewed = node.querySelector('.text').innerHTML")
    previewed = page.evaluate("previewed").replace(' target="_blank"', "")
    page.get_by_role("button", name="发布", exact=True).click()
    page.get_by_role("link", name="看网页").click()
    assert page.locator(".text").evaluate("node => node.innerHTML") == previewed
    assert page.locator(".text img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_a_picture_that_fails_leaves_the_text(write):
    page = write
    body(page).fill("正文")
    dialog = page.get_by_role("dialog")
    for data, outcome in ((picture()[:99], "不是 PNG、JPEG"), (picture(), "")):
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="图片", exact=True).click()
        chooser.value.set_files([{"name": "灯.png", "mimeType": "image/png", "buffer": data}])
        dialog.get_by_role("button", name="放进去").click()
        if outcome:
            expect(dialog.get_by_role("status")).to_contain_text(outcome)
            page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(body(page)).to_have_value("正文" if outcome else re.compile(r"^正文\n\n!\[\]\(/media/.*\.png\)\n$"))


def test_an_expired_session_loses_nothing(write):
    page = write
    page.get_by_label("标题", exact=True).fill("写了很久")
    body(page).fill("很长的话。")
    expect(state(page)).to_contain_text(re.compile(r"已存 \d\d:\d\d"))
    page.context.clear_cookies()
    body(page).press("Control+End")
    page.keyboard.type("还有一句。")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("密码")).to_be_focused()
    page.keyboard.type("wrong password 1")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("status")).to_have_text("名字、密码或动态码不对")
    dialog.get_by_label("密码").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(body(page)).to_be_focused()
    expect(state(page)).to_contain_text("已存")
    expect(body(page)).to_have_value("很长的话。还有一句。")
    # Refused, the text stays here; and the same when the button is pressed.
    page.context.clear_cookies()
    page.keyboard.type("最后一句。")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(state(page)).to_contain_text("登录过期了，已留在这台电脑上")
    page.get_by_role("button", name="发布", exact=True).click()
    dialog.get_by_label("密码").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="看网页").click()
    expect(page.locator(".text")).to_have_text("很长的话。还有一句。最后一句。")


def test_a_crash_without_network_loses_nothing(write, context, desk_address):
    page = write
    page.get_by_label("标题", exact=True).fill("断了网")
    body(page).fill("存上的。")
    expect(state(page)).to_contain_text("已存")
    context.set_offline(True)
    body(page).press("Control+End")
    page.keyboard.type("没有存上的。")
    expect(state(page)).to_contain_text("没有网络，已留在这台电脑上")
    page.get_by_role("button", name="发布", exact=True).click()
    expect(body(page)).to_have_value("存上的。没有存上的。")
    page.close(run_before_unload=False)
    context.set_offline(False)
    again = context.new_page()
    again.goto(f"{desk_address}/desk/articles/new")
    expect(again.get_by_text(re.compile("没有存上的改动《断了网》"))).to_be_visible()
    again.get_by_role("button", name="接着写").click()
    expect(body(again)).to_have_value("存上的。没有存上的。")
    expect(again.get_by_label("标题", exact=True)).to_have_value("断了网")
    expect(state(again)).to_contain_text("已存")
    # Now it is on the server, and no longer here.
    again.goto(f"{desk_address}/desk/articles/new")
    expect(again.get_by_text("这台电脑上留着")).to_have_count(0)
    expect(again.get_by_text("《断了网》")).to_have_count(1)


def test_leaving_warns_only_while_something_is_not_saved(write):
    page = write
    warned = []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.dismiss()))
    body(page).fill("一句")
    page.evaluate("setTimeout(() => location.reload())")
    page.wait_for_timeout(300)
    assert warned == ["beforeunload"]
    expect(state(page)).to_contain_text("已存")
    page.reload()
    assert warned == ["beforeunload"]


def test_the_keyboard_is_enough(write):
    page = write
    page.get_by_label("标题", exact=True).focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="加粗")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="预览")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="加粗")).to_be_focused()
    outline = page.locator(":focus").evaluate("node => getComputedStyle(node).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Tab")
    expect(body(page)).to_be_focused()
    page.keyboard.type("一二三")
    for _ in range(2):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Control+b")
    expect(body(page)).to_have_value("一**二三**")
    page.keyboard.press("Control+i")
    expect(body(page)).to_have_value("一***二三***")
    page.keyboard.press("Control+b")
    expect(body(page)).to_have_value("一*二三*")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(body(page)).to_have_value("一二三")
    page.keyboard.press("Control+End")
    page.keyboard.type("\n四")
    page.keyboard.press("Control+a")
    for keys, lines in (
        ("Control+Shift+Digit8", "- 一二三\n- 四"),
        ("Control+Shift+Digit7", "1. 一二三\n2. 四"),
        ("Control+Shift+Digit9", "> 一二三\n> 四"),
        ("Control+Shift+Digit9", "一二三\n四"),
        ("Control+Alt+Digit2", "## 一二三\n## 四"),
    ):
        page.keyboard.press(keys)
        expect(body(page)).to_have_value(lines)
    page.keyboard.press("Control+k")
    expect(body(page)).to_have_value("[## 一二三\n## 四](https://)")
    page.keyboard.type("https://a.example")
    expect(body(page)).to_have_value("[## 一二三\n## 四](https://a.example)")
    page.keyboard.press("Control+Alt+v")
    expect(page.get_by_role("region", name="预览")).to_be_visible()
    page.get_by_label("标题", exact=True).fill("只用键盘")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("保存：好了")).to_be_visible()


def sample(name):
    return (ROOT / f"tests/samples/{name}.html").read_text("utf8")


def test_what_word_and_web_pages_give_is_cleaned(write):
    page = write
    paste(page, html=sample("word"), text="无", file=picture())
    expect(body(page)).to_have_value(
        "# 一、标题\n\n正文**加粗**和*斜体*，**也粗**， 2\\*3\\_4 见[链接](https://a.example/x_%28y%29)。\n\n"
        "- 甲\n   - 乙\n\n| 姓名 | 数 |\n| --- | --- |\n| 张\\|三 | 1 |"
    )
    expect(state(page)).to_contain_text("有 1 张图片没有放进来")
    page.keyboard.press("Control+z")
    expect(body(page)).to_have_value("")
    paste(page, html=sample("web"))
    expect(body(page)).to_have_value(
        "一段\\\n两行\n\n> 引文\n>\n> 又一段\n\n1. 甲\n   - 乙\n2. 丙\n\n```\nif a < b:\n    c\n```\n\n"
        "\\# 不是标题\n\n坏 `x*y` \\<b>"
    )
    # What has no marks is the browser's to paste.
    assert body(page).evaluate(
        """box => {
            const data = new DataTransfer();
            data.setData("text/html", "<div><span style='color:red'>甲</span></div>");
            return box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, cancelable: true }));
        }"""
    )


def test_characters_are_counted_as_the_site_does(write):
    page = write
    source = (ROOT / "content/zonghe/yipian-wenzhang-li.md").read_text("utf8").split("\n---\n", 1)[1]
    source = source.replace("lamp.png", "/media/0123456789abcdef-9x9.png")
    body(page).fill(source)
    # But for the sign of a footnote that stands in code.
    wanted = markup.length(markup.render(source, "markdown").text) - 1
    expect(state(page)).to_contain_text(re.compile(rf"\b{wanted} 字"))


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_the_editor_fits_and_axe_finds_no_violation(form, width, scheme):
    page = form
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    body(page).fill("# 一\n\n" + "很长的一段话，" * 60 + "\n\n| 甲 | 乙 |\n|---|---|\n| 一 | 二 |\n\n" + "a" * 300)
    page.get_by_role("button", name="预览").click()
    expect(page.get_by_role("region", name="预览").locator("table")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # It is as high as what it holds.
    assert body(page).evaluate("box => box.scrollHeight - box.clientHeight") <= 2
    paste(page, file=picture())
    expect(page.get_by_role("dialog")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("Escape")


@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_violation_in_the_pictures(page, cookies, desk_address, width):
    page.context.add_cookies(cookies)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{desk_address}/desk/pictures")
    page.get_by_label("传图片").set_input_files([{"name": "灯.png", "mimeType": "image/png", "buffer": picture()}])
    page.get_by_role("button", name="传上去").click()
    for name in ("灯.png", "没有用到的"):
        page.goto(f"{desk_address}/desk/pictures")
        page.get_by_role("main").get_by_role("link", name=name).first.click()
        expect(page.locator("main img").first).to_have_js_property("complete", True)
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_script_is_small():
    assert (ROOT / "static/editor.js").stat().st_size < 30_000


def test_an_article_from_plan_to_correction(write, browser, desk_address):
    """Scheduled, changed by two at once, published, an older text restored, corrected in public."""
    page = write
    page.get_by_label("标题").fill("定时的一篇")
    body(page).fill("第一稿。")
    page.get_by_text("时间、摘要、封面、格式、旧地址").click()
    page.get_by_label("发布时间").fill("2099-01-01T08:00:01")
    page.get_by_role("button", name="发布").click()
    page.wait_for_url("**done=publish")
    public = f"{desk_address}/article/{re.search('articles/([0-9]+)', page.url)[1]}"
    assert page.request.get(public).status == 404

    save = re.compile("^保存")
    other = browser.new_context()
    other.add_cookies(page.context.cookies())
    theirs = other.new_page()
    theirs.goto(page.url)
    body(theirs).fill("对方的第二稿。")
    theirs.get_by_role("button", name=save).click()
    theirs.wait_for_url("**done=save")
    other.close()
    body(page).fill("我的第二稿。")
    page.get_by_role("button", name=save).click()
    expect(page.get_by_role("heading", name="保存过这篇文章")).to_be_visible()
    expect(page.locator(".changes del").first).to_have_text("对方")
    expect(page.get_by_label("对方的正文")).to_have_value(re.compile("对方的第二稿。"))
    expect(body(page)).to_have_value("我的第二稿。")
    page.get_by_text("时间、摘要、封面、格式、旧地址").click()
    page.get_by_label("发布时间").fill("")
    page.get_by_role("button", name=save).click()
    page.wait_for_url("**done=save")
    assert "我的第二稿。" in page.request.get(public).text()

    page.get_by_role("link", name="历史").click()
    page.get_by_role("main").get_by_role("listitem").last.get_by_role("link").click()
    page.get_by_role("button", name="恢复成这一号").click()
    page.wait_for_url("**/desk/articles/*")
    assert "第一稿。" in page.request.get(public).text()

    page.get_by_role("link", name="更正").click()
    page.get_by_role("textbox").fill("原来的第二稿不对。")
    page.get_by_role("button", name="添加", exact=True).click()
    page.goto(public)
    expect(page.get_by_text("原来的第二稿不对。")).to_be_visible()
