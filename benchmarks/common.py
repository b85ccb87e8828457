"""What the benchmarks share: sites made of the corpus, a server with two workers, and wrk."""

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
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
BIN = ROOT / ".venv/bin"
SITES = Path(os.environ.get("BENCH_SITES", Path(tempfile.gettempdir(), "dengxia-bench")))


def site(articles: int, chars: int = 500) -> Path:
    """The instance folder of a site with so many articles, made once."""
    folder = SITES / f"{articles}-{chars}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        records = folder / "corpus.jsonl"
        with records.open("w") as out:
            subprocess.run(
                [BIN / "python", ROOT / "benchmarks/corpus.py", str(articles), "--chars", str(chars)],
                stdout=out,
                check=True,
            )
        flask(folder, "db", "upgrade")
        print(flask(folder, "seed", str(records)).strip(), file=sys.stderr)
        records.unlink()
        (folder / "done").touch()
    return folder


def flask(folder: Path, *arguments: str) -> str:
    """Run a command of the app on an instance folder."""
    environment = {**os.environ, "FLASK_INSTANCE_PATH": str(folder)}
    command = [BIN / "flask", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


@contextmanager
def server(app: str, **environment: str) -> Iterator[str]:
    """Granian with two workers; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [BIN / "granian", "--interface", "wsgi", "--factory", "--workers", "2", "--blocking-threads", "1"]
    command += ["--port", str(port), "--log-level", "error", app]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urlopen(address).close()
                break
            except OSError:
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait()


def pages_a_second(address: str, seconds: float, script: str = "") -> float:
    """What wrk measures with 8 connections; every answer has to be a page."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", "-t1", "-c8", f"-d{max(1, round(seconds))}s", *(["-s", file.name] if script else []), address]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out:
        raise SystemExit(f"{address}: {out}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])


def middle(values: list[float]) -> str:
    """The median, and the least and most."""
    return f"{statistics.median(values):9.2f}  ({min(values):.2f} to {max(values):.2f})"


def report(name: str, figures: dict[str, object]) -> None:
    """Write the figures as JSON beside the sites."""
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    SITES.mkdir(parents=True, exist_ok=True)
    file = SITES / f"{name}.json"
    file.write_text(json.dumps({"date": f"{date.today()}", **machine, **figures}, ensure_ascii=False, indent=2), "utf8")
    print(f"→ {file}")
