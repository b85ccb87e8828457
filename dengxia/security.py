"""The headers that every response carries, pages, errors and static files alike; and what is believed of a request.

A proxy on this machine or network says for whom it asks (last in X-Forwarded-For) and by which scheme
(X-Forwarded-Proto). From anybody else the same headers are only words.
"""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from dengxia import addresses

_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookies; whoever brings none is not worth the making of a signer, which is a tenth of a page."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        known = self.get_cookie_name(app) in request.cookies
        return super().open_session(app, request) if known else self.session_class()

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure or super().get_cookie_secure(app)


def install(app: Flask) -> None:
    """Put the headers on every response; where SITE_URL is set, take the host from it and not from the visitor."""
    app.session_interface = Sessions()
    site, inner = urlsplit(app.config["SITE_URL"]), app.wsgi_app
    always = list(HEADERS.items())

    def at_site(environ, start_response):
        def start(status, headers, *error):
            return start_response(status, [*headers, *always], *error)

        _believe_proxy(environ)
        if site.hostname:
            environ.update({"HTTP_HOST": site.netloc, "wsgi.url_scheme": site.scheme})
        elif not _is_host(environ.get("HTTP_HOST", "localhost")):
            environ["HTTP_HOST"] = "."  # Flask answers 400
        return inner(environ, start)

    app.wsgi_app = at_site


def _believe_proxy(environ: dict) -> None:
    peer = addresses.ip(environ.get("REMOTE_ADDR", ""))
    if peer is None or peer.is_private:
        visitor = environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        if addresses.ip(visitor):
            environ["REMOTE_ADDR"] = visitor
        scheme = environ.get("HTTP_X_FORWARDED_PROTO")
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme


@lru_cache(maxsize=100)
def _is_host(name: str) -> bool:
    """Whether a Host header is a name or an address; what begins with xn-- may be none."""
    if not _HOST.fullmatch(name):
        return False
    try:
        name.partition(":")[0].encode("ascii").decode("idna")
    except UnicodeError:
        return False
    return True
