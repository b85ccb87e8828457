"""Text is set as Chinese is set, and nothing that somebody writes reaches a reader's browser as a program."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import pytest
from bleach.html5lib_shim import HTMLParser as BrowserParser
from bleach.html5lib_shim import getTreeWalker
from hypothesis import given, settings
from hypothesis import strategies as st

from dengxia import limits, markup
from dengxia.formats import markdown

CONTENT = Path(__file__).parent.parent / "content"
PICTURE = "/media/0123456789abcdef01234567-640x480.png"


def html(source, format="markdown"):
    return markup.render(source, format).html


# Setting


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("他说**“你好”**就走", "<p>他说<strong>“你好”</strong>就走</p>"),
        ("这叫**《书》**吗", "<p>这叫<strong>《书》</strong>吗</p>"),
        ("一行\n二行", "<p>一行二行</p>"),
        ("一行，\n“二行”", "<p>一行，“二行”</p>"),
        ("一行  \n二行", "<p>一行<br>二行</p>"),
        ("**粗\n体**\n[链\n接](/a)\n尾", '<p><strong>粗体</strong><a href="/a">链接</a>尾</p>'),
        ("<ruby>漢<rt>hàn</rt></ruby>\n字", "<p><ruby>漢<rt>hàn</rt></ruby>字</p>"),
        ("Latin\nwords", "<p>Latin\nwords</p>"),
        ("中文\nLatin\n中文", "<p>中文\nLatin\n中文</p>"),
        ("中文\n**Latin**", "<p>中文\n<strong>Latin</strong></p>"),
        ("文 **粗** 文", "<p>文 <strong>粗</strong> 文</p>"),
        ("`a\nb`", "<p><code>a b</code></p>"),
        ("文\n`码`\n文", "<p>文\n<code>码</code>\n文</p>"),
        ("```\n中\n　文\n```", "<pre><code>中\n　文\n</code></pre>"),
        ("    中\n    文", "<pre><code>中\n文\n</code></pre>"),
        ("<pre>\n中\n- 文\n  - 字\n</pre>", "<pre>中\n- 文\n  - 字\n</pre>"),
        ("　　一\n二", "<p>一二</p>"),
        ("　　一\n　　二", "<p>一</p><p>二</p>"),
        ("一\n&emsp;&emsp;二", "<p>一</p><p>二</p>"),
        ("> 　　一\n> 　　二", "<blockquote><p>一</p><p>二</p></blockquote>"),
        ("- 一\n　　二", "<ul><li>一二</li></ul>"),
        ("一\n　二", "<p>一二</p>"),
        ("[toc]\n一\n{: .x}\n二", "<p>一</p><p>二</p>"),
        ("```\n[toc]\n```", "<pre><code>[toc]\n</code></pre>"),
        ("## 题 {#id}", '<h2 id="section-1">题</h2>'),
        ("## 题 `a` 尾 {: .x #y}", '<h2 id="section-1">题 <code>a</code> 尾</h2>'),
        ('**一**{: .x}二[三](/a){:target="_blank"}', '<p><strong>一</strong>二<a href="/a">三</a></p>'),
        ("集合 {:.2f} 和 `a` {b}", "<p>集合 {:.2f} 和 <code>a</code> {b}</p>"),
        ("# 题\n　　一段", '<h2 id="section-1">题</h2><p>一段</p>'),
        ("一段\n## 题\n二段", '<p>一段</p><h2 id="section-1">题</h2><p>二段</p>'),
        ("他生于\n1984. 那年", "<p>他生于\n1984. 那年</p>"),
        ("A<sub>2</sub> <kbd>Ctrl</kbd>", "<p>A<sub>2</sub> <kbd>Ctrl</kbd></p>"),
        ("术语\n:   解释", "<dl><dt>术语</dt><dd>解释</dd></dl>"),
        ("<script>\nalert(1)\n</script>\n\n文", "<p>文</p>"),
    ],
)
def test_set(source, expected):
    assert html(source) == expected


def test_line_after_a_footnote_mark_closes_up():
    assert "</sup>文" in html("注[^1]\n文\n\n[^1]: 脚")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>&nbsp;&nbsp;一</p><p>&emsp;&emsp;二</p><p>&#12288;　三</p>", "<p>一</p><p>二</p><p>三</p>"),
        ("<p>一<br>\n　　二</p>", "<p>一<br>二</p>"),
        ("<p>\n  <b>　一\n二</b>\n</p>\n\n<p>三</p>", "<p><b>一二</b></p><p>三</p>"),
        ("&ldquo;一&rdquo;\n二 &lt;b&gt; &amp;amp;", "“一”二 &lt;b&gt; &amp;amp;"),
        ("<p align=center style='text-align: center; color: red'>一", '<p class="align-center">一</p>'),
        ("<p>a<!-- b -->c<script>d</SCRIPT >e<style>f</style>g<title>h</title>i", "<p>acegi</p>"),
        ("<p>a <script> b", "<p>a  b</p>"),
    ],
)
def test_set_html(source, expected):
    assert html(source, "html") == expected


NESTED = "<ul><li>一<ul><li>二<ul><li>三</li></ul></li></ul></li><li>四</li></ul>"


@pytest.mark.parametrize("indent", [2, 3, 4])
@pytest.mark.parametrize("before", ["", "段落\n", "段落\n\n"])
def test_nested_lists(indent, before):
    spaces = " " * indent
    source = f"{before}- 一\n{spaces}- 二\n{spaces * 2}- 三\n- 四"
    assert html(source) == ("<p>段落</p>" if before else "") + NESTED


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "1. 一\n   - 甲\n   - 乙\n2. 二",
            "<ol><li>一<ul><li>甲</li><li>乙</li></ul></li><li>二</li></ol>",
        ),
        ("3) 三\n4) 四", '<ol start="3"><li>三</li><li>四</li></ol>'),
        ("- 一\n1. 甲\n2. 乙", "<ul><li>一</li></ul><ol><li>甲</li><li>乙</li></ol>"),
        ("- 一\n\n  续\n- 二\n\n文", "<ul><li><p>一</p><p>续</p></li><li><p>二</p></li></ul><p>文</p>"),
        ("- 一\n续行\n- 二", "<ul><li>一续行</li><li>二</li></ul>"),
        ("1. 一\n\n   > 引\n2. 二", "<ol><li><p>一</p><blockquote><p>引</p></blockquote></li><li><p>二</p></li></ol>"),
        ("1. 一\n\n        码", "<ol><li><p>一</p><pre><code> 码\n</code></pre></li></ol>"),
        ("    - 码\n\n- 一", "<pre><code>- 码\n</code></pre><ul><li>一</li></ul>"),
        ("一\n- - -\n二", "<p>一</p><hr><p>二</p>"),
    ],
)
def test_lists(source, expected):
    assert html(source) == expected


CODE = "- 一\n  - 二\n文\n1. 三\n\n\n    四"


@pytest.mark.parametrize("fence", ["```", "````", "~~~"])
@pytest.mark.parametrize("info", ["", "python", " python", "python a.py", "python {1-3}"])
def test_fences(fence, info):
    language = ' class="language-python"' if info else ""
    expected = f"<p>前</p><pre><code{language}>{CODE}\n</code></pre><p>后</p>"
    assert html(f"前\n{fence}{info}\n{CODE}\n{fence}\n后") == expected
    assert html(f"前\n{fence}{info}\n{CODE}\n") == expected.removesuffix("<p>后</p>")


@pytest.mark.parametrize("indent", [2, 3, 4])
def test_fence_in_a_list(indent):
    space = " " * indent
    source = "\n".join(["- 一", "", *(space + line for line in ("```sh", "- x", "  y", "```")), "- 二"])
    expected = '<ul><li><p>一</p><pre><code class="language-sh">- x\n  y\n</code></pre></li><li><p>二</p></li></ul>'
    assert html(source) == expected


def test_headings_and_contents():
    with_h1, without = html("# 一\n## 二\n###### 六"), html("## 二 `码`\n### 三")
    assert with_h1 == '<h2 id="section-1">一</h2><h3 id="section-2">二</h3><h6 id="section-3">六</h6>'
    assert markup.contents(without) == [(2, "section-1", "二 码"), (3, "section-2", "三")]


@pytest.mark.parametrize(
    ("info", "language"),
    [("{.python .numbered}", "python"), ("{r, echo=F}", "r"), ("python{1,3}", "python"), ("js:a.js", "js")],
)
def test_languages(info, language):
    assert html(f"```{info}\nx\n```") == f'<pre><code class="language-{language}">x\n</code></pre>'


@pytest.mark.parametrize("info", ["{linenos=table}", "{% raw %}", "{=html}"])
def test_no_language(info):
    assert html(f"```{info}\nx\n```") == "<pre><code>x\n</code></pre>"


@pytest.mark.parametrize(
    ("heading", "link", "number"),
    [
        ("## 标题", "#标题", 2),
        ("## 标题", "#%E6%A0%87%E9%A2%98", 2),
        ("## 1. 开始 `Now`！", "#1-开始-now", 2),
        ("## 标题 {#way}", "#way", 2),
        ("<h2 id=way>标题</h2>", "#way", 2),
        ("## 标题\n## 标题", "#标题-1", 3),
        ("## 标题", "#别的", None),
    ],
)
def test_links_to_headings(heading, link, number):
    found = html(f"## 前\n\n[去]({link})\n\n{heading}")
    assert (f'<a href="#section-{number}">去</a>' in found) == bool(number)
    assert html(found, "html") == found


@pytest.mark.parametrize("format", ["markdown", "html"])
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "<iframe width=3 src='//a.example/b?c=1&d=2'></iframe>",
            '<a href="https://a.example/b?c=1&amp;d=2">〔嵌入：a.example〕</a>',
        ),
        (
            "<VIDEO controls src=http://a.example/b.mp4></video>",
            '<a href="http://a.example/b.mp4">〔视频：a.example〕</a>',
        ),
        ('<video><source src="https://a.example/b"></video>', '<a href="https://a.example/b">〔视频：a.example〕</a>'),
        ("<iframe src=javascript:alert(1)></iframe>", ""),
        ("<iframe src=/a></iframe>", ""),
        ("<iframe data-src=https://a.example></iframe>", ""),
    ],
)
def test_players(format, source, expected):
    assert html(f"<div>{source}</div>", format) == f"<div>{expected}</div>"


def test_player_in_code_stays():
    assert "〔" not in html("`<iframe src=https://a.example>`")


def test_table():
    assert html("|a|b|c|\n|-|:-:|-:|\n|1|2|3|") == (
        '<div class="scroll" tabindex="0" role="group" aria-label="表格"><table><thead><tr>'
        '<th>a</th><th class="align-center">b</th><th class="align-right">c</th></tr></thead><tbody><tr>'
        '<td>1</td><td class="align-center">2</td><td class="align-right">3</td></tr></tbody></table></div>'
    )


def test_footnotes():
    rendered = markup.render("注[^甲]。\n\n[^甲]: 脚。", "markdown")
    assert 'title="回到正文中注 1 的位置"' in rendered.html
    assert 'href="#fn:甲"' in rendered.html or 'href="#fn:1"' in rendered.html
    assert set(re.findall(r'href="#([^"]+)"', rendered.html)) == set(re.findall(r' id="([^"]+)"', rendered.html))
    assert rendered.text == "注。\n脚。"


def test_pictures():
    first, second = re.findall("<img[^>]*>", html(f"![甲]({PICTURE})\n\n![乙]({PICTURE} '题')"))
    assert first == f'<img src="{PICTURE}" alt="甲" width="640" height="480" decoding="async">'
    assert second == first.replace("甲", "乙").replace(">", ' loading="lazy">')
    assert markup.first_picture(html(f"文![]({PICTURE})")) == PICTURE
    assert markup.first_picture(html("文")) == ""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("![甲&乙](https://a.example/b.png)", '<a href="https://a.example/b.png">〔图片：甲&amp;乙〕</a>'),
        ("![](HTTP://a.example/b.png)", '<a href="HTTP://a.example/b.png">〔图片〕</a>'),
        ("[![甲](https://a.example/b.png)](/c)", '<a href="/c">〔图片：甲〕</a>'),
        ("![甲](b.png)", "〔图片：甲〕"),
        ("![甲](/media/b.png)", "〔图片：甲〕"),
        (f"![甲](//a.example{PICTURE})", "〔图片：甲〕"),
    ],
)
def test_pictures_elsewhere(source, expected):
    assert html(source) == f"<p>{expected}</p>"


def test_no_link_in_a_link():
    nested = "<a href=/a>一<table><tr><td><a href=/b>二<img src=https://c.example/d.png></a></table></a>"
    for found in html(nested, "html"), html("[一 [二](/b)](/a)"):
        assert max(depth(found, "a")) == 1
    assert html("<a href=/a>一<a href=/b>二</a>", "html") == '<a href="/a">一</a><a href="/b">二</a>'


def depth(found, tag):
    level = 0
    for end in re.findall(rf"<(/?){tag}\b", found):
        level += -1 if end else 1
        yield level


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("# 一\n\n- 二\n- **三**四\n\n> 五", "一\n二\n三四\n五"),
        ("<ruby>漢<rp>(</rp><rt title='>'>hàn</rt><rp>)</rp></ruby>字", "漢字"),
        ('<p title="a>b">一<br>二 &lt;b&gt; &amp;lt;', "一\n二 <b> &lt;"),
        ("|a|b|\n|-|-|\n|1|2|", "a\nb\n1\n2"),
    ],
)
def test_plain(source, text):
    assert markup.render(source, "markdown").text == text


@pytest.mark.parametrize(
    ("text", "length"),
    [("", 0), ("灯下", 2), ("灯下，读书。", 4), ("用iPhone 15拍", 4), ("don't", 2), ("a1b2 3.5", 3), ("𠮷野家〇", 4)],
)
def test_length(text, length):
    assert markup.length(text) == length


def test_excerpt():
    assert markup.excerpt("<h2>题</h2><p>一</p><p>二<b>三</b></p>") == "一二三"
    assert markup.excerpt("<p>一，二</p>", 2) == "一…"
    assert markup.excerpt("<p>一二</p>", 2) == "一二"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("一\n\n<!--more-->\n\n二", "一"),
        ("一\n<!-- MORE -->\n二", "一"),
        ("一<!--more-->二", "一"),
        ("字" * 120 + "\n\n<!--more-->", "字" * 110 + "…"),
        ("<!--more-->\n\n一", "一"),
        ("`<!--more-->`一", "<!--more-->一"),
        ("![图](https://a.example/b.png)一", "一"),
        ("![图](c.png)\n\n一", "一"),
        ("<iframe src=https://a.example></iframe>\n\n一", "一"),
        ("![图](b c.png)一", "一"),
        ("- 一\n- 二", "一 二"),
        ("# 一\n## 二", "一 二"),
        ("![图](c.png)\n\n- 一", "一"),
        ("```\ncode\n```\n\n- 一\n\n|a|\n|-|", "一"),
        ("![图](c.png)", ""),
    ],
)
def test_excerpt_of_a_text(source, expected):
    assert markup.excerpt(html(source)) == expected


@pytest.mark.parametrize("file", sorted(CONTENT.rglob("*.md")), ids=lambda file: file.stem)
def test_set_twice_is_set_once(file):
    _, body = markdown.split(file.read_text("utf8"), str(file))
    once = html(body)
    assert html(once, "html") == once
    safe(once)


@pytest.mark.parametrize("format", ["markdown", "html"])
def test_threads_do_not_mix(format):
    texts = [f"<p>{n}<b>{n}</b></p>" * 50 for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: html(text, format), texts)) == texts


# Safety

TAGS = set(
    "p h2 h3 h4 h5 h6 blockquote ul ol li dl dt dd table thead tbody tfoot tr th td caption pre hr div figure"
    " figcaption details summary a img br strong b em i u s del ins mark sub sup small code kbd samp ruby rb rt rp"
    " abbr q cite span".split()
)
ATTRIBUTES = set(
    "href src alt width height colspan rowspan scope start reversed type open class id title lang tabindex role"
    " aria-label decoding loading".split()
)


class Outline(HTMLParser):
    """What a parser that is not the sanitiser's makes of a text: its tags with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_comment(self, data):
        self.found.append(("!--", {}))

    def handle_decl(self, decl):
        self.found.append(("!", {}))

    def unknown_decl(self, data):
        self.found.append(("![", {}))

    def handle_pi(self, data):
        self.found.append(("?", {}))


