"""Which room a word means."""

from __future__ import annotations

import logging

from fsm_agents.errors import MisuseError, nearest
from fsm_agents.rooms.base import Room

__all__ = ["choose_room"]

log = logging.getLogger("fsm_agents")


def choose_room(room: Room | str | None, *, name: str = "Agent") -> Room:
    """The room that ``room`` means: itself, or a word: ``memory``, ``wav:IN.wav``, ``wav:IN.wav:OUT.wav``.

    Raises:
        MisuseError: there is no room of that name, or the file cannot be used.
    """
    if room is not None and not isinstance(room, str):
        return room
    kind, _, rest = (room or "memory").partition(":")
    if kind == "memory":
        from fsm_agents.rooms.memory import MemoryRoom

        log.info("%s is in a room in memory", name)
        return MemoryRoom(paced=True)
    if kind == "wav":
        from fsm_agents.rooms.wav import WavRoom

        source, _, target = rest.partition(":")
        log.info("%s is in a room of WAV files: the caller is %s", name, source)
        return WavRoom(source, target or None)
    msg = f"there is no room {room!r}; {nearest(kind, ('memory', 'wav:IN.wav', 'wav:IN.wav:OUT.wav'))}"
    raise MisuseError(msg)
