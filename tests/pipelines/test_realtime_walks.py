"""Random conversations with a realtime model: whatever the caller, the host and the connection do, the promises of the scene hold.

Beside those, at the end: the model's conversation is the history, word for word where it was heard to its end.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fsm_agents import Agent, function_tool
from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.errors import MisuseError
from fsm_agents.testing.fakes import FakeSTT, FakeVAD
from fsm_agents.testing.fakes_realtime import Cue, FakeRealtime
from tests.pipelines.realtime_scene import RealtimeScene, realtime_scene
from tests.session.scene import VoiceTTS

pytestmark = pytest.mark.anyio

ANSWERS = [
    "Yes.", "A rather long answer that goes on and on until somebody says stop.", ["Let me see.", "call", "There it is."],
    ["call"], [Cue.FAIL], ["Half of", Cue.INCOMPLETE], ["And then", Cue.BREAK], [Cue.BREAK],
]  # fmt: skip
MOVES = st.one_of(
    st.tuples(st.just("speak"), st.sampled_from([0.1, 0.3, 0.7, 1.5])),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 0.4, 0.7, 1.0, 3.0])),
    st.tuples(st.sampled_from(["say", "firm", "interrupt", "break"]), st.just(0.0)),
)


async def move(s: RealtimeScene, what: str, seconds: float) -> None:
    """One thing that happens."""
    if what == "speak":
        await s.caller.speak(seconds)
    elif what == "wait":
        await s.caller.wait(seconds)
    elif what == "break" and s.model.sessions:
        s.model.now.break_off()
    elif what == "interrupt":
        s.session.interrupt(force=True)
    elif what in ("say", "firm"):
        s.session.say("By the way.", interruptible=what == "say")


def look() -> str:
    """Look something up."""
    return "found"


async def settle(s: RealtimeScene) -> None:
    """Let everything come to its end; a walk must always be able to."""
    for _ in range(400):
        await s.caller.wait(0.5)
        line = s.session.pipeline.llm._line  # type: ignore[attr-defined]
        if s.session.state != "running" or (s.session.label == "listening" and line.session is not None and not line._responses):
            return
    raise AssertionError(f"it never came to rest: {s.session.label}")


def same(s: RealtimeScene) -> None:
    """The model's conversation is what history is: the same words of the caller, the same tools, and of the agent what was heard.

    A truncated item may differ by the word that was cut in two; of speech whose words were never read, there is nothing to compare.
    """
    shown = Counter((kind, text) for kind, text in s.shown() if kind in ("call", "result"))
    items = s.session.history.export()
    calls = [("call", item.name) for item in items if isinstance(item, ToolCall)]
    results = [("result", item.output) for item in items if isinstance(item, ToolResult)]
    assert shown == Counter(calls + results)
    for role, slack in (("user", 0), ("assistant", sum(text.endswith("|") for _, text in s.shown()))):
        told = Counter(" ".join(text.rstrip("|") for kind, text in s.shown() if kind == role).split())
        kept = Counter(" ".join(s.said(role)).split())
        if "(speech)" not in kept:
            assert ((told - kept) + (kept - told)).total() <= 2 * slack, (s.shown(), s.said(role))


MIXES: list[dict[str, Any]] = [{}, {"tail": None}, {"tts": True}, {"stt": True}]


@pytest.mark.parametrize("mix", MIXES, ids=["both ways", "own turns", "own voice", "own words"])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    moves=st.lists(MOVES, min_size=1, max_size=12),
    answers=st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=4),
    noise=st.booleans(),
)
async def test_a_walk(mix: dict[str, Any], moves: list[tuple[str, float]], answers: list[Any], noise: bool) -> None:
    """Safe at every rest, nothing that a provider would refuse, and always back to listening."""
    numbers = iter(range(10_000))
    scripts = [
        [ToolCall(f"c{next(numbers)}", "look", "{}") if part == "call" else part for part in ([a] if isinstance(a, str) else a)] for a in answers
    ]  # fmt: skip
    words = ["", "one", "two words"] if noise else ["first", "second", "and third"]
    model = FakeRealtime([*scripts, "The end."], words=words, tail=mix.get("tail", 0.5), pause=0.01)
    parts: dict[str, Any] = {"vad": FakeVAD()} if "tail" in mix or "stt" in mix else {}
    parts |= {"stt": FakeSTT()} if "stt" in mix else {}
    tts = VoiceTTS() if "tts" in mix else None
    async with realtime_scene(model, Agent("x", tools=[function_tool(look)]), tts=tts, **parts) as s:
        await s.caller.wait(0.4)
        with suppress(MisuseError):  # the connection broke too often, the session closes, and nobody listens in the room
            for what, seconds in moves:
                await move(s, what, seconds)
            await settle(s)
        if s.session.state == "running":
            same(s)
        else:
            assert s.session.close_reason.startswith("error: the script says")
