"""A real site in a real SQLite file: made once with the sample content, its instance folder copied per test."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask_migrate import upgrade

from app import create_app
from dengxia import people
from dengxia.journal import TERMINAL
from models import db

ROOT = Path(__file__).parent.parent
NAMES = {"author": "张三", "editor": "李四", "admin": "Wang Wu"}
PASSWORD = "a lamp, at night 9"
VNU = ROOT / ".venv/node_modules/vnu-jar/build/dist/vnu.jar"


@pytest.fixture(scope="session")
def empty_site(tmp_path_factory):
    """An instance folder with a fresh database in it."""
    folder = tmp_path_factory.mktemp("empty")
    return _made(folder, lambda app: None)


@pytest.fixture(scope="session")
def sample_site(tmp_path_factory):
    """An instance folder with the sample site in it."""
    folder = tmp_path_factory.mktemp("sample")
    return _made(folder, lambda app: app.test_cli_runner().invoke(args=["seed"], catch_exceptions=False))


@pytest.fixture(scope="session")
def staffed_site(tmp_path_factory):
    """An instance folder with one person of each role, made once: hashing a password takes its time."""
    folder = tmp_path_factory.mktemp("staffed")

    def fill(app):
        for role in people.ROLES:
            people.add(TERMINAL, NAMES[role], role, PASSWORD)

    return _made(folder, fill)


def _made(folder, fill):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLASK_INSTANCE_PATH", str(folder))
        app = create_app()
        with app.app_context():
            upgrade()
            fill(app)
            db.session.remove()
            db.engine.dispose()
    return folder


@pytest.fixture
def site(request, tmp_path, monkeypatch):
    """A function that copies an instance folder and makes an app on it with settings of the test's own."""
    engines = []

    def make(folder, **settings):
        shutil.copytree(folder, tmp_path / "instance", dirs_exist_ok=True)
        monkeypatch.setenv("FLASK_INSTANCE_PATH", str(tmp_path / "instance"))
        app = create_app({"TESTING": True, **settings})
        with app.app_context():
            engines.append(db.engine)
        return app

    yield make
    for engine in engines:
        engine.dispose()


@pytest.fixture
def app(site, empty_site):
    """An app without content, in its context."""
    app = site(empty_site)
    with app.app_context():
        yield app


@pytest.fixture
def sample(site, sample_site):
    """An app with the sample site, in its context."""
    app = site(sample_site)
    with app.app_context():
        yield app


@pytest.fixture
def desk(site, staffed_site):
    """An app with one person of each role, out of its context: in one, all requests would share who is signed in."""
    return site(staffed_site)


@pytest.fixture
def client(sample):
    """A browser at the sample site."""
    return sample.test_client()


@pytest.fixture
def seed(app, tmp_path):
    """`seed(record, …)` writes JSON Lines and runs `flask seed`; it gives the command's result."""

    def run(*records, args=()):
        file = tmp_path / "content.jsonl"
        file.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), "utf8")
        return app.test_cli_runner().invoke(args=["seed", *args, str(file)], catch_exceptions=False)

    return run


@pytest.fixture
def seed_files(app, tmp_path):
    """`seed_files({name: text or bytes}, …)` writes a folder and runs `flask seed` on it."""

    def run(files, args=()):
        folder = tmp_path / "posts"
        for name, content in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return app.test_cli_runner().invoke(args=["seed", *args, str(folder)], catch_exceptions=False)

    return run


def articles(count, **columns):
    """Records of so many short articles, an hour apart, oldest first."""
    return [
        {"key": f"k{n}", "title": f"第{n}篇", "body": f"正文{n}", "date": f"2024-01-{1 + n // 24:02} {n % 24:02}:00:00"}
        | columns
        for n in range(count)
    ]


# At the desk


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test moves it: `clock(seconds)`."""
    moment = [int(time.time())]
    monkeypatch.setattr("time.time", lambda: moment[0])

    def move(seconds):
        moment[0] += seconds

    return move


def token_in(page):
    """The token that the forms of a page carry."""
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


def token_of(client):
    """The token of a browser."""
    return token_in(client.get("/desk/me", follow_redirects=True).text)


def post(client, path, **fields):
    """Send a form of the desk with its token."""
    return client.post(path, data={"csrf_token": token_of(client), **fields})


def sign_in(app, name, password=PASSWORD, **fields):
    """A browser in which somebody has signed in."""
    client = app.test_client()
    assert post(client, "/desk/sign-in", name=name, password=password, **fields).status_code == 303
    return client


# A server and a browser


@contextmanager
def served(folder):
    """The address of a site, served as in production by one process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--port", str(port)]
    # A worker that is told to stop soon after its start may not hear it.
    command += ["--workers-kill-timeout", "5"]
    environment = {**os.environ, "FLASK_INSTANCE_PATH": str(folder)}
    server = subprocess.Popen(
        [*command, "app:create_app"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
                if answer.status == 200:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="session")
def address(sample_site):
    """The address of the sample site."""
    with served(sample_site) as address:
        yield address


@pytest.fixture
def addresses(app):
    """The addresses of a site without content, which two processes serve."""
    with served(app.instance_path) as one, served(app.instance_path) as other:
        yield one, other


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """The system's Chromium. Where there is none the tests are skipped, but never in CI."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not chromium:
        needed("Chromium (apt install chromium)")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
    return {**browser_type_launch_args, "executable_path": chromium, "args": [*quiet, "--disable-component-update"]}


def look_with_scripts(page, scripted):
    """Open a page once more on a phone with scripts, which axe needs, as the same person; nothing may be wrong."""
    scripted.add_cookies(page.context.cookies())
    other = scripted.new_page()
    other.set_viewport_size({"width": 360, "height": 800})
    complaints = []
    other.on("console", lambda message: complaints.append(message.text))
    other.goto(page.url)
    found = Axe().run(other)
    assert found.violations_count == 0, found.generate_report()
    assert other.evaluate("document.documentElement.scrollWidth") <= 360
    assert complaints == []
    other.close()


def needed(tool):
    """Skip a test for want of a tool; in CI that is a failure."""
    message = f"this test needs {tool}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def nu_errors(pages, folder):
    """What the Nu HTML checker finds wrong in pages, whose names are told with it."""
    if not VNU.exists():
        needed(f"the Nu checker (npm install --prefix {VNU.parents[4].name} vnu-jar) and Java")
    for name, page in pages.items():
        (folder / f"{name}.html").write_text(page, "utf8")
    command = ["java", "-jar", VNU, "--errors-only", *folder.glob("*.html")]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr
