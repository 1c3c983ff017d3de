"""A flow that is spoken: turns, the end, events, what is kept, and what the log says."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from fsm_agents import Agent, ConversationFlow, MemoryRoom
from fsm_agents.testing.fakes import FakeSTT, ScriptedCaller
from tests.session.flows.spoken import call, flow_of, shop, turn
from tests.session.scene import GUARD, scene

pytestmark = pytest.mark.anyio


class Greeter(Agent):
    async def on_enter(self) -> None:
        self.session.say("Hello!")


async def test_a_call_from_the_greeting_to_the_goodbye() -> None:
    """The flow begins behind the greeting, answers turns, calls its tool, and closes when its last words were heard."""
    flow = ConversationFlow(shop())
    async with call(flow, "two large boxes", "yes", agent=Greeter()) as s:
        await s.until(lambda: s.sounded("How many boxes?"))
        await s.label("listening")
        assert s.heard() == ["Hello!", "Good day.", "How many boxes?"]
        assert flow.state == "count"
        await turn(s)
        await s.label("listening")
        assert flow.state == "confirm"
        assert flow.slots == {"count": 2, "size": "large"}
        await turn(s)
        assert await s.session.wait_closed() == "ordered"
        assert flow.outcome == "ordered"
    assert s.heard()[-1] == "Ready in twenty minutes."
    assert s.said() == ["Hello! Good day. How many boxes?", "two large, right?", "Ready in twenty minutes."]
    assert s.said("user") == ["two large boxes", "yes"]


async def test_all_lines_of_a_step_are_one_reply() -> None:
    """What ``do`` says and what the next state says sound as one, without a gap and without a second reply."""
    async with call(shop(), "two", "nonsense") as s:
        await s.until(lambda: s.sounded("How many boxes?"))
        await s.label("listening")
        await s.session.conversation_flow.send_event("closing")
        await s.session.wait_closed()
        assert s.session.close_reason == "failed"
    assert s.said()[-1] == "We are closing. Call again tomorrow."


async def test_events_are_told_and_sent() -> None:
    """``emit`` reaches a sync and an async callback; an event that the flow does not take is refused by name."""
    told: list[Any] = []
    flow = ConversationFlow(shop(), on_event=lambda name, slots: told.append((name, slots)))
    async with call(flow, "two large", "yes") as s:
        await s.until(lambda: s.sounded("How many boxes?"))
        with pytest.raises(Exception, match="closing"):
            await flow.send_event("closed")
        await turn(s)
        await s.label("listening")
        await turn(s)
        await s.session.wait_closed()
    assert told == [("ordered", {"count": 2, "size": "large"})]

    async def tell(name: str, slots: dict[str, Any]) -> None:
        await anyio.sleep_until(anyio.current_time() + 1)
        told.append(name)

    flow = ConversationFlow(shop(), on_event=tell)
    async with call(flow, "two large", "yes") as s:
        await s.until(lambda: s.sounded("How many boxes?"))
        await turn(s)
        await s.label("listening")
        await turn(s)
        await s.session.wait_closed()
    assert told[-1] == "ordered"


async def test_a_conversation_goes_on_where_it_was_saved() -> None:
    """Saved in one session, gone on with in another: the state asks again, and the tool's key is the same."""
    keys: list[str] = []

    async def place(count: int, size: str, ctx: Any) -> dict[str, Any]:
        keys.append(ctx.call_id)
        return {"minutes": 5}

    place.__annotations__["ctx"] = "ToolContext"
    flow = shop(place)
    led = ConversationFlow(flow)
    async with call(led, "two large") as s:
        await s.until(lambda: s.sounded("How many boxes?"))
        await turn(s)
        await s.label("listening")
        saved = led.save()
    assert saved["flow"]["slots"] == {"count": 2, "size": "large"}
    again = ConversationFlow.restore(flow, saved)
    async with call(again, "yes") as s:
        await s.until(lambda: s.sounded("two large, right?"))
        await s.label("listening")
        await turn(s)
        assert await s.session.wait_closed() == "ordered"
        assert s.said().count("two large, right?") == 2  # the history goes along
    assert [key.partition("/")[0] for key in keys] == [saved["session"]]


async def test_what_the_caller_said_before_the_flow_began_is_answered() -> None:
    """Words over the greeting of ``on_enter`` are kept for the first state."""

    class Slow(Agent):
        async def on_enter(self) -> None:
            self.session.say("Hello, you are talking to a machine that takes orders.")
            assert isinstance(self.session.room, MemoryRoom)
            caller = ScriptedCaller(self.session.room)
            await anyio.sleep_until(anyio.current_time() + 0.1)
            await caller.wait(GUARD + 0.5)
            await caller.speak(0.6)
            await caller.wait(1.2)

    flow = flow_of('''
flow = "early"
version = 1
start = "what"
[rows]
m = """
| in   | on      | to   |
|------|---------|------|
| what | "boxes" | done |
| any  | out_of_tries | done |
"""
[states.what]
say = "What would you like?"
[states.done]
say = "Boxes it is."
end = "done"
''')
    async with scene(Slow(), ConversationFlow(flow), stt=FakeSTT(["boxes"])) as s:
        assert await s.session.wait_closed() == "done"
    assert s.heard()[-1] == "Boxes it is."


async def test_the_caller_hangs_up() -> None:
    """The flow is told, and may emit; nothing is said to nobody."""
    told: list[str] = []
    flow = ConversationFlow(shop(), on_event=lambda name, _slots: told.append(name))
    async with call(flow, "two") as s:
        await s.until(lambda: s.sounded("How many boxes?"))
        s.room.hang_up()
        await s.session.wait_closed()
        assert s.session.close_reason == "the caller left"
        assert flow.outcome == "abandoned"
    assert told == ["gone"]
    assert not s.sounded("Goodbye.")