def as_browser(text):
    """The same by the HTML standard, which html5lib follows: with what a browser adds and moves."""
    tree = BrowserParser(namespaceHTMLElements=False).parseFragment(text)
    for token in getTreeWalker("etree")(tree):
        if token["type"] in ("StartTag", "EmptyTag"):
            yield token["name"], {name: value for (_, name), value in token["data"].items()}
        elif token["type"] in ("Comment", "Doctype"):
            yield token["type"], {}


def safe(text):
    for tag, attributes in [*Outline(text).found, *as_browser(text)]:
        assert tag in TAGS, tag
        assert set(attributes) <= ATTRIBUTES, attributes
        for name in ("href", "src"):
            # More blanks and controls than a browser passes over in an address.
            address = re.sub(r"[\x00-\x20\x7f-\xa0\u2000-\u202f\ufeff]", "", attributes.get(name) or "")
            scheme = re.match(r"([a-z][a-z0-9+.-]*):", address, re.IGNORECASE)
            assert not scheme or scheme[1].lower() in ("http", "https", "mailto", "tel"), address
        if tag == "img":
            assert re.fullmatch(r"/media/[\w-]+\.\w+", attributes["src"])
        if "id" in attributes:
            assert re.fullmatch(r"section-\d+|fn(ref)?\d*:[\w-]+", attributes["id"])
        for word in (attributes.get("class") or "").split():
            assert re.fullmatch(r"footnote(-ref|-backref)?|language-[\w+#-]+|align-(center|right)|scroll", word)
    return True


JS = "javascript:alert(1)"
# Ways to write an address that runs, after the lists of OWASP, html5sec and DOMPurify.
ADDRESSES = [
    JS,
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "\x01javascript:alert(1)",
    "\x0cjavascript:alert(1)",
    "\u00a0javascript:alert(1)",
    "\u2028javascript:alert(1)",
    "\u200bjavascript:alert(1)",
    "\ufeffjavascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "java\rscript:alert(1)",
    "java\0script:alert(1)",
    "javascript\t:alert(1)",
    "java&Tab;script:alert(1)",
    "java&NewLine;script:alert(1)",
    "javascript&colon;alert(1)",
    "javascript&#58;alert(1)",
    "javascript&#58alert(1)",
    "javascript&#x3A;alert(1)",
    "javascript&#x3aalert(1)",
    "javascript&#0000058alert(1)",
    "&#106;avascript:alert(1)",
    "&#106avascript:alert(1)",
    "&#x6A;avascript:alert(1)",
    "&#x6Aavascript:alert(1)",
    "&#0000106&#0000097&#0000118&#0000097&#0000115&#0000099&#0000114&#0000105&#0000112&#0000116&#0000058alert(1)",
    "java&#115;cript:alert(1)",
    "jav&#x09;ascript:alert(1)",
    "jav&#x0A;ascript:alert(1)",
    "&#14;javascript:alert(1)",
    "&amp;#106;avascript:alert(1)",
    "&lt;javascript:alert(1)",
    "ｊavascript:alert(1)",
    "javascript：alert(1)",
    "javaſcript:alert(1)",
    "java%0ascript:alert(1)",
    "javascript%3Aalert(1)",
    "%6aavascript:alert(1)",
    "javascript://%0aalert(1)",
    "javascript://example.com/%0aalert(1)",
    "x:javascript:alert(1)",
    "feed:javascript:alert(1)",
    "view-source:javascript:alert(1)",
    "vbscript:msgbox(1)",
    "VBScript:msgbox(1)",
    "livescript:alert(1)",
    "mocha:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg onload=alert(1)>",
    "data:,alert(1)",
    "DATA:text/html,x",
    "blob:https://example.com/1",
    "filesystem:https://example.com/1",
    "file:///etc/passwd",
    "jar:https://example.com!/a",
    "ws://example.com",
    "http://[javascript:alert(1)",
    '" onclick="alert(1)',
    "' onclick='alert(1)",
    "x onclick=alert(1)",
    "`onclick=alert(1)`",
    "x> <script>alert(1)</script>",
]
AROUND_ADDRESS = [
    '<a href="{}">x</a>',
    "<a href='{}'>x</a>",
    "<a href={}>x</a>",
    "<a href=`{}`>x</a>",
    "<a xlink:href='{}'>x</a>",
    "<img src='{}' dynsrc='{}' lowsrc='{}' srcset='{} 1x'>",
    "<q cite='{}'>x</q><blockquote cite='{}'>x</blockquote><del cite='{}'>x</del>",
    "<table background='{}'><td background='{}'>x</table>",
    "<svg><a xlink:href='{}'><text>x</text></a><use href='{}'/><image href='{}'/></svg>",
    "<math href='{}' xlink:href='{}'>x</math>",
    "[x]({})",
    "[x](<{}>)",
    '[x]({} "t")',
    "![x]({})",
    "[![x]({})]({})",
    "<{}>",
    "[x][y]\n\n[y]: {}",
    "[x]\n\n[x]: <{}>",
    "![x][y]\n\n[y]: {} 't'",
    "x[^1]\n\n[^1]: [y]({})",
    "*[x]: {}\n\nx",
    "[x](/y){{: href='{}' onclick='{}' style='{}' }}",
    "# x {{: href='{}' onclick='{}' id='{}' }}",
    "![x](/y){{ src='{}' onerror='{}' }}",
]


