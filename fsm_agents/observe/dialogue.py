"""What was said, read from a session's history while it grows: what is new in it, and what turned out otherwise.

History has the caller's words when they are answered and the agent's when they were heard; where a model tells words late, a message
stands for them until they come. It only looks: nothing here keeps or changes a history.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from operator import is_

from fsm_agents.chat.message import ChatItem, ChatMessage

__all__ = ["Dialogue"]


class Dialogue:
    """The messages of one history, each with a number.

    Args:
        items: What the history holds before the call; it was not said in this call.
    """

    def __init__(self, items: Sequence[ChatItem] = ()) -> None:
        self._items = tuple(items)
        self._numbers: dict[int, int] = {}  # by the identity of the messages in _items
        self._count = 0

    def look(self, items: Sequence[ChatItem]) -> list[tuple[int, ChatMessage | None]]:
        """What was said since the last look, or is known better: its number, and the message; ``None``: it was taken out.

        What only was forgotten, because a history has a limit, was said all the same.

        Args:
            items: All that the history holds now.
        """
        before = self._items
        if len(items) == len(before) and all(map(is_, items, before)):  # the usual case: below a microsecond
            return []
        self._items = tuple(items)
        told: list[tuple[int, ChatMessage | None]] = []
        for old, new in list(_changes(before, self._items, self._numbers)):
            if old is None:
                self._count += 1
            number = self._count if old is None else self._numbers.pop(id(old))
            if new is not None:
                self._numbers[id(new)] = number
            told.append((number, new))
        here = {id(item) for item in self._items}
        self._numbers = {key: number for key, number in self._numbers.items() if key in here}
        return told


_Place = tuple[int | None, int | None]
"""The identities of the items before and after, among those that are in both histories."""


def _changes(
    before: tuple[ChatItem, ...], after: tuple[ChatItem, ...], numbers: Mapping[int, int]
) -> Iterator[tuple[ChatMessage | None, ChatMessage | None]]:
    """What stood for a message, and the message. It is known better if the new one stands where the old one stood."""
    kept = {id(item) for item in before} & {id(item) for item in after}
    gone = {
        place: item for item, place in _places(before, kept) if isinstance(item, ChatMessage) and id(item) in numbers
    }  # of several in one place the latest
    came = list(_places(after, kept))
    for item, place in came:
        if not isinstance(item, ChatMessage):
            continue
        old = gone.get(place)
        if old is not None and item.role == old.role:
            yield gone.pop(place), item
        elif place[1] is None:  # else an agent that takes over brought it along
            yield None, item
    for place, old in gone.items():
        if place[0] is not None or not came:  # else it was the oldest, and is only forgotten for what came
            yield old, None


def _places(items: tuple[ChatItem, ...], kept: Container[int]) -> Iterator[tuple[ChatItem, _Place]]:
    """The items that are not in both, each with its place."""
    left: int | None = None
    for at, item in enumerate(items):
        if id(item) in kept:
            left = id(item)
        else:
            yield item, (left, next((id(other) for other in items[at + 1 :] if id(other) in kept), None))
