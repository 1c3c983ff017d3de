"""The provider's conversation as a mirror of the history: what the model is shown is what was said and heard, and nothing else.

History is the truth. Items that the provider made itself (the caller's sound, its own answers) stand for entries of the history; whatever
the provider lacks is added, whatever history does not have is taken out. After a broken connection everything is lacking: that is how a
conversation is restored. It looks and tells; it waits for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ChatItem, ChatMessage, ToolCall
from fsm_agents.pipelines.realtime_words import Words
from fsm_agents.stages.realtime import RealtimeSession

__all__ = ["Mirror"]


class Mirror:
    """Which entries of a history the provider has, and under which names.

    Args:
        context: The history.
        words: What the caller said.

    Attributes:
        age: How many connections there were: an item of an earlier one is gone.
        drafts: What the model answered in the live reply, by item: how much of it counts is known when the reply is over.
    """

    def __init__(self, context: ChatContext, words: Words) -> None:
        self._context, self._words = context, words
        self._known: dict[int, tuple[ChatItem, tuple[str, ...]]] = {}
        self._calls: dict[str, str] = {}
        self._decided: set[str] = set()
        self.drafts: dict[str, str] = {}
        self.age = 0

    def forget(self) -> None:
        """Another connection: the provider has nothing."""
        self.age += 1
        self._known.clear()
        self._calls.clear()
        self._decided.clear()
        self.drafts.clear()
        self._words.forget_items()

    # --- what the provider made -----------------------------------------------------------------------------------------------------

    def draft(self, item: str, text: str = "") -> None:
        """The model answers; it is not decided what of it counts."""
        if item not in self._decided:
            self.drafts[item] = self.drafts.get(item, "") + text

    def called(self, call: ToolCall, item: str) -> None:
        """The model called a tool."""
        self._calls[call.id] = item

    def decide(self, items: Iterable[str]) -> None:
        """These are as they shall be."""
        self._decided.update(items)

    def is_decided(self, item: str) -> bool:
        """Whether it is as it shall be, whatever still comes of it."""
        return item in self._decided

    def new_messages(self) -> list[ChatMessage]:
        """What the agent said, by history, and the provider does not know of."""
        items = self._context.items
        return [
            item for item in items if isinstance(item, ChatMessage) and item.role == "assistant" and id(item) not in self._known
        ]

    def stands_for(self, message: ChatItem, items: Iterable[str]) -> None:
        """The provider knows of a message: these items say the same."""
        self._known[id(message)] = (message, tuple(items))

    # --- what the provider lacks ------------------------------------------------------------------------------------------------------

    def sync(self, session: RealtimeSession) -> None:
        """Make the provider's conversation what the history is."""
        present = {id(item) for item in self._context.items}
        called = {item.id for item in self._context.items if isinstance(item, ToolCall)}
        for call, item in list(self._calls.items()):
            if call not in called:  # it was cut before the tool ran
                del self._calls[call]
                session.delete_item(item)
        for entry in self._context.export():
            if self.drafts and isinstance(entry, ChatMessage) and entry.role == "assistant":
                continue  # of the live reply: the model has it, and what of it counts is not decided
            if id(entry) in present and id(entry) not in self._known:
                self._known[id(entry)] = (entry, self._added(session, entry))
        kept = {item for key, (_, items) in self._known.items() if key in present for item in items}
        for key, (_, items) in list(self._known.items()):
            if key not in present:
                del self._known[key]
                for item in items:
                    if item not in kept:  # a message whose words have come is another entry, and the same item
                        session.delete_item(item)

    def _added(self, session: RealtimeSession, entry: ChatItem) -> tuple[str, ...]:
        if isinstance(entry, ToolCall) and entry.id in self._calls:
            return (self._calls[entry.id],)
        parts = self._words.parts(entry) if isinstance(entry, ChatMessage) else ()
        if not parts:
            return (session.add_item(entry),)
        return tuple(item for segment in parts for item in self._segment(session, segment))

    def _segment(self, session: RealtimeSession, segment: int) -> tuple[str, ...]:
        """What the caller said stands in the conversation already; after a broken connection it is told again, in words or as sound."""
        items = self._words.items_of(segment)
        if items:
            return items
        text, pcm = self._words.spoken(segment)
        if not text:
            return ()
        item = session.add_item(ChatMessage("user", text), pcm)
        self._words.item(item, segment)
        return (item,)
