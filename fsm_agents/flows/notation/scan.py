"""Finds where the keys and values of a TOML text stand. It trusts the text to be TOML: tomllib judges that, after it."""

from __future__ import annotations

import contextlib
import re
import tomllib
from typing import Any, Final, NamedTuple, TypeAlias

from fsm_agents.flows.notation.fault import Fault

__all__ = ["MAX_DEPTH", "MAX_ENTRIES", "MAX_PARTS", "Path", "Span", "scan"]

MAX_DEPTH: Final = 16
"""Deepest nesting of arrays and inline tables; a flow needs three."""
MAX_PARTS: Final = 16
"""Most parts of a dotted key; a flow needs three."""
MAX_ENTRIES: Final = 100_000
"""Most keys and elements; 10,000 states of eight settings fit."""

Path: TypeAlias = "tuple[str | int, ...]"

_BLANK = re.compile(r"(?:[ \t\n]++|#[^\n]*+)*+")
_KEY = re.compile(r"([A-Za-z0-9_\-]++)|\"((?:[^\"\\\n]++|\\.)*+)\"|'([^'\n]*+)'")
_SOFT = re.compile(r"[ \t]*+")
_DOT = re.compile(r"[ \t]*+\.[ \t]*+")
_EQUALS = re.compile(r"[ \t]*+=[ \t]*+")
_STRING = re.compile(
    r"'''\n?((?:[^']++|'(?!''))*+)'''('{0,2})"
    r'|"""\n?((?:[^"\\]++|\\.|"(?!""))*+)"""("{0,2})'
    r"|'([^'\n]*+)'"
    r'|"((?:[^"\\\n]++|\\.)*+)"',
    re.DOTALL,
)
_HEADER = re.compile(r"\[([A-Za-z0-9_\-]++(?:\.[A-Za-z0-9_\-]++)*+)\]")
_PLAIN = re.compile(r'([A-Za-z0-9_\-]++)[ \t]*+=[ \t]*+"([^"\\\n]*+)"(?!")')
"""A key and a text without escapes: most lines of a file."""
_ELEMENT = re.compile(r'[ \t\n]*+"([^"\\\n]*+)"(?!")[ \t\n]*+(?:,|(?=\]))')
"""A text without escapes in a list."""
_SCALAR = re.compile(r"[^,\]}#\n]++")


class Span(NamedTuple):
    """Where a key and its value stand, as offsets in the text.

    Args:
        key: Of the key, or of a table's header.
        width: How long the key is.
        value: Of the value.
        text: Of the first character of a text value; -1 if it is no text, or one with escapes in it.
    """

    key: int
    width: int
    value: int = 0
    text: int = -1


def scan(text: str) -> dict[Path, Span]:
    """The spans by path; of a text that is no TOML, those up to where that shows.

    Raises:
        Fault: F004: nested too deep, or too many entries.
    """
    scanner = _Scanner(text)
    with contextlib.suppress(_LostError):
        scanner.file()
    return scanner.spans


class _LostError(Exception):
    """Here the text stops being TOML."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.spans: dict[Path, Span] = {}
        self.count = 0
        self.tables: dict[Path, int] = {}

    def file(self) -> None:
        under: Path = ()
        self.skip(_BLANK)
        text, spans = self.text, self.spans
        while self.at < len(text):
            if text[self.at] == "[":
                under = self.header()
            elif (plain := _PLAIN.match(text, self.at)) is not None:
                start, stop = plain.span(1)
                value = plain.start(2)
                spans.setdefault((*under, plain.group(1)), Span(start, stop - start, value - 1, value))
                self.counted()
                self.at = plain.end()
            else:
                self.pair(under, 0)
            self.skip(_BLANK)

    def skip(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise _LostError
        self.at = found.end()
        return found

    def header(self) -> Path:
        start = self.at
        plain = _HEADER.match(self.text, start)
        if plain is not None:
            self.at = plain.end()
            path: Path = tuple(plain.group(1).split("."))
            if len(path) <= MAX_PARTS:
                span = Span(start, self.at - start, start)
                self.keep(path, span)
                self.around(path, span)
                return path
            self.at = start
        double = self.text.startswith("[[", start)
        self.at += 2 if double else 1
        self.skip(_SOFT)
        path = self.key()
        self.skip(_SOFT)
        if not self.text.startswith("]]" if double else "]", self.at):
            raise _LostError
        self.at += 2 if double else 1
        if double:
            self.tables[path] = self.tables.get(path, -1) + 1
            path = (*path, self.tables[path])
        span = Span(start, self.at - start, start)
        self.keep(path, span)
        self.around(path, span)
        return path

    def key(self) -> Path:
        parts: list[str | int] = []
        while True:
            found = self.skip(_KEY)
            bare, basic, literal = found.groups()
            if basic is not None and "\\" in basic:
                bare = _unescaped(found.group())
            parts.append(next(part for part in (bare, basic, literal) if part is not None))
            if len(parts) > MAX_PARTS:
                raise Fault("F004", f"a key of more than {MAX_PARTS} parts", at=self.at)
            if _DOT.match(self.text, self.at) is None:
                return tuple(parts)
            self.skip(_DOT)

    def pair(self, under: Path, depth: int) -> None:
        start = self.at
        path = (*under, *self.key())
        width = self.at - start
        if depth == 0:
            self.around(path, Span(start, width, start))
        self.skip(_EQUALS)
        self.value(path, start, width, depth)

    def value(self, path: Path, key: int, width: int, depth: int) -> None:
        """A value, whose key stands at ``key``; -1: it is an element, and is its own key."""
        at = self.at
        sign = self.text[at : at + 1]
        text = -1
        if sign in ("'", '"') and sign:
            text = self.string()
        elif sign == "[":
            self.array(path, depth + 1)
        elif sign == "{":
            self.inline(path, depth + 1)
        else:
            self.skip(_SCALAR)
        self.keep(path, Span(at, self.at - at, at, text) if key < 0 else Span(key, width, at, text))

    def keep(self, path: Path, span: Span) -> None:
        self.spans.setdefault(path, span)
        self.counted()

    def around(self, path: Path, span: Span) -> None:
        """``[tools.tea]`` makes a table ``tools`` too."""
        while len(path) > 1 and path[:-1] not in self.spans:
            path = path[:-1]
            self.spans[path] = span

    def counted(self) -> None:
        self.count += 1
        if self.count > MAX_ENTRIES:
            raise Fault("F004", f"more than {MAX_ENTRIES:,} settings", at=self.at)

    def string(self) -> int:
        """Skips a string, and says where its first character stands, or -1."""
        found = self.skip(_STRING)
        group = next(number for number in (1, 3, 5, 6) if found.group(number) is not None)
        escaped = group in (3, 6) and "\\" in found.group(group)
        return -1 if escaped else found.start(group)

    def array(self, path: Path, depth: int) -> None:
        self.deep(depth)
        index = 0
        while True:
            plain = _ELEMENT.match(self.text, self.at)
            if plain is not None:
                start, stop = plain.span(1)
                self.keep((*path, index), Span(start - 1, stop - start + 2, start - 1, start))
                self.at, index = plain.end(), index + 1
                continue
            self.skip(_BLANK)
            if self.text.startswith("]", self.at):
                self.at += 1
                return
            self.value((*path, index), -1, 0, depth)
            index += 1
            self.skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1
            elif not self.text.startswith("]", self.at):
                raise _LostError

    def inline(self, path: Path, depth: int) -> None:
        self.deep(depth)
        self.skip(_BLANK)
        while not self.text.startswith("}", self.at):
            self.pair(path, depth)
            self.skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1
                self.skip(_BLANK)
            elif not self.text.startswith("}", self.at):
                raise _LostError
        self.at += 1

    def deep(self, depth: int) -> None:
        self.at += 1
        if depth > MAX_DEPTH:
            raise Fault("F004", f"values nest deeper than {MAX_DEPTH}", at=self.at - 1)


def _unescaped(token: str) -> str:
    try:
        value: Any = tomllib.loads(f"x={token}")["x"]
    except ValueError:
        raise _LostError from None
    return str(value)
