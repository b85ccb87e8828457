"""What measures: the made-up articles, and what is said where wrk is missing."""

import json
import os
import subprocess
import sys

from conftest import ROOT


def run(script, *arguments, **environment):
    command = [sys.executable, ROOT / "benchmarks" / script, *map(str, arguments)]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_the_corpus_is_the_same_every_time_and_goes_on():
    once, again, after = (
        run("corpus.py", *told).stdout for told in ((200,), (200,), (200, "--after", 200, "--chars", 300))
    )
    assert once == again
    records = [json.loads(line) for line in (once + after).splitlines()]
    assert [record["key"] for record in records] == [f"a{number:07}" for number in range(1, 401)]
    assert len({record["body"] for record in records}) == 400
    assert sum("琥珀" in record["body"] for record in records) == 120


def test_a_missing_wrk_is_said_in_one_line(tmp_path):
    ended = run("pages.py", PATH=str(tmp_path), BENCH_SITES=str(tmp_path))
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (1, "", 1)
    assert "apt install wrk" in ended.stderr
    assert list(tmp_path.iterdir()) == []
