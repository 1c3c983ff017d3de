"""Reads the values of settings: from what TOML gives to what a flow holds. Pure.

Each reader takes a value and returns what it means, or raises: :class:`Fault` for the whole of it, :class:`Wrong` for parts of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from fsm_agents.errors import FSMAgentsError
from fsm_agents.flows.notation import quantities
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.names import KEYS, NAME
from fsm_agents.flows.notation.prompts import read_prompt
from fsm_agents.flows.notation.scan import Path
from fsm_agents.flows.phrases import PhraseError, read_phrase
from fsm_agents.flows.syntax import Phrase, Prompt, Ref

__all__ = [
    "Wrong", "as_arpabet", "as_filled", "as_key_sign", "as_name", "as_names", "as_phrase", "as_prompt", "as_property",
    "as_quantity", "as_ref", "as_spoken_word", "as_text", "as_truth", "as_value_name", "file_path", "list_of", "one_of", "refusal",
    "table_of", "whole_between",
]  # fmt: skip

MAX_TEXT: Final = 20_000
"""Longest text in a setting: instructions of a talk state are the longest."""
LONGEST_PATH: Final = 200
"""Longest path of a file in a folder."""
MAX_LIST: Final = 10_000
"""Longest list in a setting."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Wrong(FSMAgentsError):  # noqa: N818 - as Fault
    """Parts of a value cannot be read: where in the value, and why."""

    def __init__(self, faults: list[tuple[Path, Fault]]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def _call(value: Any) -> str:
    """How TOML calls what stands there."""
    if isinstance(value, bool):
        return "true or false"
    names = {str: "text", int: "a number", float: "a number", dict: "a table", list: "a list", type(None): "nothing"}
    return names.get(type(value), "a date")


def refusal(value: Any, told: str, fix: str = "") -> Fault:
    """What is said of a value of another type than the one that is ``told``."""
    why = "a dot in a header makes a table inside a table" if isinstance(value, dict) else ""
    if not fix and isinstance(value, int | float) and not isinstance(value, bool) and told.startswith("text"):
        fix = f'"{value}"'[:40]
    return Fault("F007", f"{told} expected, not {_call(value)}", why=why, fix=fix)


def as_text(value: Any, told: str = "text in quotes", fix: str = "") -> str:
    """Text, of bounded length, without control characters but line breaks and tabs."""
    if not isinstance(value, str):
        raise refusal(value, told, fix)
    if len(value) > MAX_TEXT:
        raise Fault("F004", f"a text of {len(value):,} characters; {MAX_TEXT:,} at most")
    odd = None if value.isprintable() else _CONTROL.search(value)  # the question is quick, and most texts need no other
    if odd is not None:
        raise Fault("F007", "a control character inside a text", at=odd.start())
    return value


def as_filled(value: Any) -> str:
    """Text that says something."""
    text = as_text(value)
    if not text.strip():
        raise Fault("F007", "an empty text", fix="leave the line out")
    return text


def as_property(value: Any) -> str:
    """A line of ``[prove]``; what is said before it is its key."""
    text = as_filled(value)
    word, _, rest = text.strip().partition(" ")
    if word in ("never", "always"):
        raise Fault(
            "F007", f"'{word}' stands before the list", at=text.find(word), width=len(word), fix=f'{word} = ["{rest[:60]}"]'
        )
    return text


def as_name(value: Any) -> str:
    """A name."""
    text = as_text(value, "a name in quotes")
    if not NAME.match(text):
        raise Fault("F314", f"'{text[:40]}' is no name", width=len(text), fix="small letters, digits and _, a letter first")
    return text


def as_truth(value: Any) -> bool:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        raise refusal(value, "true or false", "true")
    return value


def whole_between(least: int, most: int) -> Callable[[Any], int]:
    """A reader of whole numbers between two bounds."""

    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise refusal(value, "a whole number", str(least))
        if not least <= value <= most:
            raise Fault("F007", f"{str(value)[:20]} lies outside of {least}..{most}")
        return value

    return read


def as_quantity(parse: Callable[[str], Any], told: str, example: str) -> Callable[[Any], Any]:
    """A reader of quantities that are written as text."""

    def read(value: Any) -> Any:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fix = (
            f'"{value}s"'
            if number and parse is quantities.duration
            else f'"{value}"'
            if number and ".." in example
            else f'"{example}"'
        )
        return parse(as_text(value, told, fix[:40]))

    return read


def one_of(known: tuple[str, ...]) -> Callable[[Any], str]:
    """A reader of one of these words."""

    def read(value: Any) -> str:
        text = as_text(value, f"one of {', '.join(known)}", f'"{known[0]}"')
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
    odd = re.search(r"[\\:\x00-\x1f\x7f]", text) is not None
    if odd or not text or len(text) > LONGEST_PATH or any(part in ("", ".", "..") for part in parts):
        message = f"'{text[:60]}' is no path inside the flow's folder"
        raise Fault("F006", message, width=len(text), why="no .., no absolute paths", fix='"part.toml"')
    if not text.endswith(suffix):
        raise Fault("F006", f"'{text[:60]}' is no {suffix} file", width=len(text))
    return text


def as_phrase(value: Any) -> Phrase:
    """What callers say."""
    text = as_text(value)
    try:
        return read_phrase(text)
    except PhraseError as wrong:
        raise Fault(wrong.code, str(wrong)[:300], at=wrong.at, fix=wrong.fix) from None


def as_prompt(value: Any) -> Prompt:
    """What the agent says: a text, or a recording and what it says."""
    if not isinstance(value, dict):
        return read_prompt(as_text(value, "text in quotes, or { audio, text },"))
    fix = '{ audio = "welcome.wav", text = "…" }'
    odd = [key for key in value if key not in ("audio", "text")]
    faults: list[tuple[Path, Fault]] = [
        ((key,), Fault("F003", f"unknown setting '{key[:40]}' in a prompt", at=-1, fix=fix)) for key in odd
    ]
    if faults:
        raise Wrong(faults)
    audio = _part(faults, "audio", _recording, value.get("audio"))
    said = _part(faults, "text", _spoken, value.get("text"))
    if faults:
        raise Wrong(faults)
    return Prompt(said.parts, audio)


def _recording(value: Any) -> str:
    return file_path(as_text(value, "the recording's file", '"welcome.wav"'))


def _spoken(value: Any) -> Prompt:
    return read_prompt(as_filled(value))


def _part(faults: list[tuple[Path, Fault]], key: str | int, read: Callable[[Any], Any], value: Any) -> Any:
    """A part of a value; what is wrong with it is added to ``faults``."""
    try:
        return read(value)
    except Wrong as wrong:
        faults += [((key, *path), fault) for path, fault in wrong.faults]
    except Fault as fault:
        faults.append(((key,), fault))
    return None


def list_of(read: Callable[[Any], Any], fix: str) -> Callable[[Any], tuple[Any, ...]]:
    """A reader of lists."""

    def reading(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise refusal(value, "a list", f'["{value}"]'[:80] if isinstance(value, str) else fix)
        if len(value) > MAX_LIST:
            raise Fault("F004", f"a list of {len(value):,}; {MAX_LIST:,} at most")
        faults: list[tuple[Path, Fault]] = []
        found = tuple([_part(faults, number, read, item) for number, item in enumerate(value)])
        if faults:
            raise Wrong(faults)
        return found

    return reading


def as_names(value: Any) -> tuple[str, ...]:
    """A list of names, each of them once."""
    names = list_of(as_name, '["size"]')(value)
    twice = (
        next((number for number, name in enumerate(names) if name in names[:number]), -1) if len(set(names)) < len(names) else -1
    )
    if twice >= 0:
        raise Wrong([((twice,), Fault("F304", f"'{names[twice]}' stands here twice", width=len(names[twice])))])
    return names


def table_of(key: Callable[[str], Any], read: Callable[[Any], Any], fix: str) -> Callable[[Any], dict[Any, Any]]:
    """A reader of tables; ``key`` reads the names."""

    def reading(value: Any) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise refusal(value, "a table", fix)
        if len(value) > MAX_LIST:
            raise Fault("F004", f"a table of {len(value):,} lines; {MAX_LIST:,} at most")
        faults: list[tuple[Path, Fault]] = []
        found = {}
        for name, item in value.items():
            try:
                found[key(name)] = _part(faults, name, read, item)
            except Fault as fault:
                fault.at = -1  # the key itself
                faults.append(((name,), fault))
        if faults:
            raise Wrong(faults)
        return found

    return reading


def as_ref(value: Any) -> Ref:
    """``tool.field``."""
    tool, dot, field = as_text(value, "tool.field in quotes").partition(".")
    if not (dot and NAME.match(tool) and NAME.match(field)):
        raise Fault("F007", "a field of a tool's result expected", width=len(value), fix='"find_times.times"')
    return Ref(tool, field)


def as_key_sign(value: Any) -> str:
    """A key of a telephone."""
    text = as_text(value, "a key in quotes", '"#"')
    if text not in KEYS:
        raise Fault("F007", f"'{text[:20]}' is no key of a telephone", fix="0 to 9, * or #")
    return text


def as_arpabet(value: Any) -> str:
    """Phones of the dictionary."""
    text = as_filled(value)
    if not re.fullmatch(r"[A-Z]{1,3}[0-2]?(?: [A-Z]{1,3}[0-2]?){0,99}", text):
        raise Fault(
            "F007", f"'{text[:40]}' is no pronunciation", width=len(text), fix='phones of the dictionary: "OW K OW N AA M IY"'
        )
    return text


def as_spoken_word(value: str) -> str:
    """A word as phrases write it."""
    if not re.fullmatch(r"[^\W\d_][\w'\-]{0,60}", value) or value != value.lower():
        raise Fault("F007", f"'{value[:40]}' is no word as phrases write it", fix="small letters")
    return value


def as_value_name(value: str) -> str:
    """The name of a choice's value, which may stand in a cell."""
    if not value.strip() or len(value) > 100 or '"' in value or "|" in value or _CONTROL.search(value):  # noqa: PLR2004
        raise Fault("F007", f"'{value[:40]}' cannot be a value", fix="a short name: medium, two_fifteen")
    return value
