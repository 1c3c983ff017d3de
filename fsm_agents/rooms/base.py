"""What a room must offer: where frames come from and go to. Rooms know no sessions, pipelines or providers.

A room calls its listener for each frame that comes in, and pulls one frame whenever it can play one. Sound is PCM, signed 16 bit little
endian, mono.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from fsm_agents.audio.frame import AudioFrame

__all__ = ["Listener", "Room", "Speaker"]

Listener = Callable[[AudioFrame], None]
"""Takes each frame of the caller, in order, by direct call."""


class Speaker(Protocol):
    """Where a room gets the agent's sound from."""

    def pull(self) -> bytes | None:
        """The next 20 ms at the room's ``rate``; ``None`` if nothing is to sound now."""
        ...


@runtime_checkable
class Room(Protocol):
    """A meeting, a page, a pair of files: one caller and one agent.

    Attributes:
        rate: Samples per second of what it plays.
    """

    rate: int

    async def connect(self) -> None:
        """Join. Raises ProviderError if that fails; joining again after ``disconnect`` is possible."""
        ...

    async def disconnect(self) -> None:
        """Leave. Safe to call twice, and before ``connect``."""
        ...

    async def run(self, heard: Listener, speaker: Speaker) -> None:
        """Carry sound both ways until the caller is gone (returns) or it is cancelled. Called once per connection."""
        ...

    def wake(self) -> None:
        """There is something new to pull. Rooms that pull by a clock of their own ignore it."""
        ...

    def clear(self) -> int:
        """Forget what was pulled and has not sounded; returns how many samples that were."""
        ...
