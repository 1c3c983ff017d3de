"""The last words: a goodbye to nobody is not waited for, one that nobody hears any more ends, and abort() says none."""

from __future__ import annotations

from contextlib import suppress

import anyio
import pytest

from fsm_agents import Agent, AgentSession, CascadingPipeline, MisuseError, SpeechHandle
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD
from tests.session.scene import scene

pytestmark = pytest.mark.anyio


def pipeline() -> CascadingPipeline:
    """One of fakes."""
    return CascadingPipeline(stt=FakeSTT(), llm=FakeLLM(), tts=FakeTTS(), vad=FakeVAD())


@pytest.mark.parametrize("how", ["hung up", "left"])
async def test_a_goodbye_to_nobody_is_not_waited_for(how: str) -> None:
    """There is no one to hear it: the handle is over at once, and so is the session."""
    handles: list[SpeechHandle] = []

    class Polite(Agent):
        async def on_exit(self) -> None:
            handles.append(await self.session.say("Goodbye."))

    async with scene(Polite()) as s:
        if how == "hung up":
            s.room.hang_up()
            await s.session.wait_closed()
        else:
            await s.session.leave()
            await s.session.close()
        assert anyio.current_time() == 0
    assert [handle.refused for handle in handles] == ["nobody is left to hear it"]
    assert s.frames == []


async def test_a_caller_who_hangs_up_during_the_goodbye_ends_it() -> None:
    """What is not heard any more is not waited for."""
    handles: list[SpeechHandle] = []

    class Polite(Agent):
        async def on_exit(self) -> None:
            handles.append(await self.session.say("Goodbye, and thank you very much for calling."))

    async with scene(Polite()) as s:
        async with anyio.create_task_group() as group:
            group.start_soon(s.session.close)
            await s.until(lambda: s.frames != [])
            s.room.hang_up()
        assert anyio.current_time() < 0.5
    assert [(handle.interrupted, handle.refused) for handle in handles] == [(True, "")]


@pytest.mark.parametrize("stubborn", [False, True])
async def test_abort_says_no_goodbye_and_is_over_within_half_a_second(stubborn: bool) -> None:
    """Whatever does not let itself be cancelled."""
    exits: list[str] = []

    class Polite(Agent):
        async def on_enter(self) -> None:
            if stubborn:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep_until(30)

        async def on_exit(self) -> None:
            exits.append("exit")

    made = AgentSession(Polite(), pipeline())
    async with anyio.create_task_group() as group:

        async def run() -> None:
            with suppress(MisuseError):
                async with made:
                    await made.wait_closed()

        group.start_soon(run)
        await anyio.sleep_until(1)
        await made.abort()
        assert anyio.current_time() <= 1.5
        assert (made.state, made.close_reason) == ("closed", "aborted by the host")
    assert exits == []
