"""Goes through a TOML text: finds where its keys and values stand, and what they are.

It trusts the text to be TOML. Where it meets anything that it could mistake (dotted keys, tables in lists, what is no TOML), it says
nothing of what the text means: then tomllib is asked, which judges every text that is wrong. tomllib alone takes twice as long for what
most files are: headers, and a key with a text or a list of texts on each line.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final, NamedTuple, TypeAlias

from fsm_agents.flows.notation.fault import Fault

__all__ = ["MAX_DEPTH", "MAX_ENTRIES", "MAX_PARTS", "Path", "Raw", "Span", "scan"]

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
_LINE = re.compile(
    r"(?:([A-Za-z0-9_\-]++)[ \t]*+=[ \t]*+"
    r'(?:"([^"\\\n]*+)"|\[((?:[ \t\n]*+"[^"\\\n]*+"(?!")[ \t\n]*+(?:,|(?=\])))*+)[ \t\n]*+\])'
    r"|\[([A-Za-z0-9_\-]++(?:\.[A-Za-z0-9_\-]++){0,15}+)\])"
    r"[ \t]*+(?:#[^\n]*+)?+(?:\n(?:[ \t\n]++|#[^\n]*+)*+|\Z)"
)
"""A key and a text without escapes, or a list of such texts, or a header; and all up to what follows: most of a file."""
_END = re.compile(r"[ \t]*+(?:#[^\n]*+)?+(?:\n|\Z)")
_TEXT = re.compile(r'"([^"\n]*+)"')
_ELEMENT = re.compile(r'[ \t\n]*+"([^"\\\n]*+)"(?!")[ \t\n]*+(?:,|(?=\]))')
"""A text without escapes in a list."""
_SCALAR = re.compile(r"[^,\]}#\n]++")


_CONTROLS: Final = "".join(map(chr, (*range(9), *range(11, 32), 127)))
"""What TOML allows nowhere."""


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


Raw: TypeAlias = "tuple[int, int, int, int]"
"""A :class:`Span` without its names: there are thousands, and few are ever looked at."""


def scan(text: str) -> tuple[dict[Path, Raw], dict[str, Any] | None]:
    """The spans by path, and what the text says; of a text that is no TOML, the spans up to where that shows.

    What it says is ``None``, if only tomllib can tell.

    Raises:
        Fault: F004: nested too deep, or too many entries.
    """
    scanner = _Scanner(text)
    try:
        scanner.file()
    except _LostError:
        scanner.odd = True
    return scanner.spans, None if scanner.odd else scanner.tree


class _LostError(Exception):
    """Here the text stops being TOML."""


class _Scanner:
    """One text.

    Attributes:
        at: How far it is read.
        few: Whether it is certain that there are not too many entries.
        odd: Whether there is anything in it that only tomllib can judge.
        tree: What it says; means nothing if it is odd.
        made: The tables of the tree that headers name or imply.
        table: The one that is open.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.spans: dict[Path, Raw] = {}
        self.count = 0
        self.tables: dict[Path, int] = {}
        self.few = sum(map(text.count, "[,=")) <= MAX_ENTRIES  # one of them stands before everything that counts
        self.odd = not self.few or any(sign in text for sign in _CONTROLS)
        self.tree: dict[str, Any] = {}
        self.made: dict[Path, dict[str, Any]] = {(): self.tree}
        self.table = self.tree
        self.opened: set[Path] = set()

    def file(self) -> None:
        under: Path = ()
        self.skip(_BLANK)
        text, spans, line = self.text, self.spans, _LINE.match
        while (at := self.at) < len(text):
            found = line(text, at) if self.few else None
            if found is None:
                under = self.other(under)
                continue
            key, value, items, header = found.groups()
            if header is not None:
                under = tuple(header.split("."))
                self.opens(under, (at, len(header) + 2, at, -1))
            else:
                path, table = (*under, key), self.table
                self.odd = self.odd or key in table
                if items is None:
                    start = found.start(2)
                    spans[path] = (at, len(key), start - 1, start)
                    table[key] = value
                else:
                    spans[path] = (at, len(key), found.start(3) - 1, -1)
                    table[key] = self.texts(path, *found.span(3))
            self.at = found.end()

    def texts(self, path: Path, start: int, stop: int) -> list[str]:
        """A list of texts without escapes."""
        found: list[str] = []
        for item in _TEXT.finditer(self.text, start, stop):
            begin, end = item.span()
            self.spans[*path, len(found)] = (begin, end - begin, begin, begin + 1)
            found.append(item[1])
        return found

    def other(self, under: Path) -> Path:
        """A line of another sort; the table that is open behind it."""
        if self.text[self.at] == "[":
            under = self.header()
        else:
            self.pair(under, 0)
        self.odd = self.odd or _END.match(self.text, self.at) is None
        self.skip(_BLANK)
        return under

    def skip(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise _LostError
        self.at = found.end()
        return found

    def header(self) -> Path:
        start = self.at
        double = self.text.startswith("[[", start)
        self.at += 2 if double else 1
        self.skip(_SOFT)
        path = self.key()
        self.skip(_SOFT)
        if not self.text.startswith("]]" if double else "]", self.at):
            raise _LostError
        self.at += 2 if double else 1
        if double:
            self.odd = True
            self.tables[path] = self.tables.get(path, -1) + 1
            path = (*path, self.tables[path])
        self.opens(path, (start, self.at - start, start, -1))
        return path

    def opens(self, path: Path, span: Raw) -> None:
        """Here a table begins."""
        self.keep(path, span)
        self.around(path, span)
        if path in self.opened:
            self.odd = True
        self.opened.add(path)
        self.table = self.inner(path)

    def inner(self, path: Path) -> dict[str, Any]:
        """A table of the tree."""
        found = self.made.get(path)
        if found is None:
            around, name = self.inner(path[:-1]), str(path[-1])
            if name in around:
                self.odd = True
            found = around[name] = self.made[path] = {}
        return found

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
        key = self.key()
        path = (*under, *key)
        width = self.at - start
        if depth == 0:
            self.around(path, (start, width, start, -1))
        self.skip(_EQUALS)
        begin = self.at
        self.value(path, start, width, depth)
        if depth == 0:
            self.says(key, self.text[begin : self.at])

    def says(self, key: Path, value: str) -> None:
        """A setting of the open table, its value as it is written."""
        name = str(key[0])
        if len(key) > 1 or name in self.table:
            self.odd = True
        if self.odd:
            return
        if value.startswith("'''"):
            self.table[name] = value[3:-3].removeprefix("\n")
            return
        try:
            self.table[name] = tomllib.loads(f"x={value}")["x"]
        except (ValueError, RecursionError):
            self.odd = True

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
        self.keep(path, (at, self.at - at, at, text) if key < 0 else (key, width, at, text))

    def keep(self, path: Path, span: Raw) -> None:
        self.spans.setdefault(path, span)
        self.count += 1
        if self.count > MAX_ENTRIES:
            raise Fault("F004", f"more than {MAX_ENTRIES:,} settings", at=span[0])

    def around(self, path: Path, span: Raw) -> None:
        """``[tools.tea]`` makes a table ``tools`` too."""
        while len(path) > 1 and path[:-1] not in self.spans:
            path = path[:-1]
            self.spans[path] = span

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
                self.keep((*path, index), (start - 1, stop - start + 2, start - 1, start))
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
