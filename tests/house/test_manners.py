"""Manners of the house: tests do not sleep, and no file speaks of the place or the tools it was written with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("fsm_agents", "tests", "diagrams", "examples", ".ci", ".github")

#: Spelled in halves, so that this file may be read as well.
FORBIDDEN = [
    first + second
    for first, second in [
        ("/wo", "rk/"),
        ("/ro", "ot/"),
        ("/opt/py", "pi"),
        ("/opt/whe", "els"),
        ("/tmp/bu", "ild"),
        ("pypi", ".org"),
        ("pythonhosted", ".org"),
        ("npmjs", ".org"),
        ("artifact", "ory"),
        ("dev", "pi"),
        ("field-", "notes"),
        ("DESIGN", ".md"),
        ("proto", "type.md"),
        ("sty", "le.md"),
        ("flow-", "files.md"),
        ("embed", "ded.md"),
        ("serv", "ice.md"),
        ("live", "kit.md"),
        ("pipe", "cat.md"),
        ("video", "sdk.md"),
        ("hel", "per"),
        ("agent ", "session that"),
        ("clau", "de"),
        ("anthro", "pic"),
        ("co", "pilot"),
        ("chat", "gpt"),
        ("co", "dex"),
        ("co-authored", "-by"),
    ]
]
HOSTS = [word for word in FORBIDDEN if word.endswith(".org")]
#: A word inside a longer one, or a folder inside a longer path, is another word; a host is a host also behind "files.".
PATTERN = re.compile("|".join((r"" if word in HOSTS else r"(?<![\w.])") + re.escape(word) for word in FORBIDDEN), re.IGNORECASE)


def texts() -> Iterator[tuple[str, str]]:
    """Every text file that is ours, with its content. The lock file names where packages come from; that is its job."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    paths += [path for path in ROOT.iterdir() if path.name not in {"uv.lock", ".git"}]
    for path in sorted(paths):
        if path.is_file() and "__pycache__" not in path.parts:
            try:
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # sound, pictures


def test_no_file_speaks_of_where_it_was_written() -> None:
    """Paths of one machine, package hosts, notes that are not in the repository, tools."""
    found = {
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match.group()}"
        for name, text in texts()
        for match in PATTERN.finditer(text)
    }
    assert found == set()


def test_the_pattern_finds_what_it_forbids() -> None:
    """In a sentence, in a path, in a URL; and not inside other words."""
    path, host, word = FORBIDDEN[0], HOSTS[0], FORBIDDEN[-1]
    assert PATTERN.search(f"see {path}main")
    assert PATTERN.search(f"https://files.{host}/packages")
    assert PATTERN.search(f"{word.upper()}: somebody")
    assert not PATTERN.search(f"net{path}main")
    assert not PATTERN.search(f"over{word}")


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_tests_do_not_sleep(path: Path) -> None:
    """A sleep is a guess. Wait for what is meant, or go to a moment of the virtual clock: ``anyio.sleep_until(20)``."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    slept = [ast.unparse(call) for call in calls if ast.unparse(call.func).rpartition(".")[2] == "sleep"]
    assert [call for call in slept if not call.endswith("sleep(0)")] == []
