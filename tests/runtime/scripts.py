"""Random conversations: a script of what caller and host do, stages of any speed and temper, and what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal

import anyio
import attrs
from hypothesis import strategies as st

from fsm_agents import Agent, ConversationFlow, TurnOptions, function_tool
from fsm_agents.chat.message import ToolCall
from fsm_agents.fsm.record import StepLog
from fsm_agents.machines.joined import CONVERSATION
from fsm_agents.testing.fakes import FakeLLM, FakeSTT
from tests.session.scene import GUARD, Scene, VoiceTTS, scene

__all__ = ["Script", "play", "scripts"]

Act = tuple[Literal["turn", "speak", "wait", "say", "firm", "interrupt", "force", "leave", "expect"], float]

QUIET_AFTER = 40.0
"""Seconds in which whatever is going on must come to its end: a tool's limit, an apology, and the longest say."""


@attrs.frozen
class Script:
    """One conversation.

    Args:
        acts: What caller and host do, one after the other, each with seconds that it takes (or is waited after it).
        words: Whether each segment has words (True), is noise (False), or gets no final transcript (None).
        interim: Whether interim words come early: none, the first half, or all of them marked as a complete sentence.
        detector: Whether there is a turn detector; it takes every second segment for a whole turn.
        stt_delay: Seconds until a final transcript.
        llm_pause: Seconds before each token.
        tts_pause: Seconds before each frame.
        answers: What the model does, turn by turn.
        sentence: How many words an answer has.
        wake_up: Seconds, or ``None``.
        final_ends_turn: Whether a final transcript ends the turn.
    """

    acts: tuple[Act, ...]
    words: tuple[bool | None, ...]
    interim: Literal["none", "half", "complete"]
    detector: bool
    stt_delay: float
    llm_pause: float
    tts_pause: float
    answers: tuple[Literal["text", "tool", "fail", "tts fails", "stall", "nothing"], ...]
    sentence: int
    wake_up: float | None
    final_ends_turn: bool

    def turn(self) -> TurnOptions:
        """The delays: none of them falls on the grid of frames, so that what is simultaneous is so by design."""
        return TurnOptions(
            complete=0.0611, hangover=0.2013, endpoint=0.3017, transcript=2.0019, barge_in=0.5023, dead_air=8.0029, tool_limit=12.0031,
            final_ends_turn=self.final_ends_turn,
        )  # fmt: skip


_ACTS = st.one_of(
    st.tuples(st.just("turn"), st.sampled_from([0.3, 0.7])),
    st.tuples(st.sampled_from(["turn", "speak"]), st.sampled_from([0.06, 0.12, 0.3, 0.7])),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 0.26, 0.45, 0.7, 1.6])),
    st.tuples(st.sampled_from(["say", "firm", "interrupt", "force", "leave", "expect"]), st.sampled_from([0.0, 0.14, 0.5])),
)

scripts: st.SearchStrategy[Script] = st.builds(
    Script,
    acts=st.lists(_ACTS, min_size=4, max_size=12).map(tuple),
    words=st.lists(st.sampled_from([True, True, True, False, None]), max_size=4).map(tuple),
    interim=st.sampled_from(["none", "half", "complete"]),
    detector=st.booleans(),
    stt_delay=st.sampled_from([0.0, 0.0, 0.0903, 0.9907, 3.0909]),
    llm_pause=st.sampled_from([0.0, 0.0511, 0.4003]),
    tts_pause=st.sampled_from([0.0, 0.0057, 0.0307]),
    answers=st.lists(
        st.sampled_from(["text", "text", "tool", "fail", "tts fails", "stall", "nothing"]), min_size=1, max_size=3
    ).map(tuple),
    sentence=st.sampled_from([2, 12]),
    wake_up=st.sampled_from([None, 1.5037, 5.0041]),
    final_ends_turn=st.booleans(),
)


class Words(FakeSTT):
    """Every segment has words of its own."""

    def __init__(self, script: Script) -> None:
        super().__init__(delay=script.stt_delay, interim=script.interim != "none", complete=script.interim == "complete")
        self.script = script

    def line(self, segment: int) -> str | None:
        """Two words, noise, or nothing."""
        has = self.script.words[segment - 1] if segment <= len(self.script.words) else True
        return f"left{segment} right{segment}" if has else "" if has is not None else None


