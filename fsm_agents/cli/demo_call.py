"""The demo's call: caller, room, pipeline, agent and logs put together and run to the end."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, TextIO

import anyio

from fsm_agents import __version__
from fsm_agents.audio.resample import Resampler
from fsm_agents.cli.demo_agent import PizzaAgent, PizzaFlow
from fsm_agents.cli.demo_caller import LINES, DemoCaller, recordings
from fsm_agents.cli.demo_flow import DEMO, Order, Ordering
from fsm_agents.cli.demo_words import EXPECTS
from fsm_agents.fsm.joint import Step
from fsm_agents.fsm.record import StepLog
from fsm_agents.jobs.recording import Recording
from fsm_agents.machines.effects import CallWakeUp
from fsm_agents.observe.page import Beside
from fsm_agents.observe.turns import Spoken
from fsm_agents.pipelines.cascade import CascadingPipeline
from fsm_agents.plugins.local import EspeakTTS, PocketsphinxSTT, WebRTCVAD
from fsm_agents.rooms.wav import WavRoom
from fsm_agents.session.session import AgentSession

__all__ = ["LIMIT", "ORDER", "WAKE_UP", "Call", "Show", "hold", "voice"]

WAKE_UP = 4.0
"""Seconds of silence after which the agent asks again. Short for a demo; callers who look something up need ten."""
ORDER = Beside("flow.jsonl", DEMO, Order, "order", "Where the order is")
"""The order's table, on the page beside the turn's."""
RATE = 16000
"""Samples per second of the room and its recording: what the recogniser hears."""
LIMIT = 120.0
"""Seconds after which the conversation has failed: it takes less than one minute."""


class Show(Protocol):
    """Who watches the call."""

    def spoken(self, spoken: Spoken) -> None:
        """Something was said."""

    def happened(self, at: int, what: str) -> None:
        """Something worth a line."""

    def moved(self, at: int, label: str, order: str) -> None:
        """The agent does something else, or the order stands elsewhere."""

    def progress(self, at: int, line: int, lines: int) -> None:
        """The caller begins to say this line of so many."""


class Call:
    """Watches a call: has it recorded, and tells who shows it and who plays the caller.

    Args:
        session: The session.
        flow: Its flow.
        out: The folder of the recording.
        flow_log: Where the steps of the flow are written.
        show: Who watches.

    Attributes:
        caller: Who calls.
        recording: What is recorded of the session.
        late: Whether it took too long and was ended.
    """

    def __init__(self, session: AgentSession, flow: PizzaFlow, out: Path, flow_log: TextIO, show: Show) -> None:
        self.session, self.flow, self.show = session, flow, show
        self.caller = DemoCaller(recordings(), self._line)
        self.late = False
        self._shown = ("", "")
        self.recording = Recording(session, out, self._spoken)
        self._flow_log = StepLog(DEMO, flow_log.write)
        self._flow_log.begin(flow.order, {"program": "fsm-agents demo", "version": __version__})
        session.watch(self.step)

    @property
    def failure(self) -> str:
        """Why it did not come to its end; empty if it did."""
        session = self.session
        if self.late:
            return f"the conversation did not end within {LIMIT:.0f} s"
        if session.state != "closed" or session.close_reason.startswith("error"):
            return f"the session ended in state {session.state!r}: {session.close_reason or 'for no reason'}"
        if self.flow.state is not Ordering.ENDED:
            return f"the order ended in state {self.flow.state.name}, not in ENDED: {session.close_reason}"
        return ""

    def step(self, _now: int, step: Step) -> None:
        """One step of the session."""
        at, session = self.recording.now(), self.session
        self.caller.notice(session.label)
        for effect in step.effects:
            if isinstance(effect, CallWakeUp):
                self.show.happened(at, "the caller is silent: wake-up")
        shown = session.label, self.flow.state.name
        if shown != self._shown:
            self._shown = shown
            self.show.moved(at, *shown)

    def flow_step(self, step: Step) -> None:
        """One step of the flow's table."""
        self._flow_log.add(self.recording.now(), step, self.flow.order)

    def _spoken(self, spoken: Spoken) -> None:
        self.show.spoken(spoken)

    def _line(self, line: str) -> None:
        self.show.progress(self.recording.now(), LINES.index(line) + 1, len(LINES))


def voice() -> CascadingPipeline:
    """The embedded parts: hearing, understanding what is expected, speaking.

    Raises:
        MissingExtra: the extra ``[voice]`` is not installed.
    """
    stt = PocketsphinxSTT()
    for phrases in filter(None, EXPECTS.values()):
        stt.prepare(phrases)  # words are looked up before the call, not while somebody waits
    tts = EspeakTTS()
    Resampler(tts.rate, RATE)  # the first one loads numpy and computes the filter
    return CascadingPipeline(stt=stt, tts=tts, vad=WebRTCVAD())


async def hold(pipeline: CascadingPipeline, out: Path, show: Show) -> Call:
    """Hold the conversation, whatever becomes of it; its recording and its logs are in ``out`` then."""
    flow = PizzaFlow(lambda step: call.flow_step(step))  # noqa: PLW0108 - there is no call yet
    room = WavRoom(lambda caller: call.caller(caller), rate=RATE)  # noqa: PLW0108 - as above
    session = AgentSession(PizzaAgent(flow.order), pipeline, flow, WAKE_UP, room=room)
    session.on_wake_up = flow.wake_up
    with (out / ORDER.log).open("w", encoding="utf-8") as flow_steps:
        call = Call(session, flow, out, flow_steps, show)
        try:
            with anyio.move_on_after(LIMIT) as scope:
                async with session:
                    await session.wait_closed()
            call.late = scope.cancelled_caught
        finally:
            call.recording.finish()
    return call
