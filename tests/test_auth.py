"""Who gets in, who does not, and who may do what."""

import re
import time

import pyotp
import pytest
from conftest import NAMES, PASSWORD, look_with_scripts, nu_errors, post, served, sign_in, token_in, token_of
from playwright.sync_api import expect

from app import create_app
from dengxia import auth, journal, passwords, people, throttle, writing
from dengxia.journal import By
from models import db

HOUR = 3600
EVERYBODY, STAFF, EDITORS, ADMIN = {"nobody", *people.ROLES}, set(people.ROLES), {"editor", "admin"}, {"admin"}
# Every address of the desk; who may ask for it.
WALK = {
    "desk.sign_in": EVERYBODY,
    "desk.enter": EVERYBODY,
    "desk.sign_out": STAFF,
    "desk.front": STAFF,
    "desk.me": STAFF,
    "desk.change_password": STAFF,
    "desk.start_two_step": STAFF,
    "desk.switch_on_two_step": STAFF,
    "desk.switch_off_two_step": STAFF,
    "desk.list_people": ADMIN,
    "desk.add_person": ADMIN,
    "desk.change_role": ADMIN,
    "desk.disable_person": ADMIN,
    "desk.enable_person": ADMIN,
    "desk.reset_person": ADMIN,
    "desk.log": ADMIN,
    "desk.list_articles": STAFF,
    "desk.change_articles": STAFF,
    "desk.new_article": STAFF,
    "desk.make_article": STAFF,
    "desk.article": STAFF,
    "desk.save_article": STAFF,
    "desk.check_article": STAFF,
    "desk.ask_to_purge": ADMIN,
    "desk.purge_article": ADMIN,
    "desk.list_revisions": STAFF,
    "desk.revision": STAFF,
    "desk.restore_revision": STAFF,
    "desk.keep_working": STAFF,
    "desk.forget_working": STAFF,
    "desk.suggest_tags": STAFF,
    "desk.list_corrections": EDITORS,
    "desk.add_correction": EDITORS,
    "desk.remove_correction": EDITORS,
    "desk.list_related": EDITORS,
    "desk.choose_related": EDITORS,
    "desk.list_categories": EDITORS,
    "desk.add_category": EDITORS,
    "desk.edit_category": EDITORS,
    "desk.change_category": EDITORS,
    "desk.move_category": EDITORS,
    "desk.merge_category": EDITORS,
    "desk.delete_category": EDITORS,
    "desk.list_pages": EDITORS,
    "desk.add_page": EDITORS,
    "desk.edit_page": EDITORS,
    "desk.delete_page": EDITORS,
    "desk.list_links": EDITORS,
    "desk.add_link": EDITORS,
    "desk.edit_link": EDITORS,
    "desk.change_link": EDITORS,
    "desk.move_link": EDITORS,
    "desk.delete_link": EDITORS,
    "desk.list_redirects": ADMIN,
    "desk.add_redirect": ADMIN,
    "desk.delete_redirect": ADMIN,
    "desk.show_settings": ADMIN,
    "desk.change_settings": ADMIN,
    "desk.preview": STAFF,
    "desk.pictures": STAFF,
    "desk.add_pictures": STAFF,
    "desk.picture": STAFF,
    "desk.replace_picture": {"editor", "admin"},
    "desk.delete_picture": {"editor", "admin"},
}


def rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/desk")]


def is_out(client):
    answer = client.get("/desk")
    return answer.status_code == 302 and "/desk/sign-in" in answer.location


def try_to_enter(client, name, password, times=1, **fields):
    """The statuses of so many tries to sign in, with one token and maybe from an address."""
    address = fields.pop("address", None)
    data = {"csrf_token": token_of(client), "name": name, "password": password, **fields}
    headers = {"X-Forwarded-For": address} if address else {}
    return [client.post("/desk/sign-in", data=data, headers=headers).status_code for _ in range(times)]


@pytest.fixture
def quick(monkeypatch, clock):
    """Passwords are compared without hashing, for tests of many tries; waits are as if those took no time."""
    monkeypatch.setattr(passwords, "fits", lambda password, kept: password == PASSWORD)


# Roles


