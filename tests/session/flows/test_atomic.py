"""A move is atomic in a whole spoken session: whatever the caller, the host, the tools and the model do, in whatever order and however late.

Each step and each frame is held against the table; a call that is left alone comes to an end and is never silent for long.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import anyio
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsm_agents import Agent, ConversationFlow
from fsm_agents.errors import MisuseError
from fsm_agents.flows.machine.effects import CallTool, SayLines
from fsm_agents.flows.machine.events import Failed, NotJudged, Proposed, Succeeded
from fsm_agents.fsm.joint import Step
from fsm_agents.session.flows.run import FlowRun
from tests.session.flows.desk import PIN, ChatLLM, PinSTT, Tools
from tests.session.flows.kept import kept
from tests.session.flows.spoken import SlowTTS, asked
from tests.session.scene import GUARD, Frame, Scene, VoiceTTS, scene

pytestmark = pytest.mark.anyio

EXAMPLES = int(os.environ.get("FSM_AGENTS_ATOMIC", "40"))
"""How many calls; more of them look for what nobody has found yet."""
LONGEST_SILENCE = 12.5
"""The state's seven seconds, a model or a tool that takes its time, and what the end of a turn takes before them."""

_words = st.sampled_from([
    "two boxes", "two boxes", "my pin", "a person", "yes", "no", "repeat", "stop it", "well my dog", "let us chat", "x y", "", None,
])  # fmt: skip
_act = st.one_of(
    st.tuples(st.just("speak"), st.sampled_from([0.1, 0.3, 0.6, 1.0])),
    st.tuples(st.just("turn"), st.sampled_from([0.3, 0.6])),
    st.tuples(st.just("turn"), st.just(0.6)),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0, 2.5, 4.5, 8.0])),
    st.tuples(st.just("press"), st.sampled_from(["1", "4829", "#", "*"])),
    st.tuples(st.just("event"), st.sampled_from(["fraud", "fraud", "closing"])),
    st.tuples(st.just("interrupt"), st.booleans()),
    st.tuples(st.just("say"), st.booleans()),
    st.tuples(st.just("save"), st.none()),
)
GOALS = ["let us chat", "two boxes", "my pin", "a person"]
"""What a caller may want first, so that many calls come to where something is at work."""
_took = st.sampled_from([0.3, 2.0, 5.9999, 20.0, -0.2, -2.0])
_answer = st.lists(st.sampled_from(["talk", "talk", "!to chat", "!enough", "!nothing"]), max_size=3)


@attrs.define(eq=False)
class Watch:
    """Holds each step of a flow, and each frame, against its table; what is wrong is noted, for a watcher may not raise."""

    scene: Scene
    run: FlowRun
    tools: Tools
    wrong: list[str] = attrs.field(factory=list)
    steps: int = 0
    calls: int = 0
    told: int = 0
    visit: int = 0
    state: str = ""
    moved: float = 0.0
    by_model: bool = False

    def step(self, _now: int, step: Step) -> None:
        """The flow made a step."""
        self.steps += 1
        run = self.run
        self.told += isinstance(step.event, Succeeded | Failed)
        name = run.data.cell("flow").state
        if name not in run.flow.table.members:
            self.wrong.append(f"{name} is no state")
        self.calls += sum(isinstance(effect, CallTool) and effect.tool == "place" for effect in step.effects)
        if len(self.tools.placed) > self.calls:
            self.wrong.append("a tool is called that no step asked for")
        said = any(isinstance(effect, SayLines) for effect in step.effects)
        if run.data.visit != self.visit:
            self.by_model = isinstance(step.event, Proposed | NotJudged)
            self.visit, self.state, self.moved = run.data.visit, name, anyio.current_time()
            state = run.flow.state(run.data)
            if state is not None and state.spec.say and not said:
                self.wrong.append(f"{name} is entered in silence")

    def frame(self, frame: Frame) -> None:
        """Something sounds."""
        text = frame.text
        if text.startswith("Model on ") and not self.by_model and text != f"Model on {self.state}.":
            self.wrong.append(f"{text!r} sounds in {self.state}")
        if text.startswith("Ready in") and self.state == "more" and text != ready(self.tools.placed[-1]):
            self.wrong.append(f"{text!r} is the answer to an older call")


def ready(number: int) -> str:
    names = "zero one two three four five six seven eight nine ten eleven twelve".split()
    return f"Ready in {names[number]} minutes. More?"


