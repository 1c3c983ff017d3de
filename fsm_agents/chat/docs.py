"""What a docstring says of a function and its parameters (Google style).

This file reads text; it knows no annotations and never complains: a docstring is for people, and what is not in the form is not
found.
"""

from __future__ import annotations

import inspect
import re

__all__ = ["read_docstring"]

_SECTION = re.compile(r"(Args|Arguments|Parameters):\s*\Z")
_ENTRY = re.compile(r"\*{0,2}(\w+)(?:\s*\([^)]*\))?:\s*(.*)")


def read_docstring(doc: str | None) -> tuple[str, dict[str, str]]:
    """The first paragraph of a docstring, and the description of each parameter in its ``Args:`` section.

    Args:
        doc: The docstring as written, or ``None``.

    Returns:
        Both with their line breaks taken out; ``("", {})`` where there is nothing.
    """
    lines = inspect.cleandoc(doc or "").splitlines()
    first: list[str] = []
    for line in lines:
        if not line.strip() or _SECTION.match(line):
            break
        first.append(line.strip())
    return " ".join(first), _entries(_section(lines))


def _section(lines: list[str]) -> list[str]:
    """The indented lines under ``Args:``, their common indentation taken off."""
    starts = [at for at, line in enumerate(lines) if _SECTION.match(line)]
    if not starts:
        return []
    body: list[str] = []
    for line in lines[starts[0] + 1 :]:
        if line.strip() and not line[0].isspace():
            break
        body.append(line)
    return inspect.cleandoc("\n" + "\n".join(body)).splitlines()


def _entries(lines: list[str]) -> dict[str, str]:
    described: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        entry = None if line[:1].isspace() else _ENTRY.match(line)
        if entry:
            current = described.setdefault(entry[1], [])
        current.append(entry[2].strip() if entry else line.strip())
    return {name: " ".join(filter(None, parts)) for name, parts in described.items()}