@pytest.mark.parametrize("role", ["nobody", *people.ROLES])
def test_every_address_asks_who_it_is(desk, role):
    """What is open to a role answers, and what is not is refused."""
    assert {rule.endpoint for rule in rules(desk)} == WALK.keys()
    client = sign_in(desk, NAMES[role]) if role != "nobody" else desk.test_client()
    token = token_of(client)
    cookie = client.get_cookie("session", path="/desk").value
    for rule in rules(desk):
        path = re.sub("<.*?>", "1", rule.rule)
        for method in rule.methods & {"GET", "POST"}:
            client.set_cookie("session", cookie, path="/desk")
            answer = client.open(path, method=method, data={"csrf_token": token})
            if role in WALK[rule.endpoint]:
                assert answer.status_code not in (401, 403), (rule, method)
                assert "/desk/sign-in" not in (answer.location or "") or rule.endpoint == "desk.sign_out"
            elif role != "nobody":
                assert answer.status_code == 403, (rule, method)
            elif method == "GET":
                assert (answer.status_code, answer.location) == (302, f"/desk/sign-in?next={path}")
            else:
                assert answer.status_code == 401
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["X-Robots-Tag"] == "noindex"


def test_a_view_that_does_not_say_what_it_is_for_is_open_to_nobody(desk, monkeypatch):
    client = sign_in(desk, NAMES["admin"])
    monkeypatch.delattr(desk.view_functions["desk.front"], "needs")
    assert client.get("/desk").status_code == 403


def test_every_write_wants_its_token(desk):
    client = sign_in(desk, NAMES["admin"])
    stranger = token_of(desk.test_client())
    writes = [rule for rule in desk.url_map.iter_rules() if rule.methods & {"POST", "PUT", "PATCH", "DELETE"}]
    assert writes
    for rule in writes:
        for data in ({}, {"csrf_token": "junk"}, {"csrf_token": stranger}):
            assert client.post(re.sub("<.*?>", "1", rule.rule), data=data).status_code == 400, rule


# In and out


def test_without_anybody_the_desk_says_which_command_makes_the_first(site, empty_site):
    client = site(empty_site).test_client()
    page = client.get("/desk", follow_redirects=True).text
    assert "flask user add 名字 --role admin" in page
    assert "<form" not in page


def test_in_and_out(desk):
    client = desk.test_client()
    assert is_out(client)
    answer = post(client, "/desk/sign-in", name=" wang WU ", password=PASSWORD, next="/desk/people")
    assert (answer.status_code, answer.location) == (303, "/desk/people")
    assert NAMES["admin"] in client.get("/desk").text
    assert client.get("/desk/sign-in").location == "/desk"
    assert post(client, "/desk/sign-out").status_code == 303
    assert is_out(client)


@pytest.mark.parametrize(
    "next", ["https://evil.example/desk/", "//evil.example", "/\\evil.example", "/", "desk/people"]
)
def test_signing_in_leads_nowhere_else(desk, next):
    client = desk.test_client()
    assert post(client, "/desk/sign-in", name=NAMES["author"], password=PASSWORD, next=next).location == "/desk"


def test_signing_in_survives_an_odd_next(desk):
    client = desk.test_client()
    answer = post(client, "/desk/sign-in", name=NAMES["author"], password=PASSWORD, next="/desk/\r\nX: y\0")
    assert answer.status_code == 303
    assert "X" not in answer.headers


def test_the_answer_is_the_same_whatever_is_wrong(desk):
    client = desk.test_client()
    with desk.app_context():
        people.disable(By("x"), people.named(NAMES["editor"]))
        secret = pyotp.random_base32()
        people.switch_on(By("x"), people.named(NAMES["admin"]), secret, pyotp.TOTP(secret).now())
    pages = set()
    for name, password in (
        ("没有这个人", PASSWORD),
        (NAMES["author"], "not the password"),
        (NAMES["editor"], PASSWORD),
        (NAMES["admin"], PASSWORD),
        ("", ""),
        (NAMES["author"], "长" * 5000),
    ):
        answer = post(client, "/desk/sign-in", name=name, password=password)
        assert answer.status_code == 400
        pages.add(re.sub(r'value="[^"]+"', "", answer.text))
    assert len(pages) == 1
    assert is_out(client)


# Sessions and cookies


def test_a_new_password_ends_every_session_but_this_one(desk):
    here, there = (sign_in(desk, NAMES["author"]) for _ in range(2))
    answer = post(here, "/desk/me/password", old=PASSWORD, new="another lamp 11", again="another lamp 11")
    assert answer.status_code == 200
    assert not is_out(here)
    assert is_out(there)
    assert try_to_enter(desk.test_client(), NAMES["author"], PASSWORD) == [400]
    sign_in(desk, NAMES["author"], "another lamp 11")


@pytest.mark.parametrize(
    ("old", "new", "again", "words"),
    [
        ("wrong", "another lamp 11", "another lamp 11", "现在的密码不对"),
        (PASSWORD, "another lamp 11", "another lamp 12", "不一样"),
        (PASSWORD, "short", "short", "至少要 12 个字"),
        (PASSWORD, PASSWORD, PASSWORD, "和现在的一样"),
    ],
)
def test_a_password_is_not_changed(desk, old, new, again, words):
    client = sign_in(desk, NAMES["author"])
    answer = post(client, "/desk/me/password", old=old, new=new, again=again)
    assert answer.status_code == 400
    assert words in answer.text
    sign_in(desk, NAMES["author"])


def test_an_open_desk_is_no_place_to_guess_the_password(desk, quick):
    client = sign_in(desk, NAMES["author"])
    said = [post(client, "/desk/me/two-step/off", password="wrong").text for _ in range(7)]
    assert ["不对" in page for page in said] == [True] * 5 + [False] * 2
    assert "试得太多了" in said[-1]


def test_disabling_and_resetting_end_the_sessions(desk):
    admin = sign_in(desk, NAMES["admin"])
    for act, role, id in (("disable", "author", 1), ("reset", "editor", 2)):
        client = sign_in(desk, NAMES[role])
        post(admin, f"/desk/people/{id}/{act}")
        assert is_out(client)
    assert try_to_enter(desk.test_client(), NAMES["author"], PASSWORD) == [400]
    post(admin, "/desk/people/1/enable")
    sign_in(desk, NAMES["author"])


def test_another_role_counts_from_the_next_request(desk):
    client, admin = sign_in(desk, NAMES["author"]), sign_in(desk, NAMES["admin"])
    assert client.get("/desk/log").status_code == 403
    post(admin, "/desk/people/1/role", role="admin")
    assert client.get("/desk/log").status_code == 200


def test_a_session_ends_when_it_is_idle(desk, clock):
    client = sign_in(desk, NAMES["author"])
    for _ in range(3):
        clock(8 * HOUR)
        assert not is_out(client)
    clock(12 * HOUR + 2)
    assert is_out(client)


def test_a_session_ends_after_a_week_of_use(desk, clock):
    client = sign_in(desk, NAMES["author"])
    for _ in range(16):
        clock(10 * HOUR)
        assert not is_out(client)
    clock(10 * HOUR)
    assert is_out(client)


def test_a_forged_session_is_none(desk):
    client = desk.test_client()
    client.set_cookie("session", "eyJfdXNlcl9pZCI6IjEuMSJ9.aaaa.bbbb", path="/desk")
    assert is_out(client)


def test_a_session_from_before_signing_in_is_left_behind(desk):
    client = desk.test_client()
    before = token_of(client)
    assert try_to_enter(client, NAMES["author"], PASSWORD) == [303]
    assert client.post("/desk/sign-out", data={"csrf_token": before}).status_code == 400


@pytest.mark.parametrize(
    ("settings", "scheme"), [({}, "http"), ({}, "https"), ({"SITE_URL": "https://a.example"}, "http")]
)
def test_cookies_are_of_the_desk_alone(site, staffed_site, settings, scheme):
    app = site(staffed_site, **settings)
    client, base = app.test_client(), f"{scheme}://a.example"
    is_secure = "https" in (scheme, settings.get("SITE_URL", "")[:5])
    page = client.get("/desk/sign-in", base_url=base)
    data = {"csrf_token": token_in(page.text), "name": NAMES["author"], "password": PASSWORD}
    headers = {"Referer": "https://a.example/desk/sign-in", "Cookie": page.headers["Set-Cookie"].partition(";")[0]}
    answer = app.test_client(use_cookies=False).post("/desk/sign-in", base_url=base, data=data, headers=headers)
    cookies = [*page.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]
    assert [cookie.partition("=")[0] for cookie in cookies] == ["session", "device", "session"]
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/desk" in cookie
        assert ("Secure" in cookie) == is_secure


