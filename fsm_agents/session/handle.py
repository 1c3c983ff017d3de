"""The handle of a say: what became of something the agent was asked to say."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import anyio
import attrs

__all__ = ["SpeechHandle"]


@attrs.frozen
class _Outcome:
    heard: str
    interrupted: bool
    refused: str


class SpeechHandle:
    """Something the agent was asked to say. Awaiting it waits until it has sounded to its end, was cut, or was refused.

    Attributes:
        text: What was to be said.
        interruptible: Whether the caller's words end it.
        pieces: If a flow speaks a secret in it: the parts of the text, and what is spoken for each; else empty.
    """

    def __init__(
        self, text: str, *, interruptible: bool, pieces: tuple[tuple[str, str], ...] = (),
        over: Callable[[SpeechHandle], object] | None = None,
    ) -> None:  # fmt: skip
        self.text = text
        self.interruptible = interruptible
        self.pieces = pieces
        self._told = over
        self._outcome: _Outcome | None = None
        self._over = anyio.Event()

    def done(self) -> bool:
        """Whether it is over."""
        return self._outcome is not None

    @property
    def heard(self) -> str:
        """What the caller heard of it; empty while it is not over."""
        return self._outcome.heard if self._outcome else ""

    @property
    def interrupted(self) -> bool:
        """Whether it was cut before its end."""
        return self._outcome is not None and self._outcome.interrupted

    @property
    def refused(self) -> str:
        """Why it was not spoken at all; empty if it was, or may still be."""
        return self._outcome.refused if self._outcome else ""

    def settle(self, heard: str = "", *, interrupted: bool = False, refused: str = "") -> None:
        """Say what became of it. The first word counts."""
        if self._outcome is None:
            self._outcome = _Outcome(heard, interrupted, refused)
            self._over.set()
            if self._told is not None:
                self._told(self)

    async def wait(self) -> SpeechHandle:
        """Wait until it is over."""
        await self._over.wait()
        return self

    def __await__(self) -> Generator[Any, Any, SpeechHandle]:
        """``await session.say(…)`` waits until it is over, and gives the handle."""
        return self.wait().__await__()

    def __repr__(self) -> str:
        state = "waiting" if self._outcome is None else "refused" if self.refused else "cut" if self.interrupted else "spoken"
        return f"<SpeechHandle {state}, {len(self.text)} characters>"
