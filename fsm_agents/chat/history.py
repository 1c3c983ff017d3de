"""The history of a conversation: what was said, in order, and what a model may be shown of it.

This file keeps, pairs and forgets; it asks no model, and changes no text. Its one rule: a model is never shown a call of a tool
without its result, nor a result without its call (providers refuse the whole request then, and the conversation is stuck for
good).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Self

import attrs

from fsm_agents.chat.message import ChatItem, ChatMessage, ToolCall, ToolResult
from fsm_agents.errors import MisuseError, nearest

__all__ = ["ChatContext", "estimate_tokens"]

_KINDS: dict[str, type[ChatItem]] = {"message": ChatMessage, "tool_call": ToolCall, "tool_result": ToolResult}


def estimate_tokens(text: str) -> int:
    """About how many tokens a text is: a quarter of its characters, rounded up (the usual rule of thumb for English)."""
    return (len(text) + 3) // 4


class ChatContext:
    """The items of a conversation in order, and its instructions.

    Args:
        system: The instructions; ``""`` for none. There is one such text, it stands before all items and is never forgotten.
        items: What was said so far.
        max_items: How many items are remembered, 1 or more; ``None`` for any number.
        max_tokens: How many tokens are remembered, 1 or more, with the instructions; ``None`` for any number. With either limit the
            oldest is forgotten whenever something is added, as by :meth:`trim`, with one difference: what the caller said last, the
            tools since and what was added last stay, however long they are: there would be nothing to answer, or a tool would be called
            again.
        count: How many tokens a text is.

    Attributes:
        max_items: As above; it can be changed, and holds from the next :meth:`add`.
        max_tokens: As above.

    Raises:
        MisuseError: One of the items is none, or is a system message, or a limit is below 1.
    """

    __slots__ = ("_count", "_items", "max_items", "max_tokens", "system")

    def __init__(
        self,
        system: str = "",
        items: Iterable[ChatItem] = (),
        *,
        max_items: int | None = None,
        max_tokens: int | None = None,
        count: Callable[[str], int] = estimate_tokens,
    ) -> None:
        for name, limit in (("max_items", max_items), ("max_tokens", max_tokens)):
            if limit is not None and limit < 1:
                raise MisuseError(f"ChatContext({name}={limit}): a limit is 1 or more, or None for no limit")
        self.system, self.max_items, self.max_tokens, self._count = system, max_items, max_tokens, count
        self._items: list[ChatItem] = []
        for item in items:
            self.add(item)

    @property
    def items(self) -> tuple[ChatItem, ...]:
        """Everything that is remembered, oldest first, without the instructions."""
        return tuple(self._items)

    def __len__(self) -> int:
        """How many items there are."""
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        """Whether the other remembers the same."""
        if not isinstance(other, ChatContext):
            return NotImplemented
        return self.system == other.system and self._items == other._items

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        """Say how much it holds, not what: a history in a log is somebody's private words."""
        return f"ChatContext(<{len(self._items)} items, {len(self.system)} characters of instructions>)"

    def add(self, item: ChatItem) -> None:
        """Append an item, and forget the oldest if there is a limit.

        Raises:
            MisuseError: It is not a chat item, or it is a system message.
        """
        self._items.append(_checked(item))
        if self.max_items is not None or self.max_tokens is not None:
            self._forget(self.max_items, self.max_tokens, self._count, but=self._running())

    def replace(self, old: ChatItem, new: ChatItem | None) -> None:
        """Put ``new`` where ``old`` (that very object) stands, or take it out. Nothing happens if it was forgotten meanwhile.

        Raises:
            MisuseError: ``new`` is not a chat item, or it is a system message.
        """
        instead = [] if new is None else [_checked(new)]
        for at, item in enumerate(self._items):
            if item is old:
                self._items[at : at + 1] = instead
                return

    def copy(self) -> ChatContext:
        """Another context with the same content and limits; they change apart from each other."""
        made = ChatContext(self.system, max_items=self.max_items, max_tokens=self.max_tokens, count=self._count)
        made._items = self._items[:]
        return made

    def take_over(self, other: ChatContext, keep: int | None = None) -> None:
        """Go on as ``other``: its instructions, its limits (if it has any) and its items, followed by the newest of what is here.

        Args:
            other: Somebody else's context; it stays as it is.
            keep: How many of the items here go on, 0 or more; ``None`` for all. Pairs stay whole, see :meth:`trim`.

        Raises:
            MisuseError: ``keep`` is negative.
        """
        self.trim(max_items=keep)
        self.system = other.system
        if other.max_items is not None or other.max_tokens is not None:
            self.max_items, self.max_tokens, self._count = other.max_items, other.max_tokens, other._count
        self._items = [*other.items, *self._items]

    def export(self) -> tuple[ChatItem, ...]:
        """What a model may be shown: the instructions as a system message (if any), then the items.

        Each call is followed at once by its result, wherever that was reported; calls without a result and results without a call
        are left out. Where an id was used twice, a result belongs to the latest call before it.
        """
        result_of = self._pairs()
        shown: list[ChatItem] = [ChatMessage("system", self.system)] if self.system else []
        for at, item in enumerate(self._items):
            if isinstance(item, ChatMessage):
                shown.append(item)
            elif at in result_of:
                shown += (item, self._items[result_of[at]])
        return tuple(shown)

    def trim(
        self,
        max_items: int | None = None,
        max_tokens: int | None = None,
        count: Callable[[str], int] = estimate_tokens,
    ) -> None:
        """Forget the oldest items until both limits hold.

        A call and its result go together. Results without a call are forgotten in any case. Calls that still wait for their
        result go last: the result of a slow tool would be lost with them.

        Args:
            max_items: How many items may stay, 0 or more; ``None`` for any number. The instructions do not count.
            max_tokens: How many tokens all that stays may be, with the instructions, which stay in any case; ``None`` for any
                number.
            count: How many tokens a text is.

        Raises:
            MisuseError: A limit is negative.
        """
        for name, limit in (("max_items", max_items), ("max_tokens", max_tokens)):
            if limit is not None and limit < 0:
                raise MisuseError(f"trim({name}={limit}): a limit is 0 or more, or None for no limit")
        self._forget(max_items, max_tokens, count)

    def _forget(
        self, max_items: int | None, max_tokens: int | None, count: Callable[[str], int], but: AbstractSet[int] = frozenset()
    ) -> None:
        units = self._units()
        items = sum(map(len, units))
        costs = [0 if max_tokens is None else sum(count(_text(self._items[at])) for at in unit) for unit in units]
        tokens = sum(costs) + (0 if max_tokens is None else count(self.system))
        kept: set[int] = set()
        for unit, cost in zip(units, costs, strict=True):
            if not but.isdisjoint(unit) or (
                (max_items is None or items <= max_items) and (max_tokens is None or tokens <= max_tokens)
            ):
                kept.update(unit)
            else:
                items -= len(unit)
                tokens -= cost
        self._items = [item for at, item in enumerate(self._items) if at in kept]

    def to_dicts(self) -> list[dict[str, Any]]:
        """Everything as plain JSON data, the instructions first (as a system message, if there are any)."""
        whole = [ChatMessage("system", self.system), *self._items] if self.system else self._items
        names = {kind: name for name, kind in _KINDS.items()}
        return [{"type": names[type(item)], **attrs.asdict(item)} for item in whole]

    @classmethod
    def from_dicts(cls, dicts: Sequence[Mapping[str, Any]]) -> Self:
        """What :meth:`to_dicts` gave, made a context again.

        Raises:
            MisuseError: An entry is not of this form; the message names its place, and what is wrong with it.
        """
        items = [_item(at, entry) for at, entry in enumerate(dicts)]
        first = items[0] if items else None
        if isinstance(first, ChatMessage) and first.role == "system":
            return cls(first.text, items[1:])
        return cls("", items)

    def _pairs(self) -> dict[int, int]:
        """Where the result of a call is: position of the call → position of the result."""
        waiting: dict[str, int] = {}
        pairs: dict[int, int] = {}
        for at, item in enumerate(self._items):
            if isinstance(item, ToolCall):
                waiting[item.id] = at
            elif isinstance(item, ToolResult) and item.id in waiting:
                pairs[waiting.pop(item.id)] = at
        return pairs

    def _running(self) -> set[int]:
        """What is at work: calls that wait for their result, what the caller said last and the tools since, and what came last of all."""
        result_of = self._pairs()
        found = {at for at, item in enumerate(self._items) if isinstance(item, ToolCall) and at not in result_of}
        found.add(len(self._items) - 1)
        since = set[int]()
        for at in reversed(range(len(self._items))):
            item = self._items[at]
            if not isinstance(item, ChatMessage):
                since.add(at)
            elif item.role == "user":
                return found | since | {at}
        return found

    def _units(self) -> list[tuple[int, ...]]:
        """What is forgotten together, in the order of forgetting: settled things oldest first, then waiting calls."""
        result_of = self._pairs()
        settled: list[tuple[int, ...]] = []
        waiting: list[tuple[int, ...]] = []
        for at, item in enumerate(self._items):
            if at in result_of:
                settled.append((at, result_of[at]))
            elif isinstance(item, ChatMessage):
                settled.append((at,))
            elif isinstance(item, ToolCall):
                waiting.append((at,))
        return settled + waiting


