"""A call that is cancelled leaves the flow in a declared state, and the next one goes on; what must not be cut is not cut."""

from __future__ import annotations

from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.chat.tool import ToolContext
from fsm_agents.session.flows.text import Ended, FlowSession
from tests.session.flows.texts import clinic, helpdesk, said, takes

pytestmark = pytest.mark.anyio


class Book:
    """A tool that takes three seconds, and remembers who called it and how that ended."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.ends: list[str] = []

    async def __call__(self, service: str, ctx: ToolContext) -> dict[str, bool]:
        self.keys.append(ctx.call_id)
        try:
            await takes(3)
        except anyio.get_cancelled_exc_class():
            self.ends.append("cut")
            raise
        self.ends.append("done")
        return {"taken": False}


async def cut_after(seconds: float, session: FlowSession, text: str) -> None:
    with anyio.move_on_after(seconds) as scope:
        await session.send(text)
    assert scope.cancelled_caught


async def test_a_cancelled_tool_is_asked_again_with_the_same_key() -> None:
    book = Book()
    session = FlowSession(clinic(book, once=False), id="s1")
    await session.send("cleaning")
    await cut_after(1, session, "yes")
    assert (session.state, book.ends) == ("booking", ["cut"])
    outs = await session.send("are you still there?")
    assert outs[-1] == Ended("booked")
    assert book.ends == ["cut", "done"]
    assert book.keys[0] == book.keys[1]
    assert book.keys[0].startswith("s1/booking/")


async def test_a_once_tool_is_not_cut_and_what_it_brought_is_said_by_the_next_call() -> None:
    """Outside ``async with`` the cancelled call returns when the tool has ended: no task outlives a call."""
    book = Book()
    session = FlowSession(clinic(book))
    await session.send("cleaning")
    before = anyio.current_time()
    await cut_after(1, session, "yes")
    assert anyio.current_time() - before == pytest.approx(3)
    assert (book.ends, session.state) == (["done"], "done")
    assert (await session.begin())[-1] == Ended("booked")


async def test_inside_async_with_a_once_tool_goes_on_by_itself() -> None:
    book = Book()
    async with FlowSession(clinic(book)) as session:
        await session.send("cleaning")
        before = anyio.current_time()
        await cut_after(1, session, "yes")
        assert anyio.current_time() - before == pytest.approx(1)
        assert session.state == "booking"
        assert (await session.send("hello?"))[-1] == Ended("booked")
    assert book.ends == ["done"]
    assert len(book.keys) == 1


async def test_inside_async_with_a_tool_is_cut_with_its_call() -> None:
    book = Book()
    async with FlowSession(clinic(book, once=False)) as session:
        await session.send("cleaning")
        await cut_after(1, session, "yes")
        await takes(5)
        assert (session.state, book.ends) == ("booking", ["cut"])
        assert (await session.begin())[-1] == Ended("booked")


async def test_leaving_async_with_waits_for_a_once_tool() -> None:
    book = Book()
    before = anyio.current_time()
    async with FlowSession(clinic(book)) as session:
        await session.send("cleaning")
        await cut_after(1, session, "yes")
    assert (book.ends, session.state) == (["done"], "done")
    assert anyio.current_time() - before == pytest.approx(3)


async def test_a_once_tool_that_takes_too_long_is_left_alone() -> None:
    """The flow goes on at its time limit; the tool is neither cut nor asked again."""
    ends: list[float] = []

    async def slow(service: str) -> dict[str, bool]:
        await takes(20)
        ends.append(anyio.current_time())
        return {"taken": False}

    async with FlowSession(clinic(slow)) as session:
        await session.send("cleaning")
        before = anyio.current_time()
        assert (await session.send("yes"))[-1] == Ended("handed_off")
        assert anyio.current_time() - before == pytest.approx(8)
        assert ends == []
    assert len(ends) == 1
    assert session.outcome == "handed_off"


async def test_an_exception_inside_async_with_passes_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with FlowSession(clinic()) as session:
            await session.begin()
            raise ZeroDivisionError
    assert said(await session.send("cleaning")) == ["cleaning. Shall I book it?"]


async def test_a_session_is_entered_once() -> None:
    from fsm_agents.errors import MisuseError

    session = FlowSession(clinic())
    async with session:
        with pytest.raises(MisuseError, match="in use already"):
            await session.__aenter__()
    async with session:
        await session.begin()


async def test_a_cancelled_question_to_the_model_leaves_the_state() -> None:
    async def slow(question: Any) -> Any:
        await takes(5)
        return question.answer([question.parse(question.asked.offers[1], {})])

    session = FlowSession(helpdesk(), judge=slow)
    await session.begin()
    await cut_after(1, session, "it is slow")
    assert session.state == "menu"
    assert said(await session.send("my bill")) == ["Forty two dollars. Fine?"]


BOOKS: dict[bool, Book] = {}


async def book_once(service: str, ctx: ToolContext) -> Any:
    return await BOOKS[True](service, ctx)


async def book_often(service: str, ctx: ToolContext) -> Any:
    return await BOOKS[False](service, ctx)


FLOWS = {True: clinic(book_once), False: clinic(book_often, once=False)}  # made once: an example of Hypothesis takes milliseconds


@given(
    moments=st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.999, 3.0, 3.001, 8.0]), max_size=6), once=st.booleans(), home=st.booleans()
)
async def test_cancelled_at_any_moment_the_flow_is_in_a_declared_state(moments: list[float], once: bool, home: bool) -> None:
    """And some later call ends it, with the tool done at least once, each time under the same key."""
    book = BOOKS[once] = Book()
    session = FlowSession(FLOWS[once])
    if home:
        async with session:
            await _cut_often(session, moments)
            await _to_the_end(session)
    else:
        await _cut_often(session, moments)
        await _to_the_end(session)
    assert session.outcome == "booked"
    assert len(set(book.keys)) == 1
    assert book.ends.count("done") == 1
    assert not once or len(book.keys) == 1


async def _cut_often(session: FlowSession, moments: list[float]) -> None:
    await session.send("cleaning")
    for seconds in moments:
        with anyio.move_on_after(seconds):
            await (session.send("yes") if not session.ended else anyio.lowlevel.checkpoint())
        assert session.state in session.flow.flat.states


async def _to_the_end(session: FlowSession) -> None:
    while not session.ended:
        await session.send("yes")
