"""A recorded call, step by step: the log's events through the tables, and the timeline of that.

It needs the log only: no sound, no provider, no clock. A log whose tables have changed since is read as the tables are now.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.codec import Codec
from fsm_agents.fsm.joint import Joint, Shared, Step
from fsm_agents.fsm.replay import Log, Note, replay, retime
from fsm_agents.machines.joined import CONVERSATION
from fsm_agents.machines.talk import Talk
from fsm_agents.observe.timeline import Timeline

__all__ = ["Recorded", "notes", "steps", "timeline"]

S = TypeVar("S", bound=Shared)


@attrs.frozen
class Recorded(Generic[S]):
    """One step of a log, done again.

    Attributes:
        n: Its number; 0: before the first.
        at: When it was, in µs.
        event: What came; ``None`` before the first step.
        step: What the tables do; ``None`` if they raise, or raised then, and before the first step.
        data: The conversation after it. The same object each time: look at it before the next one.
    """

    n: int
    at: int
    event: Any
    step: Step | None
    data: S


def steps(
    lines: Sequence[str], joint: Joint[S], make_data: Callable[[], S], *, classes: Sequence[type[Any]] = ()
) -> Iterator[Recorded[S]]:
    """The steps of a log, in order, after one with the number 0: where it stood.

    Args:
        lines: The lines of the log.
        joint: The machines it is a log of.
        make_data: Makes a fresh data object.
        classes: What its events may hold beside what their annotations name, as it was written.

    Raises:
        MisuseError: the lines are no log of these machines, or it is redacted or damaged.
    """
    log, codec = Log(lines), Codec(joint, classes)
    data = replay(joint, make_data, lines[:1], classes=classes).data
    yield Recorded(0, 0, None, None, data)
    heeded = 0
    for entry in log:
        retime(joint, data, log.notes[heeded:])
        heeded = len(log.notes)
        event = codec.decode(entry.json["on"])
        try:
            step: Step | None = None if "raised" in entry.json else joint.step(data, event)
        except Exception:  # noqa: BLE001 - a step that raised is in the log, and left everything as it was
            step = None
        yield Recorded(entry.n, entry.at, event, step, data)


def notes(lines: Sequence[str]) -> list[Note]:
    """The notes of a log, in order: what no step says, such as words that were settled late.

    Raises:
        MisuseError: the lines are no log, or it is damaged.
    """
    log = Log(lines)
    for _ in log:
        pass
    return log.notes


def timeline(lines: Sequence[str]) -> Timeline:
    """The timeline of the log of a conversation, with what its notes say.

    Raises:
        MisuseError: as :func:`steps`.
    """
    call, waiting = Timeline(), deque(notes(lines))
    for recorded in steps(lines, CONVERSATION, Talk):
        while waiting and waiting[0].after < recorded.n:
            _note(call, waiting.popleft())
        if recorded.n == 0:
            call.begin(recorded.data)
        elif recorded.step is None:
            call.steps += 1
        else:
            call.add(recorded.at, recorded.step, recorded.data)
    for note in waiting:
        _note(call, note)
    return call


def _note(call: Timeline, note: Note) -> None:
    try:
        call.note(note.at, note.kind, note.values)
    except TypeError as wrong:
        raise MisuseError(f"the log is damaged: the note after step {note.after} cannot be read ({wrong})") from wrong
