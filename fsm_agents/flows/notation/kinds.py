"""What sorts of values settings have: how each is read, how it is described, and its JSON schema. One list for reader and schema. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from fsm_agents.errors import FSMAgentsError
from fsm_agents.flows.notation import quantities
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.names import KEYS, NAME, TOOL_TYPES
from fsm_agents.flows.notation.prompts import read_prompt
from fsm_agents.flows.notation.scan import Path
from fsm_agents.flows.phrases import PhraseError, read_phrase
from fsm_agents.flows.syntax import Phrase, Prompt, Ref

__all__ = [
    "ANYTHING", "AUDIO", "BARGE_IN", "BETWEEN", "CHOICES", "DAYS", "DURATION", "EXAMPLE", "FIELDS", "FIELD_REF", "FILES", "KEYS_OF", "KEY_SIGN",
    "LENGTH", "NAMED", "NAMES", "OUTCOME", "PHRASE", "PROMPT", "PROMPTS", "RANGE", "RENAMES", "STRINGS", "TEXT", "TRUTH", "WHOLE", "Kind",
    "Wrong", "WORDS", "file_path", "whole",
]  # fmt: skip

MAX_TEXT: Final = 20_000
"""Longest text in a setting: instructions of a talk state are the longest."""
MAX_LIST: Final = 10_000
"""Longest list in a setting."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Wrong(FSMAgentsError):
    """Parts of a value cannot be read: where in the value, and why."""

    def __init__(self, faults: list[tuple[Path, Fault]]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


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


def _call(value: Any) -> str:
    """How TOML calls what stands there."""
    if isinstance(value, bool):
        return "true or false"
    names: tuple[tuple[type, str], ...] = ((str, "text"), (int, "a number"), (float, "a number"), (dict, "a table"), (list, "a list"))
    return next((name for known, name in names if isinstance(value, known)), "a date" if hasattr(value, "isoformat") else "nothing TOML knows")


def _refuse(value: Any, told: str, fix: str = "") -> Fault:
    why = "a dot in a header makes a table inside a table" if isinstance(value, dict) else ""
    if not fix and isinstance(value, int | float) and not isinstance(value, bool) and told.startswith("text"):
        fix = f'"{value}"'[:40]
    return Fault("F007", f"{told} expected, not {_call(value)}", why=why, fix=fix)


def _text(value: Any, told: str = "text in quotes", fix: str = "") -> str:
    if not isinstance(value, str):
        raise _refuse(value, told, fix)
    if len(value) > MAX_TEXT:
        raise Fault("F004", f"a text of {len(value):,} characters; {MAX_TEXT:,} at most")
    odd = _CONTROL.search(value)
    if odd is not None:
        raise Fault("F007", "a control character inside a text", at=odd.start())
    return value


def _filled(value: Any) -> str:
    text = _text(value)
    if not text.strip():
        raise Fault("F007", "an empty text", fix="leave the line out")
    return text


def _name(value: Any) -> str:
    text = _text(value, "a name in quotes")
    if not NAME.match(text):
        raise Fault("F314", f"'{text[:40]}' is no name", width=len(text), fix="small letters, digits and _, a letter first")
    return text


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _refuse(value, "true or false", "true")
    return value


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _refuse(value, "a whole number", str(least))
        if not least <= value <= most:
            raise Fault("F007", f"{str(value)[:20]} lies outside of {least}..{most}")
        return value

    return read


def _quantity(parse: Callable[[str], Any], told: str, example: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fix = f'"{value}s"' if number and parse is quantities.duration else f'"{value}"' if number and ".." in example else f'"{example}"'
        return parse(_text(value, told, fix[:40]))

    return read


def _one_of(known: tuple[str, ...]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        text = _text(value, f"one of {', '.join(known)}", f'"{known[0]}"')
        if text not in known:
            raise Fault("F007", f"'{text[:40]}' is none of {', '.join(known)}", width=len(text), fix=f'"{known[0]}"')
        return text

    return read


def file_path(text: str, suffix: str = "") -> str:
    """A path inside a flow's folder, written with ``/``.

    Raises:
        Fault: F006: it could lead elsewhere.
    """
    parts = text.split("/")
    if not text or len(text) > 200 or any(part in ("", ".", "..") for part in parts) or re.search(r"[\\:\x00-\x1f\x7f]", text):  # noqa: PLR2004
        raise Fault("F006", f"'{text[:60]}' is no path inside the flow's folder", width=len(text), why="no .., no absolute paths", fix='"part.toml"')
    if not text.endswith(suffix):
        raise Fault("F006", f"'{text[:60]}' is no {suffix} file", width=len(text))
    return text


def _phrase(value: Any) -> Phrase:
    text = _text(value)
    try:
        return read_phrase(text)
    except PhraseError as wrong:
        raise Fault(wrong.code, str(wrong)[:300], at=wrong.at, fix=wrong.fix) from None


def _prompt(value: Any) -> Prompt:
    if not isinstance(value, dict):
        return read_prompt(_text(value, "text in quotes, or { audio, text },"))
    faults: list[tuple[Path, Fault]] = []
    for key in value:
        if key not in ("audio", "text"):
            faults.append(((key,), Fault("F003", f"unknown setting '{str(key)[:40]}' in a prompt", fix='{ audio = "welcome.wav", text = "…" }')))
    audio = _part(faults, "audio", lambda: file_path(_text(value.get("audio"), "the recording's file", '"welcome.wav"')), "")
    said = _part(faults, "text", lambda: read_prompt(_filled(value.get("text"))), Prompt(()))
    if faults:
        raise Wrong(faults)
    return attrs.evolve(said, audio=audio)


def _part(faults: list[tuple[Path, Fault]], key: str | int, read: Callable[[], Any], default: Any) -> Any:
    try:
        return read()
    except Wrong as wrong:
        faults += [((key, *path), fault) for path, fault in wrong.faults]
    except Fault as fault:
        faults.append(((key,), fault))
    return default


def _list(read: Callable[[Any], Any], fix: str) -> Callable[[Any], tuple[Any, ...]]:
    def reading(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _refuse(value, "a list", f'["{value}"]'[:80] if isinstance(value, str) else fix)
        if len(value) > MAX_LIST:
            raise Fault("F004", f"a list of {len(value):,}; {MAX_LIST:,} at most")
        faults: list[tuple[Path, Fault]] = []
        found = tuple(_part(faults, number, lambda item=item: read(item), None) for number, item in enumerate(value))
        if faults:
            raise Wrong(faults)
        return found

    return reading


def _distinct(value: Any) -> tuple[str, ...]:
    names = _list(_name, '["size"]')(value)
    twice = next((number for number, name in enumerate(names) if name in names[:number]), -1) if len(set(names)) < len(names) else -1
    if twice >= 0:
        raise Wrong([((twice,), Fault("F304", f"'{names[twice]}' stands here twice", width=len(names[twice])))])
    return names


def _map(key: Callable[[str], Any], read: Callable[[Any], Any], fix: str) -> Callable[[Any], dict[Any, Any]]:
    def reading(value: Any) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise _refuse(value, "a table", fix)
        if len(value) > MAX_LIST:
            raise Fault("F004", f"a table of {len(value):,} lines; {MAX_LIST:,} at most")
        faults: list[tuple[Path, Fault]] = []
        found = {}
        for name, item in value.items():
            known = _part(faults, name, lambda name=name: key(name), None)
            found[known] = _part(faults, name, lambda item=item: read(item), None)
        if faults:
            raise Wrong(faults)
        return found

    return reading


def _ref(value: Any) -> Ref:
    tool, dot, field = _text(value, "tool.field in quotes").partition(".")
    if not (dot and NAME.match(tool) and NAME.match(field)):
        raise Fault("F007", "a field of a tool's result expected", width=len(value), fix='"find_times.times"')
    return Ref(tool, field)


def _key_sign(value: Any) -> str:
    text = _text(value, "a key in quotes", '"#"')
    if text not in KEYS:
        raise Fault("F007", f"'{text[:20]}' is no key of a telephone", fix="0 to 9, * or #")
    return text


def _arpabet(value: Any) -> str:
    text = _filled(value)
    if not re.fullmatch(r"[A-Z]{1,3}[0-2]?(?: [A-Z]{1,3}[0-2]?){0,99}", text):
        raise Fault("F007", f"'{text[:40]}' is no pronunciation", width=len(text), fix='phones of the dictionary: "OW K OW N AA M IY"')
    return text


def _spoken_word(value: str) -> str:
    if not re.fullmatch(r"[^\W\d_][\w'\-]{0,60}", value) or value != value.lower():
        raise Fault("F007", f"'{value[:40]}' is no word as phrases write it", fix="small letters")
    return value


def _value_name(value: str) -> str:
    if not value.strip() or len(value) > 100 or '"' in value or "|" in value or _CONTROL.search(value):  # noqa: PLR2004
        raise Fault("F007", f"'{value[:40]}' cannot be a value", fix="a short name: medium, two_fifteen")
    return value


def plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON has it; dates as text.

    Raises:
        Fault: it has no such form.
    """
    if depth > 8:  # noqa: PLR2004 - deeper than any result that is spoken
        raise Fault("F004", "values nest too deep")
    if isinstance(value, dict):
        return {_text(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, float) and not -1e300 < value < 1e300:  # noqa: PLR2004 - infinite or no number
        raise Fault("F007", f"{value} has no form in JSON")
    if isinstance(value, str | int | float):
        return value
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    raise _refuse(value, "a value")


def _plain_map(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _refuse(value, "a table", "{ minutes = 30 }")
    return dict(plain(value))


_NAME_SCHEMA = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
_DURATION_SCHEMA = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(ms|s|m)$"}
_PROMPT_SCHEMA = {"$ref": "#/$defs/prompt"}

TEXT: Final = Kind("text", _filled, {"type": "string", "minLength": 1})
OUTCOME: Final = Kind("a name", _name, _NAME_SCHEMA)
NAMED: Final = Kind("a name", _name, _NAME_SCHEMA)
NAMES: Final = Kind("a list of names", _distinct, {"type": "array", "items": _NAME_SCHEMA, "uniqueItems": True})
STRINGS: Final = Kind(
    "a list of files in the folder",
    _list(lambda v: file_path(_text(v), ".toml"), '["common.toml"]'),
    {"type": "array", "items": {"type": "string", "pattern": r"\.toml$"}},
)
FILES: Final = Kind(
    "names and files in the folder", _map(_name, lambda v: file_path(_text(v), ".toml"), '{ identify = "identify.toml" }'),
    {"type": "object", "propertyNames": _NAME_SCHEMA, "additionalProperties": {"type": "string", "pattern": r"\.toml$"}},
)  # fmt: skip
TRUTH: Final = Kind("true or false", _truth, {"type": "boolean"})
PHRASE: Final = Kind("words as callers say them", _phrase, {"type": "string", "minLength": 1})
PROMPT: Final = Kind("what is said", _prompt, _PROMPT_SCHEMA)
PROMPTS: Final = Kind("a list of what is said", _list(_prompt, '["…"]'), {"type": "array", "items": _PROMPT_SCHEMA})
DURATION: Final = Kind("a duration", _quantity(quantities.duration, "a duration in quotes", "8s"), _DURATION_SCHEMA)
RANGE: Final = Kind("a range", _quantity(quantities.span, "a range in quotes", "1..20"), {"type": "string", "pattern": r"^[0-9]+\.\.[0-9]+$"})
LENGTH: Final = Kind(
    "a length or range",
    _quantity(lambda text: quantities.whole_span(text, least=1, example="7..11"), "a length in quotes", "7..11"),
    {"type": "string", "pattern": r"^[0-9]+(\.\.[0-9]+)?$"},
)
DAYS: Final = Kind("a number of days", _quantity(quantities.days, "days in quotes", "90d"), {"type": "string", "pattern": "^[0-9]+d$"})
BETWEEN: Final = Kind(
    "a range of times",
    _quantity(quantities.times, "times in quotes", "08:00..18:00"),
    {"type": "string", "pattern": r"^[0-9]{2}:[0-9]{2}\.\.[0-9]{2}:[0-9]{2}$"},
)
BARGE_IN: Final = Kind("any, match or none", _one_of(("any", "match", "none")), {"enum": ["any", "match", "none"]})
FIELD_REF: Final = Kind("tool.field", _ref, {"type": "string", "pattern": r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"})
KEY_SIGN: Final = Kind("a key", _key_sign, {"enum": sorted(KEYS)})
AUDIO: Final = Kind("a recording", lambda v: file_path(_text(v)), {"type": "string"})
EXAMPLE: Final = Kind("fields and what they are", _plain_map, {"type": "object"})
ANYTHING: Final = Kind("anything", plain, {})
CHOICES: Final = Kind(
    "values and how each is said", _map(_value_name, _phrase, '[slots.size.values] small = "small"'),
    {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
)  # fmt: skip
KEYS_OF: Final = Kind(
    "keys and the value of each", _map(_key_sign, _text, '[slots.size.keys] 1 = "small"'),
    {"type": "object", "propertyNames": {"enum": sorted(KEYS)}, "additionalProperties": {"type": "string"}},
)  # fmt: skip
FIELDS: Final = Kind(
    "fields and their types", _map(_name, _one_of(TOOL_TYPES), '{ minutes = "number" }'),
    {"type": "object", "propertyNames": _NAME_SCHEMA, "additionalProperties": {"enum": list(TOOL_TYPES)}},
)  # fmt: skip
RENAMES: Final = Kind(
    "names and names", _map(_name, _name, '{ old = "new" }'),
    {"type": "object", "propertyNames": _NAME_SCHEMA, "additionalProperties": _NAME_SCHEMA},
)  # fmt: skip
WORDS: Final = Kind(
    "words and their phones", _map(_spoken_word, _arpabet, 'okonomiyaki = "OW K OW N AA M IY"'),
    {"type": "object", "additionalProperties": {"type": "string", "pattern": "^[A-Z]"}},
)  # fmt: skip


def whole(least: int, most: int) -> Kind:
    """A whole number between two bounds."""
    return Kind("a whole number", _whole(least, most), {"type": "integer", "minimum": least, "maximum": most})
