"""Any-size bytes in, exact pieces out: what stands between a room's packets and a detector's frames.

This file may cut and keep bytes; it does not look at them. A frame is on this path fifty times a second for each session, so the
usual case (a packet is exactly one frame) costs one comparison.
"""

from __future__ import annotations

from fsm_agents.errors import MisuseError

__all__ = ["Chunker"]


class Chunker:
    """Cuts a stream of bytes into pieces of one size.

    Args:
        size_bytes: Length of a piece in bytes, 1 or more; 640 is 20 ms at 16 kHz.

    Raises:
        MisuseError: The size is less than 1.
    """

    __slots__ = ("_held", "_size")

    def __init__(self, size_bytes: int) -> None:
        if size_bytes < 1:
            raise MisuseError(f"pieces of {size_bytes!r} bytes cannot be cut: give 1 or more (20 ms at 16 kHz is 640)")
        self._size = size_bytes
        self._held = b""

    def push(self, data: bytes) -> list[bytes]:
        """Take bytes of any length; return the whole pieces there are now. The remainder is kept."""
        size = self._size
        if len(data) == size and not self._held:
            return [data]
        held = self._held + data
        whole = len(held) - len(held) % size
        self._held = held[whole:]
        return [held[at : at + size] for at in range(0, whole, size)]

    @property
    def size(self) -> int:
        """The length of a piece in bytes."""
        return self._size

    def flush(self) -> bytes:
        """Give up the remainder (shorter than a piece, possibly empty) and start afresh."""
        held, self._held = self._held, b""
        return held
