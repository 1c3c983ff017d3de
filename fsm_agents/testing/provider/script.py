"""What the provider is to answer: read from JSON, checked, and then only consumed. No server, no wire format.

A script file:

    {"transcripts": ["a large pizza please", ""],
    "lengths": [{"seconds": 1.5, "text": "yes"}],
    "answers": ["Hello.", {"calls": [{"name": "order", "arguments": {"size": "large"}}]}, {"when": "ok", "text": "Done."}],
    "expects": ["coffee", "tea [please]"], "voice": "espeak", "models": ["my-model"], "key": "secret", "pause": 0.01}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import attrs

from fsm_agents.errors import MisuseError, nearest

__all__ = ["VOICES", "ByLength", "Script", "Scripted", "ScriptedCall", "read_script"]

T = TypeVar("T")

WITHIN = 0.15
"""Seconds by which a recording may be longer or shorter than a script's ``seconds``: the pre-roll and the last silence vary."""
VOICES = ("tone", "espeak")
"""How the provider sounds."""


def _json_text(given: Any) -> str:
    return given if isinstance(given, str) else json.dumps(given)


def _calls(given: Iterable[Any]) -> tuple[ScriptedCall, ...]:
    return tuple(_made(ScriptedCall, each) for each in given)


def _lengths(given: Iterable[Any]) -> tuple[ByLength, ...]:
    return tuple(_made(ByLength, each) for each in given)


def _answers(given: Iterable[Any]) -> tuple[Scripted, ...]:
    return tuple(_made(Scripted, each) for each in given)


def _strings(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(given)


@attrs.frozen
class ByLength:
    """Words for every recording of about this length.

    Args:
        seconds: Its length.
        text: What it says.
        within: How far from it a recording may be.
    """

    seconds: float
    text: str
    within: float = WITHIN


@attrs.frozen
class ScriptedCall:
    """A tool that the model calls; ``arguments`` as JSON text, or as an object."""

    name: str
    arguments: str = attrs.field(default="{}", converter=_json_text)


@attrs.frozen
class Scripted:
    """One answer of the model.

    Args:
        text: What it says.
        calls: The tools it calls after that.
        when: Answer so whenever the last input holds these words; an answer without it is used once, in turn.
    """

    text: str = ""
    calls: tuple[ScriptedCall, ...] = attrs.field(default=(), converter=_calls)
    when: str = ""


def _voice(_script: object, _field: object, name: str) -> None:
    if name not in VOICES:
        raise MisuseError(f"in a provider's script, there is no voice {name!r}; {nearest(name, VOICES)}")


@attrs.frozen
class Script:
    """All that is scripted; what is not has a default that tells what was asked.

    Args:
        expects: What recordings may say: they are listened to, where the extra ``[voice]`` is installed, and say one of these phrases
            or nothing.
        transcripts: What the recordings say, in turn; after the last, ``"hello"``.
        lengths: What recordings of a certain length say; looked at first, and never used up.
        answers: What the model answers; after the last, ``"You said: …"``, or after a tool ``"It returned: …"``.
        voice: ``"tone"``, or ``"espeak"``: spoken words where the extra ``[voice]`` is installed.
        models: Models that exist beside those named in the SDK's types.
        key: The only key that is taken; empty: any.
        pause: Seconds between the pieces of a streamed answer.
    """

    expects: tuple[str, ...] = attrs.field(default=(), converter=_strings)
    transcripts: tuple[str, ...] = attrs.field(default=(), converter=_strings)
    lengths: tuple[ByLength, ...] = attrs.field(default=(), converter=_lengths)
    answers: tuple[Scripted, ...] = attrs.field(default=(), converter=_answers)
    voice: str = attrs.field(default="tone", validator=_voice)
    models: tuple[str, ...] = attrs.field(default=(), converter=_strings)
    key: str = ""
    pause: float = 0.0


def read_script(data: Mapping[str, Any]) -> Script:
    """A script from plain data, as JSON has it.

    Raises:
        MisuseError: A name in it is not known, or something needed is missing.
    """
    return _made(Script, data)


def _made(kind: type[T], given: Any) -> T:
    """An object of ``kind`` from a mapping; text stands for an answer that says it."""
    if isinstance(given, kind):
        return given
    if kind is Scripted and isinstance(given, str):
        given = {"text": given}
    known: Any = kind
    fields = {field.name: field for field in attrs.fields(known)}
    if not isinstance(given, Mapping):
        raise MisuseError(f"in a provider's script, {given!r} is no {kind.__name__}; give an object with {', '.join(fields)}")
    for name in given:
        if name not in fields:
            raise MisuseError(f"in a provider's script, {kind.__name__} has no {name!r}; {nearest(str(name), fields)}")
    missing = [name for name, field in fields.items() if field.default is attrs.NOTHING and name not in given]
    if missing:
        raise MisuseError(f"in a provider's script, {kind.__name__} lacks {', '.join(missing)}")
    return kind(**given)