@pytest.mark.parametrize("around", AROUND_ADDRESS)
@pytest.mark.parametrize("format", ["markdown", "html"])
def test_addresses_that_run(around, format):
    for address in ADDRESSES:
        assert safe(html(around.replace("{}", address).replace("{{", "{").replace("}}", "}"), format)), address


VECTORS = r'''
<script>alert(1)</script>
<SCRIPT SRC=https://example.com/x.js></SCRIPT>
<script/xss src=x></script/y>
<<script>alert(1);//<</script>
<script src=x?<b>
<scr<script>ipt>alert(1)</scr</script>ipt>
<scr<script></script>ipt>alert(1)</script>
<sc<!-- -->ript>alert(1)</script>
<script\x20type="text/javascript">alert(1)</script>
<img src=x onerror=alert(1)>
<img src=x onerror=alert(1)//
<img """><script>alert(1)</script>">
<img src="x` `<script>alert(1)</script>"` `>
<img/src/onerror=alert(1)>
<img src=/media/0123456789abcdef-1x1.png onload=alert(1) style=x id=y class=z name=w>
<img src="/media/0123456789abcdef-1x1.png&quot; onload=alert(1) x=&quot;">
<img src=x:x onerror&#61;alert(1)>
<img alt="`><script>alert(1)</script>" src=x>
<img src='1' onerror\x00=alert(1)>
<body onload=alert(1)>
<body background="javascript:alert(1)">
<html manifest=x onclick=alert(1)>
<p/onclick=alert(1)>x
<p onclick
=alert(1)>x
<p ONCLICK="alert(1)" onmouseover='alert(1)' onfocus=alert(1) tabindex=1 autofocus contenteditable>x
<p style="background:url(javascript:alert(1))">x
<p style="width:expression(alert(1))">x
<p style="text-align:center;behavior:url(x)">x
<p style="text-align:center/*</p><script>alert(1)</script>*/">x
<p style="-moz-binding:url(x)">x
<td style="text-align:center" onclick=alert(1)>x
<a href="/x" target=_blank ping=https://example.com download rel=opener>x</a>
<a href="/x" title='"><script>alert(1)</script>'>x</a>
<a href="/x" title="x&quot; onclick=&quot;alert(1)">x</a>
<a href="/x" title=x&#32;onclick=alert(1)>x</a>
<a name=cookie id=location class="x btn">x</a>
<a id=defaultView><a id=defaultView name=x>
<div id=section-1 class="scroll danger" tabindex=5 role=button aria-label=x>x</div>
<span id="fn:x" class="footnote evil">x</span>
<form id=x action=javascript:alert(1)><input type=submit formaction=javascript:alert(1)><button form=x>x</button></form>
<form><button formaction=javascript:alert(1)>x</button>
<input autofocus onfocus=alert(1)>
<input type=image src=x onerror=alert(1)>
<textarea autofocus onfocus=alert(1)></textarea><script>alert(1)</script>
<select autofocus onfocus=alert(1)><option>x
<keygen autofocus onfocus=alert(1)>
<isindex type=image src=1 onerror=alert(1)>
<iframe src=javascript:alert(1)></iframe>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<iframe src=x onload=alert(1)
<frameset><frame src=javascript:alert(1)></frameset>
<object data="data:text/html;base64,PHNjcmlwdD4="></object>
<object classid=clsid:x><param name=url value=javascript:alert(1)></object>
<embed src=javascript:alert(1)>
<applet code=x>
<base href=https://example.com/>
<base href="javascript:/a/-alert(1)///////">
<meta http-equiv=refresh content="0;url=javascript:alert(1)">
<link rel=stylesheet href=javascript:alert(1)>
<link rel=import href=x>
<style>@import "https://example.com/x.css";</style>
<style>*{x:expression(alert(1))}</style>
<style><img src="</style><img src=x onerror=alert(1)//">
<marquee onstart=alert(1)>x</marquee>
<bgsound src=javascript:alert(1)>
<video src=x onerror=alert(1)></video><audio src=x onerror=alert(1)>
<video><source onerror=alert(1)></video>
<video poster=javascript:alert(1)></video>
<details open ontoggle=alert(1)><summary onclick=alert(1)>x</summary>y</details>
<dialog open onclose=alert(1)>x</dialog>
<slot name=x><portal src=x>
<template><script>alert(1)</script></template>
<template shadowrootmode=open><img src=x onerror=alert(1)></template>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<noembed><p title="</noembed><img src=x onerror=alert(1)>">
<noframes><p title="</noframes><img src=x onerror=alert(1)>">
<xmp><p title="</xmp><img src=x onerror=alert(1)>">
<plaintext><img src=x onerror=alert(1)>
<title><p title="</title><img src=x onerror=alert(1)>">
<textarea><p title="</textarea><img src=x onerror=alert(1)>">
<svg onload=alert(1)>
<svg/onload=alert(1)//
<svg><script>alert&lpar;1&rpar;</script>
<svg><script href="data:,alert(1)"/>
<svg><animate onbegin=alert(1) attributeName=x dur=1s>
<svg><a><animate attributeName=href values=javascript:alert(1) /><text>x</text></a></svg>
<svg><set attributeName=href to=javascript:alert(1)>
<svg><foreignObject><iframe srcdoc="<script>alert(1)</script>"></iframe></foreignObject></svg>
<svg><style><img src="</style><img src=x onerror=alert(1)//"></svg>
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">
<svg><title><style><img src="</style></title><img src=x onerror=alert(1)>"></svg>
<svg><desc><noscript><p title="</noscript><img src=x onerror=alert(1)>"></desc></svg>
<svg><use href="data:image/svg+xml,<svg id=x><image href=1 onerror=alert(1) /></svg>#x">
<svg><![CDATA[><img src=x onerror=alert(1)>]]>
<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<math><annotation-xml encoding="text/html"><style><img src=x onerror=alert(1)></style></annotation-xml></math>
<math><maction actiontype=statusline#https://example.com xlink:href=javascript:alert(1)>x</maction></math>
<math><mi><table><mi><style><!--</style><img src=x onerror=alert(1)>-->
<select><template><style><!--</style><a rel="--></style></template></select><img src=x onerror=alert(1)>">
<table><caption><svg><title><table><style></title><img src=x onerror=alert(1)>
<table><tr><td><form><input name=attributes></table>
<ruby><rt><rb onclick=alert(1)><svg><rp><style><p title="</style><img src=x onerror=alert(1)>">
<!--<img src="--><img src=x onerror=alert(1)//">
<!--><img src=x onerror=alert(1)>-->
<!---><script>alert(1)</script>-->
<!--!><img src=x onerror=alert(1)>
<![if gte IE 4]><script>alert(1)</script><![endif]>
<!--[if gte IE 4]><script>alert(1)</script><![endif]-->
<?xml-stylesheet href="javascript:alert(1)"?><?php echo 1 ?>
<!DOCTYPE x [<!ENTITY y "z">]><x>&y;</x>
<![CDATA[<script>alert(1)</script>]]>
<xml id=x><x><![CDATA[<img src="x" onerror=alert(1)>]]></x></xml>
<% <p title="%>"><script>alert(1)</script>
</p><script>alert(1)</script>
</script><svg onload=alert(1)>
</br style=x onclick=alert(1)></p/onclick=alert(1)>
<custom-element onclick=alert(1) is=x>x</custom-element>
<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>
<image src=x onerror=alert(1)><listing onclick=alert(1)>x
<b/<script>alert(1)</script>
<b <script>alert(1)</script>0
<b onclick="alert(1)" <b>
<a href="x"<img src=x onerror=alert(1)>>
<p title=<script>alert(1)</script>>
＜script＞alert(1)＜/script＞
%3Cscript%3Ealert(1)%3C/script%3E
&lt;script&gt;alert(1)&lt;/script&gt;
&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;
&#60script&#62alert(1)
+ADw-script+AD4-alert(1)+ADw-/script+AD4-
`<script>alert(1)</script>`
``` x" onclick="alert(1)
~~~{.x onclick="alert(1)" style="x"}
> <script>alert(1)</script>
- <img src=x onerror=alert(1)>
|a|\n|-|\n|<img src=x onerror=alert(1)>|
[x](/y "\"><script>alert(1)</script>")
[x](/y 'a" onclick="alert(1)')
![x" onerror="alert(1)](/media/0123456789abcdef-1x1.png)
![x](/media/0123456789abcdef-1x1.png" onerror="alert(1))
![x](/media/0123456789abcdef-1x1.png?" onerror="alert(1)")
[x]: /y "a\" onclick=\"alert(1)"\n\n[x]
[x]: /y\n  "a" onclick="alert(1)"\n\n[x]
*[x]: "><script>alert(1)</script>\n\nx
x[^a" onclick="alert(1)]\n\n[^a" onclick="alert(1)]: y
x {: onclick=alert(1) style="x" id=location .btn }
# x {: onclick=alert(1) #location .btn }
<div markdown=1 onclick=alert(1)>**x**<script>alert(1)</script></div>
<div markdown="1">\n\n[x](javascript:alert(1))\n\n</div>
<div\nmarkdown="block"\nonclick=alert(1)>x</div>
\x02wzxhzdk:0\x03<script>alert(1)</script>
\x02klzzwxh:0000\x03 **x**
\x02amp\x03lt;script>alert(1)\x02amp\x03
<https://example.com/"onclick="alert(1)>
<a@b.example?subject="onclick="alert(1)>
<mailto:x@example.com?body=<script>alert(1)</script>>
'''.strip().split("\n")


