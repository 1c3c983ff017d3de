"""What the joined machines of a conversation cost without any runtime: a step, the memory of a conversation, and simulated hours.

Pure: no loop, no clock but a number. The world around the tables (a caller, an ear, a mouth) is as simple as one can be, and is counted:
what is reported is what somebody who simulates conversations gets.
"""

from __future__ import annotations

import sys
from heapq import heappop, heappush
from typing import Any

from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.joint import Arm
from fsm_agents.machines.effects import BeginReply, FinishSegment, OpenSegment
from fsm_agents.machines.events import (
    Entered, FinalTranscript, InterimTranscript, ReplyAudible, ReplyPlayed, SpeechStarted, SpeechStopped, StartAsked,
)  # fmt: skip
from fsm_agents.machines.joined import CONVERSATION, new_talk
from fsm_agents.machines.talk import Talk
from fsm_agents.testing.bench_engine import best_us
from fsm_agents.testing.bench_setup import Figures, Size

__all__ = ["measure_talk"]

SECOND = 1_000_000
ROUND = 14 * SECOND
"""Of a caller: speaks for 3 s, listens to 5 s of answer, thinks. Every fifth time the caller speaks over the answer instead."""
DENSITY = 0.7
"""Steps in a second of a conversation: a simulation with fewer would be cheaper, and not be one of a conversation."""


class _World:
    """One simulated conversation: a caller who speaks ``rounds`` times, and an ear and a mouth that do what the tables ask."""

    def __init__(self, rounds: int) -> None:
        self.talk = new_talk(wake_up=20.0)
        self.end = SECOND + rounds * ROUND
        self.steps = self.count = 0
        self.due: list[tuple[int, int, object]] = [(0, -3, StartAsked()), (1, -2, Entered()), (SECOND, -1, SpeechStarted())]

    def at(self, when: int, event: object) -> None:
        """``event`` comes at ``when`` (µs)."""
        self.count += 1
        heappush(self.due, (when, self.count, event))

    def run(self, told: list[object] | None = None) -> None:
        """To the end; every event goes to ``told`` too, to be told again without the world."""
        due, cells, names, take = self.due, self.talk.cells, self.talk.names, CONVERSATION.step
        while due:
            now, _, event = heappop(due)
            if now >= self.end:
                return
            if event.__class__ is Arm:
                if cells[names[event.machine]].epoch != event.epoch:  # type: ignore[attr-defined]
                    continue
                event = Due(event.machine, event.timer, event.epoch)  # type: ignore[attr-defined]
            step = take(self.talk, event)
            self.steps += 1
            if told is not None:
                told.append(event)
            for arm in step.arms:
                self.count += 1
                heappush(due, (now + arm.delay, self.count, arm))
            for effect in step.effects:
                self.do(now, effect)

    def do(self, now: int, effect: Any) -> None:
        """What ear and mouth do when the tables ask; and the caller, when speaking, knows when to speak again."""
        kind = effect.__class__
        if kind is BeginReply:
            self.at(now + SECOND * 6 // 10, ReplyAudible(effect.reply, answer=True))
            self.at(now + SECOND * 56 // 10, ReplyPlayed(effect.reply))
        elif kind is OpenSegment:
            self.at(now + SECOND, InterimTranscript("some", effect.segment))
            self.at(now + 2 * SECOND, InterimTranscript("some words", effect.segment))
            self.at(now + 3 * SECOND, SpeechStopped())
            begins = SECOND + effect.segment * ROUND - (7 * SECOND if effect.segment % 5 == 4 else 0)  # noqa: PLR2004
            self.at(begins, SpeechStarted())
        elif kind is FinishSegment:
            self.at(now + SECOND // 10, FinalTranscript("some words", effect.segment))


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
