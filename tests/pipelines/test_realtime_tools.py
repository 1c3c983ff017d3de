"""Tools, flows and says with a realtime model: the session's own toolbox runs what the model calls, and text can be put in its mouth."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import pytest

from fsm_agents import Agent, ConversationFlow, function_tool
from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.machines import effects as do
from fsm_agents.machines import events as on
from fsm_agents.testing.fakes_realtime import FakeRealtime
from tests.pipelines.realtime_scene import realtime_scene

pytestmark = pytest.mark.anyio


class Clerk(Agent):
    """An agent with a tool that takes a while."""

    def __init__(self, *, speaks: bool = False) -> None:
        super().__init__("You take orders.")
        self.speaks, self.orders = speaks, list[str]()

    @function_tool
    async def order(self, size: str) -> str:
        """Order a pizza."""
        self.orders.append(size)
        if self.speaks:
            await self.session.say("One moment.")
        await anyio.sleep_until(anyio.current_time() + 1)
        return f"ordered: {size}"


CALL = ToolCall("call_a", "order", '{"size": "large"}')


async def test_a_tool_is_run_and_its_result_is_answered() -> None:
    """The result is in the model's conversation before it answers; the tools were told once, when they were needed."""
    clerk = Clerk()
    async with realtime_scene(FakeRealtime([["Let me see.", CALL], "It is ordered."], words=["a large one"]), clerk) as s:
        await s.turn()
        await s.label("listening")
        assert clerk.orders == ["large"]
        assert s.heard() == ["Let me see.", "It is ordered."]
        assert [type(item).__name__ for item in s.session.history.items] == [
            "ChatMessage", "ChatMessage", "ToolCall", "ToolResult", "ChatMessage",
        ]  # fmt: skip
        assert s.shown() == [
            ("user", "a large one"), ("assistant", "Let me see."), ("call", "order"), ("result", "ordered: large"),
            ("assistant", "It is ordered."),
        ]  # fmt: skip
        assert [tool.name for tool in s.model.now.settings.tools] == ["order"]
    assert (len(s.got(on.ToolsCalled)), len(s.got(on.ToolsDone))) == (1, 1)
    assert "acting" in s.labels


async def test_a_say_inside_a_tool_is_spoken_and_told_to_the_model() -> None:
    """It is no part of the model's answer, but the model must know what was said in its name."""
    async with realtime_scene(FakeRealtime([[CALL], "Done."], words=["a large one"]), Clerk(speaks=True)) as s:
        await s.turn()
        await s.label("listening")
        assert s.heard() == ["One moment.", "Done."]
        assert s.said() == ["One moment. Done."]
        assert ("assistant", "One moment.") in s.shown()
        assert ("assistant", "Done.") in s.shown()


async def test_a_cut_does_not_cut_the_tool_and_its_result_is_not_lost() -> None:
    """The caller interrupts while the tool runs; the answer to the next turn knows the result, and it ran once."""
    clerk = Clerk()
    model = FakeRealtime([["Well, let me have a look.", CALL], "Both are noted."], words=["a large one", "and a cola"])
    async with realtime_scene(model, clerk) as s:
        await s.turn()
        await s.label("speaking")
        await s.caller.speak(1.5)
        await s.caller.wait(1)
        await s.label("listening")
        assert clerk.orders == ["large"]
        assert s.said()[-1] == "Both are noted."
        results = [item.output for item in s.session.history.items if isinstance(item, ToolResult)]
        assert results == ["ordered: large"]
        assert [kind for kind, _ in s.shown()].count("result") == 1


async def test_a_call_that_came_twice_is_run_once() -> None:
    """Whatever a provider repeats."""
    clerk = Clerk()
    async with realtime_scene(FakeRealtime([[CALL, CALL], "Once."]), clerk) as s:
        await s.turn()
        await s.label("listening")
        assert clerk.orders == ["large"]


async def test_a_call_that_was_cut_before_it_ran_is_forgotten() -> None:
    """The model must not wait for a result that never comes."""
    clerk = Clerk()
    model = FakeRealtime([["A very long sentence that is spoken before it, and goes on.", CALL], "Yes."], pause=0.1)
    async with realtime_scene(model, clerk) as s:
        await s.turn()
        await s.label("speaking")
        await s.caller.speak(1.5)
        await s.caller.wait(1)
        await s.label("listening")
        assert clerk.orders == []
        assert "call" not in [kind for kind, _ in s.shown()]


