"""Recorded prompts: the sound files that a flow names, read from its folder when it is loaded, and refused there if they cannot be played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fsm_agents.audio.wav import read_wav
from fsm_agents.errors import MisuseError
from fsm_agents.flows.problems import NOWHERE, Place, Problem
from fsm_agents.flows.spec import FlowSpec
from fsm_agents.flows.syntax import Prompt, SayText

__all__ = ["MOST_BYTES", "MOST_SECONDS", "Recordings", "recordings"]

MOST_SECONDS: Final = 60.0
"""Longest recording: nobody listens to a longer prompt."""
MOST_BYTES: Final = 200_000_000
"""Of all recordings of a flow together: they are kept in memory, as 16 bit PCM."""

Recordings = Mapping[str, tuple[bytes, int]]
"""By the name in the file: PCM int16 little endian mono, and samples per second."""


def recordings(spec: FlowSpec, folder: Path | None) -> tuple[Recordings, list[Problem]]:
    """The recordings of a flow and its sub-flows, and what is wrong with them.

    Args:
        spec: The flow.
        folder: Where its files are; ``None``: nowhere.
    """
    found: dict[str, tuple[bytes, int]] = {}
    problems: list[Problem] = []
    seen: set[str] = set()
    left = MOST_BYTES
    for name, place in _named(spec):
        if name in seen:
            continue
        seen.add(name)
        try:
            sound = _read(folder, name, left)
        except MisuseError as wrong:
            problems.append(
                Problem("F011", f"the recording {name!r} cannot be played: {wrong}"[:400], place, fix="a WAV file, 16 bit, mono")
            )
        else:
            found[name] = sound
            left -= len(sound[0])
    return found, problems


def _read(folder: Path | None, name: str, left: int) -> tuple[bytes, int]:
    if folder is None:
        raise MisuseError("the flow was read from a text, which has no folder")
    path = folder / name
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError) as wrong:
        raise MisuseError(f"it cannot be read: {wrong}") from wrong
    if not inside:
        raise MisuseError("it lies outside of the flow's folder")
    if not path.is_file():
        raise MisuseError(f"there is no file {path.name!r} in the flow's folder")
    if path.stat().st_size > left:
        raise MisuseError(f"the recordings of a flow may have {MOST_BYTES:,} bytes in all")
    pcm, rate = read_wav(path)
    if len(pcm) > MOST_SECONDS * rate * 2:
        raise MisuseError(f"it is longer than {MOST_SECONDS:g} s")
    return pcm, rate


def _named(spec: FlowSpec) -> Iterator[tuple[str, Place]]:
    """Every recording that is named, with where."""
    for state in spec.states.values():
        for setting in ("say", "again", "retry", "no_input", "no_match", "wait"):
            yield from _of(getattr(state, setting), state.places.get(setting, state.place))
    for slot in spec.slots.values():
        yield from _of(slot.invalid, slot.places.get("invalid", slot.place))
    yield from _of(tuple(spec.prompts.values()), NOWHERE)
    for row in spec.rows:
        yield from _of(tuple(act.prompt for act in row.do if isinstance(act, SayText)), row.place)
    for flow in spec.flows.values():
        yield from _named(flow)


def _of(value: Any, place: Place) -> Iterator[tuple[str, Place]]:
    for prompt in value if isinstance(value, tuple) else (value,):
        if isinstance(prompt, Prompt) and prompt.audio:
            yield prompt.audio, place
