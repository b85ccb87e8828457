"""What the benchmarks share: sites made of the corpus, a server, wrk, memory, and how figures are told.

Without an argument each script runs its quick form, on a site of 20,000 articles; with a number the full form, on a
site of so many. Sites are made once and kept in the folder BENCH_SITES (else in the temporary folder), with the figures
beside them. A figure is a ratio to something of the same run: bare Flask, or our own site of 1,000 articles.
"""

import argparse
import json
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
BIN = ROOT / ".venv/bin"
SITES = Path(os.environ.get("BENCH_SITES", Path(tempfile.gettempdir(), "dengxia-bench")))
SMALL, QUICK = 1_000, 20_000
os.environ["FLASK_BACKUP_BEFORE"] = "false"  # copies of the copies that are seeded here


def asked(description: str) -> tuple[int, bool]:
    """How many articles, and whether it is the quick form."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", nargs="?", type=int, help="the full form, on a site of so many")
    articles = parser.parse_args().articles
    return articles or QUICK, articles is None


# Sites


def site(articles: int, chars: int = 500) -> Path:
    """The instance folder of a site with so many articles, made once."""
    folder = SITES / f"{articles}-{chars}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        flask(folder, "db", "upgrade")
        with corpus(articles, chars) as records:
            print(flask(folder, "seed", str(records)).strip(), file=sys.stderr)
        (folder / "done").touch()
    return folder


@contextmanager
def copied(folder: Path) -> Iterator[Path]:
    """A copy of a site, to write to."""
    copy = SITES / f"copy of {folder.name}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    try:
        yield copy
    finally:
        shutil.rmtree(copy)


@contextmanager
def corpus(articles: int, chars: int, after: int = 0) -> Iterator[Path]:
    """A file of so many articles, which go on after so many others."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", dir=SITES) as file:
        command = [BIN / "python", ROOT / "benchmarks/corpus.py", articles, "--chars", chars, "--after", after]
        subprocess.run(list(map(str, command)), stdout=file, check=True)
        yield Path(file.name)


def flask(folder: Path, *arguments: str) -> str:
    """Run a command of the app on an instance folder."""
    environment = {**os.environ, "FLASK_INSTANCE_PATH": str(folder)}
    command = [BIN / "flask", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


# A server


class Server(NamedTuple):
    """A running server: its port, the numbers of its worker processes, the seconds it took to its first page."""

    port: int
    workers: list[int]
    seconds: float

    def get(self, path: str, status: int = 200) -> bytes:
        """What it answers, which has to be of this status."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        page = answer.read()
        connection.close()
        if answer.status != status:
            raise SystemExit(f"{path} is answered by {answer.status}")
        return page


@contextmanager
def granian(app: str, workers: int = 2, **environment: str) -> Iterator[Server]:
    """A server of an app, with one thread in each worker."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [BIN / "granian", "--interface", "wsgi", "--factory", "--workers", str(workers)]
    # A worker that is told to stop soon after its start may not hear it.
    command += ["--blocking-threads", "1", "--workers-kill-timeout", "2"]
    command += ["--port", str(port), "--log-level", "error", app]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    try:
        _wait(lambda: _answers(port), process)
        seconds = time.perf_counter() - start
        _wait(lambda: _listening(port) == workers, process)
        yield Server(port, children(process.pid), seconds)
    finally:
        process.terminate()
        process.wait(60)


def _wait(ready: Callable[[], bool], process: subprocess.Popen) -> None:
    deadline = time.perf_counter() + 60
    while not ready():
        if process.poll() is not None or time.perf_counter() > deadline:
            raise SystemExit(f"{process.args[-1]} did not start")
        time.sleep(0.005)


def _answers(port: int) -> bool:
    try:
        Server(port, [], 0).get("/")
    except OSError:
        return False
    return True


def _listening(port: int) -> int:
    """How many workers take connections at a port."""
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return sum(socket[1].endswith(f":{port:04X}") and socket[3] == "0A" for socket in sockets)


def serve(folder: Path, workers: int = 2, **settings: str):
    """A server of a site."""
    return granian("app:create_app", workers, FLASK_INSTANCE_PATH=str(folder), **settings)


# wrk


def need_wrk() -> None:
    """Stop with one line where there is no wrk."""
    if not shutil.which("wrk"):
        raise SystemExit("this needs wrk: apt install wrk, brew install wrk, or https://github.com/wg/wrk")


def wrk(server: Server, path: str, seconds: int, script: str = "") -> tuple[float, int]:
    """Pages a second over 8 connections, and how many in all; every answer has to be a page, or lead to one."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", "-t1", "-c8", f"-d{seconds}s", *(["-s", file.name] if script else [])]
        command.append(f"http://127.0.0.1:{server.port}{path}")
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(f"{path}: {out}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), int(re.search(r"(\d+) requests in", out)[1])


# Processes


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    return [int(id) for file in Path(f"/proc/{process}/task").glob("*/children") for id in file.read_text().split()]


def tree(process: int) -> list[int]:
    """A process and all that it has started, and what those have."""
    return [process, *(id for child in children(process) for id in tree(child))]


def memory(processes: Iterable[int]) -> dict[str, float]:
    """MB of processes: resident, and of that (what is shared counted in parts) their own and mapped files.

    Most of what is mapped are pages of the database file, which the system takes back when it needs memory.
    """
    names = {"Rss": "resident", "Pss_Anon": "own", "Pss_File": "mapped"}
    found = dict.fromkeys(names.values(), 0.0)
    for process in processes:
        for name, size in re.findall(r"(\w+):\s+(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text()):
            if name in names:
                found[names[name]] += int(size) / 1024
    return found


# Figures


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


def show(figures: Mapping[str, Sequence[float]]) -> None:
    """A row for each figure: the median of its runs, the least and the most."""
    for name, values in figures.items():
        print(f"{name:55}{statistics.median(values):10.2f}   {min(values):.2f} to {max(values):.2f}")


def report(name: str, figures: Mapping[str, object]) -> None:
    """Write the figures as JSON beside the sites."""
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    SITES.mkdir(parents=True, exist_ok=True)
    file = SITES / f"{name}.json"
    file.write_text(json.dumps({"date": f"{date.today()}", **machine, **figures}, ensure_ascii=False, indent=2), "utf8")
    print(f"→ {file}")
