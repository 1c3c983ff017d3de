"""The hand-off: another agent goes on with the conversation; instructions, tools, history and hooks follow, in order and once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
import pytest

from fsm_agents import Agent, AgentSession, FunctionTool, MisuseError, function_tool
from fsm_agents.chat import ChatContext
from fsm_agents.chat.message import ChatMessage, ToolCall, ToolResult
from fsm_agents.machines import events as on
from fsm_agents.pipelines.cascade import CascadingPipeline
from fsm_agents.session.handoff import HAND_OFF_GRACE
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS
from tests.session.scene import GUARD, Scene, scene

pytestmark = pytest.mark.anyio

CALL = ToolCall("1", "transfer", "{}")
HANDED = ToolResult("1", "transfer", "The conversation was handed over to you: go on from here.")


class Clerk(Agent):
    """An agent that writes down when its hooks run."""

    def __init__(self, name: str, log: list[str], tools: Sequence[FunctionTool] = (), *, says: str = "", bye: str = "") -> None:
        super().__init__(f"You are {name}.", tools)
        self.name, self.log, self.says, self.bye = name, log, says, bye

    async def on_enter(self) -> None:
        """Perhaps say hello."""
        self.log.append(f"{self.name} enters")
        if self.says:
            await self.session.say(self.says)
        self.log.append(f"{self.name} is in")

    async def on_exit(self) -> None:
        """Perhaps say goodbye."""
        self.log.append(f"{self.name} leaves")
        if self.bye:
            await self.session.say(self.bye)


class Told(FakeLLM):
    """A model that remembers which tools it was offered."""

    def __init__(self, answers: Any = ("Very well.",), *, pause: float = 0.0) -> None:
        super().__init__(answers, pause=pause)
        self.offered: list[list[str]] = []

    async def chat(self, context: ChatContext, tools: Sequence[FunctionTool]) -> AsyncIterator[Any]:
        """As scripted."""
        self.offered.append([tool.name for tool in tools])
        async for chunk in super().chat(context, tools):
            yield chunk


@function_tool
async def refund() -> str:
    """Give money back."""
    return "done"


def transfer_to(agent: Any) -> FunctionTool:
    """A tool that returns this."""

    @function_tool
    async def transfer() -> object:
        """Put the caller through."""
        return agent

    return transfer


async def ask(s: Scene) -> None:
    """One turn of the caller, and what comes of it."""
    await s.caller.wait(GUARD)
    await s.turn()
    await s.label("listening")


def system(s: Scene, number: int) -> str:
    """The instructions in a request to the model."""
    first = s.llm.asked[number][0]
    assert isinstance(first, ChatMessage)
    return first.text


async def test_a_tool_that_returns_an_agent_hands_over_and_the_new_one_answers() -> None:
    """Its instructions, its tools, the history; hooks in order; the question is answered in the same turn."""
    log: list[str] = []
    sales = Clerk("billing", log, [refund])
    llm = Told([["One moment.", CALL], "Billing here."])
    front = Clerk("reception", log, [transfer_to(sales)])
    async with scene(front, llm=llm) as s:
        await ask(s)
        assert s.session.agent is sales
        assert s.session.conversation_flow.agent is sales
        assert sales.session is s.session
    assert [system(s, n) for n in (0, 1)] == ["You are reception.", "You are billing."]
    assert llm.offered == [["transfer"], ["refund"]]
    assert s.llm.asked[1][1] == ChatMessage("user", "words 1")
    assert s.llm.asked[1][-2:] == (CALL, HANDED)
    assert s.heard() == ["One moment.", "Billing here."]
    assert log == [
        "reception enters", "reception is in", "reception leaves", "billing enters", "billing is in", "billing leaves",
    ]  # fmt: skip


async def test_a_result_can_go_with_the_agent() -> None:
    """What the new agent should know."""
    sales = Clerk("billing", [])
    agent = Clerk("reception", [], [transfer_to((sales, {"customer": 7}))])
    async with scene(agent, llm=FakeLLM([[CALL], "Hello, seven."])) as s:
        await ask(s)
    assert ToolResult("1", "transfer", '{"customer": 7}') in s.llm.asked[1]


async def test_a_say_in_on_enter_is_heard_before_the_new_agents_answer() -> None:
    """And the goodbye of the old one before both."""
    log: list[str] = []
    sales = Clerk("billing", log, says="This is billing.")
    front = Clerk("reception", log, [transfer_to(sales)], bye="I put you through.")
    async with scene(front, llm=FakeLLM([[CALL], "How can I help?"])) as s:
        await ask(s)
        assert s.heard() == ["I put you through.", "This is billing.", "How can I help?"]
        assert s.said() == ["I put you through. This is billing. How can I help?"]
    assert log.index("billing enters") < log.index("billing is in")


async def test_an_answer_waits_for_on_enter_but_not_for_ever() -> None:
    """It may look up who calls; one that hangs costs no turn."""

    class Slow(Agent):
        def __init__(self, seconds: float) -> None:
            super().__init__("Nobody is known.")
            self.seconds = seconds

        async def on_enter(self) -> None:
            await anyio.sleep_until(anyio.current_time() + self.seconds)
            self.instructions = "The caller is Ann."

    for seconds, told, takes in ((1.0, "The caller is Ann.", 1.0), (1e6, "Nobody is known.", HAND_OFF_GRACE)):
        async with scene(Agent("", [transfer_to(Slow(seconds))]), llm=FakeLLM([[CALL], "Hello."])) as s:
            await ask(s)
            assert system(s, 1) == told
            (done,) = [taped.at for taped in s.steps if isinstance(taped.event, on.ToolsDone)]
            sounded = s.sounded("Hello.")[0]
            assert sounded == pytest.approx(done + takes, abs=0.1)


async def test_a_tool_that_hands_over_itself_is_finished_first() -> None:
    """The old agent is in the session until none of its tools is at work."""
    log: list[str] = []
    sales = Clerk("billing", log)

    class Front(Clerk):
        @function_tool
        async def transfer(self) -> str:
            """Put the caller through."""
            self.session.hand_off(sales)
            await self.session.say("One moment.")
            log.append("the tool is done")
            return "The caller wants a refund."

    async with scene(Front("reception", log), llm=FakeLLM([[CALL], "A refund, then."])) as s:
        await ask(s)
    assert log[2:5] == ["the tool is done", "reception leaves", "billing enters"]
    assert ToolResult("1", "transfer", "The caller wants a refund.") in s.llm.asked[1]
    assert s.heard() == ["One moment.", "A refund, then."]


async def test_from_a_sync_tool_in_its_thread() -> None:
    """It is handed to the loop."""
    sales = Clerk("billing", [])

    class Front(Agent):
        @function_tool
        def transfer(self) -> str:
            """Put the caller through."""
            self.session.hand_off(sales)
            return "go on"

    async with scene(Front(), llm=FakeLLM([[CALL], "Hello."])) as s:
        await ask(s)
        assert s.session.agent is sales


@pytest.mark.parametrize(
    ("keep", "shown"),
    [
        ("all", ["user: words 1", "assistant: First.", "user: words 2", "call", "result"]),
        (3, ["assistant: First.", "user: words 2", "call", "result"]),
        (1, ["call", "result"]),
    ],
)
async def test_history_is_kept_as_told(keep: Any, shown: list[str]) -> None:
    """The newest items; the call that hands over is one of them, and stays whole."""
    sales = Clerk("billing", [])

    class Front(Agent):
        @function_tool
        async def transfer(self) -> str:
            """Put the caller through."""
            self.session.hand_off(sales, keep=keep)
            return "go on"

    async with scene(Front("Hello."), llm=FakeLLM(["First.", [CALL], "Second."])) as s:
        await ask(s)
        await s.turn()
        await s.until(lambda: "Second." in s.said())
    assert brief(s.llm.asked[2]) == ["system: You are billing.", *shown]


def brief(items: Sequence[object]) -> list[str]:
    """What a model was shown, in short."""
    return [
        f"{item.role}: {item.text}" if isinstance(item, ChatMessage) else "call" if isinstance(item, ToolCall) else "result"
        for item in items
    ]


async def test_with_nothing_kept_on_enter_speaks_and_the_model_is_asked_at_the_next_turn() -> None:
    """There is nothing it could answer."""
    sales = Clerk("billing", [], says="Billing, how can I help?")

    class Front(Agent):
        @function_tool
        async def transfer(self) -> str:
            """Put the caller through."""
            self.session.hand_off(sales, keep="none")
            return "go on"

    async with scene(Front("Hello."), llm=FakeLLM([[CALL], "Gladly."])) as s:
        await ask(s)
        assert s.heard() == ["Billing, how can I help?"]
        assert len(s.llm.asked) == 1
        await s.turn()
        await s.until(lambda: "Gladly." in s.said())
    assert brief(s.llm.asked[1]) == ["system: You are billing.", "assistant: Billing, how can I help?", "user: words 2"]


async def test_what_the_new_agent_brings_comes_before_what_is_kept() -> None:
    """Examples of its own, say."""
    sales = Clerk("billing", [])
    sales.chat_context.add(ChatMessage("user", "An example."))
    async with scene(Agent("Hello.", [transfer_to(sales)]), llm=FakeLLM([[CALL], "Hello."])) as s:
        await ask(s)
    assert brief(s.llm.asked[1])[:3] == ["system: You are billing.", "user: An example.", "user: words 1"]


async def test_there_and_back_again() -> None:
    """An agent may come back; each time its hooks run once, and what was said is there once."""
    log: list[str] = []
    front, sales = Clerk("reception", log), Clerk("billing", log)
    front.tools, sales.tools = (transfer_to(sales),), (transfer_to(front),)
    back = ToolCall("2", "transfer", "{}")
    llm = Told([[CALL], "Billing.", [back], "Reception again."])
    async with scene(front, llm=llm) as s:
        await ask(s)
        await s.turn()
        await s.until(lambda: "Reception again." in s.said())
        assert s.session.agent is front
        assert brief(s.session.history.items) == [
            "user: words 1", "call", "result", "assistant: Billing.", "user: words 2", "call", "result",
            "assistant: Reception again.",
        ]  # fmt: skip
    assert system(s, 3) == "You are reception."
    assert [line for line in log if not line.endswith(" is in")] == [
        "reception enters", "reception leaves", "billing enters", "billing leaves", "reception enters", "reception leaves",
    ]  # fmt: skip


async def test_the_agent_that_left_is_free_for_another_session() -> None:
    """With its instructions, and without the words of this caller."""
    front = Clerk("reception", [])
    front.tools = (transfer_to(Clerk("billing", [])),)
    async with scene(front, llm=FakeLLM([[CALL], "Hello."])) as s:
        await ask(s)
        with pytest.raises(MisuseError, match="is in no session"):
            _ = front.session
        assert (front.instructions, front.chat_context.items) == ("You are reception.", ())
        other = AgentSession(front, CascadingPipeline(stt=FakeSTT(), llm=FakeLLM(), tts=FakeTTS()))
        assert front.session is other
        with pytest.raises(MisuseError, match="this Clerk is in another session"):
            s.session.hand_off(front)


@pytest.mark.parametrize(
    ("agent", "keep", "says"),
    [
        ("Bob", "all", r"hand_off\(str\): give an Agent"),
        (None, "all", "has the conversation already"),
        (Agent(), "some", r"keep='some'\): give 'all', 'none', or how many"),
        (Agent(), -1, "keep=-1"),
        (Agent(), True, "keep=True"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(agent: Any, keep: Any, says: str) -> None:
    """Who, and what could be."""
    async with scene() as s:
        before = s.session.agent
        with pytest.raises(MisuseError, match=says):
            s.session.hand_off(agent or before, keep)
        assert s.session.agent is before
        await s.session.close()
        with pytest.raises(MisuseError, match="the session is closed"):
            s.session.hand_off(Agent())


async def test_a_tool_that_hands_over_to_nobody_free_has_failed_and_the_call_goes_on() -> None:
    """The agent is in another session: the model is told that it failed, the log says why."""
    taken = Agent()
    AgentSession(taken, CascadingPipeline(stt=FakeSTT(), llm=FakeLLM(), tts=FakeTTS()))
    front = Agent("", [transfer_to(taken)])
    async with scene(front, llm=FakeLLM([[CALL], "Sorry."])) as s:
        await ask(s)
        assert s.session.agent is front
    assert ToolResult("1", "transfer", "transfer failed", is_error=True) in s.llm.asked[1]
