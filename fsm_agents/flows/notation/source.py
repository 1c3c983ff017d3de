"""TOML text and where everything in it stands. tomllib tells what a file says, and no position; our scanner tells the positions.

The scanner goes through the text first, because it also keeps the bounds that tomllib has not: nesting, parts of a key, entries. What a
plain text says it tells too; tomllib is asked of the others, and of all that are wrong.
"""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import attrs

from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.scan import Path, Raw, Span, scan
from fsm_agents.flows.problems import Place

__all__ = ["MAX_BYTES", "Source", "read_source", "source_of_tree"]

MAX_BYTES: Final = 5_000_000
"""Largest file: twice what 20,000 rows take."""

LONG: Final = 300
"""So much of a line is looked at for what was meant."""

_AT = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)\Z")
_BARE_DURATION = re.compile(r"(=\s*)(\d+(?:\.\d+)?(?:ms|s|m|d)|\d+\.\.\d+)\s*(?:#.*)?$")
_BARE_WORD = re.compile(r"^(\s*[\w.\-]+\s*)=\s*([A-Za-z][\w \-]*?)\s*(?:#.*)?$")
_COLON = re.compile(r"^(\s*[\w.\-]+)\s*:\s*(.*)$")

Tree: TypeAlias = "dict[str, Any]"


@attrs.frozen(eq=False)
class Source:
    """One file, or a tree that was given from Python.

    Args:
        file: How it is called in messages.
        text: Its text; empty for a tree.
        tree: What it says.
        spans: Where each key and value stands, by its path; :meth:`span` names the numbers.
        starts: Where each line begins in ``text``.
        line: For a tree: the line of the call it was given in.
    """

    file: str
    text: str
    tree: Mapping[str, Any]
    spans: Mapping[Path, Raw] = attrs.field(factory=dict)
    starts: tuple[int, ...] = (0,)
    line: int = 0

    def lines(self) -> list[str]:
        """The text's lines."""
        return self.text.split("\n")

    def span(self, path: Path) -> Span | None:
        """Where a key and its value stand; ``None``: not here."""
        found = self.spans.get(path)
        return None if found is None else Span(*found)

    def at(self, offset: int, width: int = 1) -> Place:
        """The place of a character of the text."""
        line = bisect.bisect_right(self.starts, offset)
        return Place(self.file, line, offset - self.starts[line - 1] + 1, width)

    def place(self, path: Path) -> Place:
        """Where a key stands; the nearest table around it, if it is not there."""
        if not self.text:
            return Place(self.file, self.line)
        while path:
            span = self.spans.get(path)
            if span is not None:
                return self.at(span[0], span[1])
            path = path[:-1]
        return Place(self.file, 1, 1)

    def inside(self, path: Path, at: int = 0, width: int = 1) -> Place:
        """The place of a character of a text value; of the value, where escapes make the two differ."""
        span = self.span(path)
        if span is None:
            return self.place(path)
        if span.text < 0:
            return self.at(span.value)
        return self.at(span.text + at, width)


def source_of_tree(tree: Mapping[str, Any], file: str, line: int) -> Source:
    """A tree that Python gave; every place in it is that of the call."""
    return Source(file, "", tree, line=line)


def read_source(text: str, file: str) -> tuple[Source, Fault | None]:
    """The source, and what is wrong with it: then its tree is empty, and the fault's ``at`` counts in :attr:`Source.text`."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    fault = _too_large(text)
    if fault is not None:
        return Source(file, "\n", {}), fault
    starts = (0, *(found.end() for found in re.finditer("\n", text)))
    try:
        spans, tree = scan(text)
        if tree is None:
            tree = tomllib.loads(text)
    except Fault as known:
        return Source(file, text or "\n", {}, starts=starts), known
    except (ValueError, RecursionError) as wrong:
        return Source(file, text or "\n", {}, starts=starts), _not_toml(text, starts, str(wrong))
    return Source(file, text or "\n", tree, spans, starts), None


def _too_large(text: str) -> Fault | None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return Fault("F005", "the text is not Unicode: it holds half a character", fix="save it as UTF-8")
    if size > MAX_BYTES:
        return Fault("F004", f"{size:,} bytes; a flow file has {MAX_BYTES:,} at most", fix="take a part of it out as a sub-flow")
    return None


def _not_toml(text: str, starts: tuple[int, ...], said: str) -> Fault:
    """F001 at the place that tomllib names, with a fix where the line shows what was meant."""
    found = _AT.match(said, max(0, said.rfind("(at ")))
    at = len(text.rstrip())
    if found is not None and found[1]:
        at = starts[min(int(found[1]), len(starts)) - 1] + int(found[2]) - 1
    line = bisect.bisect_right(starts, at) - 1
    shown = text[starts[line] : starts[line + 1] - 1 if line + 1 < len(starts) else len(text)]
    message = (said[: found.start()] if found else said)[:200].rstrip()
    why, fix, mark = _meant(shown[:LONG], message)
    if mark >= 0:
        at = starts[line] + mark
    return Fault("F001", f"not TOML: {message[:1].lower()}{message[1:]}", at=at, why=why, fix=fix)


def _meant(line: str, message: str) -> tuple[str, str, int]:
    """Why, fix, and where in the line (-1: where tomllib says)."""
    bare = _BARE_DURATION.search(line)
    if bare is not None:
        kind = "a range" if ".." in bare[2] else "a duration"
        return f"{kind} is text in TOML", f'{line[: bare.start()].strip()} = "{bare[2]}"', bare.start(2)
    if '"""' not in line and "'''" not in line:
        word = _BARE_WORD.search(line)
        if word is not None and word[2] not in ("true", "false", "inf", "nan"):
            return "text stands in quotes", f'{word[1].strip()} = "{word[2]}"', word.start(2)
        colon = _COLON.search(line)
        if colon is not None:
            return "TOML writes =", f"{colon[1].strip()} = {colon[2]}", colon.end(1)
    if "'''" in message or '"""' in message:
        return "a block of rows is never closed", "end it with a line  '''", -1
    if "declare" in message or "overwrite" in message:
        return "a name stands in a file once", "put both into one", len(line) - len(line.lstrip())
    return "", "", -1
