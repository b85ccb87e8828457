"""Pages kept in memory: whose they are, how many, how old, and that nobody sees another's."""

import random
import threading
import time
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from conftest import articles
from sqlalchemy import update

from dengxia import cache, kept, listings, queries, writing
from models import Article, Body, db


@pytest.fixture
def asked(monkeypatch):
    """The ids of the articles that were asked of the database, in order."""
    ids = []
    article = queries.article
    monkeypatch.setattr(queries, "article", lambda id: ids.append(id) or article(id))
    return ids


def test_a_page_is_made_once(client, asked):
    pages = {client.get("/article/1").data for _ in range(3)}
    assert asked == [1]
    assert len(pages) == 1
    assert client.head("/article/1").data == b""
    assert asked == [1]


def test_zero_switches_it_off(site, sample_site, asked):
    client = site(sample_site, PAGE_CACHE_BYTES=0).test_client()
    assert [client.get("/article/1").status_code for _ in range(2)] == [200, 200]
    assert asked == [1, 1]


@pytest.mark.parametrize(
    "address", ["http://a.example", "https://a.example", "http://A.example:80", "http://[::1]:8080"]
)
def test_an_article_in_front_of_flask_is_the_one_behind(sample, monkeypatch, address):
    client, flask = sample.test_client(), sample.test_client()
    flask.set_cookie("session", "somebody", domain=urlsplit(address).hostname)
    assert client.get("/healthz").status_code == 200  # until the schema was looked at, Flask answers
    answers = []
    for browser in (flask, client):
        random.seed(1)
        answers.append(browser.get("/article/3?x=1", base_url=address))
        monkeypatch.setattr(sample, "full_dispatch_request", None)
    behind, before = answers
    assert before.data == behind.data
    assert dict(before.headers) == dict(behind.headers)


def test_what_is_no_article_is_asked_of_flask(client):
    client.get("/healthz")
    for path in ("/article/999", "/article/01", "/article/1/", "/article/1%0A", "/article/9999999999999999"):
        assert client.get(path).status_code in (301, 404), path
    assert client.post("/article/1").status_code == 405


def test_pages_larger_than_the_memory_are_served(site, sample_site):
    client = site(sample_site, PAGE_CACHE_BYTES=12_000).test_client()
    assert [client.get(path).status_code for path in ("/", "/article/1")] == [200, 200]


def test_head_tells_what_get_does_and_leaves_nothing(sample):
    client = sample.test_client()
    fresh = client.head("/about")
    assert not sample.extensions["page_cache"].pages
    made, kept_page = client.get("/about"), client.head("/about")
    assert len(sample.extensions["page_cache"].pages) == 1
    assert fresh.headers == made.headers == kept_page.headers
    assert int(made.headers["Content-Length"]) == len(made.data)
    assert fresh.data == kept_page.data == b""


def test_who_is_signed_in_neither_meets_nor_leaves_a_kept_page(client, asked):
    client.set_cookie("session", "somebody")
    client.get("/article/1")
    client.delete_cookie("session")
    client.get("/article/1")
    client.set_cookie("session", "somebody")
    client.get("/article/1")
    assert asked == [1, 1, 1]


def test_each_address_query_and_host_has_its_own(client):
    assert "外汇" in client.get("/search?q=外汇").text
    assert "站桩" in client.get("/search?q=站桩").text
    assert client.get("/search?q=外汇").text.count("站桩") < client.get("/search?q=站桩").text.count("站桩")
    assert "http://one.example/" in client.get("/", headers={"Host": "one.example"}).text
    assert "one.example" not in client.get("/", headers={"Host": "two.example"}).text


def test_a_change_shows_at_once_here_and_within_a_second_elsewhere(seed, app, monkeypatch):
    client = app.test_client()
    seed({"key": "x", "title": "旧题", "body": "文"})
    assert "旧题" in client.get("/article/1").text
    monkeypatch.setattr(kept, "forget", lambda: None)  # as another process would: it learns of nothing
    seed({"key": "x", "title": "新题", "body": "文"})
    time.sleep(kept.CHECK_SECONDS)
    assert "新题" in client.get("/article/1").text


def test_a_publication_shows_in_every_process_within_a_second(seed, addresses):
    seed({"key": "x", "title": "旧题", "body": "文"})
    pages = [f"{address}{path}" for address in addresses for path in ("/", "/article/1")]
    for title in ("旧题", "新题", "又改"):
        seed({"key": "x", "title": title, "body": "文"})
        time.sleep(1)
        # Twice, so that the second time it comes from memory.
        for page in [*pages, *pages]:
            with urlopen(page) as answer:
                assert title in answer.read().decode(), page


