"""What the joined machines of a conversation cost without any runtime: a step, the memory of a conversation, and simulated hours.

Pure: no loop, no clock but a number. The world around the tables (a caller, an ear, a mouth) is as simple as one can be, and is counted:
what is reported is what somebody who simulates conversations gets.
"""

from __future__ import annotations

import heapq
import sys
import time

from fsm_agents.fsm.engine import Due
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
ROUND = 11 * SECOND
"""Of a caller: speaks for 3 s, listens to 5 s of answer, thinks. Now and then the caller speaks over the answer instead."""
DENSITY = 0.7
"""Steps in a second of a conversation: a simulation with fewer would be cheaper, and not be one of a conversation."""


class _World:
    """One simulated conversation: what is due when, and what the tables ask for."""

    def __init__(self) -> None:
        self.talk = new_talk(wake_up=20.0)
        self.due: list[tuple[int, int, object]] = []
        self.told: list[object] = []  # every event, for a run without the world
        self.now = self.count = self.steps = 0

    def at(self, when: int, event: object) -> None:
        """``event`` comes at ``when`` (µs)."""
        self.count += 1
        heapq.heappush(self.due, (when, self.count, event))

    def run(self, rounds: int, *, keep: bool = False) -> None:
        """The caller speaks ``rounds`` times."""
        self.at(0, StartAsked())
        self.at(1, Entered())
        for number in range(rounds):
            begins = SECOND + number * ROUND - (4 * SECOND if number % 5 == 4 else 0)  # noqa: PLR2004 - over the answer
            self.at(begins, SpeechStarted())
            self.at(begins + 3 * SECOND, SpeechStopped())
        end = SECOND + rounds * ROUND
        due, talk = self.due, self.talk
        while due and due[0][0] < end:
            self.now, _, event = heapq.heappop(due)
            if event.__class__ is Due and talk.cell(event.machine).epoch != event.epoch:  # type: ignore[attr-defined]
                continue
            if keep:
                self.told.append(event)
            self.step(event)

    def step(self, event: object) -> None:
        """One step, and what follows from it."""
        step = CONVERSATION.step(self.talk, event)
        self.steps += 1
        now = self.now
        for arm in step.arms:
            self.at(now + arm.delay, Due(arm.machine, arm.timer, arm.epoch))
        for effect in step.effects:
            kind = effect.__class__
            if kind is BeginReply:
                self.at(now + SECOND * 6 // 10, ReplyAudible(effect.reply, answer=True))  # type: ignore[attr-defined]
                self.at(now + SECOND * 56 // 10, ReplyPlayed(effect.reply))  # type: ignore[attr-defined]
            elif kind is OpenSegment:
                self.at(now + SECOND, InterimTranscript("some", effect.segment))  # type: ignore[attr-defined]
                self.at(now + 2 * SECOND, InterimTranscript("some words", effect.segment))  # type: ignore[attr-defined]
            elif kind is FinishSegment:
                self.at(now + SECOND // 10, FinalTranscript("some words", effect.segment))  # type: ignore[attr-defined]


def measure_talk(size: Size) -> Figures:
    """µs for a step of the joined machines, bytes of an idle conversation, simulated seconds for a second of CPU time."""
    return {"macro_step_us": _macro_step(size), "bytes_per_conversation": _bytes(), "simulated_s_per_cpu_s": _simulated(size)}


def _macro_step(size: Size) -> float:
    """The steps of a conversation, told again to a fresh one by nothing but a loop."""
    world = _World()
    world.run(max(2, size.steps // 1000), keep=True)
    events, step = world.told, CONVERSATION.step
    talks: list[Talk] = []

    def loop() -> int:
        for talk in talks:
            for event in events:
                step(talk, event)
        return len(talks) * len(events)

    best = float("inf")
    for _ in range(size.repeats):
        talks[:] = [new_talk(wake_up=20.0) for _ in range(max(1, size.steps // len(events)))]
        best = min(best, best_us(loop, 1))
    return best


def _simulated(size: Size) -> float:
    """Whole conversations in virtual time, one after the other; building each is counted too."""
    rounds, best = 30, 0.0
    conversations = max(1, size.steps // (rounds * 10))
    for _ in range(size.repeats):
        seconds = steps = 0
        began = time.process_time_ns()
        for _ in range(conversations):
            world = _World()
            world.run(rounds)
            seconds += world.now // SECOND
            steps += world.steps
        best = max(best, seconds / ((time.process_time_ns() - began) / 1e9))
        if steps < DENSITY * seconds:
            msg = f"{steps} steps in {seconds} simulated seconds are too few for a conversation"
            raise RuntimeError(msg)
    return best


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
