"""History is what was heard: cut before the first frame, in the middle, between sentences, during a tool, by a failure or by a close."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import pytest

from fsm_agents import Agent, ConversationFlow, MemoryRoom, function_tool
from fsm_agents.chat.message import ChatMessage, ToolCall, ToolResult
from fsm_agents.machines import effects as do
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.stages.base import SpeechChunk
from fsm_agents.testing.fakes import FakeLLM, FakeSTT
from tests.session.scene import GUARD, Scene, VoiceTTS, scene

pytestmark = pytest.mark.anyio


class Slow(Agent):
    """Its tool takes three seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.ran = 0

    @function_tool
    async def order(self, pizza: str) -> str:
        """Order a pizza.

        Args:
            pizza: Which one.
        """
        self.ran += 1
        await anyio.sleep_until(anyio.current_time() + 3)
        return f"ordered {pizza}"


def items(s: Scene) -> list[tuple[str, str, bool]]:
    """The messages of the history: who, what, and whether it was interrupted."""
    return [(item.role, item.text, item.interrupted) for item in s.session.history.items if isinstance(item, ChatMessage)]


async def begin(s: Scene) -> None:
    """The caller's first turn."""
    await s.caller.wait(GUARD)
    await s.turn()


async def test_a_whole_reply_is_in_history_when_it_has_sounded() -> None:
    """Not when it was made."""
    async with scene(llm=FakeLLM(["One two. Three four."])) as s:
        await begin(s)
        assert items(s) == [("user", "words 1", False)]
        await s.label("listening")
        assert items(s) == [("user", "words 1", False), ("assistant", "One two. Three four.", False)]


async def test_cut_before_the_first_frame_nothing_is_there() -> None:
    """And the question is answered together with what came next, in one reply."""
    async with scene(llm=FakeLLM(["The answer."], pause=0.5), stt=FakeSTT(["one", "two"], interim=True)) as s:
        await begin(s)
        await s.label("thinking")
        await s.turn()
        await s.label("speaking")
        await s.label("listening")
    assert items(s) == [("user", "one", False), ("user", "two", False), ("assistant", "The answer.", False)]
    assert [begun.texts for begun in s.did(do.BeginReply)] == [("one",), ("one", "two")]


async def test_cut_in_the_middle_it_holds_the_words_that_sounded() -> None:
    """Up to the last word mark that was played."""
    async with scene(llm=FakeLLM(["Monday Tuesday Wednesday Thursday.", "Yes?"]), stt=FakeSTT(interim=True)) as s:
        await begin(s)
        await s.until(lambda: s.frames)
        await s.caller.wait(0.9)
        await s.turn()
        await s.label("listening")
    assert items(s)[1] == ("assistant", "Monday Tuesday", True)


async def test_cut_between_sentences_it_says_that_it_was_cut() -> None:
    """All that began was heard, and yet the model must know that more was to come."""
    async with scene(llm=FakeLLM(["The first sentence. The second sentence."])) as s:
        await begin(s)
        await s.until(lambda: len(s.sounded("The first sentence.")) == 57)
        s.session.interrupt()
        await s.label("listening")
    assert items(s)[1] == ("assistant", "The first sentence.", True)


async def test_cut_during_a_tool_it_holds_what_was_said_before_the_tool() -> None:
    """The tool goes on to its end, runs once, and its result is there for the next answer."""
    agent = Slow()
    call = ToolCall("1", "order", '{"pizza": "margherita"}')
    llm = FakeLLM([["I order it now.", call], "It is ordered.", "Anything else?"])
    async with scene(agent, llm=llm, stt=FakeSTT(["one margherita", "quick please"], interim=True)) as s:
        await begin(s)
        await s.label("acting")
        await s.turn()
        await s.label("listening")
    assert agent.ran == 1
    assert [item if not isinstance(item, ChatMessage) else item.text for item in s.session.history.items] == [
        "one margherita", "I order it now.", call, "quick please", ToolResult("1", "order", "ordered margherita"), "It is ordered.",
    ]  # fmt: skip
    shown = s.llm.asked[-1]
    assert shown.index(ToolResult("1", "order", "ordered margherita")) == shown.index(call) + 1


async def test_what_was_announced_before_a_tool_and_not_heard_is_taken_back() -> None:
    """It stands there while the tool runs, so that the model sees it before the call; then it is corrected."""
    agent = Slow()
    call = ToolCall("1", "order", '{"pizza": "quattro"}')
    llm = FakeLLM([["Monday Tuesday Wednesday Thursday Friday.", call], "Done."])
    async with scene(agent, llm=llm, stt=FakeSTT(interim=True)) as s:
        await begin(s)
        await s.until(lambda: s.frames)
        await s.caller.wait(0.5)
        await s.caller.speak(0.4)
        assert items(s)[1] == ("assistant", "Monday", True)
        await s.caller.wait(0.8)
        await s.label("listening")
    assert [text for role, text, _ in items(s) if role == "assistant"] == ["Monday", "Done."]


