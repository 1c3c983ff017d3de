"""What every row of a flow reads beside the conversation: the flat flow and its language."""

from __future__ import annotations

from typing import Any

import attrs

from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.words.pack import LanguagePack
from fsm_agents.flows.words.types import SlotType, slot_type

__all__ = ["World"]


@attrs.frozen(eq=False)
class World:
    """One flow as its rows see it.

    Args:
        flat: The flow.
        pack: Its language.
    """

    flat: FlatFlow
    pack: LanguagePack

    def type_of(self, slot: SlotSpec) -> SlotType:
        """The type of a slot."""
        return slot_type(slot.type, self.pack)

    def spoken(self, value: Any, slot: SlotSpec) -> str:
        """A slot's value as it is spoken."""
        return self.type_of(slot).spoken(value, slot)

    def field_spoken(self, value: Any, kind: str) -> str:
        """A field of a tool's result as it is spoken."""
        if kind == "list" or isinstance(value, tuple):
            return self.pack.forms["and"](value)
        return self.spoken(value, SlotSpec("", kind))

    @staticmethod
    def literal(value: Any, slot: SlotSpec) -> Any:
        """A value that a cell gives a slot, as the slot holds it."""
        if slot.type == "choice" and slot.many and isinstance(value, str):
            return (value,)
        return str(value) if slot.type in ("text", "digits", "choice") else value
