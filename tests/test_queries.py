"""What is asked of the database: what a visitor may see, and how each answer is found."""

import ast
import importlib
import inspect
import re
import sys
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pyotp
import pytest
from conftest import PASSWORD, articles
from flask import current_app
from sqlalchemy import SelectBase, event
from test_images import picture

import models
from dengxia import (
    album,
    categories,
    corrections,
    editing,
    export,
    fixed,
    images,
    journal,
    listings,
    manuscripts,
    people,
    queries,
    ranks,
    rebuilding,
    remembered,
    revisions,
    runs,
    search,
    suggestions,
    throttle,
    upkeep,
    uses,
    working,
    worklist,
    writing,
)
from dengxia.around import around
from dengxia.journal import By
from models import Article, db

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def hidden(seed):
    """Twelve articles that show, one draft and one of the future, all alike."""
    common = {"category": "甲", "tags": ["一"], "body": "同样的话，同样的词。"}
    seed(
        *({"key": f"v{n}", "title": f"可见{n}", "date": f"2024-03-{n + 1:02}", **common} for n in range(12)),
        {"key": "d", "title": "草稿", "date": "2024-03-20", "draft": True, **common},
        {"key": "f", "title": "将来", "date": "2099-01-01", **common},
    )


def around_of(id):
    return around(queries.article(id))


def test_neither_drafts_nor_the_future_show_anywhere(hidden):
    category = queries.categories()[0]
    card = queries.newest(1)[0]
    beside = around_of(card.id)
    shown = [
        *queries.newest(50),
        *queries.newest(50, category.id),
        *listings.list_all(1).cards,
        *listings.list_category(category.id, 1).cards,
        *listings.list_tag(queries.tag("一").id, 1).cards,
        *listings.list_month(2024, 3, 1, ZONE).cards,
        *beside.related,
        *beside.random,
        *(row for row in (beside.earlier, beside.later) if row),
        *listings.random_cards(20),
        *queries.feed(),
        *(hit.card for hit in search.find("同样", 1).hits),
    ]
    assert shown
    assert {row.title for row in shown} <= {f"可见{n}" for n in range(12)}
    assert len(queries.sitemap(1)) == 12
    assert search.find("同样", 1).count == 12
    assert listings.visible() == listings.list_all(1).total == 12
    assert listings.months(ZONE) == [(2024, 3, 12)]
    hidden_ids = db.session.query(Article.id).filter(Article.title.in_(["草稿", "将来"])).all()
    assert [queries.article(id) for (id,) in hidden_ids] == [None, None]


def test_neighbours_stay_in_the_category(seed):
    seed(*(record | {"category": "甲" if n % 2 else "乙"} for n, record in enumerate(articles(6))))
    ids = {row.title: row.id for row in queries.newest(10)}
    found = around_of(ids["第2篇"])
    assert (found.earlier.title, found.later.title) == ("第0篇", "第4篇")
    assert around_of(ids["第0篇"]).earlier is None
    assert around_of(ids["第5篇"]).later is None


def test_neighbours_of_one_second_follow_their_numbers(seed):
    seed(*articles(3, date="2024-01-01"))
    found = around_of(2)
    assert (found.earlier.id, found.later.id) == (1, 3)


def test_related_are_filled_up_by_the_newest_of_the_category(hidden):
    id = queries.newest(1)[0].id
    related = around_of(id).related
    assert len(related) == 10
    assert id not in {row.id for row in related}


def test_months_are_those_of_the_zone(seed):
    seed({"key": "x", "title": "年末", "body": "文", "date": "2023-12-31T16:30:00+00:00"})
    assert listings.months(ZONE) == [(2024, 1, 1)]
    assert listings.list_month(2024, 1, 1, ZONE).total == 1
    assert listings.list_month(2023, 12, 1, ZONE).total == 0


