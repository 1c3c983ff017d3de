"""The only functions that perform an effect: each says which part of a running session does what a table asked for.

Performing is starting: no function here waits. What comes of it is told by an event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from fsm_agents.fsm.engine import Fault
from fsm_agents.machines import effects as do
from fsm_agents.machines.events import Say

__all__ = ["Ear", "Host", "Mouth", "Parts", "performer"]


class Ear(Protocol):
    """What hears the caller."""

    def open_segment(self, segment: int) -> None: ...
    def finish_segment(self, segment: int) -> None: ...
    def rearm(self) -> None: ...


class Mouth(Protocol):
    """What makes and speaks replies."""

    def begin(self, reply: int, texts: tuple[str, ...], says: tuple[Say, ...], *, apology: bool) -> None: ...
    def interject(self, reply: int, say: Say) -> None: ...
    def hold(self) -> None: ...
    def resume(self) -> None: ...
    def cancel(self, reply: int, reason: str) -> None: ...
    def answered(self, texts: tuple[str, ...]) -> None: ...


class Host(Protocol):
    """The session itself: hooks, handles, and its end."""

    def run_on_enter(self) -> None: ...
    def run_on_exit(self) -> None: ...
    def join_room(self) -> None: ...
    def leave_room(self) -> None: ...
    def stop_hooks(self) -> None: ...
    def call_wake_up(self) -> None: ...
    def tear_down(self) -> None: ...
    def report_closed(self, reason: str) -> None: ...
    def say_over(self, say: int, reason: str) -> None: ...
    def discarded(self, text: str, reason: str) -> None: ...
    def gave_up(self, reason: str) -> None: ...
    def fault(self, fault: Fault) -> None: ...


class Parts(Protocol):
    """The parts of a running session. Ear and mouth are there from its start on: no table asks for them earlier."""

    @property
    def ear(self) -> Ear: ...
    @property
    def mouth(self) -> Mouth: ...
    @property
    def host(self) -> Host: ...


Perform = Callable[[object], None]


def performer(to: Parts) -> Perform:
    """A function that starts any effect of the tables on the parts there are when it is performed."""
    ways: dict[type[Any], Callable[[Any], None]] = {
        do.OpenSegment: lambda effect: to.ear.open_segment(effect.segment),
        do.FinishSegment: lambda effect: to.ear.finish_segment(effect.segment),
        do.RearmEar: lambda _effect: to.ear.rearm(),
        do.BeginReply: lambda effect: to.mouth.begin(effect.reply, effect.texts, effect.says, apology=effect.apology),
        do.Interject: lambda effect: to.mouth.interject(effect.reply, effect.say),
        do.HoldMouth: lambda _effect: to.mouth.hold(),
        do.ResumeMouth: lambda _effect: to.mouth.resume(),
        do.CancelReply: lambda effect: to.mouth.cancel(effect.reply, effect.reason),
        do.Answered: lambda effect: to.mouth.answered(effect.texts),
        do.RunOnEnter: lambda _effect: to.host.run_on_enter(),
        do.RunOnExit: lambda _effect: to.host.run_on_exit(),
        do.JoinRoom: lambda _effect: to.host.join_room(),
        do.LeaveRoom: lambda _effect: to.host.leave_room(),
        do.StopHooks: lambda _effect: to.host.stop_hooks(),
        do.CallWakeUp: lambda _effect: to.host.call_wake_up(),
        do.TearDown: lambda _effect: to.host.tear_down(),
        do.ReportClosed: lambda effect: to.host.report_closed(effect.reason),
        do.RefuseSay: lambda effect: to.host.say_over(effect.say, effect.reason),
        do.DropSay: lambda effect: to.host.say_over(effect.say, effect.reason),
        do.Discard: lambda effect: to.host.discarded(effect.text, effect.reason),
        do.GiveUp: lambda effect: to.host.gave_up(effect.reason),
        Fault: lambda fault: to.host.fault(fault),  # noqa: PLW0108 - the host is looked up when it is performed
    }

    def perform(effect: object) -> None:
        ways[effect.__class__](effect)

    return perform
