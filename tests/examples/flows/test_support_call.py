"""Whole calls of the support line against the provider on this machine: spoken with three models, with one realtime model, and as text.

Each goes through what only a model can do in it: ``llm`` edges, a talk state with one tool, a digression, and the hand-off.
"""

from __future__ import annotations

import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

import anyio
import pytest

from fsm_agents import Agent, AgentSession, ConversationFlow, JobContext, MemoryRoom, RealTimePipeline, RoomOptions
from fsm_agents.audio.frame import AudioFrame
from fsm_agents.chat.message import ChatMessage, ToolCall
from fsm_agents.plugins.openai import OpenAILLM, OpenAIRealtime
from fsm_agents.session.flows.text import Ended, FlowSession, HandedOver
from fsm_agents.testing.provider import ProviderServer, provider_process
from tests.examples.flows.test_programs import program
from tests.examples.programs import ROOT, wake
from tests.session.flows.texts import noon, said

pytestmark = [pytest.mark.anyio, pytest.mark.real_clock]


@pytest.fixture(scope="module")
def running() -> Iterator[ProviderServer]:
    with provider_process() as server:
        wake(server)
        yield server


@pytest.fixture
def server(running: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> ProviderServer:
    """With its address where the program looks for it."""
    for name, value in (("OPENAI_BASE_URL", running.base_url), ("OPENAI_API_KEY", running.key), ("NO_PROXY", "127.0.0.1")):
        monkeypatch.setenv(name, value)
    return running


@pytest.fixture
def support(server: ProviderServer) -> ModuleType:
    """The program, which found the provider."""
    return program("support")


def calls(*wanted: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"calls": [{"name": name, "arguments": given} for name, given in wanted]}


def functions(request: dict[str, Any]) -> set[str]:
    """The functions that a request offers."""
    return {tool["function"]["name"] for tool in request["body"].get("tools", ())}


def dialogue(session: AgentSession) -> list[str]:
    return [f"{item.role}: {item.text}" for item in session.history.items if isinstance(item, ChatMessage) and item.text.strip()]


# --- spoken ----------------------------------------------------------------------------------------------------------------------------

CALL = {
    "transcripts": [
        "everything crawls since monday", "i am customer one two three four five six", "where is your shop", "okay",
        "none of them and it does not help",
    ],
    "answers": [
        calls(("go_2_fault_talk", {})),
        calls(("read_bill", {"customer": "123456"}), ("line_status", {"customer": "123456"})),
        "Your line is up. Which lights are on?",
        calls(("go_2_human", {})),
    ],
}  # fmt: skip
"""One call. The model asks for a bill too, which the talk state does not allow."""
EXPECTED = [
    "assistant: Northnet. Is it about your bill or your connection?", "user: everything crawls since monday",
    "assistant: Let's have a look at your connection.", "user: i am customer one two three four five six",
    "assistant: Your line is up. Which lights are on?", "user: where is your shop",
    "assistant: We are at twelve Harbour Street.", "user: okay",
    "assistant: Back to it. Let's have a look at your connection.", "user: none of them and it does not help",
    "assistant: I'll put you through to a colleague.",
]  # fmt: skip

MENU = {"go_1_bill_who", "go_2_fault_talk", "go_3_human", "go_4_stay", "go_5_human"}
TALK = {"go_1_fault_good", "go_2_human", "go_3_stay", "go_4_human", "line_status"}
"""What the two states offer the model, and nothing else."""


def word() -> tuple[list[bytes], int]:
    """A word of the recorded caller in pieces of 20 ms, and its rate: what it says is what the script says."""
    with wave.open(str(ROOT / "examples" / "caller.wav")) as recording:
        rate = recording.getframerate()
        recording.setpos(int(3.1 * rate))
        pcm = recording.readframes(int(0.8 * rate))
    size = rate // 50 * 2
    return [pcm[at : at + size].ljust(size, b"\x00") for at in range(0, len(pcm), size)], rate


async def speak(room: MemoryRoom, session: AgentSession) -> None:
    """A caller who answers each time the agent has said something and listens, until the call is over."""
    pieces, rate = word()
    answered, waiting = 0, list[bytes]()
    due = anyio.current_time()
    while not session.close_reason:
        lines = dialogue(session)
        if not waiting and session.label == "listening" and len(lines) > answered and lines[-1].startswith("assistant"):
            answered, waiting = len(lines), [*[bytes(len(pieces[0]))] * 5, *pieces]
        room.push(AudioFrame(waiting.pop(0) if waiting else bytes(len(pieces[0])), rate))
        due += 0.02
        await anyio.sleep_until(due)


@asynccontextmanager
async def in_call(room: MemoryRoom, session: AgentSession) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(speak, room, session)
        yield
        tasks.cancel_scope.cancel()


async def test_a_spoken_call_with_three_models(
    server: ProviderServer, support: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """An edge, a tool that is allowed and one that is not, where the shop is and back, and a person: as the program has it."""
    server.reset(CALL)
    room = MemoryRoom()
    async with JobContext(RoomOptions(room=room)) as ctx:
        await support.start(ctx)
        (session,) = ctx.sessions
        async with in_call(room, session):
            assert await session.wait_closed() == "handed_off"
    assert dialogue(session) == EXPECTED
    assert [item.name for item in session.history.items if isinstance(item, ToolCall)] == ["line_status"]
    assert capsys.readouterr().out == "put through to queue:support: {'reason': 'fault'}\n"
    asked = server.requests("/v1/chat/completions")
    assert [one["status"] for one in asked] == [200] * 4
    assert [functions(one) for one in asked] == [MENU, TALK, TALK, TALK]
    assert "Guide the caller through restarting the router" not in repr(asked[0]["body"])
    assert "Guide the caller through restarting the router" in repr(asked[1]["body"])
    assert "there is no tool 'read_bill' here" in repr(asked[2]["body"])


async def test_a_spoken_call_with_one_realtime_model(server: ProviderServer, support: ModuleType) -> None:
    """The same call on a model that hears and speaks: each state sets its instructions and its functions."""
    server.reset(CALL)
    room, events = MemoryRoom(), list[tuple[str, dict[str, Any]]]()
    flow = ConversationFlow(support.support, on_event=lambda name, slots: events.append((name, slots)))
    agent = Agent("You work for Northnet.")
    async with AgentSession(agent, RealTimePipeline(OpenAIRealtime()), flow, room=room) as session, in_call(room, session):
        assert await session.wait_closed() == "handed_off"
    assert dialogue(session) == EXPECTED
    assert [item.name for item in session.history.items if isinstance(item, ToolCall)] == ["line_status"]
    sent = [one["body"] for one in server.requests() if one["method"] == "WS"]
    settings = [one["session"] for one in sent if one["type"] == "session.update" and one["session"].get("tools")]
    assert {tool["name"] for tool in settings[0]["tools"]} == MENU
    assert {tool["name"] for tool in settings[-1]["tools"]} == TALK
    guided = ["Guide the caller through restarting the router" in one["instructions"] for one in settings]
    assert guided == sorted(guided)
    assert {False, True} == {*guided}
    assert all("You work for Northnet." in one["instructions"] for one in settings)
    assert events == []


# --- as text ---------------------------------------------------------------------------------------------------------------------------


async def test_a_call_in_text_through_a_bill(
    server: ProviderServer, support: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model is asked once, for the first sentence; the rows have all the others: where the shop is and back, a tool, and a person."""
    server.reset({"answers": [calls(("go_1_bill_who", {}))]})
    llm = OpenAILLM()
    session = FlowSession(support.support, llm=llm, now=noon)
    try:
        assert said(await session.send("you took forty euros from me twice"))[-1] == "What is your six digit customer number?"
        assert said(await session.send("Uh, where's the shop?")) == ["We are at twelve Harbour Street."]
        assert said(await session.send("Got it.")) == ["Back to it.", "What is your six digit customer number?"]
        told = said(await session.send("It's 123-456."))
        assert told[0] == "Let me see."
        assert told[1].startswith("forty two dollars is due on Tuesday, the first of December")
        outs = await session.send("Yes, please!")
    finally:
        await llm.aclose()
    assert outs[-2:] == [HandedOver("queue:support", {"customer": "123456", "reason": "payment"}), Ended("handed_off")]
    assert capsys.readouterr().out == "put through to queue:support: {'customer': '123456', 'reason': 'payment'}\n"
    assert len(server.requests("/v1/chat/completions")) == 1


async def test_a_talk_comes_to_an_end(server: ProviderServer, support: ModuleType) -> None:
    """Ten turns, as the state says, and the model was asked no more often; then a person takes over."""
    server.reset({"answers": [f"Step {turn}." for turn in range(1, 20)]})
    llm = OpenAILLM()
    session = FlowSession(support.support, llm=llm, now=noon)
    turns = []
    try:
        await session.send("my internet is down")
        while not session.ended:
            turns.append(await session.send("it is still red"))
    finally:
        await llm.aclose()
    assert [said(outs)[0] for outs in turns] == [f"Step {turn}." for turn in range(1, 11)]
    assert turns[-1][-2:] == [HandedOver("queue:support", {"reason": "stuck"}), Ended("handed_off")]
    assert len(server.requests("/v1/chat/completions")) == 10