def test_tags_and_categories_are_one_in_any_case(seed):
    seed(
        {"title": "一", "body": "文", "tags": ["Go", "go"], "category": "React"},
        {"title": "二", "body": "文", "tags": ["GO"], "category": "react"},
        {"title": "三", "body": "文", "category": "外汇"},
        {"title": "四", "body": "文", "category": "waihui"},
    )
    assert [row.name for row in queries.categories()] == ["外汇", "React"]
    assert queries.tags([1, 2]) == {1: ["Go"], 2: ["Go"]}
    assert listings.list_tag(queries.tag("gO").id, 1).total == 2


def ask_everything():
    """Call every public function of queries, listings and search as a page would, and leave none out."""
    card = queries.article(queries.newest(1)[0].id)
    category = queries.categories()[0]
    asked = {
        "article": (card.id,), "category": (category.slug,), "feed": (category.id,), "list_all": (2,),
        "list_category": (category.id, 1), "list_month": (2024, 1, 1, ZONE), "list_tag": (queries.tag("一").id, 1),
        "months": (ZONE,), "newest": (6, category.id), "origins": (["k1"],), "page": ("about",),
        "random_cards": (10, {card.id}), "redirect": ("/old",), "places": (["/old"],), "exists": (card.id,),
        "sitemap": (1,), "tag": ("一",), "written": (card.id,), "bodies": (0, 9),
        "showing": ("a", 9), "titles": ([1, card.id],), "published": ([card.id],), "tags": ([card.id],),
        "corrections": ([card.id],), "choices": ([1],),
    }  # fmt: skip
    walks = {"count_bodies", "ask", "ask_first", "ask_these", "select_cards", "select_titles"}
    for module in (queries, listings):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if inspect.getmodule(inspect.unwrap(function)) is module and name[0] != "_" and name not in walks:
                function(*asked.get(name, ()))
    around(card)
    queries.newest(6)
    queries.feed()
    search.find("正文 同样", 1)
    suggestions.nearest("/old/正文")
    suggestions.suggest("第1")
    export.records([card.id])
    with TemporaryDirectory() as folder:
        export.export(Path(folder), "jsonl", Path(folder, "media"), ZONE, lambda _: None)


def run_the_desk():
    """Do once all that people, throttle, journal, corrections, album and uses can: `ask_everything` for the desk."""
    by = By("某人")
    name = images.keep(picture(), Path(current_app.instance_path, "media"))
    with writing.saved():
        uses.change({1: [name]})
    with writing.saved():
        uses.change({1: []})
    album.add(by, picture(), "灯.png")
    assert album.page(2**62, "") == (album.unused(2**62, "")[0], None)
    album.remove(by, album.picture(name))
    for name, role in (("甲", "admin"), ("乙", "author")):
        people.add(by, name, role, PASSWORD)
    row = people.named("乙")
    secret = pyotp.random_base32()
    for code in people.switch_on(by, row, secret, pyotp.TOTP(secret).now())[:1]:
        people.sign_in("乙", PASSWORD, code, ["name:乙", "address:1"], "")
    people.sign_in("乙", PASSWORD, pyotp.TOTP(secret).now(), [], "")
    people.sign_out(by)
    people.switch_off(by, row, PASSWORD)
    people.change_role(by, row, "editor")
    people.change_password(by, row, PASSWORD, "another lamp 11")
    people.disable(by, row)
    people.enable(by, row)
    people.reset(by, row, PASSWORD)
    [article] = queries.published([queries.newest(1)[0].id])
    corrections.add(by, article, "更正")
    [row] = queries.corrections([article.id])[article.id]
    corrections.remove(by, article, corrections.named(row.id))
    throttle.begin(["name:乙"])
    throttle.begin(["name:乙"])
    assert people.exist()
    assert people.everyone()
    assert people.person(row.id)
    assert journal.entries(9)


