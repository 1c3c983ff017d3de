"""Every file of the house: it says what it is for, is small, and names what it offers."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "fsm_agents"
MAX_FILE = 400
MAX_FUNCTION = 50
#: A module-level assignment of at least this many lines is a table (rows, a vocabulary): data to read, not code to follow.
TABLE = 10


@cache
def sources(*folders: str) -> list[Path]:
    """All Python files of these folders. Those in tests/typing are meant to be wrong."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if ROOT / "tests" / "typing" not in path.parents]


def everywhere() -> list[Path]:
    """Every file that a rule of reading holds for."""
    return sources("fsm_agents", "tests", "examples")


def modules() -> list[Path]:
    """Every file that is imported."""
    return [path for path in sources("fsm_agents") if path.stem != "__main__"]


def name(path: Path) -> str:
    """The path as in a message."""
    return str(path.relative_to(ROOT))


@cache
def text(path: Path) -> str:
    """The file, read once for all rules."""
    return path.read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    """The file, parsed once for all rules."""
    return ast.parse(text(path), str(path))


def length(node: ast.stmt) -> int:
    """In lines."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def module_name(path: Path) -> str:
    """What one would import."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def broken(paths: list[Path], rule: Callable[[Path], object]) -> dict[str, object]:
    """What is wrong with each file that breaks the rule. One test for all files: five hundred tests a rule cost more than the rule."""
    assert len(paths) > 100, "the files are not found any more"
    found = {name(path): rule(path) for path in paths}
    return {path: wrong for path, wrong in found.items() if wrong}


def test_each_says_what_it_is_for() -> None:
    """A module docstring of at least a sentence: the first thing in a file says what it is for, and what it may not do."""
    assert broken(everywhere(), wordless) == {}


def wordless(path: Path) -> str:
    """The docstring, if it is none."""
    docstring = ast.get_docstring(tree(path)) or ""
    return f"only {docstring!r}" if len(docstring.split()) < 3 else ""


def test_each_is_small() -> None:
    """Split it by what it knows."""
    assert broken(everywhere(), long) == {}


def long(path: Path) -> int:
    """The lines of a file that has too many. Tables do not count: a long one is still read at a glance."""
    body = tree(path).body
    tables = [length(node) for node in body if isinstance(node, ast.Assign | ast.AnnAssign) and length(node) >= TABLE]
    lines = len(text(path).splitlines()) - sum(tables)
    return lines if lines > MAX_FILE else 0


def test_all_functions_are_small() -> None:
    """A function that needs more lines does two things."""
    assert broken(everywhere(), long_functions) == {}


def long_functions(path: Path) -> dict[str, int]:
    """Each with its lines."""
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {node.name: length(node) for node in functions if length(node) > MAX_FUNCTION}


def test_annotations_are_not_evaluated() -> None:
    """``from __future__ import annotations`` in every file that has more than a docstring."""
    assert broken(modules(), evaluated) == {}


def evaluated(path: Path) -> bool:
    """Whether the line is missing."""
    body = tree(path).body[1:]
    return bool(body) and not any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in body)


def test_what_a_module_offers_is_in_all() -> None:
    """A public function or class that ``__all__`` does not name is either private or forgotten."""
    assert broken(modules(), forgotten) == {}


def forgotten(path: Path) -> set[str]:
    """Names. None where a table is: there guards, actions and properties are the words of the file's own table."""
    if path.parent.name == "machines" or "= StateTable(" in text(path) or path.name == "bench_engine.py":
        return set()
    body = tree(path).body
    defined = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    public = {each for each in defined if not each.startswith("_")}
    return public and public - set(getattr(importlib.import_module(module_name(path)), "__all__", ()))


def test_what_is_in_all_is_there() -> None:
    """Each name once, and each can be had, those that load lazily too."""
    assert broken(modules(), not_there) == {}


def not_there(path: Path) -> list[str]:
    """What cannot be had, or is named twice."""
    module = importlib.import_module(module_name(path))
    offered = list(getattr(module, "__all__", ()))
    return [each for each in offered if offered.count(each) > 1 or not hasattr(module, each)]


def bad_rules() -> dict[str, tuple[Callable[[Path], object], str]]:
    """For each rule a file that breaks it."""
    return {
        "wordless": (wordless, '"""Short."""\n'),
        "long": (long, "x = 1\n" * (MAX_FILE + 1)),
        "long function": (long_functions, "def f():\n" + "    x = 1\n" * MAX_FUNCTION),
        "evaluated": (evaluated, '"""Says it well enough."""\nx = 1\n'),
    }


@pytest.mark.parametrize("rule", bad_rules())
def test_a_rule_finds_what_breaks_it(tmp_path: Path, rule: str) -> None:
    check, content = bad_rules()[rule]
    path = tmp_path / "file.py"
    path.write_text(content)
    assert check(path)
