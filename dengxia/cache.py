"""What may be kept: static files in browsers for a year by their hash, pages in this process for a minute.

Most requests of a busy site ask for few pages, and the same page is made again only because nobody kept it. So finished
pages of anonymous visitors stay in memory, in front of Flask: bounded in bytes, at most a minute, and dropped as soon
as the content version changes (looked up once a second, see `kept.py`). Who carries a session cookie never meets them.

The many articles that nobody asked for in the last minute are answered here too, by a function that needs no request:
what Flask does around a view costs as much as the page of an article itself.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from cachetools import TTLCache
from flask import Flask, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.http import http_date

from dengxia import kept, queries

YEAR = "public, max-age=31536000, immutable"
PAGE = "public, max-age=0, must-revalidate"
SECONDS = 60
LARGEST = 2**20
OVERHEAD = 1000  # bytes of the headers and the bookkeeping of one page, about
LONGEST_KEY = 1000  # characters of an address; longer ones are not kept, so that keys need no counting


def install(app: Flask, direct: Callable[[dict], bytes | None]) -> None:
    """Give responses their validators, and keep pages unless the setting PAGE_CACHE_BYTES is 0.

    `direct` gives the page that a WSGI environment asks for, where it can without a request.
    """
    app.jinja_env.globals["static"] = static_url

    @app.after_request
    def validate(response: Response) -> Response:
        if response.status_code not in (200, 304) or request.method not in ("GET", "HEAD"):
            return response
        if request.endpoint == "static":
            if request.full_path == static_url(request.view_args["filename"]):
                response.headers["Cache-Control"] = YEAR
        elif "Cache-Control" not in response.headers and not response.direct_passthrough:
            # Not by werkzeug's properties: what they do for every kind of response costs 30 µs.
            response.headers.extend(_validators(response.get_data()))
            if "HTTP_IF_NONE_MATCH" in request.environ or "HTTP_IF_MODIFIED_SINCE" in request.environ:
                response.make_conditional(request)
        return response

    app.wsgi_app = app.extensions["page_cache"] = PageCache(app, direct)


def _validators(body: bytes) -> dict[str, str]:
    etag = f'"{zlib.crc32(body):x}-{len(body):x}"'
    return {"Cache-Control": PAGE, "Last-Modified": _changed(), "ETag": etag}


@kept.kept
def _changed() -> str:
    return http_date(queries.changed_at())


@lru_cache(maxsize=100)
def static_url(name: str) -> str:
    """The address of a static file, with a hash of its content."""
    data = Path(current_app.static_folder, name).read_bytes()
    # Not url_for: an error page needs it too, where the visitor's Host header is no host.
    return f"{current_app.static_url_path}/{name}?v={hashlib.sha256(data).hexdigest()[:12]}"


class Page(NamedTuple):
    """A finished response to anybody's GET."""

    headers: dict[str, str]
    body: bytes

    def answer(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        """Answer with it, or tell that the visitor has this very page already."""
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known:
            is_known = self.headers["ETag"] in known or known.strip() == "*"
        else:
            is_known = environ.get("HTTP_IF_MODIFIED_SINCE") == self.headers["Last-Modified"]
        if is_known:
            of_body = ("Content-Type", "Content-Length")
            start_response("304 NOT MODIFIED", [one for one in self.headers.items() if one[0] not in of_body])
            return []
        start_response("200 OK", [*self.headers.items()])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]


class PageCache:
    """WSGI middleware that keeps finished public pages."""

    def __init__(self, app: Flask, direct: Callable[[dict], bytes | None]):
        self.app, self.inner, self.direct = app, app.wsgi_app, direct
        most_bytes = app.config["PAGE_CACHE_BYTES"]
        self.pages: TTLCache = TTLCache(most_bytes, SECONDS, getsizeof=lambda page: len(page.body) + OVERHEAD)
        self.lock = Lock()
        self.content: kept.Content | None = None
        self.version: tuple | None = None

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        cookie = f"{self.app.config['SESSION_COOKIE_NAME']}="
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or cookie in environ.get("HTTP_COOKIE", ""):
            return self.inner(environ, start_response)
        if not self._is_current():
            return self.inner(environ, start_response)
        host, scheme = environ.get("HTTP_HOST", ""), environ["wsgi.url_scheme"]
        key = (host, scheme, environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", ""))
        with self.lock:
            page = self.pages.get(key)
        if page is None:
            version = self.version
            if page := self._direct(environ):
                self._keep(key, page, version)
            else:
                return self._ask(key, environ, start_response)
        return page.answer(environ, start_response)

    def _is_current(self) -> bool:
        """Drop the pages of older content; whether the database could be asked (else the app says what is wrong)."""
        if self.content is None or self.content.is_due():
            try:
                with self.app.app_context():
                    self.content = kept.content()
            except SQLAlchemyError:
                return False
        if self.content.version != self.version:
            with self.lock:
                self.pages.clear()
                self.version = self.content.version
        return True

    def _direct(self, environ: dict) -> Page | None:
        if not self.app.extensions.get("schema_is_right"):
            return None
        try:
            with self.app.app_context():
                body = self.direct(environ)
                if body is None:
                    return None
                headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": f"{len(body)}"}
                return Page({**headers, **_validators(body)}, body)
        except Exception:  # Flask meets it too, and is there to tell of it
            return None

    def _ask(self, key: tuple, environ: dict, start_response: Callable) -> Iterable[bytes]:
        """Ask the app; keep what it marks as a page for everybody."""
        version, started = self.version, []

        def note(status: str, headers: list, exc_info: object = None) -> Callable:
            started[:] = [status, headers]
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        chunks = self.inner(environ, note)
        status, headers = started
        found = dict(headers)
        is_page = status.startswith("200") and found.get("Cache-Control") == PAGE and "Set-Cookie" not in found
        large = int(found.get("Content-Length", 0)) > self._largest()
        if not is_page or environ["REQUEST_METHOD"] != "GET" or large:
            return chunks
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        self._keep(key, Page(found, body), version)
        return [body]

    def _largest(self) -> int:
        return min(LARGEST, self.pages.maxsize - OVERHEAD)

    def _keep(self, key: tuple, page: Page, version: tuple) -> None:
        if len(page.body) > self._largest() or sum(map(len, key)) > LONGEST_KEY:
            return
        with self.lock:
            if version == self.version:
                self.pages[key] = page
