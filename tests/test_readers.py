"""Readers of two servers while a third process writes."""

import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from contextlib import closing
from http.client import HTTPConnection

from conftest import ROOT, articles

from dengxia import kept

FIRST, ARTICLES = 40, 20_000
PAUSE = 0.02  # seconds: readers shall not take the machine from the rest of it


def read(address, done, seen, wrong):
    """Ask for pages until it is done; notes the newest article of each home page, and what was no page."""
    chance = random.Random(1)
    with closing(HTTPConnection(address.removeprefix("http://"), timeout=20)) as connection:
        while not done.is_set():
            article = f"/article/{chance.randint(1, seen[-1] + 1 if seen else FIRST)}"
            for path in ("/", "/page/2", article, "/search?q=%E6%AD%A3%E6%96%87", "/feed.xml", "/sitemap-1.xml"):
                try:
                    connection.request("GET", path)
                    answer = connection.getresponse()
                    page = answer.read().decode()
                except OSError as error:
                    wrong.append(f"{path}: {error}")
                    return
                if answer.status != 200:
                    wrong.append(f"{path}: {answer.status}")
                if path == "/":
                    seen.append(max(map(int, re.findall(r"第(\d+)篇", page))))
                time.sleep(PAUSE)


def test_readers_are_answered_while_articles_go_in(seed, addresses, app, tmp_path):
    seed(*articles(FIRST))
    file = tmp_path / "many.jsonl"
    with file.open("w", encoding="utf8") as lines:
        for number in range(FIRST, ARTICLES):
            record = {
                "key": f"k{number}",
                "title": f"第{number}篇",
                "body": f"正文{number}，灯下读书，各人有各人的读法。",
            }
            date = f"2024-02-01 {number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"
            lines.write(json.dumps(record | {"date": date}) + "\n")
    done, wrong, seen = threading.Event(), [], ([], [])
    readers = [
        threading.Thread(target=read, args=(address, done, newest, wrong))
        for address, newest in zip(addresses, seen, strict=True)
    ]
    for reader in readers:
        reader.start()
    environment = {**os.environ, "FLASK_INSTANCE_PATH": app.instance_path}
    command = [sys.executable, "-m", "flask", "seed", str(file)]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    time.sleep(kept.CHECK_SECONDS + 1)
    done.set()
    for reader in readers:
        reader.join()
    assert ended.returncode == 0
    assert re.fullmatch("放入之前的备份: .*\n", ended.stderr)
    assert f"created {ARTICLES - FIRST}，" in ended.stdout
    assert wrong == []
    for newest in seen:
        assert newest == sorted(newest)
        assert newest[-1] == ARTICLES - 1
        assert len(set(newest)) > 10
