"""What sorts of values settings have: how each is read, how it is described, and its JSON schema. One list for reader and schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from fsm_agents.flows.notation import quantities
from fsm_agents.flows.notation.names import KEYS, TOOL_TYPES
from fsm_agents.flows.notation.plain import as_plain_map, plain
from fsm_agents.flows.notation.readers import (
    as_arpabet,
    as_filled,
    as_key_sign,
    as_name,
    as_names,
    as_phrase,
    as_prompt,
    as_property,
    as_quantity,
    as_ref,
    as_spoken_word,
    as_text,
    as_truth,
    as_value_name,
    file_path,
    list_of,
    one_of,
    table_of,
    whole_between,
)  # fmt: skip

__all__ = [
    "ANYTHING", "AUDIO", "BARGE_IN", "BETWEEN", "CHOICES", "DAYS", "DURATION", "EXAMPLE", "FIELDS", "FIELD_REF", "FILES", "KEYS_OF", "KEY_SIGN",
    "LENGTH", "NAMED", "NAMES", "OUTCOME", "PHRASE", "PROMPT", "PROMPTS", "PROPERTIES", "RANGE", "RENAMES", "STRINGS", "TEXT", "TRUTH", "WORDS",
    "Kind", "whole",
]  # fmt: skip


@attrs.frozen
class Kind:
    """A sort of value.

    Args:
        told: What it is, for messages and the schema.
        read: From what TOML gives to what the flow holds; raises Fault or Wrong.
        schema: Its JSON schema.
    """

    told: str
    read: Callable[[Any], Any]
    schema: Mapping[str, Any]


_NAME_SCHEMA = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
_DURATION_SCHEMA = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(ms|s|m)$"}
_PROMPT_SCHEMA = {"$ref": "#/$defs/prompt"}

TEXT: Final = Kind("text", as_filled, {"type": "string", "minLength": 1})
OUTCOME: Final = Kind("a name", as_name, _NAME_SCHEMA)
NAMED: Final = Kind("a name", as_name, _NAME_SCHEMA)
NAMES: Final = Kind("a list of names", as_names, {"type": "array", "items": _NAME_SCHEMA, "uniqueItems": True})
STRINGS: Final = Kind(
    "a list of files in the folder",
    list_of(lambda v: file_path(as_text(v), ".toml"), '["common.toml"]'),
    {"type": "array", "items": {"type": "string", "pattern": r"\.toml$"}},
)
FILES: Final = Kind(
    "names and files in the folder", table_of(as_name, lambda v: file_path(as_text(v), ".toml"), '{ identify = "identify.toml" }'),
    {"type": "object", "propertyNames": _NAME_SCHEMA, "additionalProperties": {"type": "string", "pattern": r"\.toml$"}},
)  # fmt: skip
TRUTH: Final = Kind("true or false", as_truth, {"type": "boolean"})
PHRASE: Final = Kind("words as callers say them", as_phrase, {"type": "string", "minLength": 1})
PROMPT: Final = Kind("what is said", as_prompt, _PROMPT_SCHEMA)
PROMPTS: Final = Kind("a list of what is said", list_of(as_prompt, '["…"]'), {"type": "array", "items": _PROMPT_SCHEMA})
PROPERTIES: Final = Kind(
    "a list of what must, or must not, happen", list_of(as_property, '["call book without yes in confirm"]'),
    {"type": "array", "items": {"type": "string", "minLength": 1}},
)  # fmt: skip
DURATION: Final = Kind("a duration", as_quantity(quantities.duration, "a duration in quotes", "8s"), _DURATION_SCHEMA)
RANGE: Final = Kind(
    "a range", as_quantity(quantities.span, "a range in quotes", "1..20"), {"type": "string", "pattern": r"^[0-9]+\.\.[0-9]+$"}
)
LENGTH: Final = Kind(
    "a length or range",
    as_quantity(lambda text: quantities.whole_span(text, least=1, example="7..11"), "a length in quotes", "7..11"),
    {"type": "string", "pattern": r"^[0-9]+(\.\.[0-9]+)?$"},
)
DAYS: Final = Kind(
    "a number of days", as_quantity(quantities.days, "days in quotes", "90d"), {"type": "string", "pattern": "^[0-9]+d$"}
)
BETWEEN: Final = Kind(
    "a range of times",
    as_quantity(quantities.times, "times in quotes", "08:00..18:00"),
    {"type": "string", "pattern": r"^[0-9]{2}:[0-9]{2}\.\.[0-9]{2}:[0-9]{2}$"},
)
BARGE_IN: Final = Kind("any, match or none", one_of(("any", "match", "none")), {"enum": ["any", "match", "none"]})
FIELD_REF: Final = Kind("tool.field", as_ref, {"type": "string", "pattern": r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"})
KEY_SIGN: Final = Kind("a key", as_key_sign, {"enum": sorted(KEYS)})
AUDIO: Final = Kind("a recording", lambda v: file_path(as_text(v)), {"type": "string"})
EXAMPLE: Final = Kind("fields and what they are", as_plain_map, {"type": "object"})
ANYTHING: Final = Kind("anything", plain, {})
CHOICES: Final = Kind(
    "values and how each is said", table_of(as_value_name, as_phrase, '[slots.size.values] small = "small"'),
    {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
)  # fmt: skip
KEYS_OF: Final = Kind(
    "keys and the value of each", table_of(as_key_sign, as_text, '[slots.size.keys] 1 = "small"'),
    {"type": "object", "propertyNames": {"enum": sorted(KEYS)}, "additionalProperties": {"type": "string"}},
)  # fmt: skip
FIELDS: Final = Kind(
    "fields and their types", table_of(as_name, one_of(TOOL_TYPES), '{ minutes = "number" }'),
    {"type": "object", "propertyNames": _NAME_SCHEMA, "additionalProperties": {"enum": list(TOOL_TYPES)}},
)  # fmt: skip
RENAMES: Final = Kind(
    "names and names", table_of(as_name, as_name, '{ old = "new" }'),
    {"type": "object", "propertyNames": _NAME_SCHEMA, "additionalProperties": _NAME_SCHEMA},
)  # fmt: skip
WORDS: Final = Kind(
    "words and their phones", table_of(as_spoken_word, as_arpabet, 'okonomiyaki = "OW K OW N AA M IY"'),
    {"type": "object", "additionalProperties": {"type": "string", "pattern": "^[A-Z]"}},
)  # fmt: skip


def whole(least: int, most: int) -> Kind:
    """A whole number between two bounds."""
    return Kind("a whole number", whole_between(least, most), {"type": "integer", "minimum": least, "maximum": most})
