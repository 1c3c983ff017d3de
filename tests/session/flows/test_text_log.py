"""The log that a host has a conversation in text written to: line by line, also of one that was restored; what fails in it ends it only."""

from __future__ import annotations

import logging

import anyio
import pytest

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.events import Proposed
from fsm_agents.fsm.replay import replay
from fsm_agents.observe.flow_calls import CLASSES, read_call
from fsm_agents.session.flows.question import Question
from fsm_agents.session.flows.text import FlowSession
from tests.session.flows.texts import NOW, PIN, clinic, noon

pytestmark = pytest.mark.anyio


async def test_every_step_is_written_as_it_happens() -> None:
    lines: list[str] = []
    session = FlowSession(clinic(), now=noon)
    session.record(lines.append, call="42")
    assert lines == []
    await anyio.sleep_until(anyio.current_time() + 5)
    await session.send("cleaning")
    before = len(lines)
    await anyio.sleep_until(anyio.current_time() + 60)
    await session.send("yes")
    call = read_call("".join(lines).splitlines(), "")
    assert before < len(lines)
    assert (call.name, call.ears, call.began, call.outcome) == ("42", "text", NOW, "booked")
    assert [(turn.text, turn.state, turn.at) for turn in call.turns] == [
        ("cleaning", "service", 0),
        ("yes", "confirm", 60_000_000),
    ]
    assert replay(session.flow.joint, FlowData, "".join(lines).splitlines(), classes=CLASSES).same


async def test_a_restored_conversation_is_written_from_where_it_stands() -> None:
    session = FlowSession(clinic(), now=noon)
    await session.send("cleaning")
    lines: list[str] = []
    again = FlowSession.restore(clinic(), session.save(), now=noon)
    again.record(lines.append)
    await again.send("yes")
    call = read_call("".join(lines).splitlines(), "second")
    assert (call.name, call.moves[0].state, call.outcome) == ("second", "confirm", "booked")
    assert replay(again.flow.joint, FlowData, "".join(lines).splitlines(), classes=CLASSES).same


async def nobody(question: Question) -> Proposed:
    return question.answer()


async def test_no_secret_is_written() -> None:
    lines: list[str] = []
    session = FlowSession(Flow.loads(PIN), judge=nobody)
    session.record(lines.append)
    await session.send("four eight two nine")
    assert not [line for line in lines if "4829" in line or "eight" in line]
    assert [line for line in lines if "***" in line]


async def test_what_fails_in_writing_ends_the_log_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    lines: list[str] = []

    def write(line: str) -> None:
        if len(lines) == 2:
            raise OSError("no space left")
        lines.append(line)

    session = FlowSession(clinic(), now=noon)
    session.record(write)
    with caplog.at_level(logging.ERROR, logger="fsm_agents"):
        await session.send("cleaning")
        await session.send("yes")
    assert session.outcome == "booked"
    assert len(lines) == 2
    (told,) = caplog.records
    assert "the log stops here, and the conversation goes on: no space left" in told.getMessage()