async def test_an_announcement_of_which_nothing_was_heard_is_gone() -> None:
    """Not even an empty message stays."""
    call = ToolCall("1", "order", '{"pizza": "funghi"}')
    llm = FakeLLM([["One second.", call], "Done."])
    async with scene(Slow(), llm=llm, tts=VoiceTTS(pause=0.3), stt=FakeSTT(interim=True)) as s:
        await begin(s)
        await s.caller.speak(0.6)
        assert [text for role, text, _ in items(s) if role == "assistant"] == []
        await s.caller.wait(0.8)
        await s.label("listening")


async def test_a_failed_reply_leaves_what_was_heard_of_it() -> None:
    """And the apology, which is said as well."""

    class Failing(ConversationFlow):
        async def run(self, transcript: str) -> AsyncIterator[str]:
            yield "The first sentence is fine. And"
            await anyio.sleep_until(anyio.current_time() + 0.8)
            raise RuntimeError("down")

    async with scene(flow=Failing()) as s:
        await begin(s)
        await s.until(lambda: APOLOGY in s.said())
    assert items(s)[1:] == [("assistant", "The first", True), ("assistant", APOLOGY, False)]


async def test_what_the_host_interrupted_is_not_asked_again() -> None:
    """The question stays unanswered, and the next one gets into history and is answered: once each."""
    async with scene(llm=FakeLLM(["No.", "Yes."], pause=0.5), stt=FakeSTT(["same words", "same words"])) as s:
        await begin(s)
        await s.label("thinking")
        s.session.interrupt()
        assert s.session.label == "listening"
        await s.turn()
        await s.label("speaking")
        await s.label("listening")
    assert items(s) == [("user", "same words", False), ("user", "same words", False), ("assistant", "Yes.", False)]
    assert [begun.texts for begun in s.did(do.BeginReply)] == [("same words",), ("same words",)]


async def test_a_question_that_is_cut_twice_is_in_history_once() -> None:
    """However often its answer has to begin again."""
    async with scene(llm=FakeLLM(["Finally."], pause=1.5), stt=FakeSTT(["a", "b", "c"], interim=True)) as s:
        await begin(s)
        await s.turn()
        await s.turn()
        await s.label("listening")
    assert [text for role, text, _ in items(s) if role == "user"] == ["a", "b", "c"]
    assert s.said() == ["Finally."]


async def test_a_question_that_leaving_gave_up_does_not_shadow_the_next() -> None:
    """After the return, new words are new."""
    async with scene(llm=FakeLLM(["No.", "Yes."], pause=0.5), stt=FakeSTT(["same words", "same words"])) as s:
        await begin(s)
        await s.label("thinking")
        await s.session.leave()
        await s.come_back()
        await s.turn()
        await s.label("speaking")
        await s.label("listening")
    assert [text for role, text, _ in items(s) if role == "user"] == ["same words", "same words"]


async def test_without_word_marks_it_is_a_share_cut_at_a_word() -> None:
    """A voice that does not tell: proportional, and never more than sounded."""

    class Markless(VoiceTTS):
        async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
            async for chunk in super().synthesize(text):
                yield SpeechChunk(chunk.pcm)

    async with scene(tts=Markless(), llm=FakeLLM(["Monday Tuesday Wednesday Thursday."])) as s:
        await begin(s)
        await s.until(lambda: len(s.frames) == 60)
        s.session.interrupt()
    assert items(s)[1] == ("assistant", "Monday Tuesday", True)


async def test_sound_that_the_room_had_taken_and_not_played_was_not_heard() -> None:
    """A room that plays from a buffer says at a cut how much of it did not sound, over the border of two sentences."""

    class Buffered(MemoryRoom):
        def clear(self) -> int:
            return round(0.5 * self.rate)

    async with scene(room=Buffered(paced=True), llm=FakeLLM(["One two three four five. Six seven eight nine ten."])) as s:
        await begin(s)
        await s.until(lambda: len(s.sounded("Six seven eight nine ten.")) == 10)
        s.session.interrupt()
    assert items(s)[1] == ("assistant", "One two three four", True)


async def test_a_flow_that_answers_nothing_is_a_turn_all_the_same() -> None:
    """Silence was chosen: the question is answered by it, and not asked again."""

    class Silent(ConversationFlow):
        async def run(self, transcript: str) -> AsyncIterator[str]:
            for text in tuple[str, ...]():
                yield text

    async with scene(flow=Silent()) as s:
        await begin(s)
        assert s.session.label == "listening"
        await s.turn()
    assert [begun.texts for begun in s.did(do.BeginReply)] == [("words 1",), ("words 2",)]
    assert items(s) == [("user", "words 1", False), ("user", "words 2", False)]


async def test_the_next_answer_sees_what_was_heard_and_not_what_was_said() -> None:
    """What the model is shown is the history."""
    async with scene(llm=FakeLLM(["Monday Tuesday Wednesday Thursday.", "Yes?"]), stt=FakeSTT(interim=True)) as s:
        await begin(s)
        await s.until(lambda: s.frames)
        await s.caller.wait(0.5)
        await s.turn()
        await s.label("listening")
    assert [item.text for item in s.llm.asked[1] if isinstance(item, ChatMessage)] == ["Be kind.", "words 1", "Monday", "words 2"]
