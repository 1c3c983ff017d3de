"""What the joined machines of a conversation cost without any runtime: a step, the memory of a conversation, and simulated hours.

Pure: no loop, no clock but a number. The world around the tables (a caller, an ear, a mouth) is as simple as one can be, and is counted:
what is reported is what somebody who simulates conversations gets.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeAlias

from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.joint import Arm
from fsm_agents.machines.effects import BeginReply, FinishSegment, OpenSegment
from fsm_agents.machines.events import (
    Entered,
    FinalTranscript,
    InterimTranscript,
    ReplyAudible,
    ReplyPlayed,
    SpeechStarted,
    SpeechStopped,
    StartAsked,
)  # fmt: skip
from fsm_agents.machines.joined import CONVERSATION, new_talk
from fsm_agents.machines.talk import Talk
from fsm_agents.testing.bench_engine import best_us
from fsm_agents.testing.bench_setup import Figures, Size

__all__ = ["measure_talk"]

Told: TypeAlias = "tuple[tuple[int, object], ...]"
"""Events to come, each with its time in µs."""
SECOND = 1_000_000
ROUND = 14_500_000
"""Of a caller: speaks for 3 s, listens to 5 s of answer, thinks. Every fifth time the caller speaks over the answer instead."""
DENSITY = 0.7
"""Steps in a second of a conversation: a simulation with fewer would be cheaper, and not be one of a conversation."""


class _World:
    """One simulated conversation: a caller who speaks ``rounds`` times, and an ear and a mouth that do what the tables ask."""

    def __init__(self, rounds: int) -> None:
        self.talk = new_talk(wake_up=20.0)
        self.end = SECOND + rounds * ROUND
        self.steps = 0
        self.number = count().__next__
        self.due: list[tuple[int, int, object]] = []
        for when, event in ((0, StartAsked()), (1, Entered()), (SECOND, SpeechStarted())):
            heappush(self.due, (when, self.number(), event))

    def run(self, told: list[object] | None = None) -> None:
        """To the end; every event goes to ``told`` too, to be told again without the world."""
        due, number, talk, end, take, steps = self.due, self.number, self.talk, self.end, CONVERSATION.step, 0
        cells, names = talk.cells, talk.names
        while due:
            now, _, event = heappop(due)
            if now >= end:
                break
            if event.__class__ is Arm:
                if cells[names[event.machine]].epoch != event.epoch:  # type: ignore[attr-defined]
                    continue
                event = Due(event.machine, event.timer, event.epoch)  # type: ignore[attr-defined]
            step = take(talk, event)
            steps += 1
            if told is not None:
                told.append(event)
            for arm in step.arms:
                heappush(due, (now + arm.delay, number(), arm))
            for effect in step.effects:
                react = REACTIONS.get(effect.__class__)
                if react is not None:
                    for when, what in react(now, effect):
                        heappush(due, (when, number(), what))
        self.steps += steps


def _reply(now: int, begin: BeginReply) -> Told:
    return (now + SECOND * 6 // 10, ReplyAudible(begin.reply, True)), (now + SECOND * 56 // 10, ReplyPlayed(begin.reply))  # noqa: FBT003


def _words(now: int, begun: OpenSegment) -> Told:
    """And the caller, who speaks now, knows when to be silent and when to speak again."""
    number = begun.segment
    again = SECOND + number * ROUND - (7 * SECOND if number % 5 == 4 else 0)  # noqa: PLR2004
    return (
        (now + SECOND, InterimTranscript("some", number)),
        (now + 2 * SECOND, InterimTranscript("some words", number)),
        (now + 3 * SECOND, SpeechStopped()),
        (again, SpeechStarted()),
    )


def _all_words(now: int, finish: FinishSegment) -> Told:
    return ((now + SECOND // 10, FinalTranscript("some words", finish.segment)),)


REACTIONS: dict[type, Callable[[int, Any], Told]] = {BeginReply: _reply, OpenSegment: _words, FinishSegment: _all_words}
"""What ear, mouth and caller do when the tables ask."""


def measure_talk(size: Size) -> Figures:
    """µs for a step of the joined machines, bytes of an idle conversation, simulated seconds for a second of CPU time."""
    return {"macro_step_us": _macro_step(size), "bytes_per_conversation": _bytes(), "simulated_s_per_cpu_s": _simulated(size)}


def _macro_step(size: Size) -> float:
    """The steps of a conversation, told again to a fresh one by nothing but a loop."""
    world, events = _World(20), list[object]()
    world.run(events)
    step = CONVERSATION.step

    def loop(talk: Talk) -> int:
        for event in events:
            step(talk, event)
        return len(events)

    return best_us(loop, lambda: new_talk(wake_up=20.0), size)


def _simulated(size: Size) -> float:
    """Whole conversations in virtual time; making each is counted too."""
    rounds = 20

    def loop(_nothing: None) -> int:
        world = _World(rounds)
        world.run()
        if world.steps * SECOND < DENSITY * world.end:
            msg = f"{world.steps} steps in {world.end // SECOND} simulated seconds are too few for a conversation"
            raise RuntimeError(msg)
        return world.end // SECOND

    return 1e6 / best_us(loop, lambda: None, size)


def _bytes() -> int:
    """What one idle conversation owns: its data, its place in each machine, and values it does not share with another one."""
    talk, other = new_talk(wake_up=20.0), new_talk(wake_up=20.0)
    shared = {id(value) for value in _values(other)}
    own = [value for value in _values(talk) if id(value) not in shared]
    parts = [talk, talk.cells, *talk.cells, *own]
    return sum(sys.getsizeof(part) for part in {id(part): part for part in parts}.values())


def _values(talk: Talk) -> list[object]:
    slots = [slot for kind in Talk.__mro__ for slot in getattr(kind, "__slots__", ()) if slot not in {"cells", "__weakref__"}]
    return [getattr(talk, slot) for slot in slots]
