"""The files of deploy/ at work: the real nginx, on this machine, in front of two workers as systemd starts them."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import cycle
from pathlib import Path
from ssl import CERT_NONE, create_default_context
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from conftest import PASSWORD, ROOT, needed, token_in

from app import create_app
from models import db

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
TRUSTING = create_default_context()
TRUSTING.check_hostname, TRUSTING.verify_mode = False, CERT_NONE
MAIN = """
{user}
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    include /etc/nginx/mime.types;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def of_unit(pattern):
    """What stands in the server's unit."""
    text = (ROOT / "deploy/dengxia.service").read_text("utf8").replace("\\\n", "")
    return re.search(pattern, text, re.MULTILINE)[1]


@contextmanager
def running(command, **options):
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def children(pid):
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


@pytest.fixture(scope="module")
def site_folder(sample_site, tmp_path_factory):
    """The sample site with one person and a picture."""
    folder = tmp_path_factory.mktemp("deployed") / "instance"
    shutil.copytree(sample_site, folder)
    (folder / "media").mkdir(exist_ok=True)
    (folder / "media/0123456789abcdef-1x1.webp").write_bytes(b"RIFF")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLASK_INSTANCE_PATH", str(folder))
        app = create_app()
        typed = f"{PASSWORD}\n{PASSWORD}\n"
        added = app.test_cli_runner().invoke(args=["user", "add", "张三", "--role", "admin"], input=typed)
        assert added.exit_code == 0, added.output
        with app.app_context():
            db.engine.dispose()
    return folder


@pytest.fixture(scope="module")
def deployed(site_folder):
    """nginx with deploy/nginx.conf in front of the command of deploy/dengxia.service; only paths and ports differ."""
    if not NGINX:
        needed("nginx (apt install nginx)")
    folder = site_folder.parent
    http, https = free_ports(2)
    make = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=example.com -days 2"
    subprocess.run(make.split(), cwd=folder, check=True, stderr=subprocess.DEVNULL)
    config = (ROOT / "deploy/nginx.conf").read_text("utf8")
    for old, new in {
        "listen 80;": f"listen {http};",
        "listen 443 ": f"listen {https} ",
        "/etc/letsencrypt/live/example.com/fullchain.pem": f"{folder}/cert.pem",
        "/etc/letsencrypt/live/example.com/privkey.pem": f"{folder}/key.pem",
        "/var/log/nginx": f"{folder}",
        "/opt/dengxia": f"{ROOT}",
        "/var/lib/dengxia": f"{site_folder}",
        "/run/dengxia": f"{folder}",
    }.items():
        assert old in config
        config = config.replace(old, new)
    (folder / "site.conf").write_text(re.sub(r"listen \[::\]:.*", "", config))
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user="" if os.geteuid() else "user root;"))
    command = of_unit("^ExecStart=(.*)").replace("/run/dengxia", f"{folder}")
    command = command.replace("--workers-kill-timeout 10", "--workers-kill-timeout 2 --respawn-interval 1.5").split()
    environment = {
        **os.environ,
        "FLASK_INSTANCE_PATH": str(site_folder),
        "GRANIAN_WORKERS": of_unit("GRANIAN_WORKERS=(.*)"),
        "GRANIAN_LOG_ACCESS_ENABLED": "true",
        "GRANIAN_LOG_ACCESS_FMT": of_unit("GRANIAN_LOG_ACCESS_FMT=(.*)'").replace("%%", "%"),
    }
    with (
        open(folder / "granian.log", "wb") as log,  # noqa: PTH123
        running([sys.executable, "-m", "granian", *command[1:]], cwd=ROOT, env=environment, stdout=log) as server,
        running([NGINX, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]) as nginx,
    ):
        found = SimpleNamespace(http=http, https=https, folder=folder, server=server, nginx=nginx)
        for _ in range(200):
            with suppress(OSError):
                if ask(found, "/healthz").status == 200:
                    break
            time.sleep(0.1)
        yield found


def ask(site, path, method="GET", body=None, source="127.0.0.1", **headers):
    """The answer to a request by HTTPS, with its text as `text`, from an address of this machine."""
    connection = HTTPSConnection("127.0.0.1", site.https, context=TRUSTING, timeout=20, source_address=(source, 0))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"Host": "example.com", **named})
    answer = connection.getresponse()
    answer.text = answer.read().decode("utf8", "replace")
    connection.close()
    return answer