def test_a_page_is_made_again_when_its_time_is_over(site, sample_site, asked, monkeypatch):
    assert cache.SECONDS <= 60
    monkeypatch.setattr(cache, "SECONDS", 0.2)
    client = site(sample_site).test_client()
    client.get("/article/1")
    time.sleep(0.3)
    client.get("/article/1")
    assert asked == [1, 1]


def test_a_flood_of_addresses_stays_within_the_bytes(site, sample_site):
    app = site(sample_site, PAGE_CACHE_BYTES=200_000)
    client = app.test_client()
    for number in range(200):
        client.get(f"/about?x={number}")
    assert 0 < app.extensions["page_cache"].pages.currsize <= 200_000


@pytest.mark.parametrize("path", ["/random", "/nothing", "/static/style.css"])
def test_what_is_no_page_is_not_kept(sample, path):
    with sample.test_client().get(path) as answer:
        answer.get_data()
    assert not sample.extensions["page_cache"].pages


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Range": "bytes=0-10"}, 200),
        ({"Range": "junk"}, 200),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-None-Match": "junk"}, 200),
        ({"If-Modified-Since": "junk"}, 200),
    ],
)
def test_header_junk_gives_the_page(client, headers, status):
    page = client.get("/article/1").data
    answer = client.get("/article/1", headers=headers)
    assert (answer.status_code, answer.data) == (status, page)


def test_a_returning_visitor_gets_304_from_memory(client, asked):
    headers = client.get("/article/1").headers
    for known in ({"If-None-Match": headers["ETag"]}, {"If-Modified-Since": headers["Last-Modified"]}):
        answer = client.get("/article/1", headers=known)
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["Content-Security-Policy"]
        assert "Content-Length" not in answer.headers
    assert asked == [1]


def test_many_readers_at_once_get_whole_pages(sample):
    pages = []

    def read():
        client = sample.test_client()
        pages.extend(client.get(f"/article/{1 + n % 5}").text for n in range(20))

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pages) == 120
    assert all(page.rstrip().endswith("</html>") for page in pages)


def test_scheduled_articles_appear_without_a_change(seed, app, monkeypatch):
    seed(*articles(3), {"key": "f", "title": "定时发布", "body": "文", "date": "2030-01-01"})
    assert listings.visible() == 3
    monkeypatch.setattr("time.time", lambda: 1_900_000_000)
    assert listings.visible() == 4
    assert listings.list_all(1).cards[0].title == "定时发布"


def test_kept_pages_go_when_a_scheduled_time_comes(seed, app, monkeypatch):
    seed(*articles(3), {"key": "f", "title": "定时发布", "body": "文", "date": "2030-01-01"})
    client = app.test_client()
    assert "定时发布" not in client.get("/").text
    assert "2030年" not in client.get("/archive/").text
    monkeypatch.setattr("time.time", lambda: 1_900_000_000)
    monkeypatch.setattr(kept, "CHECK_SECONDS", 0)
    assert "定时发布" in client.get("/").text
    assert "2030年" in client.get("/archive/").text


def test_long_addresses_are_not_kept(client):
    kept_pages = client.application.extensions["page_cache"].pages
    client.get("/search/suggest?q=x&" + "y" * 60_000)
    assert not kept_pages
    client.get("/search/suggest?q=x")
    assert len(kept_pages) == 1


def test_no_page_holds_a_connection_while_it_asks_for_another(site, sample_site):
    """Else as many readers at once as there are connections would wait for each other."""
    app = site(sample_site, SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 1, "max_overflow": 0, "pool_timeout": 0})
    with app.app_context():
        db.session.execute(update(Body).where(Body.article_id == 2).values(page=None))
        db.session.commit()
    client = app.test_client()
    paths = "/ /article/1 /article/2 /article/1/qr.svg /category/wushu /archive/ /archive/2025/11 /feed.xml".split()
    paths += "/search?q=武术 /search?q=无此一字 /search/suggest?q=武 /sitemap /sitemap-1.xml /about /healthz".split()
    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)
    assert client.get("/nowhere").status_code == 404


def test_what_is_read_during_a_write_does_not_outlive_it(app, seed):
    seed({"key": "k", "title": "旧题", "body": "文"})
    with app.app_context(), writing.changing():
        kept.content()
        other = threading.Thread(target=lambda: app.test_client().get("/"))
        other.start()
        other.join()
        db.session.execute(update(Article).values(title="新题"))
    assert "新题" in app.test_client().get("/").text
