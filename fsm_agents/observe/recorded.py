"""A recorded call, step by step: the log's events through the tables, and the timeline of that.

It needs the log only: no sound, no provider, no clock. A log whose tables have changed since is read as the tables are now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from fsm_agents.fsm.codec import Codec
from fsm_agents.fsm.joint import Step
from fsm_agents.fsm.replay import Log, standing
from fsm_agents.machines.joined import CONVERSATION
from fsm_agents.machines.talk import Talk
from fsm_agents.observe.timeline import Timeline

__all__ = ["Recorded", "steps", "timeline"]


@attrs.frozen
class Recorded:
    """One step of a log, done again.

    Attributes:
        n: Its number.
        at: When it was, in µs.
        step: What the tables do; ``None`` if they raise.
        talk: The conversation after it. The same object each time: look at it before the next one.
    """

    n: int
    at: int
    step: Step | None
    talk: Talk


def steps(lines: Sequence[str]) -> Iterator[Recorded]:
    """The steps of a conversation's log, in order; at first one with the number 0: where it stood.

    Raises:
        MisuseError: the lines are no log of a conversation, or it is redacted or damaged.
    """
    log = Log(lines)
    talk, _ = standing(CONVERSATION, Talk, lines, 1)
    codec = Codec(CONVERSATION)
    yield Recorded(0, 0, None, talk)
    for entry in log:
        try:
            step = CONVERSATION.step(talk, codec.decode(entry.json["on"]))
        except Exception:  # noqa: BLE001 - a step that raised is in the log, and left everything as it was
            yield Recorded(entry.n, entry.at, None, talk)
        else:
            yield Recorded(entry.n, entry.at, step, talk)


def timeline(lines: Sequence[str]) -> Timeline:
    """The timeline of a log.

    Raises:
        MisuseError: as :func:`steps`.
    """
    call = Timeline()
    for recorded in steps(lines):
        if recorded.n == 0:
            call.begin(recorded.talk)
        elif recorded.step is None:
            call.steps += 1
        else:
            call.add(recorded.at, recorded.step, recorded.talk)
    return call