def spelled(vector):
    return re.sub(r"\\x(\w\w)", lambda found: chr(int(found[1], 16)), vector).replace("\\n", "\n")


@pytest.mark.parametrize("format", ["markdown", "html"])
def test_vectors(format):
    for vector in map(spelled, VECTORS):
        found = html(vector, format)
        assert safe(found), vector
        assert safe(html(found, "html")), vector


HOLDERS = "svg math style script title noscript template select table a p form".split()
PIECES = st.one_of(
    st.sampled_from([*map(spelled, VECTORS), *ADDRESSES]),
    st.sampled_from([piece for tag in HOLDERS for piece in (f"<{tag}", f"<{tag}>", f"</{tag}>")]),
    st.sampled_from([' href="', " src='", ' title="', " style=", " id=", " onclick=alert(1)", "-->", "<!--", "]]>"]),
    st.sampled_from(["{: ", "}", "](", "[", "![", "]: ", "`", "```", "\n", "\n\n", "    ", "- ", "> ", "|", "\\"]),
    st.sampled_from(['"', "'", ">", "<", "/>", "=", "&", "&#", ";", "\0", "\t", "文"]),
    st.text(max_size=4),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join), st.sampled_from(["markdown", "html"]))
def test_soups_are_safe(soup, format):
    once = html(soup, format)
    assert safe(once)
    assert safe(html(once, "html"))
    markup.excerpt(once), markup.contents(once), markup.length(markup.plain(once))


# What would take too long

N = 10_000
HARD = {
    "quotes": "> " * N + "文",
    "quotes without blanks": ">" * N + "文",
    "brackets": "[" * N,
    "pairs of brackets": "[" * N + "]" * N,
    "pictures": "![" * N,
    "links": "[文](" * N,
    "lists": "- " * N + "文",
    "lists over lines": "\n".join("  " * depth + "- 文" for depth in range(300)),
    "tags": "<div>" * N,
    "inline tags": "<b>" * N,
    "links that are open": "<a href=/x>" * N,
    "tables": "<table><tr><td>" * 1000,
    "comments": "<!--" * N,
    "scripts": "<script" * N,
    "ends of scripts": "<script>" + "</script" * N,
    "backticks": "`" * N + "文",
    "runs of backticks": " ".join("`" * length for length in range(1, 300)),
    "stars": "**文 *" * N,
    "ampersands": "&" * N * 5,
    "footnotes": "[^1]" * N + "\n\n[^1]: 文",
    "empty lines": "文" + "\n" * 10**5 + "文",
    "blanks": "文" + " " * 10**6 + "文",
    "one line": "字" * 350_000,
    "one Latin line": "word " * 200_000,
}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
def test_hard_texts_end(seed, monkeypatch, text):
    """Set or refused, in a few seconds."""
    monkeypatch.setattr(limits, "SECONDS", 1)
    started = time.monotonic()
    result = seed({"title": "难", "body": text}, {"title": "易", "body": "文"})
    assert "created 2" in result.output or ("content.jsonl:1: " in result.output and "created 1" in result.output)
    assert time.monotonic() - started < 15


def test_too_hard_a_text_is_refused(seed, monkeypatch, tmp_path):
    monkeypatch.setattr(limits, "SECONDS", 0)
    result = seed({"title": "难", "body": "<div>" * 30_000, "format": "html"}, {"title": "易", "body": "文"})
    assert f"{tmp_path}/content.jsonl:1: 1 秒还没有排完；请分成几篇" in result.output
    assert "created 1" in result.output


def test_a_page_is_told_which_widths_of_a_picture_there_are():
    stem = "/media/0123456789abcdef01234567-1200x800"
    html = markup.render(f"![甲]({stem}-s.png)", "markdown").html
    assert f'src="{stem}-s.png"' in html
    assert f'srcset="{stem}-480.webp 480w, {stem}-960.webp 960w, {stem}-s.png 1200w"' in html
    assert 'width="1200" height="800"' in html
    assert "srcset" not in markup.render(f"![甲]({stem}.png)", "markdown").html
    assert markup.first_picture(html) == f"{stem}-s.png"
