"""What the model is shown in a call: instructions that change, a history with a limit, and a realtime model that is told the same."""

from __future__ import annotations

import anyio
import pytest

from fsm_agents import Agent, function_tool
from fsm_agents.chat.message import ChatMessage, ToolCall, ToolResult
from fsm_agents.testing.fakes import FakeLLM, FakeSTT
from fsm_agents.testing.fakes_realtime import FakeRealtime
from tests.pipelines.realtime_scene import realtime_scene
from tests.session.scene import GUARD, Scene, scene

pytestmark = pytest.mark.anyio

CALL = ToolCall("call_a", "transfer", "{}")


async def turns(s: Scene, *answers: str) -> None:
    """One turn for each answer."""
    await s.caller.wait(GUARD)
    for answer in answers:
        await s.turn()
        await s.until(lambda answer=answer: answer in s.said())  # type: ignore[misc]


class Learner(Agent):
    """Its tool changes what it is told."""

    @function_tool
    async def transfer(self) -> str:
        """Learn something."""
        self.instructions = "Be brief."
        return "learned"


async def test_instructions_changed_in_a_call_hold_from_the_next_request_on() -> None:
    """Also between two rounds of one turn; what was said stays."""
    agent = Learner("Be kind.")
    async with scene(agent, llm=FakeLLM(["One.", [CALL], "Two.", "Three."])) as s:
        await turns(s, "One.", "Two.")
        agent.instructions = "Be funny."
        await turns(s, "Three.")
    assert [asked[0] for asked in s.llm.asked] == [
        ChatMessage("system", text) for text in ("Be kind.", "Be kind.", "Be brief.", "Be funny.")
    ]
    assert ChatMessage("user", "words 1") in s.llm.asked[3]


async def test_a_realtime_model_is_told_new_instructions_before_it_answers() -> None:
    """Once for each change, on the connection that stands."""
    agent = Learner("Be kind.")
    async with realtime_scene(FakeRealtime(["One.", [CALL], "Two."], words=["a", "b"]), agent) as s:
        await turns(s, "One.", "Two.")
        assert [settings.instructions for (settings,) in s.told("update")][-1] == "Be brief."
        assert s.model.now.settings.instructions == "Be brief."
        assert len(s.model.sessions) == 1


@pytest.mark.parametrize("keep", ["all", "none"])
async def test_a_hand_off_is_told_to_a_realtime_model(keep: str) -> None:
    """Instructions and tools by an update of its session; what is dropped is taken out of its conversation."""

    class Billing(Agent):
        async def on_enter(self) -> None:
            await self.session.say("Billing.")

        @function_tool
        async def refund(self) -> str:
            """Give money back."""
            return "done"

    class Front(Agent):
        @function_tool
        async def transfer(self) -> str:
            """Put the caller through."""
            self.session.hand_off(Billing("You are billing."), "all" if keep == "all" else "none")
            return "put through"

    model = FakeRealtime(["One.", [CALL], "Two.", "Three."], words=["a", "b", "c"])
    async with realtime_scene(model, Front("You are reception.")) as s:
        await turns(s, "One.", "Billing. Two." if keep == "all" else "Billing.")
        await turns(s, "Three." if keep == "all" else "Two.")
        settings = s.model.now.settings
        assert (settings.instructions, [tool.name for tool in settings.tools]) == ("You are billing.", ["refund"])
        shown = s.shown()
        kept = [("user", "a"), ("assistant", "One."), ("user", "b"), ("call", "transfer"), ("result", "put through")]
        if keep == "all":
            assert shown[:5] == kept
            assert shown[-2:] == [("user", "c"), ("assistant", "Three.")]
        else:
            assert shown == [("assistant", "Billing."), ("user", "c"), ("assistant", "Two.")]


async def test_a_limit_of_the_history_holds_in_a_call_of_any_length() -> None:
    """Set on the agent; tools and their results go together, and the last question is always there."""

    @function_tool
    async def look() -> str:
        """Look."""
        return "seen"

    agent = Agent("Be kind.", [look])
    agent.chat_context.max_items = 4
    answers = [part for n in range(6) for part in ([ToolCall(f"id-{n}", "look", "{}")], f"Answer {n}.")]
    async with scene(agent, llm=FakeLLM(answers)) as s:
        await turns(s, *(f"Answer {n}." for n in range(6)))
    for number, asked in enumerate(s.llm.asked):
        calls = [item.id for item in asked if isinstance(item, ToolCall)]
        assert [item.id for item in asked if isinstance(item, ToolResult)] == calls
        assert ChatMessage("user", f"words {number // 2 + 1}") in asked
        assert asked[0] == ChatMessage("system", "Be kind.")
        assert len(asked) <= 1 + 4 + 1
    assert len(s.session.history) <= 4


async def test_what_is_forgotten_while_it_is_spoken_does_no_harm() -> None:
    """A limit of one item, a cut in the middle of a sentence, and a tool at work over two turns."""

    @function_tool
    async def book() -> str:
        """Book."""
        await anyio.sleep_until(anyio.current_time() + 3)
        return "booked"

    agent = Agent("Be kind.", [book])
    agent.chat_context.max_items = 1
    llm = FakeLLM([["Monday Tuesday Wednesday.", ToolCall("1", "book", "{}")], "It is booked."])
    async with scene(agent, llm=llm, stt=FakeSTT(interim=True)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("acting")
        await s.turn()
        await s.until(lambda: "It is booked." in s.said())
    assert ToolResult("1", "book", "booked") in s.llm.asked[1]
    assert ChatMessage("user", "words 2") in s.llm.asked[1]
