"""Errors as pages; what nobody expected stands in the log under a number that its page tells."""

import json
import secrets

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException


def install(app: Flask) -> None:
    """Answer every error by a page, and log what is our own fault."""
    app.register_error_handler(HTTPException, _page)
    app.log_exception = _log


def _log(exc_info: tuple) -> None:
    g.error_number = secrets.token_hex(4)
    # `!r`: an address may hold line ends, and a line of the log is one event.
    current_app.logger.error("%s %s %r", g.error_number, request.method, request.full_path, exc_info=exc_info)


def _page(error: HTTPException) -> Response:
    # Not render_template: what that adds to every page is asked of the database, which may be what failed.
    template = current_app.jinja_env.get_template("error.html")
    response = error.get_response()
    if request.accept_mimetypes.best == "application/json":
        response.data, response.content_type = json.dumps({"status": error.code}), "application/json"
        return response
    response.data = template.render(config=current_app.config, error=error, number=g.get("error_number"))
    response.content_type = "text/html; charset=utf-8"
    return response
