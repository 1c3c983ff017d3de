"""Cuts a cell into its tokens, each with the place it stands at, for the readers of :mod:`fsm_agents.flows.notation.cells`. Pure."""

from __future__ import annotations

import re
from typing import Final, NoReturn

from fsm_agents.flows.notation.fault import Fault

__all__ = ["MAX_CELL", "Tokens", "kind_of"]

MAX_CELL: Final = 4_000
"""Longest cell: it stands on one line of a table."""

_TOKEN = re.compile(r"\"[^\"]*\"|[^\W\d]\w*|-?[0-9]+(?:\.[0-9]+)?[^\W\d]*|!=|<=|>=|==|<>|\S")
_DIGITS = frozenset("0123456789")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Tokens:
    """The tokens of a cell, one after the other. Where they stand is looked up only for a fault.

    Args:
        text: The cell.
        code: The code of its faults.

    Attributes:
        words: The tokens; an empty one is the end.
        step: Which of them comes next.
    """

    def __init__(self, text: str, code: str) -> None:
        self.text, self.code = text, code
        if len(text) > MAX_CELL:
            raise Fault("F004", f"a cell of {len(text):,} characters; {MAX_CELL:,} at most", fix="name the words in [phrases]")
        odd = None if text.isprintable() else _CONTROL.search(text)
        if odd is not None:
            raise Fault("F108", "a line break or control character inside a cell", at=odd.start())
        self.words: list[str] = [*_TOKEN.findall(text), ""]
        self.step = 0

    @property
    def kind(self) -> str:
        """``string name number sign``, or nothing at the end."""
        return kind_of(self.words[self.step])

    @property
    def word(self) -> str:
        """The token, or nothing at the end."""
        return self.words[self.step]

    @property
    def follows(self) -> str:
        """The token behind this one, or nothing."""
        return self.words[self.step + 1] if self.word else ""

    @property
    def at(self) -> int:
        """Where it begins."""
        return self.start(self.step)

    def start(self, step: int) -> int:
        """Where a token begins."""
        found = [token.start() for token in _TOKEN.finditer(self.text)]
        return found[step] if step < len(found) else len(self.text)

    def take(self) -> str:
        """This token; then it is the next one's turn."""
        word = self.words[self.step]
        self.step += bool(word)
        return word

    def skip(self, word: str) -> bool:
        """Whether this token is ``word``, which is then behind us."""
        if self.words[self.step] == word:
            self.step += 1
            return True
        return False

    def name(self, what: str) -> str:
        """A name.

        Raises:
            Fault: here is something else.
        """
        if self.kind != "name":
            self.fail(f"{what} expected{self.here}")
        return self.take()

    def names(self, what: str) -> tuple[str, ...]:
        """``name { "," name }``."""
        found = [self.name(what)]
        while self.skip(","):
            found.append(self.name(what))
        return tuple(found)

    def string(self, what: str) -> tuple[str, int]:
        """Text in quotes, and which token it is: its words begin one behind the place where that starts."""
        if self.kind != "string":
            if self.word == '"':
                self.fail("the quote is never closed", fix='end it with "')
            self.fail(f"{what} in quotes expected{self.here}")
        return self.take()[1:-1], self.step - 1

    def end(self) -> None:
        """Nothing may follow.

        Raises:
            Fault: something does.
        """
        if self.word:
            self.fail(f"'{self.word}' is left over", fix=self.stray())

    def stray(self) -> str:
        """What to do about a token that does not belong here."""
        return 'end the text with "' if self.word == '"' else ""

    @property
    def here(self) -> str:
        """`` before 'and'``, for messages."""
        return f" before '{self.word[:40]}'" if self.word else " at the end"

    def fail(self, message: str, *, fix: str = "", why: str = "", at: int = -1) -> NoReturn:
        """Raise a fault at this token."""
        place = self.at if at < 0 else at
        raise Fault(self.code, message, at=place, width=max(1, len(self.word)) if at < 0 else 1, why=why, fix=fix)


def kind_of(word: str) -> str:
    """``string name number sign``, or nothing for the end."""
    first = word[:1]
    if first == '"':
        return "string" if len(word) > 1 else "sign"
    if first in _DIGITS or (first == "-" and len(word) > 1):
        return "number"
    return "name" if first.isalnum() or first == "_" else "sign" * bool(first)