@given(
    goal=st.sampled_from(["", *GOALS]),
    words=st.lists(_words, max_size=12),
    acts=st.lists(_act, min_size=2, max_size=18),
    took=st.lists(_took, min_size=1, max_size=6),
    answers=st.lists(_answer, max_size=8),
    last=st.sampled_from(["", "", "", "close", "hang up"]),
    late=st.sampled_from([0.0, 0.4]),
    interim=st.booleans(),
    slow=st.sampled_from(["neither", "voice", "model"]),
)
@settings(max_examples=EXAMPLES)
async def test_any_interleaving(  # noqa: PLR0917 - Hypothesis gives them by name
    goal: str, words: list[str | None], acts: list[tuple[str, Any]], took: list[float], answers: list[list[str]], last: str,
    late: float, interim: bool, slow: str,
) -> None:  # fmt: skip
    """The scene asks besides that the session is safe at every rest, and that nothing is left at its end.

    ``late``: seconds until the final transcript; ``interim``: whether others come before it.
    """
    words, answers = ([goal, *words], [["!to chat"], *answers]) if goal else (words, answers)
    tools, stt = Tools(took), PinSTT(words, interim=interim, delay=late)
    llm, tts = ChatLLM(answers, 0.8 if slow == "model" else 0.01), SlowTTS() if slow == "voice" else VoiceTTS()
    led = ConversationFlow(tools.flow())
    stt.where = llm.where = lambda: led.state
    async with scene(Agent(), led, stt=stt, llm=llm, tts=tts) as s:
        watch = watched(s, tools)
        tools.running = lambda: s.session.state == "running" and s.session.conversation_flow.outcome == ""
        await s.caller.wait(GUARD)
        if goal:
            await asked(s, "What can I do?")
            await s.turn()
        await _play(s, [*acts, (last, None)] if last else acts)
        with anyio.fail_after(200):  # a caller who says nothing more is asked, and let go
            quiet = anyio.current_time()
            await s.session.wait_closed()
        _never_silent(s, quiet)
        closed = len(s.frames)
    # all is silent if nobody was let speak: a caller who talks over the slow welcome and wants a person hears that person at once
    assert s.frames or last or "interrupt" in {act for act, _ in acts} or "a person" in words
    assert watch.wrong == []
    assert len(s.frames) == closed
    assert watch.calls == len(tools.placed)
    assert watch.told >= tools.ended
    shown = [*llm.texts, repr(s.session.history.export())]
    assert not [text for text in shown for secret in (PIN, "4829", *tools.pins) if secret in text]
    assert all(len(pin) == 4 and pin.isdigit() for pin in tools.pins)


def watched(s: Scene, tools: Tools) -> Watch:
    assert s.session.voice is not None
    run = s.session.voice.run
    watch = Watch(s, run, tools, visit=run.data.visit, state=s.session.conversation_flow.state)
    run.driver.watchers.append(watch.step)
    sink = s.room._sink
    assert sink is not None

    def seen(frame: bytes) -> None:
        sink(frame)
        watch.frame(s.frames[-1])

    s.room._sink = seen
    return watch


def _never_silent(s: Scene, quiet: float) -> None:
    """From when the caller was left alone to the end, something sounds again and again."""
    sounds = [quiet, *(frame.at for frame in s.frames if frame.at > quiet), anyio.current_time()]
    longest = max(after - before for before, after in zip(sounds, sounds[1:], strict=False))
    assert longest < LONGEST_SILENCE, (longest, sounds[0], s.heard())


async def _play(s: Scene, acts: list[tuple[str, Any]]) -> None:
    for act, value in acts:
        if s.session.state != "running":
            return
        with suppress(MisuseError):  # the call may end meanwhile
            await _do(s, act, value)
    with suppress(MisuseError):
        await s.caller.wait(0.5)


async def _do(s: Scene, act: str, value: Any) -> None:
    flow = s.session.conversation_flow
    match act:
        case "speak":
            await s.caller.speak(value)
        case "turn":
            await s.turn(value)
        case "wait":
            await s.caller.wait(value)
        case "press":
            flow.press(value)
        case "event":
            await flow.send_event(value)
        case "interrupt":
            s.session.interrupt(force=value)
        case "say":
            s.session.say("By the way.", interruptible=value)
        case "save":
            assert PIN not in (saved := kept(flow.save()))
            assert "4829" not in saved
        case "close":
            await s.session.close()
        case _:
            s.room.hang_up()
