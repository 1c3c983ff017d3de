"""What the caller said to a realtime model, as far as it is known: the words come late, or never, and the model answers all the same.

The tables need a text for each turn, so a segment whose words are not in yet is called ``<speech 3>`` there. History has the words as soon as
they come, and ``(speech)`` until then. Nothing is asked or sent here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
class _Segment:
    """What is known of a segment: the words of each of its items (``None``: not yet), and its sound until they are all known.

    ``settled``: the words, once they were all known on an earlier connection. ``told``: what the tables were told of it, the latest
    last. ``placed``: history has it.
    """

    items: dict[str, str | None] = attrs.field(factory=dict)
    sound: bytes = b""
    settled: str | None = None
    told: list[str] = attrs.field(factory=list)
    placed: bool = False

    @property
    def text(self) -> str | None:
        """The words of all items; ``None`` as long as some are not known."""
        if self.settled is not None:
            return self.settled
        words = [text for text in self.items.values() if text is not None]
        return " ".join(filter(None, words)) if words and len(words) == len(self.items) else None


@attrs.define(eq=False)
class _Said:
    """A message of the caller's in history, and the segments it is made of, with what the tables knew of each."""

    parts: tuple[tuple[int, str], ...]
    shown: ChatMessage


class Words:
    """The words of one conversation.

    Args:
        context: Its history.
    """

    def __init__(self, context: ChatContext) -> None:
        self._context = context
        self._segments: dict[int, _Segment] = {}
        self._said: list[_Said] = []

    # --- what comes ----------------------------------------------------------------------------------------------------------------

    def item(self, item: str, segment: int) -> None:
        """This item of the provider's conversation is (a part of) that segment."""
        self._segments.setdefault(segment, _Segment()).items.setdefault(item, None)

    def learn(self, item: str, text: str) -> None:
        """The words of an item are known; they do not change any more."""
        for segment in self._segments.values():
            if item in segment.items and segment.items[item] is None:
                segment.items[item] = text.strip()
                if segment.text is not None:
                    segment.sound = b""
                    for said in self._said:
                        self._show(said)

    def keep_sound(self, number: int, pcm: bytes) -> None:
        """Keep what was said, until the words are known."""
        segment = self._segments.setdefault(number, _Segment())
        if segment.text is None:
            segment.sound += pcm
            sounding = [each for each in self._segments.values() if each.sound]
            for old in sounding[:-KEPT_SOUNDS]:
                old.sound = b""

    def tell(self, number: int, text: str) -> str:
        """Remember what the tables are told of a segment; returns it."""
        self._segments.setdefault(number, _Segment()).told.append(text)
        return text

    def placed(self, message: ChatMessage) -> None:
        """History has a message made of what the tables were told: show the words in it, now and as they come."""
        parts = tuple(self._split(message.text))
        if parts:
            said = _Said(parts, message)
            self._said.append(said)
            self._show(said)

    def forget_items(self) -> None:
        """The provider's conversation is gone. Of a segment whose words are not all known, what is known is in its sound too."""
        for segment in self._segments.values():
            segment.settled = segment.text
            segment.items = {}

    # --- what is known -------------------------------------------------------------------------------------------------------------

    def text(self, raw: str) -> str:
        """A text of the tables, with words in the place of names."""
        return " ".join(_NAME.sub(lambda found: self._known(int(found[1])), raw).split())

    def segment_of(self, item: str) -> int | None:
        """The segment of an item; ``None`` if it is none of the caller's."""
        return next((number for number, segment in self._segments.items() if item in segment.items), None)

    def parts(self, message: ChatMessage) -> tuple[int, ...]:
        """The segments a message of the history is made of; none if it is plain text."""
        return next((tuple(number for number, _ in said.parts) for said in self._said if said.shown is message), ())

    def items_of(self, number: int) -> tuple[str, ...]:
        """The items of a segment that the provider has."""
        segment = self._segments.get(number)
        return tuple(segment.items) if segment else ()

    def spoken(self, number: int) -> tuple[str, bytes]:
        """What can be told of a segment: its words, or its sound if the words are not known."""
        segment = self._segments.get(number)
        return self._known(number), segment.sound if segment else b""

    def _known(self, number: int) -> str:
        segment = self._segments.get(number)
        text = segment.text if segment else None
        return UNKNOWN if text is None else text

    def _split(self, raw: str) -> Iterator[tuple[int, str]]:
        """The segments whose told texts, one after another, are this text; nothing if it is not made of them."""
        found: list[tuple[int, str]] = []
        for number, segment in sorted(self._segments.items()):
            if not segment.placed:
                part = next((told for told in reversed(segment.told) if told and f"{raw} ".startswith(f"{told} ")), None)
                if part is not None:
                    found.append((number, part))
                    raw = raw[len(part) + 1 :]
        if not raw:
            for number, part in found:
                self._segments[number].placed = True
                yield number, part

    def _show(self, said: _Said) -> None:
        words = ((self._known(number), told) for number, told in said.parts)
        text = " ".join(
            filter(None, (told if known is UNKNOWN and not _NAME.fullmatch(told) else known for known, told in words))
        )
        if text != said.shown.text:
            shown = ChatMessage("user", text)
            self._context.replace(said.shown, shown if text else None)
            said.shown = shown
