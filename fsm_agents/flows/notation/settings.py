"""Every table of a flow file and its settings. The reader, the messages and the JSON schema go by these lists. Data only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from fsm_agents.flows.notation import kinds
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.kinds import Kind, whole

__all__ = [
    "DEFAULTS", "FILE", "GROUP", "MIGRATION", "NEEDS", "PROVE", "SHARED", "SLOT", "SLOT_OF", "STATE", "TABLES", "TOOL", "USED_BY",
]  # fmt: skip


def _handoff(value: object) -> str:
    text: str = kinds.TEXT.read(value)
    if not re.fullmatch(r"[a-z][a-z0-9_]*:\S.{0,198}", text):
        raise Fault(
            "F007", f"'{text[:40]}' does not say whom", width=len(text), fix='"queue:shop", "agent:billing", "flow:survey"'
        )
    return text


_LANG: Final = Kind("a language", kinds.TEXT.read, {"type": "string", "pattern": "^[a-z]{2,3}(-[A-Z]{2})?$"})
_HANDOFF: Final = Kind("whom: queue:…, agent:… or flow:…", _handoff, {"type": "string", "pattern": "^[a-z][a-z0-9_]*:"})

FILE: Final[Mapping[str, Kind]] = {
    "flow": kinds.NAMED, "version": whole(1, 1_000_000), "lang": _LANG, "start": kinds.NAMED, "takes": kinds.NAMES,
    "gives": kinds.NAMES, "flows": kinds.FILES, "events": kinds.NAMES, "conditions": kinds.NAMES, "include": kinds.STRINGS,
}  # fmt: skip
"""What stands above the first table."""
NEEDS: Final = {"flow": 'flow = "pizza"', "start": 'start = "welcome"'}
"""What no file can do without. ``version`` is 1 and ``lang`` en-US where they are not written."""

STATE: Final[Mapping[str, Kind]] = {
    "say": kinds.PROMPT, "again": kinds.PROMPT, "ask": kinds.NAMED, "retry": kinds.PROMPTS, "no_input": kinds.PROMPTS,
    "no_match": kinds.PROMPTS, "barge_in": kinds.BARGE_IN, "call": kinds.NAMED, "wait": kinds.PROMPTS, "timeout": kinds.DURATION,
    "run": kinds.NAMED, "with": kinds.RENAMES, "handoff": _HANDOFF, "carry": kinds.NAMES, "talk": kinds.TEXT,
    "tools": kinds.NAMES, "turns": whole(1, 1000), "end": kinds.OUTCOME, "tries": whole(1, 20),
}  # fmt: skip
"""``[states.X]``."""
USED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "wait": ("call", "run", "handoff"), "with": ("run",), "carry": ("handoff",), "tools": ("talk",), "turns": ("talk",),
    "retry": ("ask", "talk", "say"), "no_input": ("ask", "talk", "say"), "no_match": ("ask", "talk", "say"),
    "tries": ("ask", "talk", "say"),
}  # fmt: skip
"""Settings that mean something in states of some kinds only."""

SLOT: Final[Mapping[str, Kind]] = {
    "type": kinds.NAMED, "says": kinds.PHRASE, "values": kinds.CHOICES, "values_from": kinds.FIELD_REF, "ordinals": kinds.TRUTH,
    "keys": kinds.KEYS_OF, "many": kinds.TRUTH, "range": kinds.RANGE, "hear": kinds.RANGE, "length": kinds.LENGTH,
    "past": kinds.TRUTH, "future": kinds.DAYS, "between": kinds.BETWEEN, "words": kinds.LENGTH, "invalid": kinds.PROMPT,
    "secret": kinds.TRUTH, "check": kinds.NAMED,
}  # fmt: skip
"""``[slots.X]``."""
SLOT_OF: Final[Mapping[str, str]] = {
    "values": "choice", "values_from": "choice", "ordinals": "choice", "keys": "choice", "many": "choice", "range": "number",
    "hear": "number", "length": "digits", "past": "date", "future": "date", "between": "time", "words": "text",
}  # fmt: skip
"""Settings of slots of one type."""

GROUP: Final[Mapping[str, Kind]] = {"states": kinds.NAMES, **STATE}
"""``[groups.X]``: its states, and what they have that say nothing else."""
TOOL: Final[Mapping[str, Kind]] = {
    "args": kinds.NAMES, "returns": kinds.FIELDS, "timeout": kinds.DURATION, "once": kinds.TRUTH, "example": kinds.EXAMPLE,
    "mcp": kinds.TRUTH,
}  # fmt: skip
"""``[tools.X]``."""
DEFAULTS: Final[Mapping[str, Kind]] = {
    "no_input_after": kinds.DURATION, "tries": whole(1, 20), "between_keys": kinds.DURATION, "end_key": kinds.KEY_SIGN,
    "complete": kinds.DURATION, "incomplete": kinds.DURATION, "tool_timeout": kinds.DURATION, "wait_every": kinds.DURATION,
    "handoff_timeout": kinds.DURATION, "turns": whole(1, 1000), "barge_in": kinds.BARGE_IN, "before": kinds.PHRASE,
    "after": kinds.PHRASE,
}  # fmt: skip
"""``[defaults]``: the fields of :class:`~fsm_agents.flows.spec.Defaults`."""
MIGRATION: Final[Mapping[str, Kind]] = {"states": kinds.RENAMES, "slots": kinds.RENAMES}
"""``[migrate.N]``."""
PROVE: Final[Mapping[str, Kind]] = {"never": kinds.PROPERTIES, "always": kinds.PROPERTIES}
"""``[prove]``: sentences without their first word, which is the key."""

TABLES: Final = ("rows", "states", "slots", "groups", "phrases", "prompts", "tools", "defaults", "words", "migrate", "prove")
"""The tables of a file."""
SHARED: Final = ("phrases", "prompts", "slots", "tools", "words")
"""The tables that an included file may have."""
