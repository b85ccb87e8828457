"""Every address answers what it should, to everybody and to anybody."""

import json
import re
from html import unescape
from xml.etree import ElementTree

import feedparser
import pytest
from conftest import articles
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from dengxia import fixed, queries, security
from models import Article, db

PAGES = (
    "/ /page/2 /category/waihui /category/zonghe/feed.xml /article/1 /article/1/qr.svg /archive/ /archive/2025/11"
    " /search /search?q=灯 /sitemap /about /contact /disclaimer /feed.xml /sitemap.xml /sitemap-1.xml /robots.txt"
    " /manifest.webmanifest /opensearch.xml /healthz /tag/写作"
).split()
MISSING = (
    "/page/0 /page/1000 /page/01 /category/none /category/waihui/page/99 /article/0 /article/999999 /article/01"
    " /article/99999999999999999999999 /article/x /tag/没有 /archive/2025/13 /archive/0000/01 /archive/1999/01"
    " /sitemap-0.xml /sitemap-99.xml /nothing /search?q=灯&page=0 /search?q=灯&page=99"
    " /search?page=99999999999999999999 /media/x.png /media/../dengxia.db /media/..%2fdengxia.db /static/../app.py"
    " /desk/nothing"
).split()


def id_of(title):
    return db.session.query(Article.id).filter_by(title=title).scalar()


@pytest.mark.parametrize("path", PAGES)
def test_get_and_head_are_alike(client, path):
    answer, head = client.get(path), client.head(path)
    assert answer.status_code == head.status_code == 200
    assert head.data == b""
    assert head.content_type == answer.content_type
    assert client.post(path).status_code == 405


@pytest.mark.parametrize("path", MISSING)
def test_what_is_not_there_is_404(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


def test_page_one_has_one_address(client):
    for one, canonical in (("/page/1", "/"), ("/category/waihui/page/1", "/category/waihui")):
        answer = client.get(one)
        assert (answer.status_code, answer.headers["Location"]) == (308, f"http://localhost{canonical}")


@pytest.mark.parametrize("path", [*PAGES, *MISSING, "/static/style.css", "/page/1", "/random"])
def test_every_answer_carries_the_headers_and_no_cookie(client, path):
    with client.get(path) as answer:
        headers = answer.headers
    assert {name: headers.get(name) for name in security.HEADERS} == security.HEADERS
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert "Set-Cookie" not in headers


def test_an_article_has_its_parts_in_order(client):
    page = client.get(f"/article/{id_of('一篇文章里能放些什么')}").text
    text = unescape(re.sub(r"<script.*?</script>|<[^>]+>", "", page, flags=re.DOTALL))
    text = re.sub(r"\s+", " ", text)
    parts = [
        "设为首页", "加入收藏", "外汇", "区块链", "当前位置: 首页 > 综合 > 一篇文章里能放些什么",
        "一篇文章里能放些什么", "发布时间: 2025-11-10 01:33:39 来源: 中利blog 作者: 编辑部", "目录", "在这里写文章",
        "（责任编辑: 沈以宁）", "上一篇", "下一篇", "相关文章", "随便看看", "Copyright © ",
        " Powered by 一篇文章里能放些什么, 中利blog", "友情链接",
    ]  # fmt: skip
    places, at = [], 0
    for part in parts:
        at = text.find(part, at)
        places.append(at)
    assert -1 not in places, [part for part, place in zip(parts, places, strict=True) if place < 0]


def test_a_reprint_names_its_origin(client, site, sample_site):
    card = next(row for row in queries.newest(60) if row.kind == "reprint")
    page = client.get(f"/article/{card.id}").text
    assert "本文转自" in page
    article = queries.article(card.id)
    assert f'href="{article.source_url}"' in page
    assert f'rel="canonical" href="http://localhost/article/{card.id}"' in page
    page = site(sample_site, REPRINT_CANONICAL=True).test_client().get(f"/article/{card.id}").text
    assert f'rel="canonical" href="{article.source_url}"' in page


def test_the_ends_of_a_category_say_so(client):
    oldest = db.session.query(Article.id).filter_by(category_id=1).filter(Article.published_at.is_not(None))
    first = oldest.order_by(Article.published_at).first()[0]
    newest = queries.newest(1, 1)[0].id
    for id in (first, newest):
        assert client.get(f"/article/{id}").text.count("没有了") == 1


def test_hidden_articles_are_404_and_in_no_list(client):
    hidden = db.session.query(Article).filter(Article.published_at.is_(None) | (Article.published_at > 2**31)).all()
    assert {article.status for article in hidden} == {"draft", "published"}
    everything = "".join(client.get(path).text for path in PAGES)
    for article in hidden:
        assert client.get(f"/article/{article.id}").status_code == 404
        assert article.title not in everything
        assert f"/article/{article.id}<" not in everything


def test_random_leads_to_an_article(client):
    answer = client.get("/random")
    assert answer.status_code == 302
    assert re.fullmatch(r"/article/\d+", answer.headers["Location"])


def test_old_addresses_are_answered_by_301(seed, app):
    seed({"title": "旧", "body": "文", "aliases": ["/2019/05/old.html", "/?p=7"]})
    client = app.test_client()
    for path in ("/2019/05/old.html", "/2019/05/old.html/", "/2019/05/old.html?utm=1"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers.get("Location")) == (301, "/article/1")


def test_old_addresses_of_what_does_not_show_are_404(seed, app):
    seed(
        {"title": "稿", "body": "文", "aliases": ["/article/1", "/old"], "draft": True},
        {"title": "将来", "body": "文", "aliases": ["/later"], "date": "2099-01-01"},
    )
    client = app.test_client()
    assert [client.get(path).status_code for path in ("/article/1", "/old", "/later")] == [404, 404, 404]


def test_wordpress_addresses_and_slashes_lead_on(seed, app):
    page = {"title": "页", "body": "文", "slug": "about", "type": "page"}
    seed({"title": "旧", "body": "文", "aliases": ["/?p=7", "/a//b"]}, page)
    client = app.test_client()
    wanted = {"/?p=7": "/article/1", "/a/b": "/article/1", "/article/1/": "/article/1", "/about/": "/about"}
    assert {path: client.get(path).headers.get("Location") for path in wanted} == wanted
    assert client.get("/tag/C%23%3F/?x=外").headers.get("Location") == "/tag/C%23%3F?x=%E5%A4%96"
    assert (client.get("/nothing/").status_code, client.get("/?p=8").status_code) == (404, 200)


@pytest.mark.parametrize(
    "host", ["xn--", "foo.xn--zzzzz9999", ".", "\xff", "a b", "a/b", "[::1", "a@b.com", "a:80:90", ""]
)
def test_what_is_no_host_is_400(sample, host):
    # Not by the test client, which reads the header too.
    for path in ("/", "/article/1", "/feed.xml", "/nothing"):
        environ = EnvironBuilder(path, environ_overrides={"HTTP_HOST": host}).get_environ()
        assert run_wsgi_app(sample, environ)[1].startswith("400"), path


def test_old_dates_are_whole(seed, app):
    seed({"title": "旧", "body": "文", "date": "1900-01-01"}, {"title": "古", "body": "文", "date": "0755-03-04"})
    client = app.test_client()
    assert '<time datetime="1899-12-31T15:54:17+00:00">1900-01-01 00:00:00</time>' in client.get("/article/1").text
    assert ">0755-03-04 00:00:00<" in client.get("/article/2").text


def test_404_suggests_by_the_words_of_the_address(client):
    page = client.get("/2020/用几行Python看懂哈希.html")
    assert page.status_code == 404
    assert "用几行Python看懂哈希</a>" in page.text


def test_validators_answer_304(client):
    for path in ("/", "/article/1", "/feed.xml", "/about"):
        answer = client.get(path)
        again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        since = client.get(path, headers={"If-Modified-Since": answer.headers["Last-Modified"]})
        assert since.status_code == 304


def test_static_files_are_kept_for_a_year_by_their_hash(client):
    address = re.search(r'href="(/static/style\.css\?v=\w+)"', client.get("/").text)[1]
    with client.get(address) as hashed, client.get("/static/style.css") as plain:
        assert "max-age=31536000" in hashed.headers["Cache-Control"]
        assert "31536000" not in plain.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/feed.xml", "/category/wushu/feed.xml"])
def test_atom_reads_without_complaint(client, path):
    feed = feedparser.parse(client.get(path).data)
    assert feed.bozo == 0
    assert feed.entries
    assert all(entry.id and entry.updated_parsed and entry.content[0].value for entry in feed.entries)


def test_sitemaps_name_every_article_once(seed, app):
    seed(*articles(30))
    client = app.test_client()
    ns = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    index = ElementTree.fromstring(client.get("/sitemap.xml").data)
    files = [loc.text for loc in index.findall("s:sitemap/s:loc", ns)]
    found = [
        loc.text for file in files for loc in ElementTree.fromstring(client.get(file).data).findall("s:url/s:loc", ns)
    ]
    assert len(found) == len(set(found))
    assert {f"http://localhost/article/{n}" for n in range(1, 31)} <= set(found)


def test_structured_data_is_true(client):
    id = id_of("一篇文章里能放些什么")
    page = client.get(f"/article/{id}").text
    article, crumbs = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)[1])
    assert article["@type"] == "Article"
    assert article["datePublished"] == "2025-11-10T01:33:39+08:00"
    assert article["pubDate"] == article["upDate"] == "2025-11-10T01:33:39"
    assert article["image"].startswith("http://localhost/media/")
    assert [item["name"] for item in crumbs["itemListElement"]] == ["中利blog", "综合", "一篇文章里能放些什么"]
    site = json.loads(
        re.search(r'<script type="application/ld\+json">(.*?)</script>', client.get("/").text, re.DOTALL)[1]
    )
    assert site[0]["potentialAction"]["target"] == "http://localhost/search?q={search_term_string}"


