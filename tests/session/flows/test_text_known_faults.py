"""The failures F1 to F11 that other flow runtimes were seen to have: here the flow is in one declared state, and something is said.

What is spoken is tested with the spoken flow; here they are as far as text and tools show them.
"""

from __future__ import annotations

import logging
from typing import Any

import anyio
import pytest

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.notation.rows import on
from fsm_agents.flows.problems import FlowError
from fsm_agents.flows.proof.check import check
from fsm_agents.session.flows.text import Ended, FlowSession, Out, Said
from fsm_agents.testing.fakes import FakeLLM
from tests.session.flows.texts import CLINIC, clinic, helpdesk, said, takes

pytestmark = pytest.mark.anyio


def sound(session: FlowSession, outs: list[Out]) -> None:
    """The flow is in exactly one declared state, and something was said."""
    assert session.state in session.flow.flat.states
    assert said(outs)


async def test_f1_the_opening_of_a_state_is_interrupted() -> None:
    session = FlowSession(clinic())
    with anyio.CancelScope() as scope:
        scope.cancel()
        await session.begin()
    outs = await session.send("cleaning")
    sound(session, outs)
    assert session.state == "confirm"


async def test_f2_a_state_that_passes_on_says_nothing() -> None:
    session = FlowSession(Flow.loads(CLINIC.replace('say = "Harbour dental practice."', 'say = "[{service}]"')), examples=True)
    outs = await session.begin()
    sound(session, outs)
    assert said(outs) == ["A check up or a cleaning?"]


