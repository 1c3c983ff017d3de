"""Any-size bytes in, exact pieces out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.audio import Chunker
from fsm_agents.errors import MisuseError


@given(st.integers(1, 20), st.lists(st.binary(max_size=50)))
def test_nothing_is_lost_and_every_piece_is_exact(size: int, packets: list[bytes]) -> None:
    """Pieces and the remainder are the stream, and a piece comes as soon as it is whole."""
    chunker = Chunker(size)
    pieces: list[bytes] = []
    taken = 0
    for packet in packets:
        pieces += chunker.push(packet)
        taken += len(packet)
        assert len(pieces) == taken // size
    rest = chunker.flush()
    assert all(len(piece) == size for piece in pieces)
    assert len(rest) == taken % size
    assert b"".join(pieces) + rest == b"".join(packets)


def test_it_knows_its_size() -> None:
    """For whoever has to fill up a piece."""
    assert Chunker(640).size == 640


def test_an_exact_packet_is_handed_on_without_a_copy() -> None:
    """The usual case costs nothing."""
    packet = bytes(640)
    assert Chunker(640).push(packet)[0] is packet


def test_an_exact_packet_waits_its_turn_behind_a_remainder() -> None:
    """The fast path must not overtake."""
    chunker = Chunker(4)
    assert chunker.push(b"ab") == []
    assert chunker.push(b"cdef") == [b"abcd"]
    assert chunker.flush() == b"ef"


def test_flush_starts_afresh() -> None:
    """What was flushed does not come again."""
    chunker = Chunker(4)
    chunker.push(b"ab")
    assert chunker.flush() == b"ab"
    assert chunker.flush() == b""
    assert chunker.push(b"cdef") == [b"cdef"]


@pytest.mark.parametrize("size", [0, -640])
def test_no_size_is_refused(size: int) -> None:
    """The message says what is usual."""
    with pytest.raises(MisuseError, match=r"1 or more.*640"):
        Chunker(size)