class Echo(ConversationFlow):
    """Answers by itself, and reads the words."""

    async def run(self, transcript: str) -> AsyncIterator[str]:
        """Repeat them."""
        yield f"You said: {transcript}."


async def test_a_flow_that_reads_waits_for_the_words_and_the_model_says_its_text() -> None:
    """So a conversation of one's own tables has a realtime model for ears and voice."""
    async with realtime_scene(FakeRealtime(words=["a large pizza"]), flow=Echo()) as s:
        await s.turn()
        await s.label("listening")
        assert s.heard() == ["You said: a large pizza."]
        assert s.said("user") == ["a large pizza"]
        assert s.shown() == [("user", "a large pizza"), ("assistant", "You said: a large pizza.")]
        assert [request.exactly for request in s.model.asked] == ["You said: a large pizza."]
    assert [event.text for event in s.got(on.FinalTranscript)] == ["a large pizza"]


class Polite(ConversationFlow):
    """Lets the model answer, and adds words of its own."""

    async def run(self, transcript: str) -> AsyncIterator[str]:
        """The model's answer with its own sound, and a question."""
        async for piece in self.process_with_llm():
            yield piece
        yield " Anything else?"


async def test_a_flow_may_add_to_the_models_answer() -> None:
    """The model's sound is passed on; the flow's words are said by its voice."""
    async with realtime_scene(FakeRealtime(["It is ten."], words=["what time is it"]), flow=Polite()) as s:
        await s.turn()
        await s.label("listening")
        assert s.heard() == ["It is ten.", "Anything else?"]
        assert s.shown()[-2:] == [("assistant", "It is ten."), ("assistant", "Anything else?")]
    assert s.said() == ["It is ten. Anything else?"]


class Loud(ConversationFlow):
    """Changes the model's words."""

    async def run(self, transcript: str) -> AsyncIterator[str]:
        """In capitals."""
        async for piece in self.process_with_llm():
            yield piece.upper()


async def test_a_flow_may_change_the_models_words() -> None:
    """Then the model's own sound is not heard, and its conversation has what was."""
    async with realtime_scene(FakeRealtime(["It is ten."], words=["what time is it"]), flow=Loud()) as s:
        await s.turn()
        await s.label("listening")
        assert s.heard() == ["IT IS TEN."]
        assert s.shown() == [("user", "what time is it"), ("assistant", "IT IS TEN.")]


async def test_say_in_every_state() -> None:
    """While listening, hearing, thinking, speaking, holding: each say is spoken once, in the order of the tables."""
    async with realtime_scene(FakeRealtime(["The answer to that is rather long."], words=["how long", ""], think=0.5)) as s:
        seen = []
        handles = {}
        for label in ("listening", "hearing", "thinking", "speaking", "holding"):
            if label == "hearing":
                await s.caller.wait(0.3)
                await s.caller.speak(0.3)
            elif label == "thinking":
                await s.caller.wait(0.55)
            elif label == "speaking":
                await s.until(lambda: s.sounded("The answer to that is rather long."))
            elif label == "holding":
                await s.caller.speak(0.2)
            seen.append(s.session.label)
            handles[label] = s.session.say(f"Said while {label}.")
            if label == "listening":
                await handles[label]
        await s.caller.wait(3)
        for handle in handles.values():
            await handle
        await s.label("listening")
    assert [handle.heard for handle in handles.values()] == [f"Said while {label}." for label in handles]
    assert seen[0] == "listening"
    assert set(seen[1:]) <= {"hearing", "endpointing", "thinking", "speaking", "holding"}


async def test_firm_speech_goes_on_under_the_caller() -> None:
    """What cannot be interrupted is spoken to its end; the caller's turn is answered after it."""
    async with realtime_scene(FakeRealtime(words=["hello there"])) as s:
        await s.caller.wait(0.3)
        handle = s.session.say("This call is being recorded for training purposes.", interruptible=False)
        await s.label("speaking")
        await s.caller.speak(1.5)
        await s.caller.wait(1)
        await handle
        await s.label("listening")
        assert not handle.interrupted
        assert s.said("user") == ["hello there"]
        assert s.heard() == ["This call is being recorded for training purposes.", "Very well."]


async def test_what_cannot_be_said_any_more_is_told() -> None:
    """After the close a say is refused, as with any pipeline."""
    async with realtime_scene() as s:
        await s.session.close()
        assert "closed" in s.session.say("Hello?").refused
    assert s.did(do.RefuseSay)
