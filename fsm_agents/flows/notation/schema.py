"""The JSON Schema of a flow file: all of it but what stands in cells, phrases and prompts. Editors complete and check with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fsm_agents.flows.notation import kinds
from fsm_agents.flows.notation.kinds import Kind
from fsm_agents.flows.notation.names import KINDS, SLOT_TYPES
from fsm_agents.flows.notation.settings import DEFAULTS, FILE, GROUP, MIGRATION, NEEDS, PROVE, SHARED, SLOT, SLOT_OF, STATE, TOOL

__all__ = ["included", "schema"]

_NAME = "^[a-z][a-z0-9_]*$"


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of what tomllib makes of a flow file."""
    phrase, prompt = dict(kinds.PHRASE.schema), dict(kinds.PROMPT.schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A flow of fsm_agents",
        **_object(FILE),
        "required": [*NEEDS, "rows", "states"],
        "properties": {
            **_object(FILE)["properties"],
            "rows": {
                "description": "pipe tables: in | on | when | to | do", "type": "object", "minProperties": 1,
                "propertyNames": {"pattern": _NAME}, "additionalProperties": {"type": "string", "pattern": r"\|"},
            },
            "states": _named(_object(STATE) | {"allOf": _one_thing()}),
            "slots": _named(_slot()),
            "groups": _named(_object(GROUP) | {"required": ["states"]}),
            "phrases": _named(phrase),
            "prompts": _named(prompt),
            "tools": _named(_object(TOOL)),
            "defaults": _object(DEFAULTS),
            "words": dict(kinds.WORDS.schema),
            "migrate": {"type": "object", "propertyNames": {"pattern": "^[1-9][0-9]*$"}, "additionalProperties": _object(MIGRATION)},
            "prove": _object(PROVE),
        },
        "$defs": {
            "prompt": {
                "description": "what is said: text with {values}, or a recording and what it says",
                "oneOf": [
                    {"type": "string"},
                    {
                        "type": "object", "required": ["audio", "text"], "additionalProperties": False,
                        "properties": {"audio": dict(kinds.AUDIO.schema), "text": {"type": "string", "minLength": 1}},
                    },
                ],
            },
        },
    }  # fmt: skip


def included() -> dict[str, Any]:
    """The schema of a file that others include."""
    whole = schema()
    return {
        **{key: whole[key] for key in ("$schema", "$defs")},
        "title": "What several flows of fsm_agents share",
        "type": "object", "additionalProperties": False,
        "properties": {table: whole["properties"][table] for table in SHARED},
    }  # fmt: skip


def _object(known: Mapping[str, Kind]) -> dict[str, Any]:
    return {
        "type": "object", "additionalProperties": False,
        "properties": {name: {"description": kind.told, **kind.schema} for name, kind in known.items()},
    }  # fmt: skip


def _named(inner: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "propertyNames": {"pattern": _NAME}, "additionalProperties": inner}


def _one_thing() -> list[dict[str, Any]]:
    """No two of what a state can do."""
    pairs = [(one, two) for number, one in enumerate(KINDS) for two in KINDS[number + 1 :]]
    return [{"not": {"required": [one, two]}} for one, two in pairs]


def _slot() -> dict[str, Any]:
    """A slot: a built-in type has its own settings only; one that the host brings may have any."""
    known = _object(SLOT)
    rules = [
        {
            "if": {"required": ["type"], "properties": {"type": {"const": kind}}},
            "then": {"propertyNames": {"enum": [name for name in SLOT if SLOT_OF.get(name, kind) == kind]}},
        }
        for kind in SLOT_TYPES
    ]
    choice = {
        "if": {"required": ["type"], "properties": {"type": {"const": "choice"}}},
        "then": {"oneOf": [{"required": ["values"]}, {"required": ["values_from"]}]},
    }
    return {"type": "object", "required": ["type"], "properties": known["properties"], "allOf": [*rules, choice]}
