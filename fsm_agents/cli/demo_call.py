"""The demo's call: caller, room, pipeline, agent and logs put together and run to the end."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, TextIO

import anyio
import attrs

from fsm_agents import __version__
from fsm_agents.audio.resample import Resampler
from fsm_agents.chat.message import ChatMessage
from fsm_agents.cli.demo_agent import PizzaAgent, PizzaFlow
from fsm_agents.cli.demo_caller import LINES, DemoCaller, recordings
from fsm_agents.cli.demo_flow import DEMO, Ordering
from fsm_agents.cli.demo_words import EXPECTS
from fsm_agents.fsm.joint import Step
from fsm_agents.fsm.record import StepLog
from fsm_agents.machines.effects import CallWakeUp, CancelReply
from fsm_agents.machines.events import ReplyPlayed
from fsm_agents.machines.joined import CONVERSATION
from fsm_agents.pipelines.cascade import CascadingPipeline
from fsm_agents.plugins.local import EspeakTTS, PocketsphinxSTT, WebRTCVAD
from fsm_agents.rooms.wav import WavRoom
from fsm_agents.runtime.timers import micros
from fsm_agents.session.session import AgentSession

__all__ = ["LIMIT", "WAKE_UP", "Call", "Show", "Spoken", "hold", "voice"]

WAKE_UP = 4.0
"""Seconds of silence after which the agent asks again. Short for a demo; callers who look something up need ten."""
RATE = 16000
"""Samples per second of the room and its recording: what the recogniser hears."""
LIMIT = 120.0
"""Seconds after which the conversation has failed: it takes less than one minute."""


@attrs.frozen
class Spoken:
    """One thing that was said.

    Attributes:
        who: ``caller`` or ``agent``.
        at: When it was over, in µs since the call began.
        text: The words; the agent's as far as they were heard.
        reply: The number of the reply, if it was the agent.
        interrupted: Whether it was cut.
    """

    who: str
    at: int
    text: str
    reply: int = 0
    interrupted: bool = False


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
    """Watches a call: writes its logs, and tells who shows it and who plays the caller.

    Args:
        session: The session.
        flow: Its flow.
        logs: Where the steps of the session and those of the flow are written.
        show: Who watches.

    Attributes:
        caller: Who calls.
        dialogue: What was said.
        late: Whether it took too long and was ended.
    """

    def __init__(self, session: AgentSession, flow: PizzaFlow, logs: tuple[TextIO, TextIO], show: Show) -> None:
        self.session, self.flow, self.show = session, flow, show
        self.caller = DemoCaller(recordings(), self._line)
        self.dialogue: list[Spoken] = []
        self.late = False
        self._start = micros()
        self._known, self._shown = 0, ("", "")
        self._over: list[int] = []
        talk = session.host.driver.talk
        self._log, self._flow_log = StepLog(CONVERSATION, logs[0].write), StepLog(DEMO, logs[1].write)
        self._log.begin(talk, {"program": "fsm-agents demo", "version": __version__})
        self._flow_log.begin(flow.order, {"program": "fsm-agents demo", "version": __version__})
        session.watch(self.step)

    def now(self) -> int:
        """The time of the call, in µs."""
        return micros() - self._start

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

    def step(self, now: int, step: Step) -> None:
        """One step of the session."""
        at, session = now - self._start, self.session
        self.caller.notice(session.label)
        self._log.add(at, step, session.host.driver.talk)
        if (
            isinstance(step.event, ReplyPlayed) and not step.stale
        ):  # its words are in history already; those of a cut are at the next step
            self._over.append(step.event.reply)
        self.listen(at)
        for effect in step.effects:
            if isinstance(effect, CallWakeUp):
                self.show.happened(at, "the caller is silent: wake-up")
            elif isinstance(effect, CancelReply):
                self._over.append(effect.reply)
        shown = session.label, self.flow.state.name
        if shown != self._shown:
            self._shown = shown
            self.show.moved(at, *shown)

    def flow_step(self, step: Step) -> None:
        """One step of the flow's table."""
        self._flow_log.add(self.now(), step, self.flow.order)

    def listen(self, at: int) -> None:
        """What is new in the history was said."""
        for item in self.session.history.items[self._known :]:
            self._known += 1
            if isinstance(item, ChatMessage):
                mine = item.role == "assistant"
                spoken = Spoken(
                    "agent" if mine else "caller", at, item.text, self._over[-1] if mine and self._over else 0, item.interrupted
                )
                self.dialogue.append(spoken)
                self.show.spoken(spoken)

    def _line(self, line: str) -> None:
        self.show.progress(self.now(), LINES.index(line) + 1, len(LINES))


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
    room = WavRoom(lambda caller: call.caller(caller), out / "conversation.wav", rate=RATE)  # noqa: PLW0108 - as above
    session = AgentSession(PizzaAgent(flow.order), pipeline, flow, WAKE_UP, room=room)
    session.on_wake_up = flow.wake_up
    with (
        (out / "steps.jsonl").open("w", encoding="utf-8") as steps,
        (out / "flow.jsonl").open("w", encoding="utf-8") as flow_steps,
    ):
        call = Call(session, flow, (steps, flow_steps), show)
        with anyio.move_on_after(LIMIT) as scope:
            async with session:
                await session.wait_closed()
        call.late = scope.cancelled_caught
        call.listen(call.now())
    return call
