"""People as the terminal makes them: passwords that will do, waits for who tries too often, the last admin."""

import re
import statistics
import subprocess
import sys
import time

import pytest
from conftest import NAMES, PASSWORD, ROOT

from app import create_app
from dengxia import passwords, people, throttle
from dengxia.formats import Refused
from dengxia.journal import By

HOUR = 3600


# Passwords


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("elevenchars", "至少要 12 个字"),
        ("长" * 201, "最多 200 个字"),
        ("Password1234", "太常见"),
        ("ｐａｓｓｗｏｒｄ１２３４", "太常见"),
        ("abababababababab", "太常见"),
        ("wang wu is me 7", "自己的名字"),
        ("a lamp\x07 at night", "看不见"),
        ("a lamp\udc80 at night", "看不见"),
    ],
)
def test_some_passwords_will_not_do(password, words):
    assert words in passwords.problem(password, "Wang Wu")


def test_a_password_is_the_same_in_full_width():
    kept = passwords.keep("ａ lamp, at night")
    assert kept.startswith("scrypt:")
    assert passwords.fits("a lamp, at night", kept)


@pytest.mark.parametrize("name", ["x", "-", "ab", "张三", "", "长" * 1000])
def test_a_made_password_will_do(name):
    assert passwords.problem(passwords.make(name), name) == ""


def test_it_takes_about_as_long_whatever_is_wrong(desk):
    took = {"没有这个人": [], NAMES["author"]: []}
    with desk.app_context():
        for turn in range(4):
            for name, times in took.items():
                began = time.process_time()
                assert people.sign_in(name, "not the password", "", [], "") is None
                if turn:
                    times.append(time.process_time() - began)
    unknown, wrong = map(statistics.median, took.values())
    assert 0.5 < unknown / wrong < 2


# Waits


def test_waits_grow_to_a_quarter_of_an_hour_and_are_forgotten_after_a_day(desk, clock):
    with desk.app_context():
        waits = []
        while len(waits) < 12:
            if wait := throttle.begin(["name:x"]):
                waits.append(wait)
                clock(wait)
        assert waits == [2**n for n in range(10)] + [throttle.LONGEST_WAIT] * 2
        clock(24 * HOUR + 2)
        assert [throttle.begin(["name:x"]) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_many_tries_at_once_in_two_processes_count_one_by_one(desk):
    program = (
        "import time; time.time = lambda: 1_900_000_000\n"
        "from app import create_app\nfrom dengxia import throttle\n"
        "with create_app().app_context():\n"
        "    print(sum(throttle.begin(['name:x']) == 0 for _ in range(20)))\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert sum(int(process.communicate()[0]) for process in processes) == throttle.FREE["name"]


# Commands


@pytest.fixture
def run(app):
    """`run(args…, typed=…)` runs `flask user`; gives its status and its last line."""

    def user(*args, typed=PASSWORD, again=None):
        runner = app.test_cli_runner()
        result = runner.invoke(args=["user", *args], input=f"{typed}\n{again or typed}\n", catch_exceptions=False)
        return result.exit_code, result.output.splitlines()[-1] if result.output else ""

    return user


def test_commands_add_list_and_disable(run, app):
    assert run("list") == (0, "")
    assert run("add", "王五", "--role", "admin") == (0, "添加好了：王五（管理员）")
    assert run("add", "张三", "--role", "author")[0] == 0
    assert run("disable", "张三") == (0, "停用了：张三")
    assert run("list") == (0, "张三  作者  已停用  还没有登录过")
    assert run("password", "王五", typed="another lamp 11")[0] == 0
    assert people.sign_in("王五", "another lamp 11", "", [], "").name == "王五"
    assert "最近登录 20" in app.test_cli_runner().invoke(args=["user", "list"]).output


@pytest.mark.parametrize(
    ("args", "typed", "words"),
    [
        (("add", "王五", "--role", "author"), {}, "王五: 已经有叫这个名字的人（什么都没有改）"),
        (("add", "甲", "--role", "author"), {"typed": "short"}, "甲: 密码至少要 12 个字（什么都没有改）"),
        (("add", "lamplight", "--role", "author"), {"typed": "my lamplight 9"}, "密码里不能有自己的名字"),
        (("add", "甲", "--role", "author"), {"typed": "qwerty123456"}, "太常见"),
        (("add", "甲", "--role", "author"), {"again": "something else"}, "两次输入的不一样（什么都没有改）"),
        (("add", "甲"), {}, "要写明角色：--role author、editor、admin 里的一个"),
        (("add", "甲", "--role", "boss"), {}, "要写明角色"),
        (("password", "没有"), {}, "没有: 没有叫这个名字的人"),
        (("disable", "没有"), {}, "没有: 没有叫这个名字的人"),
        (("disable", "王五"), {}, "王五: 是最后一个管理员，要留着（什么都没有改）"),
    ],
)
def test_commands_refuse_in_one_line(run, app, args, typed, words):
    run("add", "王五", "--role", "admin")
    status, line = run(*args, **typed)
    assert status == (2 if "角色" in words else 1)
    assert words in line
    assert [(row.name, row.disabled) for row in people.everyone()] == [("王五", False)]


def test_a_command_that_gets_no_password_says_so(app):
    result = app.test_cli_runner().invoke(args=["user", "add", "甲", "--role", "admin"])
    assert result.exit_code == 1
    assert result.output.endswith("没有输入密码（什么都没有改）\n")


@pytest.mark.parametrize("args", ["list", "add 甲 --role admin", "disable 甲", "password 甲"])
def test_commands_without_a_database_say_so(tmp_path, monkeypatch, args):
    monkeypatch.setenv("FLASK_INSTANCE_PATH", str(tmp_path))
    result = create_app().test_cli_runner().invoke(args=["user", *args.split()])
    assert result.exit_code == 1
    assert re.fullmatch(".*flask db upgrade.*\n", result.output)


def test_the_last_two_admins_cannot_both_be_lost(desk):
    with desk.app_context():
        first = people.named(NAMES["admin"])
        people.change_role(By("x"), people.named(NAMES["editor"]), "admin")
        people.disable(By("x"), people.named(NAMES["editor"]))
        with pytest.raises(Refused):
            people.change_role(By("x"), first, "author")
        assert people.person(first.id).role == "admin"
