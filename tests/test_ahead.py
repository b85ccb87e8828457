"""Work a batch ahead in a second process: the same results in the same order, and one clear end when it is lost."""

import os
import re
from contextlib import closing
from functools import partial
from pathlib import Path
from signal import SIGKILL
from threading import Thread
from time import sleep

import pytest
from conftest import articles
from test_seed import counts, rows, said

from dengxia import ahead, transfer

BATCHES = [("a", ["1", "2"]), ("b", []), ("c", ["3"]), ("d", []), ("e", ["4", "5"]), ("f", ["6"])]


@pytest.mark.parametrize("cores", [1, 2])
def test_results_come_in_order(monkeypatch, cores):
    monkeypatch.setattr(ahead, "_cores", lambda: cores)
    made = list(ahead.each(int, iter(BATCHES)))
    assert made == [(key, [int(item) for item in items]) for key, items in BATCHES]


def test_apart():
    assert ahead.apart(int, ["1", "2"]) == [1, 2]
    with pytest.raises(ahead.Lost, match="3"):
        ahead.apart(os._exit, [3])


def test_what_is_printed_there_is_no_part_of_the_answer(capfd):
    assert ahead.apart(partial(os.write, 1), [b"a", b"bc"]) == [1, 2]
    assert capfd.readouterr() == ("", "abc")


def test_nothing_is_left_behind():
    with closing(ahead.each(os.path.abspath, [(n, ["x"]) for n in range(9)])) as done:
        for key, _ in done:
            if key == 3:
                break
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_process_that_ends_is_told():
    with pytest.raises(ahead.Lost, match="3"), closing(ahead.each(os._exit, [("a", []), ("b", [3])])) as done:
        list(done)


def test_seeding_ends_in_one_line_when_the_process_is_killed(seed, monkeypatch):
    monkeypatch.setattr(transfer, "BATCH", 20)
    monkeypatch.setattr(ahead, "_cores", lambda: 2)
    killer = Thread(target=kill_the_child)
    killer.start()
    result = seed(*articles(3000))
    killer.join()
    assert result.exit_code == 1
    assert re.fullmatch("在旁边排版的进程停了（-9；.*其余没有写）\n", result.output)
    [count] = rows("SELECT count(*) FROM article")
    assert (count < 3000, count % 20) == (True, 0)


def kill_the_child():
    while not (found := children()):
        sleep(0.01)
    os.kill(found[0], SIGKILL)


def children():
    return [int(id) for file in Path("/proc/self/task").glob("*/children") for id in file.read_text().split()]


MIXED = [
    *articles(12),
    {"key": "bad", "title": "坏", "body": "文", "date": "昨天"},
    {"key": "deep", "title": "深", "body": "> " * 3000 + "文"},
    {"title": "页", "body": "文", "type": "page", "slug": "x"},
    {"key": "e", "title": "控\x08", "body": "文"},
    *articles(12, tags=["灯"]),
    {"key": "deep2", "title": "深", "body": "> " * 3000 + "文"},
]


def test_seeding_is_the_same_with_and_without(seed, monkeypatch):
    monkeypatch.setattr(transfer, "BATCH", 5)
    monkeypatch.setattr(ahead, "_cores", lambda: 1)
    result = seed(*MIXED, args=["--dry-run"])
    monkeypatch.setattr(ahead, "_cores", lambda: 2)
    assert seed(*MIXED, args=["--dry-run"]).output == result.output
    assert counts(result)[0] > 10
    assert len(said(result)) > 10


def test_long_texts_make_small_batches(seed, monkeypatch):
    monkeypatch.setattr(transfer, "BYTES", 5_000)
    sizes = []
    monkeypatch.setattr(transfer, "print_nothing", sizes.append)
    assert counts(seed(*articles(20, body="长" * 400)))[0] == 20
    assert max(sizes) < 10_000
    assert len(sizes) > 3
