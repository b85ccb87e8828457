"""Who may import what (design), and two bans that keep one rule in one place."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "dengxia"
DOORS = set(
    "reading feeds desk desk_articles desk_lists desk_revisions desk_corrections desk_pages desk_pictures"
    " desk_preview desk_related desk_site auth cli".split()
)
RULES = set(
    "queries listings around prerender times writing search transfer ranks related kept schema suggestions"
    " people throttle journal manuscripts editing revisions working remembered worklist proof corrections"
    " health postings choices export keeping doctor settings upkeep categories fixed uses album runs rebuilding"
    " site_folder".split()
)
TOOLS = set(
    "archive markup typeset commonmark han asked snippets packing images pictures files limits formats derived terms"
    " ahead records passwords differences slips moved addresses".split()
)
FRAME = {"cache", "errors", "security"}
FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(file):
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(file):
    """Modules that a file imports: ours as `dengxia.x` → x, others by their full name."""
    for node in ast.walk(ast.parse(file.read_text("utf8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            yield from (
                [f"{node.module}.{name}" for name in names] if node.module in ("dengxia", "flask") else [node.module]
            )


def ours(file):
    return {module.split(".")[1] for module in imports(file) if module.startswith("dengxia.")}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_point_downwards(file):
    name = name_of(file)
    if name == "__init__":
        return
    assert name in DOORS | RULES | TOOLS | FRAME, f"{name} has no place in the layers"
    allowed = {
        **dict.fromkeys(DOORS, RULES | TOOLS | {"auth", "cache"}),
        **dict.fromkeys(RULES, RULES | TOOLS),
        **dict.fromkeys(TOOLS, TOOLS),
        **dict.fromkeys(FRAME, RULES | TOOLS),
    }[name]
    assert ours(file) <= allowed
    modules = set(imports(file))
    assert "app" not in modules
    if name in TOOLS:
        assert "models" not in modules
    if name in RULES | TOOLS:
        assert not {m for m in modules if m.startswith("flask") and m not in ("flask.current_app", "flask_sqlalchemy")}


def test_models_import_nothing_of_ours():
    assert not ours(ROOT / "models.py")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_each_module_imports_on_its_own(file):
    importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))


def calls(file, name):
    for node in ast.walk(ast.parse(file.read_text("utf8"))):
        if isinstance(node, ast.Call) and name == getattr(node.func, "attr", getattr(node.func, "id", None)):
            yield node


def test_only_writing_commits():
    found = {file.name for file in [*FILES, ROOT / "app.py", ROOT / "models.py"] if any(calls(file, "commit"))}
    assert found == {"writing.py"}


def test_articles_are_asked_for_in_few_places():
    """So that `models.public()` cannot be forgotten; ranks counts what is scheduled too, kept asks for one time.

    Export takes all, doctor counts it, runs take back; the last ones are of the desk, where everything is shown.
    """
    desk = {"runs.py", "manuscripts.py", "remembered.py", "worklist.py", "categories.py", "upkeep.py", "revisions.py"}
    found = {
        file.name
        for file in [*FILES, ROOT / "app.py"]
        for call in calls(file, "select")
        if any(
            isinstance(node, ast.Name) and node.id == "Article" for argument in call.args for node in ast.walk(argument)
        )
    }
    rules = {"queries.py", "listings.py", "search.py", "ranks.py", "kept.py", "export.py", "doctor.py", "runs.py"}
    assert found == rules | desk


def test_only_search_and_the_set_up_know_sqlite():
    for file in FILES:
        # Keeping copies the file at one moment and checks it, which no other way can.
        if file.name not in ("search.py", "schema.py", "records.py", "keeping.py", "wxr.py", "databases.py"):
            assert "sqlite3" not in file.read_text("utf8"), file
            assert "PRAGMA" not in file.read_text("utf8"), file
