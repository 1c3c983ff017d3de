"""What a docstring says of a function and its parameters: in Google's style, with ``:param name:`` as Sphinx has it, or in numpy's.

This file reads text; it knows no annotations and never complains: a docstring is for people, and what is not in the form is not
found.
"""

from __future__ import annotations

import inspect
import re

__all__ = ["read_docstring"]

_SECTION = re.compile(r"(Args|Arguments|Parameters):\s*\Z")
_ENTRY = re.compile(r"\*{0,2}(\w+)(?:\s*\([^)]*\))?:\s*(.*)")
_FIELD = re.compile(r":(\w+)(?:\s[^:]*)?:")
_PARAM = re.compile(r":(?:param|parameter|arg|argument)\s(?:[^:]*\s)?\*{0,2}(\w+):\s*(.*)")
_RULE = re.compile(r"-{3,}\s*\Z")
_NUMPY_ENTRY = re.compile(r"\*{0,2}(\w+)\s*(?::.*)?\Z")


def read_docstring(doc: str | None) -> tuple[str, dict[str, str]]:
    """The first paragraph of a docstring, and the description of each parameter.

    Args:
        doc: The docstring as written, or ``None``.

    Returns:
        Both with their line breaks taken out; ``("", {})`` where there is nothing.
    """
    lines = inspect.cleandoc(doc or "").splitlines()
    first: list[str] = []
    for line in lines:
        if not line.strip() or _SECTION.match(line) or (first and _FIELD.match(line)):
            break
        first.append(line.strip())
    return " ".join(first), _fields(lines) | _numpy_entries(lines) | _entries(_section(lines))


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
    return _joined(described)


def _fields(lines: list[str]) -> dict[str, str]:
    """``:param name: text``, which goes on in indented lines."""
    described: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        found = _PARAM.match(line)
        if found:
            current = described.setdefault(found[1], [])
        elif line[:1] != " ":
            current = []
        current.append(found[2].strip() if found else line.strip())
    return _joined(described)


def _numpy_entries(lines: list[str]) -> dict[str, str]:
    """A section ``Parameters`` that is underlined: each name stands for itself, its description is indented under it."""
    starts = [at + 2 for at, line in enumerate(lines[:-1]) if line.strip() == "Parameters" and _RULE.match(lines[at + 1])]
    described: dict[str, list[str]] = {}
    current: list[str] = []
    body = lines[starts[0] :] if starts else []
    for line, below in zip(body, [*body[1:], ""], strict=False):
        if _RULE.match(below):
            break
        entry = _NUMPY_ENTRY.match(line)
        if entry:
            current = described.setdefault(entry[1], [])
        else:
            current.append(line.strip())
    return _joined(described)


def _joined(described: dict[str, list[str]]) -> dict[str, str]:
    return {name: " ".join(filter(None, parts)) for name, parts in described.items()}
