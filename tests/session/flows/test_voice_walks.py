"""Calls that nobody thought of: whatever the caller, the host and a tool do, and when, the flow stands in one declared state and is heard."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsm_agents.errors import MisuseError
from fsm_agents.testing.fakes import FakeSTT
from tests.session.flows.spoken import call, shop
from tests.session.scene import Scene

pytestmark = pytest.mark.anyio

LONGEST_SILENCE = 9.0
"""The state's seven seconds, and what the end of a turn and lost words may take before them."""
WORDS = ["two large", "two", "large", "yes", "no", "stop it", "repeat", "please", "well my dog", "", None]
_act = st.one_of(
    st.tuples(st.just("speak"), st.sampled_from([0.1, 0.3, 0.6, 1.0])),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0, 2.5, 8.0])),
    st.tuples(st.just("press"), st.sampled_from(["1", "7", "#", "*"])),
    st.tuples(st.just("event"), st.just("closing")),
    st.tuples(st.just("interrupt"), st.booleans()),
    st.tuples(st.just("say"), st.booleans()),
)
_barge = st.sampled_from(["any", "match", "none"])


@given(
    words=st.lists(st.sampled_from(WORDS), max_size=12),
    acts=st.lists(_act, max_size=14),
    tool=st.sampled_from([0.0, 0.3, 3.0, 20.0, -1.0]),
    barge=st.tuples(_barge, _barge, _barge),
    interim=st.booleans(),
    delay=st.sampled_from([0.0, 0.4]),
)
@settings(max_examples=15)
async def test_any_call(
    words: list[str | None], acts: list[tuple[str, Any]], tool: float, barge: tuple[str, str, str], interim: bool, delay: float
) -> None:
    """Safe at every rest, no frame of an old reply, and nothing is left at the end: the scene asks that of it."""

    async def place(count: int, size: str) -> dict[str, Any]:
        await anyio.sleep_until(anyio.current_time() + max(0.0, tool))
        if tool < 0:
            raise RuntimeError("no")
        return {"minutes": 10}

    flow = shop(place, **{name: f'barge_in = "{how}"' for name, how in zip(("welcome", "count", "confirm"), barge, strict=True)})
    async with call(flow, stt=FakeSTT(words, interim=interim, delay=delay)) as s:
        for act, value in acts:
            if s.session.state != "running":
                break
            await _do(s, act, value)
        fell_silent = anyio.current_time()
        with suppress(MisuseError):  # the call may end meanwhile
            await s.caller.wait(0.5)
        with anyio.fail_after(120):  # a caller who says nothing more is asked, and let go
            await s.session.wait_closed()
        sounds = [fell_silent, *(frame.at for frame in s.frames if frame.at > fell_silent), anyio.current_time()]
        assert max(after - before for before, after in zip(sounds, sounds[1:], strict=False)) < LONGEST_SILENCE
    assert s.session.close_reason in ("ordered", "failed", "abandoned")


async def _do(s: Scene, act: str, value: Any) -> None:
    flow = s.session.conversation_flow
    try:
        match act:
            case "speak":
                await s.caller.speak(value)
            case "wait":
                await s.caller.wait(value)
            case "press":
                flow.press(value)
            case "event":
                await flow.send_event(value)
            case "interrupt":
                s.session.interrupt(force=value)
            case _:
                s.session.say("By the way.", interruptible=value)
    except MisuseError:
        assert s.session.state != "running"  # the room is gone
