"""A conversation with a scripted realtime model on the virtual clock: the scene of the session's tests, with another pipeline.

At its end everything is required that is required of every session, and that the model was never asked for what a provider would refuse.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import attrs

from fsm_agents import Agent, ConversationFlow, MemoryRoom
from fsm_agents.pipelines.realtime import RealTimePipeline
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, ScriptedCaller
from fsm_agents.testing.fakes_realtime import FakeRealtime
from tests.session.scene import LIMIT, Scene, VoiceTTS, Watched

__all__ = ["RealtimeScene", "realtime_scene"]


@attrs.define(eq=False)
class RealtimeScene(Scene):
    """A running conversation with a realtime model."""

    model: FakeRealtime = attrs.field(kw_only=True)

    def told(self, name: str) -> list[tuple[Any, ...]]:
        """What the model was told under this name, over all connections."""
        return [told[1:] for session in self.model.sessions for told in session.told if told[0] == name]

    def shown(self) -> list[tuple[str, str]]:
        """What the model would be shown now."""
        return self.model.now.texts()

    async def connected(self, times: int) -> None:
        """Wait for a connection."""
        while len(self.model.sessions) < times or self.session.pipeline.llm._line.session is None:  # type: ignore[attr-defined]
            await self.caller.wait(0.1)


class _Voice(VoiceTTS):
    """In the place of a text-to-speech: only tells which text a frame is of."""

    def __init__(self, model: FakeRealtime) -> None:
        super().__init__()
        self.text_of = model.text_of  # type: ignore[method-assign]


@asynccontextmanager
async def realtime_scene(
    model: FakeRealtime | None = None, agent: Agent | None = None, flow: ConversationFlow | None = None, *, tts: VoiceTTS | None = None,
    wake_up: float | None = None, allowed: tuple[str, ...] = (), **pipeline: Any,
) -> AsyncIterator[RealtimeScene]:  # fmt: skip
    """A conversation that has started; at its end it is closed.

    Args:
        model: The model.
        agent: The agent.
        flow: The flow.
        tts: A voice of its own.
        wake_up: As of the session.
        allowed: What the model may have refused.
        pipeline: Other parts of the pipeline.
    """
    model = model or FakeRealtime()
    taken: list[Scene] = []
    room = MemoryRoom(paced=True)
    room._sink = lambda frame: taken[0].take_frame(frame)
    wired = RealTimePipeline(model, tts=tts, **pipeline)
    session = Watched(agent or Agent("Be kind."), wired, flow, wake_up, room=room)
    made = RealtimeScene(session, room, ScriptedCaller(room), FakeSTT(), FakeLLM(), tts or _Voice(model), model=model)
    taken.append(made)
    session.watch(made.take_step)
    before = {task.id for task in anyio.get_running_tasks()}
    with anyio.fail_after(LIMIT):
        async with session:
            yield made
    steps = len(made.steps)
    await anyio.lowlevel.checkpoint()
    left = [task.name for task in anyio.get_running_tasks() if task.id not in before]
    assert made.wrong == []
    assert (session.state, session.label, left, len(session._driver.timers)) == ("closed", "closed", [], 0)
    assert [handle for handle in session.__dict__.get("given", []) if not handle.done()] == []
    assert [connection for connection in model.sessions if not connection.closed] == []
    assert [wrong for wrong in model.wrong if not wrong.startswith(allowed or ("nothing",))] == []
    assert len(made.steps) == steps