def test_public_pages_know_nobody(desk):
    pages = []
    for client in (desk.test_client(), sign_in(desk, NAMES["admin"])):
        for path in ("/", "/archive/", "/nothing"):
            answer = client.get(path)
            assert "Set-Cookie" not in answer.headers
            assert "Cookie" not in answer.headers.get("Vary", "")
            pages.append(answer.data)
    assert pages[:3] == pages[3:]


# Tries


def test_wrong_tries_have_to_wait_in_every_process(desk, quick, clock):
    others = [create_app({"TESTING": True}) for _ in range(2)]
    first, second = (app.test_client() for app in others)
    assert try_to_enter(first, NAMES["author"], "wrong", 3, address="9.0.0.1") == [400] * 3
    assert try_to_enter(second, NAMES["author"], "wrong", 4, address="9.0.0.2") == [400, 400, 429, 429]
    answer = post(first, "/desk/sign-in", name=NAMES["author"], password=PASSWORD)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert "请过 1 秒再试" in answer.text
    assert try_to_enter(first, NAMES["editor"], PASSWORD, address="9.0.0.1") == [303]
    clock(2)
    assert try_to_enter(second, NAMES["author"], PASSWORD) == [303]
    for app in others:
        with app.app_context():
            db.engine.dispose()


def test_an_address_has_to_wait_whatever_names_it_tries(desk, quick):
    client = desk.test_client()
    names = [try_to_enter(client, f"人{n}", "wrong", address="9.0.0.1") for n in range(22)]
    assert names == [[400]] * 20 + [[429]] * 2
    assert try_to_enter(client, NAMES["author"], PASSWORD, address="9.0.0.1") == [429]
    assert try_to_enter(client, NAMES["author"], PASSWORD, address="9.0.0.2") == [303]


def test_ones_own_account_does_not_buy_more_tries(desk, quick):
    wrong = []
    for n in range(30):
        wrong += try_to_enter(desk.test_client(), f"人{n}", "wrong", address="9.0.0.1")
        if wrong[-1] == 400:
            try_to_enter(desk.test_client(), NAMES["author"], PASSWORD, address="9.0.0.1")
    assert wrong.count(400) == 20


def test_a_stranger_locks_nobody_out(desk, quick):
    client = sign_in(desk, NAMES["author"])
    post(client, "/desk/sign-out")
    stranger = desk.test_client()
    assert 429 in try_to_enter(stranger, NAMES["author"], "wrong", 9)
    assert try_to_enter(stranger, NAMES["author"], PASSWORD) == [429]
    assert try_to_enter(client, NAMES["author"], PASSWORD) == [303]
    post(client, "/desk/sign-out")
    # This browser has its own count, and is known for one name only.
    assert try_to_enter(client, NAMES["author"], "wrong", 7) == [400] * 5 + [429] * 2
    assert try_to_enter(client, NAMES["editor"], PASSWORD) == [303]


def test_a_forged_device_is_none(desk, quick):
    for value in ("junk", "WyJhIl0.x", '["张三","x"]'):
        client = desk.test_client()
        client.set_cookie("device", value, path="/desk/sign-in")
        try_to_enter(client, NAMES["author"], "wrong", 2)
    assert try_to_enter(client, NAMES["author"], PASSWORD) == [429]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("9.9.9.9", None, "9.9.9.9"),
        ("9.9.9.9", "1.1.1.1", "9.9.9.9"),
        ("127.0.0.1", "1.1.1.1, 2.2.2.2", "2.2.2.2"),
        ("::ffff:172.17.0.1", "2.2.2.2", "2.2.2.2"),
        ("127.0.0.1", "junk", "127.0.0.1"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("", "2.2.2.2", "2.2.2.2"),
        ("", None, ""),
        ("2606:4700:1:2:3:4:5:6", None, "2606:4700:1:2::/64"),
    ],
)
def test_an_address_is_of_whom_a_proxy_asks_for(desk, peer, forwarded, address):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    with desk.test_client() as client:
        client.get("/desk/sign-in", environ_base={"REMOTE_ADDR": peer}, headers=headers)
        assert auth._address() == address


@pytest.mark.parametrize(
    ("peer", "said", "scheme"),
    [("127.0.0.1", "https", "https"), ("127.0.0.1", "gopher", "http"), ("9.9.9.9", "https", "http")],
)
def test_only_a_proxy_says_by_which_scheme_it_was_asked(desk, peer, said, scheme):
    answer = desk.test_client().get(
        "/desk/sign-in", environ_base={"REMOTE_ADDR": peer}, headers={"X-Forwarded-Proto": said}
    )
    assert answer.request.scheme == "http"
    assert ("Secure" in answer.headers["Set-Cookie"]) == (scheme == "https")


