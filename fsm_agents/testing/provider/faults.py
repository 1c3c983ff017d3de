"""Misbehaviour: each fault turns a good answer into a bad one, and the table says which of the next requests get it.

Pure: nothing is sent here. A fault that has no meaning for an answer (events of a body that is no stream) leaves it as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import attrs

from fsm_agents.errors import MisuseError, nearest
from fsm_agents.testing.provider.answer import Answer, refusal

__all__ = ["FAULTS", "Fault", "Faults", "spoil"]

_PAGE = b"<!doctype html><title>Welcome</title><p>Please log in to this network.</p>"
_MEGABYTE = b"a" * 2**20


@attrs.frozen
class Fault:
    """One armed fault.

    Args:
        path: Requests for this path get it, for example ``"/v1/audio/speech"``.
        kind: A name in ``FAULTS``, or an HTTP status as text.
        nth: The first request it falls on, counted from when it was armed.
        times: How many requests in a row get it; ``None``: all that follow.
        after: After how many pieces of a stream it happens.
        seconds: How long ``slow`` waits before the first byte.
        retry_after: The header of that name, in seconds, for a status.
        size: Megabytes of ``huge``.

    Raises:
        MisuseError: The kind is not known.
    """

    path: str
    kind: str
    nth: int = 1
    times: int | None = 1
    after: int = 1
    seconds: float = 1.0
    retry_after: float | None = None
    size: int = 64

    def __attrs_post_init__(self) -> None:
        """Check the kind: a fault that never happens makes a test that never fails."""
        if self.kind not in FAULTS and not _is_status(self.kind):
            raise MisuseError(f"the provider has no fault {self.kind!r}; {nearest(self.kind, [*FAULTS, '401', '429', '500'])}")


def spoil(answer: Answer, fault: Fault, key: str) -> Answer:
    """``answer`` as the fault makes it. ``key`` is what the caller sent: some servers repeat it, and so do we."""
    if _is_status(fault.kind):
        status = int(fault.kind)
        return refusal(status, f"the script says {status} to the key {key}.", retry_after=fault.retry_after)
    return FAULTS[fault.kind](answer, fault)


def _is_status(kind: str) -> bool:
    return kind.isdigit() and len(kind) == 3  # noqa: PLR2004 - what an HTTP status is


def _beginning(answer: Answer, after: int) -> tuple[bytes, ...]:
    """The first pieces; of a body in one piece its first half."""
    if len(answer.pieces) == 1:
        return (answer.pieces[0][: len(answer.pieces[0]) // 2],)
    return answer.pieces[:after]


def _quota(_answer: Answer, _fault: Fault) -> Answer:
    return refusal(429, "You exceeded your current quota.", code="insufficient_quota")


def _slow(answer: Answer, fault: Fault) -> Answer:
    return attrs.evolve(answer, before=fault.seconds)


def _stall(answer: Answer, fault: Fault) -> Answer:
    return attrs.evolve(answer, pieces=_beginning(answer, fault.after), ending="stalled")


def _half(answer: Answer, fault: Fault) -> Answer:
    return attrs.evolve(answer, pieces=_beginning(answer, fault.after), ending="cut")


def _drop(answer: Answer, _fault: Fault) -> Answer:
    return attrs.evolve(answer, pieces=(), ending="dropped")


def _malformed(answer: Answer, fault: Fault) -> Answer:
    """JSON that ends in the middle, of the body or of one event; sound has no form, and begins with half a WAV header instead."""
    if answer.events:
        broken = answer.pieces[fault.after]
        broken = broken[: len(broken) // 2] + b"\n\n"
        return attrs.evolve(answer, pieces=(*answer.pieces[: fault.after], broken, *answer.pieces[fault.after + 1 :]))
    body = b"RIFF\x00" if answer.content_type.startswith("audio/") else _beginning(answer, 0)[0]
    return attrs.evolve(answer, pieces=(body,), length=len(body))


def _truncated(answer: Answer, fault: Fault) -> Answer:
    """A clean end in the middle; sound ends in the middle of a sample, too."""
    pieces = _beginning(answer, fault.after)
    if answer.content_type.startswith("audio/"):
        sound = b"".join(pieces)
        pieces = (sound if len(sound) % 2 else sound[:-1],)
    return attrs.evolve(answer, pieces=pieces, length=None if answer.length is None else sum(map(len, pieces)))


def _wrong_type(_answer: Answer, _fault: Fault) -> Answer:
    return Answer((_PAGE,), content_type="text/html; charset=utf-8", length=len(_PAGE))


def _empty(answer: Answer, _fault: Fault) -> Answer:
    return attrs.evolve(answer, pieces=(), length=0)


def _huge(answer: Answer, fault: Fault) -> Answer:
    """A good beginning and then letters without end: one event, one JSON text, or noise."""
    opening = b'data: {"text": "' if answer.events else b"" if answer.content_type.startswith("audio/") else b'{"text": "'
    return attrs.evolve(answer, pieces=(opening, *[_MEGABYTE] * fault.size), length=None)


def _duplicated(answer: Answer, _fault: Fault) -> Answer:
    if not answer.events:
        return answer
    return attrs.evolve(answer, pieces=tuple(piece for piece in answer.pieces for _ in range(2)))


def _late(answer: Answer, fault: Fault) -> Answer:
    """One event comes after the last one of its answer."""
    if not answer.events:
        return answer
    pieces = list(answer.pieces)
    moved = pieces.pop(fault.after)
    pieces.insert(len(pieces) - (pieces[-1] == b"data: [DONE]\n\n"), moved)
    return attrs.evolve(answer, pieces=tuple(pieces))


def _reordered(answer: Answer, fault: Fault) -> Answer:
    """Two neighbouring events change places."""
    pieces, at = list(answer.pieces), fault.after
    if answer.events and len(pieces) > at + 1:
        pieces[at], pieces[at + 1] = pieces[at + 1], pieces[at]
    return attrs.evolve(answer, pieces=tuple(pieces))


def _error_event(answer: Answer, fault: Fault) -> Answer:
    """The stream says that it failed, and ends."""
    if not answer.events:
        return refusal(500, "The server had an error while processing your request.")
    error = {"message": "The server had an error while processing your request.", "type": "server_error", "code": "server_error"}
    said = b"data: " + json.dumps({"error": error}).encode() + b"\n\n"
    return attrs.evolve(answer, pieces=(*answer.pieces[: fault.after], said))


FAULTS: dict[str, Callable[[Answer, Fault], Answer]] = {
    "quota": _quota,              # 429, and waiting does not help
    "slow": _slow,                # nothing for some seconds, then all
    "stall": _stall,              # a beginning, then nothing; the connection stays open
    "half": _half,                # a beginning, then the connection is closed
    "drop": _drop,                # the connection is closed before the first byte
    "malformed": _malformed,      # JSON that is none
    "truncated": _truncated,      # a clean end in the middle
    "wrong_type": _wrong_type,    # a web page with status 200, as captive portals give
    "empty": _empty,              # status 200 and no body
    "huge": _huge,                # a body without end
    "duplicated": _duplicated,    # every event twice
    "late": _late,                # an event after the last one
    "reordered": _reordered,      # two events change places
    "error_event": _error_event,  # an error in the middle of a stream
}  # fmt: skip
"""What can go wrong, by name; beside these, any HTTP status."""


@attrs.define
class _Armed:
    """A fault, and how many requests it has seen."""

    fault: Fault
    seen: int = 0

    def falls(self) -> bool:
        """Whether it falls on the request that comes now."""
        self.seen += 1
        behind = self.seen - self.fault.nth
        return behind >= 0 and (self.fault.times is None or behind < self.fault.times)


class Faults:
    """What is armed. Each request takes what is meant for it."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def arm(self, fault: Fault) -> None:
        """Have requests get it from now on."""
        self._armed.append(_Armed(fault))

    def take(self, path: str) -> Fault | None:
        """What this request gets: the first armed fault that falls on it. All of them count it."""
        falling = [armed.fault for armed in self._armed if armed.fault.path == path and armed.falls()]
        return falling[0] if falling else None