def test_pages_come_by_https_and_know_it(deployed):
    page = ask(deployed, "/article/1", X_Forwarded_Proto="http")
    assert page.status == 200
    assert '<link rel="canonical" href="https://example.com/article/1">' in page.text
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    short = ask(deployed, "/about", Accept_Encoding="gzip")
    assert short.headers["Content-Encoding"] == "gzip"
    assert ask(deployed, "/about", If_None_Match=short.headers["ETag"]).status == 304
    assert "Secure" in ask(deployed, "/desk/sign-in").headers["Set-Cookie"]
    plain = HTTPConnection("127.0.0.1", deployed.http, timeout=20)
    plain.request("GET", "/article/1?a=b", headers={"Host": "example.com"})
    answer = plain.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, "https://example.com/article/1?a=b")
    plain.close()


def test_static_files_and_pictures_come_from_the_disk(deployed):
    named = re.search(r'href="(/static/style\.css\?v=\w+)"', ask(deployed, "/").text)[1]
    style = ask(deployed, named)
    assert (style.status, "immutable" in style.headers["Cache-Control"]) == (200, True)
    assert ask(deployed, "/static/style.css").headers["Cache-Control"] == "no-cache"
    picture = ask(deployed, "/media/0123456789abcdef-1x1.webp")
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/webp")
    assert "immutable" in picture.headers["Cache-Control"]
    for answer in (style, picture):
        # The app would have said so.
        assert "Content-Security-Policy" not in answer.headers
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for path in ("/media/../dengxia.db", "/media/..%2fsecret_key", "/media../secret_key", "/static../app.py"):
        assert ask(deployed, path).status in (400, 404), path


def test_the_site_says_what_is_too_much(deployed):
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    # What is too much, and what lacks the token of its form.
    for size, status in ((64, 413), (63, 400)):
        body = head + bytes(size * 2**20) + b"\r\n--x--\r\n"
        answer = ask(deployed, "/desk/sign-in", "POST", body, Content_Type="multipart/form-data; boundary=x")
        assert (answer.status, "Content-Security-Policy" in answer.headers) == (status, True)


def test_who_guesses_waits_whatever_address_he_gives_out(deployed, site_folder):
    form = ask(deployed, "/desk/sign-in")
    cookie = form.headers["Set-Cookie"].partition(";")[0]
    with closing(sqlite3.connect(site_folder / "dengxia.db")) as database, database:
        database.execute("INSERT INTO attempt VALUES ('address:127.0.0.2', 27, unixepoch())")

    def guess(source):
        fields = {"name": f"for {source}", "password": "x", "csrf_token": token_in(form.text)}
        sent = {"Content_Type": "application/x-www-form-urlencoded", "Referer": "https://example.com/desk/sign-in"}
        sent |= {"Cookie": cookie, "X_Forwarded_For": "9.9.9.9"}
        return ask(deployed, "/desk/sign-in", "POST", urlencode(fields), source, **sent).status

    assert [guess(f"127.0.0.{n}") for n in (2, 3)] == [429, 400]
    with closing(sqlite3.connect(site_folder / "dengxia.db")) as database:
        addresses = database.execute("SELECT key FROM attempt WHERE key LIKE 'address:%'").fetchall()
    assert sorted(addresses) == [("address:127.0.0.2",), ("address:127.0.0.3",)]


def test_a_request_is_a_line_with_the_time_it_took(deployed):
    ask(deployed, "/search?q=%22", source="127.0.0.4")
    line = r'127\.0\.0\.4 - - \[[^]]+\] "GET /search\?q=%22 HTTP/\S+" 200 .*?\d+\.\d+$'
    for file in (deployed.folder / "granian.log", deployed.folder / "dengxia.log"):
        # It may be written after the answer.
        until = time.monotonic() + 5
        while time.monotonic() < until and "127.0.0.4" not in file.read_text("utf8"):
            time.sleep(0.1)
        assert len(re.findall(line, file.read_text("utf8"), re.MULTILINE)) == 1, file


def test_no_request_fails_while_it_is_reloaded(deployed):
    seen, ended, workers = Counter(), threading.Event(), children(deployed.server.pid)
    paths = re.findall(r"/article/\d+", ask(deployed, "/").text)

    def read():
        for path in cycle(paths):
            try:
                seen[ask(deployed, path).status] += 1
            except (OSError, HTTPException) as error:
                seen[repr(error)] += 1
            if ended.is_set():
                return

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    deployed.server.send_signal(signal.SIGHUP)
    until = time.monotonic() + 40
    while time.monotonic() < until and workers & children(deployed.server.pid):
        deployed.nginx.send_signal(signal.SIGHUP)
        time.sleep(1)
    ended.set()
    for thread in threads:
        thread.join()
    assert not workers & children(deployed.server.pid)
    assert set(seen) == {200}, seen
    assert seen[200] > 100