# Two-step sign-in


@pytest.fixture
def two_step(desk):
    """The secret and the recovery codes of an author who has just switched two-step sign-in on."""
    client = sign_in(desk, NAMES["author"])
    post(client, "/desk/me/two-step")
    page = client.get("/desk/me").text
    assert "<svg" in page
    secret = re.search(r"<code>([A-Z2-7 ]{39})</code>", page)[1].replace(" ", "")
    assert "动态码不对" in post(client, "/desk/me/two-step/on", code="000000x").text
    page = post(client, "/desk/me/two-step/on", code=pyotp.TOTP(secret).now()).text
    codes = re.findall(r"<code>(\w{4}-\w{4}-\w{4}-\w{4})</code>", page)
    assert len(set(codes)) == 10
    later = client.get("/desk/me").text
    assert not [word for word in (secret, *codes) if word in later]
    return secret, codes


def enters(desk, code):
    """Whether somebody gets in by this code, whatever was tried before."""
    with desk.app_context(), writing.saved():
        throttle.forgive([f"name:{NAMES['author']}"])
    return try_to_enter(desk.test_client(), NAMES["author"], PASSWORD, code=code) == [303]


def test_a_code_is_asked_for_and_used_once(desk, two_step, quick, clock):
    secret, _ = two_step
    totp = pyotp.TOTP(secret)
    assert not enters(desk, "")
    assert not enters(desk, totp.now())  # it switched the thing on
    clock(60)
    code = totp.at(time.time())
    assert enters(desk, f"{code[:3]} {code[3:]}")
    assert not enters(desk, code)
    clock(600)
    assert not enters(desk, code)


def test_a_recovery_code_lets_in_once(desk, two_step, quick):
    _, codes = two_step
    assert enters(desk, codes[0].upper().replace("-", " "))
    assert not enters(desk, codes[0])
    assert enters(desk, codes[1])
    with desk.app_context():
        kept = db.session.execute(db.text("SELECT digest FROM recovery_code")).scalars().all()
        assert len(kept) == 8
        assert codes[2].encode() not in kept


def test_two_step_is_switched_off_with_the_password(desk, two_step, quick, clock):
    clock(60)
    client = sign_in(desk, NAMES["author"], code=pyotp.TOTP(two_step[0]).at(time.time()))
    assert post(client, "/desk/me/two-step/off", password="wrong").status_code == 400
    assert post(client, "/desk/me/two-step/off", password=PASSWORD).status_code == 303
    assert enters(desk, "")
    assert not db_count(desk, "recovery_code")


def test_a_reset_ends_two_step_too(desk, two_step):
    admin = sign_in(desk, NAMES["admin"])
    page = post(admin, "/desk/people/1/reset").text
    sign_in(desk, NAMES["author"], re.search("<code>([^<]+)</code>", page)[1])
    assert not db_count(desk, "recovery_code")


def test_nothing_is_switched_on_that_was_not_started(desk):
    client = sign_in(desk, NAMES["author"])
    assert post(client, "/desk/me/two-step/on", code="123456").status_code == 400


def db_count(app, table):
    with app.app_context():
        return db.session.execute(db.text(f"SELECT count(*) FROM {table}")).scalar()


# People


def test_somebody_new_chooses_a_password_first(desk):
    admin = sign_in(desk, NAMES["admin"])
    page = post(admin, "/desk/people", name="赵 六", role="editor").text
    password = re.search("<code>([^<]+)</code>", page)[1]
    assert password not in admin.get("/desk/people").text
    client = sign_in(desk, "赵 六", password)
    assert client.get("/desk").location == "/desk/me"
    assert "先换一个自己的" in client.get("/desk/me").text
    post(client, "/desk/me/password", old=password, new="another lamp 11", again="another lamp 11")
    assert "赵 六，编辑" in client.get("/desk").text


@pytest.mark.parametrize(
    ("path", "fields", "status", "words"),
    [
        ("/desk/people", {"name": "ＷＡＮＧ wu", "role": "author"}, 400, "已经有叫这个名字的人"),
        ("/desk/people", {"name": " ", "role": "author"}, 400, "1 到 30 个"),
        ("/desk/people", {"name": "长" * 31, "role": "author"}, 400, "1 到 30 个"),
        ("/desk/people", {"name": "零\u200b宽", "role": "author"}, 400, "1 到 30 个"),
        ("/desk/people", {"name": "甲", "role": "owner"}, 400, ""),
        ("/desk/people", {"name": "<b>", "role": "author"}, 200, "&lt;b&gt;"),
        ("/desk/people/3/disable", {}, 400, "最后一个管理员"),
        ("/desk/people/3/role", {"role": "editor"}, 400, "最后一个管理员"),
        ("/desk/people/1/role", {"role": "owner"}, 400, ""),
        ("/desk/people/99/disable", {}, 404, ""),
        ("/desk/people/99/reset", {}, 404, ""),
    ],
)
def test_what_is_refused_is_said(desk, path, fields, status, words):
    client = sign_in(desk, NAMES["admin"])
    answer = post(client, path, **fields)
    assert answer.status_code == status
    assert words in answer.text
    with desk.app_context():
        assert [row.role for row in people.everyone()][:3] == list(NAMES)
        assert not any(row.disabled for row in people.everyone())


# The log


def test_the_log_says_who_did_what(desk):
    admin = sign_in(desk, NAMES["admin"])
    client = desk.test_client()
    try_to_enter(client, "my secret password", "x", address="9.0.0.1")
    try_to_enter(client, NAMES["author"], "wrong", address="9.0.0.1")
    post(admin, "/desk/people/1/disable")
    rows = re.findall(r"</time> (.*)", admin.get("/desk/log").text)
    said = [re.sub(r"\s+", " ", re.sub("<[^>]+>", "", row)).strip() for row in rows]
    assert said[:4] == [
        "Wang Wu 停用 张三 127.0.0.1",
        "张三 登录失败 9.0.0.1",
        "（没有这个人） 登录失败 9.0.0.1",
        "Wang Wu 登录 127.0.0.1",
    ]


def test_the_log_is_paged_by_key(desk):
    with desk.app_context(), writing.saved():
        for n in range(120):
            journal.note(By("某人"), f"第{n}件事。")
    client = sign_in(desk, NAMES["admin"])
    seen, path = [], "/desk/log"
    while path:
        page = client.get(path).text
        seen += map(int, re.findall("第([0-9]+)件事", page))
        following = re.search(r'href="(/desk/log\?before=\d+)"', page)
        path = following and following[1]
    assert seen == list(range(119, -1, -1))
    for before in ("junk", "-5", "0", "9" * 40, "-" + "9" * 40):
        assert client.get(f"/desk/log?before={before}").status_code == 200


# In a browser


def test_the_nu_checker_accepts_the_desk(desk, tmp_path):
    client = desk.test_client()
    pages = {"sign in": client.get("/desk/sign-in").text}
    pages["wrong"] = post(client, "/desk/sign-in", name="x", password="y").text
    client = sign_in(desk, NAMES["admin"])
    pages["password"] = post(client, "/desk/people", name="新来的人", role="author").text
    pages["me"] = client.get("/desk/me").text
    post(client, "/desk/me/two-step")
    pages |= {path[1:] or "front": client.get("/desk" + path).text for path in ("", "/people", "/log")}
    pages["two-step"] = client.get("/desk/me").text
    assert nu_errors(pages, tmp_path) == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_desk_in_a_browser_without_scripts(desk, browser, scheme):
    context = browser.new_context(java_script_enabled=False, color_scheme=scheme)
    scripted = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.set_viewport_size({"width": 360, "height": 800})

    with served(desk.instance_path) as address:
        page.goto(f"{address}/desk/people")
        look_with_scripts(page, scripted)
        page.keyboard.type(NAMES["admin"])
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/desk/people")
        for name in ("编辑台", "日志", "人员"):
            page.get_by_role("navigation").get_by_text("网站", exact=True).click()
            page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
            look_with_scripts(page, scripted)
        page.get_by_role("link", name="停用李四").click()
        look_with_scripts(page, scripted)
        page.get_by_role("button", name="停用").click()
        expect(page.get_by_role("main")).to_contain_text("已停用")
        page.get_by_role("navigation").get_by_role("link", name=NAMES["admin"]).click()
        page.get_by_role("button", name="开始").click()
        look_with_scripts(page, scripted)
        page.get_by_role("button", name="退出").click()
        page.wait_for_url("**/desk/sign-in")
    context.close()
    scripted.close()
