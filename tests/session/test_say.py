"""``say()`` from everywhere: in order, at the right place among what sounds, with a handle that tells the truth."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import pytest

from fsm_agents import Agent, ConversationFlow, SpeechHandle, function_tool
from fsm_agents.chat.message import ToolCall
from fsm_agents.machines import effects as do
from fsm_agents.testing.fakes import FakeLLM, FakeSTT
from tests.session.scene import GUARD, VoiceTTS, scene

pytestmark = pytest.mark.anyio


async def test_says_are_spoken_in_the_order_of_their_calls() -> None:
    """Also one that comes while the first ones are being made."""
    async with scene(tts=VoiceTTS(pause=0.005)) as s:
        first, second = s.session.say("The first."), s.session.say("The second.")
        await anyio.sleep_until(0.1)
        third = s.session.say("The third.")
        for handle in (first, second, third):
            await handle
    assert s.heard() == ["The first.", "The second.", "The third."]
    assert [handle.heard for handle in (first, second, third)] == s.heard()


async def test_a_say_in_on_enter_may_be_awaited_or_not() -> None:
    """Both sound, in order."""

    class Greeter(Agent):
        async def on_enter(self) -> None:
            await self.session.say("Welcome.")
            self.session.say("What will it be?")

    async with scene(Greeter()) as s:
        assert s.sounded("Welcome.")
        await s.label("listening")
    assert s.said() == ["Welcome.", "What will it be?"]


async def test_a_say_inside_run_comes_before_what_run_yields_after_it() -> None:
    """Behind what sounds, ahead of what has not sounded."""

    class Talker(ConversationFlow):
        async def run(self, transcript: str) -> AsyncIterator[str]:
            yield "One moment. I look. "
            await anyio.sleep_until(anyio.current_time() + 0.1)
            self.session.say("Hold on.")
            yield "Here it is."

    async with scene(flow=Talker()) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("listening")
    assert s.heard() == ["One moment.", "Hold on.", "I look. Here it is."]
    assert s.said() == ["One moment. Hold on. I look. Here it is."]


@pytest.mark.parametrize("kind", ["async", "sync"])
async def test_a_tool_may_say_something(kind: str) -> None:
    """An async one may wait until it has sounded; a sync one runs in a thread, and is handed to the loop. Neither deadlocks."""
    handles: list[SpeechHandle] = []

    class Clerk(Agent):
        @function_tool
        async def wait_for_it(self) -> str:
            """Say and wait."""
            handles.append(await self.session.say("I am looking it up."))
            return "42"

        @function_tool
        def do_not_wait(self) -> str:
            """Only say."""
            handles.append(self.session.say("I am looking it up."))
            return "42"

    call = ToolCall("1", "wait_for_it" if kind == "async" else "do_not_wait", "{}")
    async with scene(Clerk(), llm=FakeLLM([["Let me see.", call], "It is 42."])) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.until(lambda: "It is 42." in s.heard())
        await s.label("listening")
    assert s.heard() == ["Let me see.", "I am looking it up.", "It is 42."]
    assert [handle.heard for handle in handles] == ["I am looking it up."]


async def test_a_say_while_the_caller_speaks_waits_for_the_caller() -> None:
    """And is spoken before the answer."""
    async with scene() as s:
        await s.caller.wait(GUARD)
        await s.caller.speak(0.3)
        handle = s.session.say("By the way.")
        assert s.session.label == "hearing"
        await s.caller.speak(0.3)
        assert not s.frames
        await s.caller.wait(1)
        await handle
        await s.label("listening")
    assert s.heard() == ["By the way.", "Very well."]


async def test_a_say_while_it_thinks_is_spoken_first() -> None:
    """The caller need not wait for the model to hear it."""
    async with scene(llm=FakeLLM(["The answer."], pause=1)) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        assert s.session.label == "thinking"
        await s.session.say("A moment please.")
        await s.label("thinking")
        await s.label("speaking")
        await s.label("listening")
    assert s.heard() == ["A moment please.", "The answer."]


async def test_a_say_over_an_answer_comes_behind_the_sentence_that_sounds() -> None:
    """And ahead of those that have not sounded."""
    async with scene(llm=FakeLLM(["First sentence here. Second sentence here. Third sentence here."])) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.until(lambda: s.frames)
        await s.session.say("Attention please.")
        await s.label("listening")
    assert s.heard() == ["First sentence here.", "Attention please.", "Second sentence here.", "Third sentence here."]


async def test_an_interrupted_say_tells_how_much_was_heard() -> None:
    """Whole words, by the marks of the voice."""
    async with scene(stt=FakeSTT(interim=True)) as s:
        handle = s.session.say("Monday Tuesday Wednesday Thursday Friday Saturday")
        await s.caller.wait(GUARD + 1)
        await s.turn()
        await s.label("listening")
    assert handle.interrupted
    assert handle.heard == "Monday Tuesday"
    assert handle.done()
    assert not handle.refused


async def test_an_uninterruptible_say_sounds_to_its_end_under_the_caller() -> None:
    """Who is heard, and answered afterwards."""
    async with scene(stt=FakeSTT(["what did you say"], interim=True)) as s:
        handle = s.session.say("This call is recorded for quality reasons.", interruptible=False)
        await s.caller.wait(GUARD)
        await s.turn()
        await handle
        await s.label("listening")
    assert s.heard() == ["This call is recorded for quality reasons.", "Very well."]
    assert (handle.heard, handle.interrupted) == ("This call is recorded for quality reasons.", False)
    assert s.said("user") == ["what did you say"]


async def test_what_follows_an_uninterruptible_say_can_be_interrupted_again() -> None:
    """Only the say is firm, not the reply that holds it."""
    async with scene(stt=FakeSTT([None, None], interim=True), llm=FakeLLM(["An answer that goes on and on and on and on."])) as s:
        firm = s.session.say("Listen.", interruptible=False)
        soft = s.session.say("This one can be cut off by anybody.")
        await s.caller.wait(0.6)
        await s.caller.speak(0.6)
        await soft
    assert (firm.heard, firm.interrupted) == ("Listen.", False)
    assert soft.interrupted


@pytest.mark.parametrize("cut", [False, True])
async def test_says_that_wait_behind_a_cut_are_over_too(cut: bool) -> None:
    """Interrupted before they began: nothing of them was heard."""
    async with scene() as s:
        handles = [s.session.say(text) for text in ("One two three four.", "Five six.", "Seven eight.")]
        await anyio.sleep_until(0.5)
        if cut:
            s.session.interrupt()
        else:
            await s.session.close()
        assert [handle.done() for handle in handles] == [True, True, True]
    assert [handle.heard for handle in handles] == ["One two", "", ""]
    assert all(handle.interrupted for handle in handles)
    assert s.heard() == ["One two three four."]


async def test_a_say_before_the_start_is_refused_with_the_reason() -> None:
    """It is over at once; nobody waits for it."""
    seen: list[SpeechHandle] = []

    class Early(Agent):
        async def on_enter(self) -> None:
            seen.append(self.session.say("Now it works."))

    async with scene(Early()) as s:
        await seen[0]
        await s.session.close()
        refused = await s.session.say("Too late.")
    assert "closed" in refused.refused
    assert seen[0].heard == "Now it works."


async def test_a_voice_that_stalls_in_an_interjection_is_given_up() -> None:
    """Eight seconds without sound are a failure, and its task does not stay behind."""
    async with scene(tts=VoiceTTS(stall=["Hold on."]), llm=FakeLLM(["The first sentence.", "And so on."])) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        handle = s.session.say("Hold on.")
        await handle
        await s.label("listening")
        tasks = [task.name for task in anyio.get_running_tasks() if task.name and task.name.startswith("say")]
    assert handle.interrupted
    assert handle.heard == "Hold"
    assert tasks == []
    assert s.did(do.CancelReply)[0].reason == "nothing sounded in time"


async def test_a_long_say_sounds_without_a_gap() -> None:
    """More of it is made while it sounds, not when it has run dry."""
    async with scene(tts=VoiceTTS(per_character=0.5)) as s:
        await s.session.say("A very long sentence of sixty characters, spoken very slowly.")
    at = [frame.at for frame in s.frames]
    assert len(at) == 1525
    assert max(later - earlier for earlier, later in zip(at, at[1:], strict=False)) == pytest.approx(0.02)
    assert s.labels.count("speaking") == 1


async def test_two_makers_that_wait_for_space_both_go_on() -> None:
    """An interjection beside a long answer: neither is forgotten."""
    async with scene(
        tts=VoiceTTS(per_character=0.3), llm=FakeLLM(["A long answer of forty characters or so. And another one."])
    ) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("speaking")
        await s.session.say("A long interjection of forty characters.")
        await s.label("listening")
    assert s.heard() == [
        "A long answer of forty characters or so.",
        "A long interjection of forty characters.",
        "And another one.",
    ]
    assert s.labels.count("speaking") == 1


def test_a_handle_tells_where_it_stands_and_not_what_it_says() -> None:
    """Its words are nobody's business in a log."""
    handle = SpeechHandle("secret words", interruptible=True)
    assert repr(handle) == "<SpeechHandle waiting, 12 characters>"
    handle.settle("secret", interrupted=True)
    handle.settle("secret words")
    assert (handle.heard, handle.interrupted, repr(handle)) == ("secret", True, "<SpeechHandle cut, 12 characters>")
