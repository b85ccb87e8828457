"""Each format as the programs write it, each form of a field, and each refusal with its place and its reason."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dengxia.formats import Refused, jsonl, markdown, moment

SAMPLES = Path(__file__).parent / "samples"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def read(file):
    [(found, length)] = markdown.read(file, "key", SHANGHAI)
    assert length == file.stat().st_size
    return found


@pytest.fixture
def post(tmp_path):
    """`post(text, name)` reads a file with this text."""

    def make(text, name="post.md"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(file)

    return make


@pytest.fixture
def field(post):
    """`field("tags: [a]")` gives the record of a file with this line in its front matter."""
    return lambda line: post(f"---\ntitle: 题\n{line}\n---\n正文")


@pytest.fixture
def lines(tmp_path):
    """`lines(b"…")` reads JSON Lines and gives records and refusals."""

    def make(data):
        file = tmp_path / "a.jsonl"
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
        return [found for found, _ in jsonl.read(file, "a.jsonl", SHANGHAI)]

    return make


# Front matter


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*/*.md")), ids=lambda file: f"{file.parent.name}/{file.name}")
def test_samples_say_the_same(file):
    """The same post as Hugo, Hexo, Jekyll and Pelican users write it."""
    found = read(file)
    assert found.title == "灯下读书"
    assert found.date == datetime(2024, 3, 5, 12, 30, tzinfo=UTC)
    assert found.category == "综合"
    assert found.tags == ["夜读", "读书"]
    assert found.author == "周明"
    assert found.body.strip() == "正文**第一段**。\n\n正文第二段。"
    assert not found.draft


FRONTS = {
    "yaml": "---\ntitle: 题\n---\n",
    "yaml, dots in the text": "---\ntitle: 题\n---\n\n---\n",
    "toml": '+++\ntitle = "题"\n+++\n',
    "json": '{"title": "题"}\n',
    "json over lines": '{\n  "title": "题"\n}\n\n',
    "hexo json": '"title": "题"\n;;;\n',
    "hexo json fenced": ';;;\n"title": "题"\n;;;\n',
    "hexo json with brackets": '{"title": "题"}\n;;;\n',
    "hexo, closing line only": "title: 题\ntags:\n- a\n---\n",
    "pelican": "Title: 题\n\n",
    "heading": "# 题\n",
    "heading with an id": "\n\n# 题 # {#id}\n",
    "heading underlined": "题\n===\n",
    "heading with marks": "# **题**\n",
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("front", FRONTS.values(), ids=FRONTS)
def test_front_matter(post, front, encoding, newline):
    found = post((front + "这是正文。").replace("\n", newline).encode(encoding))
    assert found.title == "题"
    assert found.body.strip("-\r\n") == "这是正文。"


@pytest.mark.parametrize(
    "text", ["{% raw %}\n文", "{{< toc >}}\n文", "注意：\n---\n文", "说明: 一\n\n文", "正文", "#标签"]
)
def test_no_front_matter(post, text):
    found = post(text, "名字.md")
    assert (found.title, found.body) == ("名字", text)


def test_pelican_values_over_lines(post):
    found = post("Title: 题\nTags: 甲,\n   乙\nSummary: 一\n  二\n责任编辑: 张\n\n文")
    assert (found.tags, found.summary, found.editor) == (["甲", "乙"], "一 二", "张")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("2024-03-05-deng-xia.md", ("deng-xia", "deng-xia", False)),
        ("_drafts/deng-xia.md", ("deng-xia", "", True)),
        ("deng-xia/index.md", ("deng-xia", "", False)),
    ],
)
def test_names_of_files(post, name, expected):
    found = post("正文", name)
    assert (found.title, found.slug, found.draft) == expected
    assert found.date == (datetime(2024, 3, 4, 16, tzinfo=UTC) if "2024" in name else None)


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("---\ntitle: 题\n---\n# 题\n文", "题", "文"),
        ("Title: 题\n\n# 题\n文", "题", "文"),
        ("---\ntitle: 题\n---\n# 别的\n文", "题", "# 别的\n文"),
        ("---\ntitle: 题\n---\n# post\n文", "题", "# post\n文"),
        ("# a_b [c](d)\n文", "a_b c", "文"),
        ("## 小题\n文", "post", "## 小题\n文"),
    ],
)
def test_heading_is_not_said_twice(post, text, title, body):
    found = post(text)
    assert (found.title, found.body.strip()) == (title, body)


# Dates


@pytest.mark.parametrize(
    "text",
    [
        "2025-11-10 01:33:39",
        "2025-11-10T01:33:39",
        "2025-11-10 01:33:39.250",
        "2025-11-10T01:33:39+08:00",
        "2025-11-10 01:33:39 +0800",
        "2025-11-10 01:33:39+08",
        "2025-11-09T17:33:39Z",
        "2025-11-09 17:33:39 UTC",
        "2025-11-09 12:33:39-0500",
        "2025/11/10 01:33:39",
        "2025.11.10 1:33:39",
        "2025年11月10日 01:33:39",
        "2025年11月10日01时33分39秒",
        "Mon, 10 Nov 2025 01:33:39 +0800",
        "Sun, 09 Nov 2025 17:33:39 GMT",
        "1762709619",
    ],
)
def test_moment(text):
    assert moment(text, SHANGHAI) == datetime(2025, 11, 9, 17, 33, 39, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("date = 2025-11-10T01:33:39+08:00", (9, 17, 33, 39)),
        ("date = 2025-11-10T01:33:39", (9, 17, 33, 39)),
        ("date = 2025-11-10 01:33:39.5", (9, 17, 33, 39)),
        ("date = 2025-11-10", (9, 16)),
        ('date = "2025年11月10日"', (9, 16)),
        ('date = "2025-11-10 01:33"', (9, 17, 33)),
    ],
)
def test_dates_in_toml(post, line, expected):
    assert post(f"+++\n{line}\n+++\n文").date == datetime(2025, 11, *expected, tzinfo=UTC)


@pytest.mark.parametrize("name", ["date", "updated"])
@pytest.mark.parametrize(
    "value", ["昨天", "2025-13-01", "2025-02-30", "2025-01-01 25:00", "2025", "12", "0001-01-01", "[2025-01-01]"]
)
def test_no_date(field, name, value):
    with pytest.raises(Refused, match=rf"post\.md: {name} "):
        field(f"{name}: {value}")


# Fields


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("lastmod: 2025-01-01", "updated", datetime(2024, 12, 31, 16, tzinfo=UTC)),
        ("modified: 2025-01-01", "updated", datetime(2024, 12, 31, 16, tzinfo=UTC)),
        ("description: 一句", "summary", "一句"),
        ("excerpt: 一句", "summary", "一句"),
        ("summary: 甲\ndescription: 乙", "summary", "甲"),
        ("DESCRIPTION: 一句", "summary", "一句"),
        ("category: 外汇", "category", "外汇"),
        ("categories: 外汇", "category", "外汇"),
        ("categories: [外汇]", "category", "外汇"),
        ("categories: [[外汇, 换汇]]", "category", "外汇"),
        ("categories: [[外汇, 换汇]]\ntags: [汇款]", "tags", ["汇款", "换汇"]),
        ("categories:\n- 外汇\n- 换汇", "tags", ["换汇"]),
        ("tags: [甲, 乙, 甲]", "tags", ["甲", "乙"]),
        ("tags: 甲，乙、丙; 丁；戊,己", "tags", ["甲", "乙", "丙", "丁", "戊", "己"]),
        ("keywords: [no, 007]", "tags", ["no", "007"]),
        ("tags:", "tags", []),
        ("author: [甲, 乙]", "author", "甲、乙"),
        ("authors:\n- name: 甲", "author", "甲"),
        ("editor: 张", "editor", "张"),
        ("责任编辑: 张", "editor", "张"),
        ("source: 《口岸周报》", "source", "《口岸周报》"),
        ("source_url: HTTPS://example.com/a", "source_url", "HTTPS://example.com/a"),
        ("kind: 原创", "kind", "original"),
        ("kind: 转载", "kind", "reprint"),
        ("kind: 翻译", "kind", "translation"),
        ("kind: Reprint", "kind", "reprint"),
        ("aliases: [/a/, b.html]", "aliases", ["/a", "/b.html"]),
        ("redirect_from: https://old.example/x%20y/?p=1", "aliases", ["/x y/?p=1"]),
        ("url: /a/b/", "aliases", ["/a/b"]),
        ("format: HTML", "format", "html"),
        ("date: 2025-01-01\nupdated: 2025-01-01", "updated", None),
        ("hidden: true", "draft", True),
        ("hidden: false", "draft", False),
        ("hidden: 首页", "draft", False),
        ("summary: " + "长" * 501, "summary", "长" * 499 + "…"),
        ("summary: " + "长" * 500, "summary", "长" * 500),
        ("tags:\n\t- 甲\n\t- 乙", "tags", ["甲", "乙"]),
        ("author:\n \tname: 甲", "author", "甲"),
        ("cover: a.png", "cover", "a.png"),
        ("slug: abc", "slug", "abc"),
        ("draft: true", "draft", True),
        ("draft: no", "draft", False),
        ("published: false", "draft", True),
        ("published: 2025-01-01", "draft", False),
        ("status: hidden", "draft", True),
        ("private: true", "draft", True),
        ("visibility: private", "draft", True),
        ("password: 1234", "draft", True),
        ("password: false", "draft", False),
        ("type: page", "page", True),
        ("layout: page", "page", True),
        ("type: page", "slug", "post"),
        ("key: 12", "key", "12"),
        ("guid: x", "own_key", True),
        ("x: y", "key", "key"),
        ("x: y", "own_key", False),
    ],
)
def test_field(field, line, name, value):
    assert getattr(field(line), name) == value


BOMB = "".join(f"{a}: &{a} [{','.join(9 * [f'*{b}' if b else 'x'])}]\n" for a, b in zip("abcdefghi", " abcdefgh", strict=True)).replace("* ", "x")  # fmt: skip  # noqa: E501


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("source_url: javascript:alert(1)", "source_url 是"),
        ("source_url: //example.com", "应当以 http:// 或 https:// 开头"),
        ("source_url: http://[x", "不是有效的地址"),
        ("aliases: http://[x", "不是有效的地址"),
        ("date: 9999-12-31 23:59:59Z", "date 是 '9999-12-31"),
        ("date: 0001-01-01", "date 是 '0001-01-01'"),
        ("kind: 借用", "kind 是 '借用'，应当是 original"),
        ("format: docx", "format 是"),
        ("draft: 也许", "draft 是 '也许'，应当是 true 或 false"),
        ("author: " + "长" * 101, "author 有 101 个字，最多 100 个"),
        ("tags: " + "长" * 51, "tags 有 51 个字"),
        ("category: " + "长" * 51, "category 有 51 个字"),
        ("summary: [a]", "summary 应当是一段文字"),
        ("slug: {a: b}", "slug 应当是一段文字"),
        (f"{BOMB}tags: *i", "太多，或者套得太深"),
        (f"{BOMB}status: *i", "status 应当是一段文字"),
        ("tags: " + "[" * 900 + "]" * 900, "套得太深"),
        ("a: [b", "不是有效的 YAML"),
        ("? [a]\n: b", "不是有效的 YAML"),
    ],
)
def test_field_refused(field, line, reason):
    with pytest.raises(Refused, match=rf"/post\.md(:\d+)?: .*{reason}") as refused:
        field(line)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("---\ntitle: 题\n---\n \n", "", "没有正文"),
        ("", "", "没有正文"),
        ("# 题\n", "", "没有正文"),
        (f"---\ntitle: {'长' * 201}\n---\n文", "", "title 有 201 个字，最多 200 个"),
        (f"# {'长' * 201}\n文", "", "title 有 201 个字，最多 200 个"),
        ("---\ntitle: [题]\n---\n文", "", "title 应当是一段文字"),
        ("---\na: b\nc: : d\n---\n文", ":3", "不是有效的 YAML"),
        ("---\n- a\n---\n文", ":2", "一行一项"),
        ('+++\na = 1\n\nb = "\n+++\n文', ":4", "不是有效的 TOML"),
        ("+++\na = [" + "[" * 900 + "\n+++\n文", ":2", "TOML（套得太深）"),
        ('{\n"title": 题}\n\n文', ":2", "不是有效的 JSON"),
        (';;;\n"a": "b",\n"title": 题\n;;;\n文', ":3", "不是有效的 JSON"),
        ("第一行\n第二行".encode() + b"\xff", ":2", "既不是 UTF-8 也不是 GB18030"),
        ("一二三".encode()[:-1], ":1", "既不是 UTF-8 也不是 GB18030"),
        ("一\n二\n三".encode("gb18030") + b"\xff\xff", ":3", "既不是 UTF-8 也不是 GB18030"),
        ("一二三".encode("utf-16"), ":1", "既不是 UTF-8 也不是 GB18030"),
    ],
)
def test_file_refused(post, text, place, reason):
    with pytest.raises(Refused, match=rf"/post\.md{place}: .*{reason}") as refused:
        post(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "title", "body", "note"),
    [
        ("---\ntitle: 题\n---\n文\n文\x08\x00", "题", "文\n文", "第一个是第 5 行的 U+0008"),
        ("---\ntitle: 题\x7f\n---\n文", "题", "文", "第一个是第 2 行的 U+007F"),
        ('---\ntitle: "题\\u0007"\n---\n文', "题", "文", "略去了控制字符"),
    ],
)
def test_control_characters_are_dropped(post, text, title, body, note):
    found = post(text)
    assert (found.title, found.body) == (title, body)
    assert len(found.notes) == 1
    assert note in found.notes[0]


@pytest.mark.parametrize(
    "data", [line_of := '{"title": "题", "body": "文\\u0007"}', line_of.replace("\\u0007", "\x07")]
)
def test_control_characters_in_lines(lines, data):
    [found] = lines(data)
    assert (found.body, len(found.notes)) == ("文", 1)


FENCE = "```js\na\n```"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% asset_img x.png %}", "![](x.png)"),
        ("{% asset_img left 'x y.png' 300 200 \"题 目\" %}", "![题 目](<x y.png>)"),
        ("{% asset_img x.png [题] %}", r"![\[题\]](x.png)"),
        ('{{< figure src="/x.png" alt="甲" >}}', "![甲](/x.png)"),
        ('{{<figure\n  src="/x.png"\n  title="甲" />}}', "![甲](/x.png)"),
        ('{{% figure class=a src=x.png alt="甲" caption="乙" %}}', "![甲](x.png)<br>乙"),
        ("一{% raw %}{{ 二 }}{% endraw %}", "一{{ 二 }}"),
        ("{% raw %}{% asset_img x.png %}{% endraw %}", "{% asset_img x.png %}"),
        ("{% codeblock 题 lang:js %}\na\n{% endcodeblock %}", FENCE),
        ("一{% codeblock lang:js %}a{% endcodeblock %}二", f"一\n{FENCE}\n二"),
        ("{{< highlight js >}}\na\n{{< /highlight >}}", FENCE),
        ('{{< highlight js "linenos=table" >}}\na\n{{</highlight>}}', FENCE),
        ("{% highlight js linenos %}\na\n{% endhighlight %}", FENCE),
        ("{% codeblock %}\n```\na\n```\n{% endcodeblock %}", "~~~~~~~~\n```\na\n```\n~~~~~~~~"),
        ("- 一\n  {% codeblock %}\n  a\n  {% endcodeblock %}", "- 一\n  ```\n  a\n  ```"),
        ("```\n{% asset_img x.png %}\n```", None),
        ("一\n\n    {% asset_img x.png %}", None),
        ("`{{< figure src=x.png >}}`", None),
        ("{{</* figure src=x.png */>}}", None),
        ("{% post_link x %}{{< relref x >}}{% asset_img 甲 %}{% raw %}", None),
    ],
)
def test_shortcodes(source, expected):
    assert markdown.settled(source, "other") == (source if expected is None else expected)


@pytest.mark.parametrize(
    ("name", "dialect"),
    [("source/_posts/a/b.md", "hexo"), ("_posts/b.md", "other"), ("content/posts/b.md", "other")],
)
def test_dialects(post, name, dialect):
    assert post("一", name).dialect == dialect


@pytest.mark.parametrize("piece", ["---\n", "a: b\n", "title: x\n", "a:\n b\n", "#  ", "\n", "[", "_", "{", "=", "- "])
@pytest.mark.parametrize("start", ["", "# ", "title: x\n", "x\n"])
def test_long_texts_take_no_long_time(post, start, piece):
    with suppress(Refused):
        post(start + piece * 50_000 + "\n\n文")


# JSON Lines


def line(**fields):
    return json.dumps({"title": "题", "body": "文"} | fields) + "\n"


def test_records_and_blank_lines(lines):
    first, second = lines("\ufeff" + line(key="a") + "\n  \r\n" + line(title="二", tags=["甲"], body="一\n二"))
    assert (first.key, first.own_key) == ("a", True)
    assert (second.key, second.own_key) == ("a.jsonl:二", False)
    assert (second.title, second.tags, second.body) == ("二", ["甲"], "一\n二")
    assert second.where.endswith("a.jsonl:4")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"title": "题",}', r"第 \d+ 个字起不是有效的 JSON"),
        ("[1]", "应当是一个 JSON 对象"),
        ('"题"', "应当是一个 JSON 对象"),
        ('{"title": "题"}', "没有 body"),
        ('{"title": "题", "body": ["文"]}', "没有 body"),
        ('{"title": "题", "body": " "}', "没有正文"),
        ('{"body": "文"}', "没有 title"),
        ('{"title": "题", "body": "\\ud800"}', "body 的第 1 行有控制字符 U\\+D800"),
        ('{"title": "\\udfff", "body": "文"}', "title 的第 1 行有控制字符"),
        ('{"title": "题", "body": "文", "key": "\\ud800"}', "key 的第 1 行有控制字符"),
        ("[" * 100_000, "套得太深"),
        ('{"title": "题", "body": "文", "tags": ' + "[" * 400 + "]" * 400 + ', "n": ' + "1" * 5000 + "}", "太长的数"),
        ('{"title": "题", "body": "文", "tags": ' + 300 * '{"a": ' + "1" + "}" * 300 + "}", None),
        (b'{"title": "\xff\xff", "body": "x"}', "既不是 UTF-8 也不是 GB18030"),
    ],
)
def test_line_refused(lines, bad, reason):
    """With its line, and the others go in."""
    bad = bad if isinstance(bad, bytes) else bad.encode()
    first, second, third = lines(line().encode() + bad + b"\n" + line().encode())
    assert (first.title, third.title) == ("题", "题")
    if reason:
        assert isinstance(second, Refused)
        with pytest.raises(Refused, match=rf"a\.jsonl:2: .*{reason}"):
            raise second
