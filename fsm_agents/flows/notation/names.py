"""The words that the notation keeps for itself, and what a name looks like. Data only."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["EVENTS", "FAILURES", "KEYS", "KINDS", "MOVES", "NAME", "RESERVED", "SLOT_TYPES", "TOOL_TYPES", "TRIGGERS"]

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,99}\Z")
"""A name that a file gives to something."""

EVENTS: Final = frozenset(
    "filled invalid no_input no_match out_of_tries said interrupted ok failed timeout resumed hung_up".split()
)
"""What happens in a call without anyone declaring it. ``ended X`` has a name of its own behind it."""
FAILURES: Final = frozenset({"no_input", "no_match", "invalid"})
"""The events that may be counted: ``no_input 2``, ``no_match 3+``."""
MOVES: Final = frozenset({"stay", "again", "next", "back"})
"""Targets that are no state."""
TRIGGERS: Final = frozenset({"press", "after", "ended", "llm"})
"""Words that begin a trigger."""
RESERVED: Final = (
    EVENTS | MOVES | TRIGGERS | frozenset("any but visit and or not in say set clear emit all last sets tries".split())
)
"""Names that nothing in a file may have."""

KEYS: Final = frozenset("0123456789*#")
"""The keys of a telephone."""
KINDS: Final = ("ask", "call", "run", "handoff", "talk", "end")
"""What a state may do; one of these."""
SLOT_TYPES: Final = ("choice", "number", "digits", "date", "time", "yesno", "text")
"""The slot types that every language pack has."""
TOOL_TYPES: Final = ("number", "text", "yesno", "date", "time", "list")
"""What a field of a tool's result may be."""
