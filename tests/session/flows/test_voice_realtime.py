"""A flow on a realtime model: what is asked of it where it only chooses."""

from __future__ import annotations

import anyio
import pytest

from fsm_agents import Agent, AgentSession, ConversationFlow, MemoryRoom, RealTimePipeline
from fsm_agents.chat.message import ToolCall
from fsm_agents.testing.fakes import ScriptedCaller
from fsm_agents.testing.fakes_realtime import FakeRealtime
from tests.session.flows.spoken import flow_of
from tests.session.flows.test_voice_takeover import MODEL

pytestmark = pytest.mark.anyio


async def test_a_realtime_model_that_only_chooses_makes_no_sound() -> None:
    """Nobody would hear it: it is asked for text."""
    model = FakeRealtime([["I choose.", ToolCall("1", "go_1_talk", "{}")], "Please restart it."], words=["it is slow", "and now"])
    room = MemoryRoom(paced=True)
    session = AgentSession(Agent("Be kind."), RealTimePipeline(model), ConversationFlow(flow_of(MODEL)), room=room)
    frames: list[str] = []
    room._sink = lambda frame: frames.append(model.text_of(frame))
    caller = ScriptedCaller(room)
    with anyio.fail_after(600):
        async with session:
            while session.label != "listening" or session.conversation_flow.state != "menu":
                await caller.wait(0.1)
            await caller.speak(0.6)
            while session.conversation_flow.state == "menu":
                await caller.wait(0.1)
            await caller.wait(8)
            await caller.speak(0.6)
            await caller.wait(3)
    answers = [asked.silent for asked in model.asked if not asked.exactly]
    assert answers[0] is True
    assert "I choose." not in frames
    assert "Please restart it." in frames
    assert False in answers[1:], "where it talks it is heard"