class EverySecond:
    """A turn detector that agrees with every second segment."""

    def is_complete(self, text: str) -> bool:
        """Whether the last digit is even."""
        return text[-1] in "02468"


class Clerk(Agent):
    """Has a tool that takes a while and says something."""

    def __init__(self) -> None:
        super().__init__("Help.")
        self.ran: list[str] = []

    @function_tool
    async def look_up(self, key: str) -> str:
        """Look something up.

        Args:
            key: What.
        """
        self.ran.append(key)
        self.session.say(f"Looking up {key}.")
        await anyio.sleep_until(anyio.current_time() + 1.5043)
        return "found"


class Tempers(ConversationFlow):
    """Answers as the script says, turn by turn."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self.script = script
        self.turns = 0

    async def run(self, transcript: str) -> AsyncIterator[str]:
        temper = self.script.answers[self.turns % len(self.script.answers)]
        self.turns += 1
        if temper == "nothing":
            return
        if temper == "tts fails":
            yield "This voice breaks. "
        if temper == "stall":
            await anyio.sleep_forever()
        if temper == "tool":
            self.session.pipeline.llm.answers = (  # type: ignore[attr-defined]
                [ToolCall(str(self.turns), "look_up", f'{{"key": "k{self.turns}"}}')],
                "It is found.",
            )  # type: ignore[attr-defined]
            self.session.pipeline.llm.asked = []  # type: ignore[attr-defined]
        else:
            self.session.pipeline.llm.answers = (" ".join(f"word{number}" for number in range(self.script.sentence)) + ".",)  # type: ignore[attr-defined]
        async for text in self.process_with_llm():
            yield text
        if temper == "fail":
            raise RuntimeError("by script")


async def perform(s: Scene, act: Act, number: int) -> None:
    """One thing that caller or host does."""
    what, seconds = act
    if what in ("speak", "turn"):
        await s.caller.speak(seconds)
        if what == "speak":
            return
        seconds = 0.62  # the pause that ends the turn
    if what in ("say", "firm"):
        s.session.say(f"Say number {number}.", interruptible=what == "say")
    elif what in ("interrupt", "force"):
        s.session.interrupt(force=what == "force")
    elif what == "leave":
        await s.session.leave()
        await anyio.sleep_until(anyio.current_time() + seconds)
        await s.come_back()
        return
    elif what == "expect":
        s.session.expect([f"phrase {number}"])
    await s.caller.wait(seconds)


@attrs.define(eq=False)
class Played:
    """A conversation that is over: its scene, and its log as lines."""

    scene: Scene
    lines: list[str]
    agent: Clerk
    settled: tuple[Any, ...] = ()


async def play(script: Script) -> Played:
    """Hold the conversation, wait until everything is quiet, and say how it stands then; then close it."""
    agent, lines = Clerk(), list[str]()
    parts = {
        "stt": Words(script), "llm": FakeLLM(pause=script.llm_pause), "wake_up": script.wake_up, "turn": script.turn(),
        "tts": VoiceTTS(per_character=0.0317, pause=script.tts_pause, fail=["This voice breaks."]),
        "turn_detector": EverySecond() if script.detector else None,
    }  # fmt: skip
    async with scene(agent, Tempers(script), **parts) as s:  # type: ignore[arg-type]
        log = StepLog(CONVERSATION, lines.append)
        s.session.on_wake_up = lambda: None
        played = Played(s, lines, agent)
        log.begin(s.session._talk)
        s.session.watch(lambda at, step: log.add(at, step, s.session._talk))
        await s.caller.wait(GUARD)
        for number, act in enumerate(script.acts):
            await perform(s, act, number)
        await s.caller.wait(1)
        await anyio.sleep_until(anyio.current_time() + QUIET_AFTER)
        talk = s.session._talk
        played.settled = (s.session.label, talk.pending, talk.asked, talk.says, talk.heard, talk.open)
    return played