def write_at_the_desk():
    """Do once all that can be done to an article at the desk."""
    person = editing.Person(people.named("甲").id, By("甲"))
    text = manuscripts.Manuscript("题", "文", tags=["一"], aliases=["/old/1"])
    copy = working.put(person.id, None, None, 0, manuscripts.typed(text))
    id = editing.begin(person, text, editing.Step(copy=copy.id))
    known = manuscripts.standing(id)
    editing.change(person, known, known.row.version, replace(text, body="又"), editing.Step("trash"))
    copy = working.put(person.id, id, None, 0, manuscripts.typed(text))
    assert working.of_article(person.id, id) == [working.get(person.id, copy.id)] == [copy]
    working.forget(person.id, copy.id)
    assert working.of_new(person.id) == working.of_anything(person.id) == []
    rows, _ = revisions.newest(id)
    assert revisions.one(id, rows[0].id)
    assert revisions.previous(id, rows[0].id)
    for state, category, owner, query in product(
        worklist.STATES, (None, 1), (None, person.id), ("", "正文 文 -无", "文")
    ):
        worklist.page(state, category, owner, query)
        worklist.soonest(owner)
    assert revisions.latest(1)[0].article_id == id
    editing.purge(person, manuscripts.standing(id))
    assert remembered.values()
    assert remembered.tags("一")


def keep_the_site():
    """Do once all that categories, fixed and upkeep can."""
    by = By("某人")
    for name in ("新类", "旧类"):
        categories.add(by, {"name": name, "slug": "", "description": "", "in_nav": ""})
    new, old = (row.id for row in queries.categories()[-2:])
    categories.change(by, new, {"name": "新类", "slug": "new", "description": "", "in_nav": ""})
    categories.move(by, old, -1)
    assert categories.is_empty(old)
    categories.merge(by, old, queries.categories()[0].id)
    categories.remove(by, new)
    fixed.add(by, "about", "关于", "markdown", "文")
    fixed.change(by, "about", "关于", "markdown", "另一段", queries.page("about").updated_at)
    assert fixed.old_text(fixed.old_texts("about")[0].id).source == "文"
    fixed.remove(by, "about")
    assert [row.slug for row in fixed.gone()] == ["about"]
    for name in ("甲", "乙"):
        upkeep.add_link(by, name, f"https://{name}.example")
    first, second = upkeep.links()
    upkeep.change_link(by, first.id, "丙", first.url)
    upkeep.move_link(by, second.id, -1)
    upkeep.remove_link(by, second.id)
    upkeep.add_redirect(by, "/elsewhere", "1")
    assert upkeep.redirect("/elsewhere").article_id == 1
    assert upkeep.redirects("/", "")[0]
    upkeep.remove_redirect(by, "/elsewhere")
    upkeep.change_settings(by, {"SITE_NAME": "另一个名字"})


# Modules that ask the database are found, and so is each place in them that does. Not those that only write, nor
# keeping and doctor, who walk through everything, nor:
WRITERS = {"writing", "rebuilding", "related", "schema", "transfer", "doctor", "keeping"}
MAY_WALK = {"count_bodies", "rebuild", "_keys", "install", "clear", "index_drafts", "strays"}
RUNS = {"ask", "ask_first", "ask_these", "execute", "exec_driver_sql", "scalar", "scalars"}


def take_runs_back(seed):
    """Make and change articles and pages, and take that back."""
    page = {"type": "page", "slug": "x", "title": "页", "body": "文"}
    seed(page)
    seed(*articles(3, author="又改"), {"key": "new", "title": "新", "body": "文"}, page | {"body": "改"})
    for row in runs.latest()[:2]:
        runs.undo(row.id, print)


def places_that_ask():
    """File and line of each call that runs a statement, with its function."""
    for file in sorted(Path(queries.__file__).parent.glob("*.py")):
        if file.stem in WRITERS:
            continue
        for function in ast.walk(ast.parse(file.read_text("utf8"))):
            if not isinstance(function, ast.FunctionDef) or function.name in MAY_WALK | RUNS:
                continue
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) in RUNS:
                    yield (str(file), call.lineno), function.name


