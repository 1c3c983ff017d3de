"""What a pipeline asks of whoever leads a conversation by a table of its own (a flow): a protocol, and nothing that runs."""

from __future__ import annotations

from typing import Protocol

from fsm_agents.stages.base import Transcript

__all__ = ["Guide"]


class Guide(Protocol):
    """Who leads the conversation. Everything is called inline: it must not block, and may post."""

    def heard(self, transcript: Transcript) -> Transcript:
        """What speech-to-text heard, before anybody else is told of it: perhaps marked complete, or with its words hidden."""
        ...

    def taken(self, texts: tuple[str, ...], *, again: bool) -> None:
        """A reply to the caller begins.

        Args:
            texts: What the caller said that no reply was begun for before.
            again: What was said earlier is still not answered: the reply to it was cut before it sounded.
        """
        ...

    def shown(self, text: str) -> str:
        """A text of the caller, as history and a model may have it."""
        ...

    def pieces(self, say: int) -> tuple[tuple[str, str], ...]:
        """What is spoken for a say, by its number, where its text does not show all: each part as it is kept, and as it is spoken.

        Empty: the text is what is spoken.
        """
        ...

    def sound(self, name: str) -> tuple[bytes, int]:
        """A recording by its name: PCM, and samples per second."""
        ...
