"""What the caller said to a realtime model, as far as it is known: the words come late, or never, and the model answers all the same.

The tables need a text for each turn, so a segment whose words are not in yet is called ``<speech 3>`` there. History has the words as soon as
they come, and ``(speech)`` until then. Nothing is asked or sent here.
"""

from __future__ import annotations

import re

import attrs

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ChatMessage

__all__ = ["KEPT_SOUNDS", "UNKNOWN", "Words", "name_of"]

UNKNOWN = "(speech)"
"""What history has in the place of words that are not known (yet)."""
KEPT_SOUNDS = 4
"""Segments whose sound is kept until their words are known, so that a broken connection loses none: about as many as are ever open."""

_NAME = re.compile(r"<speech (\d+)>")


def name_of(segment: int) -> str:
    """What the tables call a segment whose words are not known."""
    return f"<speech {segment}>"


@attrs.define(eq=False)
class _Said:
    """A message of the caller's in history."""

    raw: str
    shown: ChatMessage


class Words:
    """The words of one conversation.

    Args:
        context: Its history.
    """

    def __init__(self, context: ChatContext) -> None:
        self._context = context
        self._texts: dict[int, str] = {}
        self._said: list[_Said] = []
        self._segments: dict[str, int] = {}  # of each item
        self._sounds: dict[int, bytes] = {}

    def placed(self, message: ChatMessage) -> None:
        """History has a message made of what the tables know: show the words in it, now and as they come."""
        if _NAME.search(message.text):
            said = _Said(message.text, message)
            self._said.append(said)
            self._show(said)

    def text(self, raw: str) -> str:
        """The same with words in the place of names."""
        shown = _NAME.sub(lambda found: self._texts.get(int(found[1]), UNKNOWN), raw)
        return " ".join(shown.split())

    def item(self, item: str, segment: int) -> None:
        """This item of the provider's conversation is (a part of) that segment."""
        self._segments[item] = segment

    def segment_of(self, item: str) -> int | None:
        """The segment of an item; ``None`` if it is none of the caller's."""
        return self._segments.get(item)

    def forget_items(self) -> None:
        """The provider's conversation is gone."""
        self._segments.clear()

    def learn(self, segment: int, text: str) -> None:
        """The words of a segment are known; they do not change any more."""
        self._sounds.pop(segment, None)
        if segment not in self._texts:
            self._texts[segment] = text.strip()
            for said in self._said:
                self._show(said)

    def keep_sound(self, segment: int, pcm: bytes) -> None:
        """Keep what was said, until the words are known."""
        if segment not in self._texts:
            self._sounds[segment] = self._sounds.get(segment, b"") + pcm
            for old in list(self._sounds)[:-KEPT_SOUNDS]:
                del self._sounds[old]

    def parts(self, message: ChatMessage) -> tuple[int, ...]:
        """The segments a message of the history is made of; none if it is plain text."""
        raw = next((said.raw for said in self._said if said.shown is message), "")
        return tuple(int(segment) for segment in _NAME.findall(raw))

    def items_of(self, segment: int) -> tuple[str, ...]:
        """The items of a segment that the provider has."""
        return tuple(item for item, of in self._segments.items() if of == segment)

    def spoken(self, segment: int) -> tuple[str, bytes]:
        """What can be told of a segment: its words, or its sound if the words are not known."""
        if segment in self._texts:
            return self._texts[segment], b""
        return UNKNOWN, self._sounds.get(segment, b"")

    def _show(self, said: _Said) -> None:
        text = self.text(said.raw)
        if text != said.shown.text:
            shown = ChatMessage("user", text)
            self._context.replace(said.shown, shown if text else None)
            said.shown = shown
