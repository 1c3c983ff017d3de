"""Manners of the house: tests do not sleep, and no file speaks of the place or the tools it was written with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

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
WORDS = [word.lower() for word in FORBIDDEN]
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
    assert [line for name, text in texts() for line in forbidden(name, text)] == []


def forbidden(name: str, text: str) -> list[str]:
    """Where a file says what it should not. The pattern is slow, and nearly every file has none of its words."""
    small = text.lower()
    if not any(word in small for word in WORDS):
        return []
    return [f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match.group()}" for match in PATTERN.finditer(text)]


def test_the_pattern_finds_what_it_forbids() -> None:
    """In a sentence, in a path, in a URL; and not inside other words."""
    path, host, word = FORBIDDEN[0], HOSTS[0], FORBIDDEN[-1]
    assert forbidden("a", f"1\nsee {path}main") == [f"a:2: {path}"]
    assert PATTERN.search(f"https://files.{host}/packages")
    assert forbidden("a", f"{word.upper()}: somebody")
    assert not PATTERN.search(f"net{path}main")
    assert not PATTERN.search(f"over{word}")


def test_tests_do_not_sleep() -> None:
    """A sleep is a guess. Wait for what is meant, or go to a moment of the virtual clock: ``anyio.sleep_until(20)``."""
    tests = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("*.py"))}
    assert len(tests) > 100, "the files are not found any more"
    assert {name: slept for name, text in tests.items() if (slept := sleeps(text))} == {}


def sleeps(text: str) -> list[str]:
    """The calls of a file that sleep. One that never says the word calls nothing of that name."""
    if "sleep" not in text:
        return []
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    slept = [ast.unparse(call) for call in calls if ast.unparse(call.func).rpartition(".")[2] == "sleep"]
    return [call for call in slept if not call.endswith("sleep(0)")]


def test_a_sleep_is_found() -> None:
    slept = f"anyio.{'sleep'}(1)"
    assert sleeps(f"async def test():\n    await {slept}\n    await anyio.{'sleep'}(0)\n") == [slept]
