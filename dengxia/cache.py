"""What browsers and proxies may keep: static files for a year by their hash, pages until they change (304)."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

YEAR = "public, max-age=31536000, immutable"
PAGE = "public, max-age=0, must-revalidate"


def install(app: Flask) -> None:
    """Give templates `static(name)`, and responses their validators."""
    app.jinja_env.globals["static"] = static_url

    @app.after_request
    def validate(response: Response) -> Response:
        if request.endpoint == "static":
            if "v" in request.args:
                response.headers["Cache-Control"] = YEAR
        elif response.status_code == 200 and request.method in ("GET", "HEAD") and not response.direct_passthrough:
            response.headers.setdefault("Cache-Control", PAGE)
            response.add_etag()
            response.make_conditional(request)
        return response


@cache
def static_url(name: str) -> str:
    """The address of a static file, with a hash of its content."""
    data = Path(current_app.static_folder, name).read_bytes()
    return url_for("static", filename=name, v=hashlib.sha256(data).hexdigest()[:12])