def test_a_title_cannot_leave_its_place(seed, app):
    title = "</title><script>alert(1)</script>\"'&"
    seed({"title": title, "body": title, "author": title, "tags": [title], "category": title, "summary": title})
    client = app.test_client()
    for path in (
        "/",
        "/article/1",
        "/feed.xml",
        "/search?q=alert",
        "/sitemap",
        "/archive/",
        f"/category/{queries.categories()[0].slug}",
    ):
        page = client.get(path).text
        assert "<script>alert" not in page, path
        assert "</title><script" not in page, path


def test_footer_numbers_are_linked_when_set(site, sample_site):
    app = site(sample_site, SITE_ICP="京ICP备12345678号", SITE_POLICE="京公网安备11000002000001号")
    for path in ("/", "/article/1", "/about", "/nothing"):
        page = app.test_client().get(path).text
        assert re.search(r'<a[^>]+href="https://beian\.miit\.gov\.cn/"[^>]*>京ICP备12345678号</a>', page), path
        assert re.search(
            r'<a[^>]+href="https://beian\.mps\.gov\.cn/[^"]*"[^>]*>京公网安备11000002000001号</a>', page
        ), path
    assert "beian" not in site(sample_site).test_client().get("/").text


def test_the_sites_own_address_is_believed_over_the_visitors(site, sample_site):
    app = site(sample_site, SITE_URL="https://example.com")
    page = app.test_client().get("/article/1", headers={"Host": "evil.example"}).text
    assert 'rel="canonical" href="https://example.com/article/1"' in page
    assert "evil.example" not in page


def test_reserved_addresses_are_those_of_the_routes(app):
    first = {rule.rule.split("/")[1].split("<")[0] for rule in app.url_map.iter_rules()}
    assert first - {"", "sitemap-"} <= fixed.RESERVED


def test_an_error_shows_no_detail(site, sample_site, monkeypatch):
    app = site(sample_site, TESTING=False, PAGE_CACHE_BYTES=0)
    monkeypatch.setattr(queries, "article", lambda id: 1 / 0)
    answer = app.test_client().get("/article/1")
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text
    assert "<h1" in answer.text
    assert answer.headers["Content-Security-Policy"]


JUNK = st.text(st.characters(codec="utf-8"), max_size=40)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from(
        ["", "/tag/", "/media/", "/static/", "/page/", "/sitemap-", *(path.partition("?")[0] for path in PAGES)]
    ),
    junk=JUNK,
    query=st.dictionaries(st.sampled_from(["q", "page", "v", "x"]), JUNK, max_size=3),
    headers=st.dictionaries(
        st.sampled_from(["Host", "If-None-Match", "If-Modified-Since", "Range", "Accept", "Cookie", "X-Forwarded-For"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
        max_size=3,
    ),
    method=st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "PUT"]),
)  # fmt: skip
def test_junk_never_gives_a_500(client, start, junk, query, headers, method):
    path = {"PATH_INFO": (start + junk).encode().decode("latin1")}
    with client.open(method=method, query_string=query, headers=headers, environ_overrides=path) as answer:
        assert answer.status_code < 500