def _checked(item: ChatItem) -> ChatItem:
    if not isinstance(item, ChatItem):
        raise MisuseError(f"{type(item).__name__} is not a chat item; give a ChatMessage, a ToolCall or a ToolResult")
    if isinstance(item, ChatMessage) and item.role == "system":
        raise MisuseError("instructions are not an item of the history: set context.system (there is one such text)")
    return item


def _text(item: ChatItem) -> str:
    """What of an item a model reads, for counting."""
    if isinstance(item, ChatMessage):
        return item.text
    return item.name + item.arguments if isinstance(item, ToolCall) else item.output


def _item(at: int, entry: Mapping[str, Any]) -> ChatItem:
    if not isinstance(entry, Mapping):
        raise MisuseError(f"history entry {at} is not an object with a type; give what to_dicts() gave")
    values = dict(entry)
    name = values.pop("type", None)
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise MisuseError(f"history entry {at}: the type {name!r} is not known; {nearest(str(name), _KINDS)}")
    fields = {field.name: field for field in attrs.fields(kind)}
    for key, value in values.items():
        if key not in fields:
            raise MisuseError(f"history entry {at} ({name}): {key!r} is not known; {nearest(key, fields)}")
        wanted = bool if fields[key].default is False else str
        if not isinstance(value, wanted):
            raise MisuseError(f"history entry {at} ({name}): {key!r} is {value!r}, and must be a {wanted.__name__}")
    missing = [key for key, field in fields.items() if field.default is attrs.NOTHING and key not in values]
    if missing:
        raise MisuseError(f"history entry {at} ({name}): {', '.join(map(repr, missing))} is missing")
    return kind(**values)