async def test_f3_what_a_row_does_raises() -> None:
    """The step is as if it had never been; the caller is told, and asked again."""

    def broken(slots: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("db-7 is down")

    tree: dict[str, Any] = {
        "flow": "f3", "start": "what",
        "slots": {"size": {"type": "choice", "values": {"small": "small", "large": "large"}}},
        "states": {"what": {"ask": "size", "say": "Small or large?"}, "done": {"say": "Thanks.", "end": "done"}},
    }  # fmt: skip
    rows = [
        on("what", "filled", when="size = small", to="done", do=broken),
        on("what", "filled", to="done"),
        on("what", "out_of_tries", to="done"),
    ]
    session = FlowSession(Flow.of(tree, rows))
    outs = await session.send("small")
    sound(session, outs)
    assert (session.state, session.slots) == ("what", {})
    assert said(outs)[-1] == "Small or large?"
    assert "db-7" not in "".join(said(outs))
    assert (await session.send("large"))[-1] == Ended("done")


def test_f4_a_placeholder_that_nobody_sets() -> None:
    """One that nobody knows is refused at load; one that is unset on some way is found by a check, and no session begins with it."""
    with pytest.raises(FlowError, match=r"(?s)servcie.*did you mean 'service'"):
        Flow.loads(CLINIC.replace("{service}. Shall", "{servcie}. Shall"))
    flow = Flow.loads(CLINIC.replace('say   = "A check up or a cleaning?"', 'say   = "For {service}?"'))
    assert "F404" in {problem.code for problem in check(flow.flat)}
    with pytest.raises(FlowError, match="F404"):
        FlowSession(flow)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_f5_two_edges_in_one_reply_the_order_of_rows_decides(order: tuple[int, int]) -> None:
    names = ["go_1_bill", "go_2_talk"]
    llm = FakeLLM([[ToolCall(str(at), names[at], "{}") for at in order]])
    session = FlowSession(helpdesk(), llm=llm)
    await session.begin()
    outs = await session.send("well it costs too much and it is slow")
    sound(session, outs)
    assert session.state == "bill"


async def test_f6_what_a_name_means_does_not_depend_on_where_the_flow_was_before() -> None:
    """A tool is what the conversation's own flow was bound to, whatever other flows of the same file are bound to."""
    calls: list[str] = []

    def one(service: str) -> bool:
        calls.append("one")
        return False

    def other(service: str) -> bool:
        calls.append("other")
        return False

    first, second = FlowSession(clinic(one)), FlowSession(clinic(other))
    for session in (first, second):
        await session.send("cleaning")
        sound(session, await session.send("yes"))
    assert calls == ["one", "other"]


async def test_f7_two_moves_at_once() -> None:
    """The host sends the same event twice while a call runs: the first moves, the second finds the end."""
    inside = anyio.Event()

    async def desk(to: str, carry: dict[str, Any]) -> None:
        inside.set()
        await anyio.sleep_forever()

    session = FlowSession(clinic(hand_off=desk))
    await session.begin()
    outs: list[Out] = []

    async def first() -> None:
        outs.extend(await session.send("operator"))

    async def race() -> None:
        await inside.wait()
        await session.event("closed")

    async with anyio.create_task_group() as tasks:
        for move in (first, race):
            tasks.start_soon(move)
    sound(session, outs)
    assert (session.state, outs.count(Ended("failed"))) == ("sorry", 1)


async def test_f8_an_event_of_the_host_races_a_tool_that_leads_elsewhere() -> None:
    """They come at the same instant: one of them moves, and the other finds the conversation where that led."""

    async def desk(to: str, carry: dict[str, Any]) -> None:
        await takes(2)

    session = FlowSession(clinic(hand_off=desk))
    await session.begin()
    outs: list[Out] = []

    async def first() -> None:
        outs.extend(await session.send("operator"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        await takes(2)
        if not session.ended:
            await session.event("closed")
    sound(session, outs)
    assert session.state in ("sorry", "passed")
    assert sum(isinstance(out, Ended) for out in outs) == 1
    assert all(out.state in ("human", session.state) for out in outs if isinstance(out, Said))


async def test_f9_a_move_that_is_interrupted_is_asked_for_again() -> None:
    llm = FakeLLM([[ToolCall("1", "go_2_talk", "{}")]], pause=1.0)
    slow = FakeLLM([["I see, ", "I see. ", ToolCall("1", "go_2_talk", "{}")]], pause=1.0)
    for model in (slow, llm):
        session = FlowSession(helpdesk(), llm=model)
        await session.begin()
        with anyio.move_on_after(1.5):
            await session.send("my line is slow")
        outs = await session.send("i said it is slow")
        sound(session, outs)
        assert session.state == "talk"


async def test_f10_a_tool_that_never_returns() -> None:
    async def never(service: str) -> None:
        await anyio.sleep_forever()

    session = FlowSession(clinic(never, once=False))
    await session.send("cleaning")
    before = anyio.current_time()
    outs = await session.send("yes")
    sound(session, outs)
    assert anyio.current_time() - before == pytest.approx(8)
    assert said(outs)[0] == "I could not book it."


async def test_f10_a_tool_that_a_model_uses_never_returns() -> None:
    async def never(customer: str) -> None:
        await anyio.sleep_forever()

    call = ToolCall("1", "line_status", '{"customer": "123456"}')
    llm = FakeLLM([[ToolCall("0", "go_2_talk", "{}")], [call], "I cannot see your line."])
    session = FlowSession(helpdesk(never), llm=llm)
    await session.send("it is slow")
    outs = await session.send("all lights are red")
    sound(session, outs)
    assert said(outs) == ["I cannot see your line."]
    assert isinstance(llm.asked[-1][-1], ToolResult)
    assert "did not answer in time" in llm.asked[-1][-1].output


async def test_f11_a_tool_raises_and_nobody_is_told_what(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "fsm_agents")

    def broken(customer: str) -> None:
        raise RuntimeError("password hunter2 refused by db-7")

    def book(service: str) -> None:
        raise RuntimeError("hunter2")

    session = FlowSession(clinic(book))
    await session.send("cleaning")
    outs = await session.send("yes")
    sound(session, outs)
    assert "hunter2" not in repr((outs, session.save()))
    llm = FakeLLM([[ToolCall("0", "go_2_talk", "{}")], [ToolCall("1", "line_status", '{"customer": "123456"}')], "Sorry."])
    talk = FlowSession(helpdesk(broken), llm=llm)
    await talk.send("it is slow")
    outs = await talk.send("all lights are red")
    sound(talk, outs)
    assert "line_status failed" in repr(llm.asked[-1])
    assert "hunter2" not in repr((outs, llm.asked, talk.save()))
    assert isinstance(talk.history, ChatContext)