def kept_statements():
    """The SQL of each statement that a module keeps."""
    modules = {Path(file).stem for (file, _), _ in places_that_ask()}
    for module in (importlib.import_module(f"dengxia.{name}") for name in sorted(modules)):
        for statement in vars(module).values():
            if isinstance(statement, SelectBase):
                compiled = statement.compile(dialect=db.engine.dialect)
                values = {name: [1] if value.expanding else 1 for name, value in compiled.binds.items()}
                yield compiled.construct_expanded_state(values).statement


@contextmanager
def watched():
    """The statements that are run meanwhile, and the lines of our modules that are."""
    statements, lines = [], set()
    folder = str(Path(queries.__file__).parent)

    def trace(frame, event, _):
        if not frame.f_code.co_filename.startswith(folder):
            return None
        lines.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    db.session.remove()
    db.engine.dispose()
    event.listen(db.engine, "connect", lambda driver, _: driver.set_trace_callback(statements.append))
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield statements, lines
    finally:
        sys.settrace(before)


def test_no_question_walks_or_sorts_a_growing_table(seed, monkeypatch):
    monkeypatch.setattr(ranks, "LARGEST", 8)
    monkeypatch.setattr(ranks, "HALF", 4)
    with watched() as (statements, lines):
        seed(*articles(60, tags=["一"]))
        seed(*articles(20, tags=["一"], author="改"))
        ask_everything()
        search.find("正文 文 -没有 -无")
        run_the_desk()
        write_at_the_desk()
        keep_the_site()
        take_runs_back(seed)
    missed = {f"{Path(place[0]).name}: {function}" for place, function in places_that_ask() if place not in lines}
    assert not missed, "not asked here, so its plan is not looked at"
    growing = "|".join(
        db.metadata.tables.keys()
        - {"category", "link", "page", "content_version", "related_choice", "run", "setting", "user"}
    )
    asked = [*kept_statements(), *(s for s in statements if s.startswith(("SELECT", "UPDATE", "DELETE")))]
    driver = db.session.connection().connection.driver_connection
    for statement in {re.sub(r"\d+", "1", statement): statement for statement in asked}.values():
        details = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * statement.count("?"))]
        walked = [d for d in details if re.match(rf"SCAN ({growing})\b|SCAN search_\w+ VIRTUAL TABLE INDEX \d+:$", d)]
        walked += [d for d in details if d.endswith("published_at<?)") and not re.search(r"LIMIT|max\(", statement)]
        # Rows that are given by number may be sorted.
        given = re.search(r"(?<!NOT) IN \((?!SELECT id)", statement)
        sorted_ = [d for d in details if "TEMP B-TREE" in d and re.search(rf"\b({growing})\b", statement) and not given]
        assert not walked + sorted_, (statement, details)
        if re.search(r"\(article\.published_at, article\.number\) [<>]", statement):
            # Not walking from now down to the place.
            assert any("(published_at,number)" in d for d in details), (statement, details)


@pytest.mark.parametrize("scheduled", [1, 30, 600])
def test_lists_agree_with_the_database_while_articles_are_scheduled(seed, scheduled):
    common = {"category": "甲", "tags": ["一"]}
    later = [
        record | {"key": f"later {n}", "date": "2099-01-01"} for n, record in enumerate(articles(scheduled, **common))
    ]
    seed(*articles(90, **common), *later)
    order = (Article.published_at.desc(), Article.id.desc())
    wanted = [row.id for row in db.session.query(Article.id).filter(models.public()).order_by(*order)]
    category, tag = queries.categories()[0].id, queries.tag("一").id
    for page in (
        listings.list_all,
        lambda number: listings.list_category(category, number),
        lambda number: listings.list_tag(tag, number),
        lambda number: listings.list_month(2024, 1, number, ZONE),
    ):
        found = [card.id for number in range(1, page(1).pages + 1) for card in page(number).cards]
        assert found == wanted
        assert len(found) == page(1).total == 90


def test_a_rebuild_that_breaks_off_leaves_everything(seed):
    seed(*articles(30))
    for _ in rebuilding.rebuild(batch=10):
        break
    assert search.find("正文").count == 30
    assert len(list(rebuilding.rebuild(batch=10))) == 3
    assert search.find("正文").count == 30
