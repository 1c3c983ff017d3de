"""The demo's call: caller, room, pipeline, agent and logs put together and run to the end."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import anyio

from fsm_agents.audio.resample import Resampler
from fsm_agents.cli.demo_caller import LINES, DemoCaller, recordings
from fsm_agents.flows.flow import Flow
from fsm_agents.fsm.joint import Step
from fsm_agents.jobs.recording import Recording
from fsm_agents.machines.effects import CallWakeUp
from fsm_agents.observe.turns import Spoken
from fsm_agents.pipelines.cascade import CascadingPipeline
from fsm_agents.plugins.local import EspeakTTS, PocketsphinxSTT, WebRTCVAD
from fsm_agents.rooms.wav import WavRoom
from fsm_agents.session.agent import Agent
from fsm_agents.session.flow import ConversationFlow
from fsm_agents.session.session import AgentSession

__all__ = ["END", "LIMIT", "Call", "Show", "hold", "voice"]

END = "ordered"
"""The outcome of a conversation that went as it should."""
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

    def moved(self, at: int, label: str, state: str) -> None:
        """The agent does something else, or the flow is in another state."""

    def progress(self, at: int, line: int, lines: int) -> None:
        """The caller begins to say this line of so many."""


class Call:
    """Watches a call: has it recorded, and tells who shows it and who plays the caller.

    Args:
        session: The session.
        flow: Its flow.
        out: The folder of the recording.
        show: Who watches.

    Attributes:
        caller: Who calls.
        recording: What is recorded of the session and of the flow.
        late: Whether it took too long and was ended.
    """

    def __init__(self, session: AgentSession, flow: ConversationFlow, out: Path, show: Show) -> None:
        self.session, self.flow, self.show = session, flow, show
        self.caller = DemoCaller(recordings(), self._line)
        self.late = False
        self._shown = ("", "")
        self.recording = Recording(session, out, self._spoken)
        session.watch(self.step)

    @property
    def failure(self) -> str:
        """Why it did not come to its end; empty if it did."""
        session = self.session
        if self.late:
            return f"the conversation did not end within {LIMIT:.0f} s"
        if session.state != "closed" or session.close_reason.startswith("error"):
            return f"the session ended in state {session.state!r}: {session.close_reason or 'for no reason'}"
        if self.flow.outcome != END:
            return f"the conversation ended in state {self.flow.state!r} and not as {END!r}: {session.close_reason}"
        return ""

    def step(self, _now: int, step: Step) -> None:
        """One step of the session."""
        at, session = self.recording.now(), self.session
        self.caller.notice(session.label)
        for effect in step.effects:
            if isinstance(effect, CallWakeUp):
                self.show.happened(at, "the caller is silent: wake-up")
        shown = session.label, self.flow.state
        if shown != self._shown:
            self._shown = shown
            self.show.moved(at, *shown)

    def _spoken(self, spoken: Spoken) -> None:
        self.show.spoken(spoken)

    def _line(self, line: str) -> None:
        self.show.progress(self.recording.now(), LINES.index(line) + 1, len(LINES))


def voice() -> CascadingPipeline:
    """The embedded parts: hearing, understanding what is expected, speaking.

    Raises:
        MissingExtra: the extra ``[voice]`` is not installed.
    """
    tts = EspeakTTS()
    Resampler(tts.rate, RATE)  # the first one loads numpy and computes the filter
    return CascadingPipeline(stt=PocketsphinxSTT(), tts=tts, vad=WebRTCVAD())


async def hold(pipeline: CascadingPipeline, flow: Flow, out: Path, show: Show) -> Call:
    """Hold the conversation, whatever becomes of it; its recording and its logs are in ``out`` then."""
    conversation = ConversationFlow(flow)
    room = WavRoom(lambda caller: call.caller(caller), rate=RATE)  # noqa: PLW0108 - there is no call yet
    session = AgentSession(Agent(), pipeline, conversation, room=room)
    call = Call(session, conversation, out, show)
    try:
        with anyio.move_on_after(LIMIT) as scope:
            async with session:
                await session.wait_closed()
        call.late = scope.cancelled_caught
    finally:
        call.recording.finish()
    return call
