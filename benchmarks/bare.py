"""The baseline: a bare Flask app that answers every address with one constant page."""

import os

from flask import Flask


def create_app() -> Flask:
    app = Flask(__name__)
    page = "灯" * (int(os.environ["BARE_BYTES"]) // 3)

    @app.get("/", defaults={"path": ""})
    @app.get("/<path:path>")
    def constant(path: str) -> str:
        return page

    return app
