"""Every file of the house: it says what it is for, is small, and names what it offers."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "fsm_agents"
MAX_FILE = 400
MAX_FUNCTION = 50
#: A module-level assignment of at least this many lines is a table (rows, a vocabulary): data to read, not code to follow.
TABLE = 10


def sources(*folders: str) -> list[Path]:
    """All Python files of these folders. Those in tests/typing are meant to be wrong."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if ROOT / "tests" / "typing" not in path.parents]


def name(path: Path) -> str:
    """The path as in a message."""
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    """The file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def length(node: ast.stmt) -> int:
    """In lines."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def module_name(path: Path) -> str:
    """What one would import."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


everywhere = pytest.mark.parametrize("path", sources("fsm_agents", "tests", "examples"), ids=name)
modules = pytest.mark.parametrize("path", [path for path in sources("fsm_agents") if path.stem != "__main__"], ids=name)


@everywhere
def test_it_says_what_it_is_for(path: Path) -> None:
    """A module docstring of at least a sentence."""
    docstring = ast.get_docstring(tree(path)) or ""
    assert len(docstring.split()) >= 3, "the first thing in a file says what it is for, and what it may not do"


@everywhere
def test_it_is_small(path: Path) -> None:
    """Tables do not count: a long one is still read at a glance."""
    body = tree(path).body
    tables = [length(node) for node in body if isinstance(node, ast.Assign | ast.AnnAssign) and length(node) >= TABLE]
    lines = len(path.read_text(encoding="utf-8").splitlines()) - sum(tables)
    assert lines <= MAX_FILE, "split it by what it knows"


@everywhere
def test_its_functions_are_small(path: Path) -> None:
    """A function that needs more lines does two things."""
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert {node.name: length(node) for node in functions if length(node) > MAX_FUNCTION} == {}


@modules
def test_its_annotations_are_not_evaluated(path: Path) -> None:
    """``from __future__ import annotations`` in every file that has more than a docstring."""
    body = tree(path).body[1:]
    wanted = [node for node in body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    assert not body or wanted


@modules
def test_what_it_offers_is_in_all(path: Path) -> None:
    """A public function or class that ``__all__`` does not name is either private or forgotten.

    Not where a table is: there guards, actions and properties are the words of the file's own table.
    """
    if path.parent.name == "machines" or "= StateTable(" in path.read_text(encoding="utf-8") or path.name == "bench_engine.py":
        return
    body = tree(path).body
    defined = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    public = {each for each in defined if not each.startswith("_")}
    assert not public or public - set(getattr(importlib.import_module(module_name(path)), "__all__", ())) == set()


@modules
def test_what_is_in_all_is_there(path: Path) -> None:
    """Each name once, and each can be had, those that load lazily too."""
    module = importlib.import_module(module_name(path))
    offered = list(getattr(module, "__all__", ()))
    assert sorted(set(offered)) == sorted(offered)
    assert [each for each in offered if not hasattr(module, each)] == []
