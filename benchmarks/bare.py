"""The baseline: a bare Flask app that answers `/<bytes>` with one constant page of that size."""

from functools import lru_cache

from flask import Flask


@lru_cache
def page(size: int) -> str:
    return "灯" * (size // 3)


def create_app() -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/", view_func=page, defaults={"size": 0})
    app.add_url_rule("/<int:size>", view_func=page)
    return app
