"""A realtime model that fails, stalls, repeats itself or loses its connection: a defined outcome for each, and never silence for long."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from fsm_agents import Agent, function_tool
from fsm_agents.chat.message import ChatMessage, ToolCall
from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.machines import effects as do
from fsm_agents.machines import events as on
from fsm_agents.machines.link import MOST_TRIES
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.stages.realtime import (
    InputStarted,
    RealtimeRefused,
    ResponseAudio,
    ResponseCreated,
    ResponseEnded,
    ResponseText,
)  # fmt: skip
from fsm_agents.testing.fakes_realtime import Cue, FakeRealtime
from tests.pipelines.realtime_scene import RealtimeScene, realtime_scene

pytestmark = pytest.mark.anyio

LONG = "One two three four five six seven eight nine ten eleven twelve."


@pytest.mark.parametrize("cue", [Cue.FAIL, Cue.INCOMPLETE], ids=lambda cue: cue.name)
async def test_a_response_that_fails_is_apologised_for(cue: Cue) -> None:
    """By the model's own voice; the next turn is answered as ever."""
    async with realtime_scene(FakeRealtime([[cue], "Here I am."])) as s:
        await s.turn()
        await s.label("listening")
        await s.turn()
        await s.label("listening")
        assert s.heard() == [APOLOGY, "Here I am."]
        assert s.shown()[-1] == ("assistant", "Here I am.")
    assert s.got(on.ReplyBroke)[0].reason.startswith("ProviderError: the model's response was")


async def test_a_response_that_stalls_is_silence_for_eight_seconds_at_most() -> None:
    """Then it is cancelled, and the caller is told."""
    async with realtime_scene(FakeRealtime([[Cue.STALL], "Here I am."])) as s:
        await s.turn()
        await s.until(lambda: s.sounded(APOLOGY))
        assert s.sounded(APOLOGY)[0] - s.when(do.BeginReply)[0] < 8.5
        await s.label("listening")
        await s.turn()
        await s.label("listening")
        assert s.heard() == [APOLOGY, "Here I am."]
    assert len(s.told("cancel")) == 1


async def test_a_stall_in_the_middle_of_the_sound() -> None:
    """What sounded stands in history and at the model, truncated to the sample; the caller is told."""
    async with realtime_scene(FakeRealtime([["It is", Cue.STALL], "Here I am."])) as s:
        await s.turn()
        await s.until(lambda: s.sounded(APOLOGY))
        await s.label("listening")
        assert s.said()[0] in ("It", "It is")
        assert s.said()[1] == APOLOGY


async def test_nothing_can_be_said_at_all() -> None:
    """The apology fails too: the session listens again, and nothing is stuck."""
    async with realtime_scene(FakeRealtime([[Cue.FAIL], "Here I am."], spoils={APOLOGY: Cue.FAIL})) as s:
        await s.turn()
        await s.until(lambda: s.did(do.GiveUp))
        await s.label("listening")
        await s.turn()
        await s.label("listening")
        assert s.said()[-1] == "Here I am."


async def test_a_connection_that_breaks_while_listening_is_made_again_with_the_conversation() -> None:
    """Nobody notices; the model remembers."""
    async with realtime_scene(FakeRealtime(["It is ten.", "You are welcome."], words=["what time is it", "thank you"])) as s:
        await s.turn()
        await s.label("listening")
        s.model.now.break_off()
        await s.connected(2)
        assert s.shown() == [("user", "what time is it"), ("assistant", "It is ten.")]
        await s.turn()
        await s.label("listening")
        assert s.heard() == ["It is ten.", "You are welcome."]
        assert s.shown()[2:] == [("user", "thank you"), ("assistant", "You are welcome.")]
    assert s.session.close_reason == "closed by the host"


async def test_a_connection_that_breaks_twice() -> None:
    """What was restored once is known the second time as well."""
    async with realtime_scene(FakeRealtime(["It is ten."], words=["what time is it"])) as s:
        await s.turn()
        await s.label("listening")
        for connections in (2, 3):
            s.model.now.break_off()
            await s.connected(connections)
            assert s.shown() == [("user", "what time is it"), ("assistant", "It is ten.")]


async def test_a_connection_that_breaks_while_the_caller_speaks_loses_no_word() -> None:
    """The sound is told again, and goes on; one turn, one answer."""
    async with realtime_scene(FakeRealtime(["Indeed."], words=["a long story"])) as s:
        await s.caller.wait(0.3)
        await s.caller.speak(1)
        s.model.now.break_off()
        await s.caller.speak(1.5)
        await s.caller.wait(2)
        await s.label("listening")
        assert s.heard() == ["Indeed."]
        assert s.said("user") == ["a long story"]
        assert s.model.now.conversation[0].sound_ms >= 2500
    assert len(s.model.sessions) == 2
    assert len(s.did(do.BeginReply)) == 1


async def test_a_connection_that_breaks_before_the_words_are_known_tells_the_sound_again() -> None:
    """The turn was taken; the answer is made of the sound, and so are the words, at last."""
    async with realtime_scene(FakeRealtime(["Noted."], words_after=5, think=1)) as s:
        await s.turn()
        await s.label("thinking")
        s.model.now.break_off()
        await s.caller.wait(4)
        await s.label("listening")
        assert s.heard() == ["Noted."]
        _name, item, sound = s.told("add_item")[0]
        assert (item, sound > 48000 // 2) == (ChatMessage("user", "(speech)"), True)
        assert s.said("user") == ["(speech)"]
        await s.caller.wait(3)
        assert s.said("user") == ["words 1"]  # of the sound that was told again


async def test_a_connection_that_breaks_before_the_answer_sounds_is_asked_again() -> None:
    """The caller hears one answer, a little later."""
    async with realtime_scene(FakeRealtime([[Cue.BREAK], "Here I am."], words=["are you there"], words_after=0.05)) as s:
        await s.turn()
        await s.caller.wait(2)
        await s.label("listening")
        assert s.heard() == ["Here I am."]
        assert s.shown() == [("user", "are you there"), ("assistant", "Here I am.")]
    assert s.got(on.ReplyBroke) == []


async def test_a_connection_that_breaks_in_the_middle_of_an_answer() -> None:
    """What was heard stays in history, on the new connection too; the caller is told."""
    async with realtime_scene(FakeRealtime([["The first half,", Cue.BREAK], "Here I am."], pause=0.1)) as s:
        await s.turn()
        await s.until(lambda: s.sounded(APOLOGY))
        await s.label("listening")
        await s.turn()
        await s.label("listening")
        assert s.heard() == ["The first half,", APOLOGY, "Here I am."]
        assert [text for who, text in s.shown() if who == "assistant"] == s.said()
    assert len(s.got(on.ReplyBroke)) == 1


async def test_a_connection_that_breaks_while_a_tool_runs() -> None:
    """The call and its result are told the new connection; the tool ran once."""
    ran = []

    async def look(what: str) -> str:
        """Look something up."""
        ran.append(what)
        s.model.now.break_off()
        await anyio.sleep_until(anyio.current_time() + 2)
        return "found it"

    call = ToolCall("c1", "look", '{"what": "it"}')
    model = FakeRealtime([[call], "I have it."], words=["look it up"], words_after=0.05)
    async with realtime_scene(model, Agent("x", tools=[function_tool(look)])) as s:
        await s.turn()
        await s.caller.wait(3)
        await s.label("listening")
        assert ran == ["it"]
        assert s.shown() == [("user", "look it up"), ("call", "look"), ("result", "found it"), ("assistant", "I have it.")]


async def test_a_provider_that_stays_away_ends_the_session() -> None:
    """With one clear reason, after the table's tries, and in seconds."""
    gone = ProviderError("the provider refuses connections", retryable=True)
    async with realtime_scene(FakeRealtime(connects=[None, *[gone] * 9])) as s:
        await s.caller.wait(0.5)
        s.model.now.break_off()
        await s.session.wait_closed()
        assert anyio.current_time() < 10
        assert s.session.close_reason == "error: the provider refuses connections"
    assert len(s.model.settings) == MOST_TRIES


async def test_a_wrong_key_ends_the_session_at_once() -> None:
    """It is not tried again: the same key is wrong again."""
    model = FakeRealtime(connects=[ProviderError("the key is refused")])
    with pytest.raises(ProviderError, match=r"^the key is refused$"):
        async with realtime_scene(model):
            pass
    assert anyio.current_time() < 1
    assert len(model.settings) == 1


async def test_a_model_that_can_never_work_fails_the_start() -> None:
    """A missing key is known without a connection."""
    model = FakeRealtime()
    model.checked = MisuseError("there is no key")
    with pytest.raises(MisuseError, match="there is no key"):
        async with realtime_scene(model):
            pass
    assert model.settings == []


async def test_a_greeting_waits_for_the_connection() -> None:
    """The first connection may fail once; what is said in on_enter is said when there is one."""

    class Greeter(Agent):
        async def on_enter(self) -> None:
            self.handle = await self.session.say("Good morning.")

    agent = Greeter("x")
    async with realtime_scene(FakeRealtime(connects=[ProviderError("not yet", retryable=True), 1.0]), agent) as s:
        assert agent.handle.heard == "Good morning."
        assert anyio.current_time() > 1.5
        assert s.heard() == ["Good morning."]


async def test_the_connection_is_renewed_before_the_provider_ends_it() -> None:
    """At a quiet moment, with the conversation; the caller loses nothing."""
    model = FakeRealtime(["It is ten.", "Bye."], words=["what time is it", "thanks"], limit=60)
    async with realtime_scene(model) as s:
        await s.turn()
        await s.caller.wait(56)
        assert len(model.sessions) == 2
        assert s.shown() == [("user", "what time is it"), ("assistant", "It is ten.")]
        await s.turn()
        await s.label("listening")
        assert s.heard() == ["It is ten.", "Bye."]


async def _busy_turn(s: RealtimeScene) -> str:
    """A turn whose answer sounds now; the name of its response."""
    await s.turn()
    await s.label("speaking")
    return next(name for name in s.model.now._scopes) if s.model.now._scopes else ""


async def test_events_of_an_old_response_mean_nothing() -> None:
    """After a cut its sound, words and end may still come, twice and in any order."""
    async with realtime_scene(FakeRealtime([LONG, "Yes?"], words=["count", "stop it"], pause=0.2)) as s:
        old = await _busy_turn(s)
        await s.caller.speak(1.5)
        await s.caller.wait(1)
        now = s.model.now
        late: list[Any] = [ResponseAudio(old, "answer_x", b"\x09\x00" * 2400), ResponseText(old, "answer_x", "late", spoken=True)]
        now.emit(*late, ResponseEnded(old, "completed"), *late, ResponseCreated(old, "r1"), InputStarted("item_1"))
        await s.caller.wait(1)
        await s.label("listening")
        assert s.said()[-1] == "Yes?"
        assert "late" not in " ".join(s.said())
        assert s.heard() == [LONG, "Yes?"]


async def test_a_response_that_was_given_up_before_it_began() -> None:
    """The caller went on: it is stopped although its name is not known yet, and the next one is not refused."""
    async with realtime_scene(FakeRealtime(["In time."], words=["first", "second and third"], think=3)) as s:
        await s.turn()
        await s.label("thinking")
        await s.caller.speak(1.5)
        await s.caller.wait(1)
        await s.caller.wait(5)
        await s.label("listening")
        assert s.heard() == ["In time."]
        assert s.said("user") == ["first", "second and third"]
        assert [text for who, text in s.shown() if who == "assistant"] == ["In time."]
    assert s.told("cancel")[0] == ("",)
    assert len(s.model.asked) == 2


async def test_a_provider_that_answers_unasked_is_stopped() -> None:
    """The tables decide who speaks."""
    async with realtime_scene(allowed=("there is no response",)) as s:
        await s.caller.wait(0.5)
        s.model.now.emit(ResponseCreated("resp_uninvited", ""), ResponseAudio("resp_uninvited", "i", b"\x03\x00" * 2400))
        await s.caller.wait(1)
        assert s.told("cancel") == [("resp_uninvited",)]
        assert s.frames == []


async def test_a_refusal_of_something_else_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An item that was gone, say. The conversation goes on."""
    async with realtime_scene() as s:
        await s.connected(1)
        s.model.now.emit(RealtimeRefused("", "no such item"))
        await s.turn()
        await s.label("listening")
        assert s.heard() == ["Very well."]
    assert "no such item" in caplog.text


async def test_a_provider_that_fails_in_the_middle_of_an_answer() -> None:
    """Its error is about no request of ours; the answer may never end, so it is given up and the caller is told."""
    async with realtime_scene(FakeRealtime([["The first half", Cue.STALL], "Here I am."])) as s:
        await s.turn()
        await s.label("speaking")
        s.model.now.emit(RealtimeRefused("", "the server had an error", failed=True))
        await s.until(lambda: s.sounded(APOLOGY))
        await s.label("listening")
        await s.turn()
        await s.label("listening")
        assert s.heard()[-1] == "Here I am."
    assert len(s.told("cancel")) == 1


async def test_a_busy_provider_is_asked_again() -> None:
    """It still makes what it was told to stop."""
    async with realtime_scene(FakeRealtime(["At last."]), allowed=("another response",)) as s:
        await s.connected(1)
        s.model.now._responding = "resp_ghost"
        await s.turn()
        s.model.now._responding = None
        await s.caller.wait(1)
        await s.label("listening")
        assert s.heard() == ["At last."]


async def test_a_provider_without_tags() -> None:
    """Then the oldest request is the one that is answered."""
    async with realtime_scene(FakeRealtime(["It is ten."], tags=False)) as s:
        await s.session.say("Hello.")
        await s.turn()
        await s.label("listening")
        assert s.heard() == ["Hello.", "It is ten."]


async def test_edges_that_come_late_or_not_at_all() -> None:
    """A commit tells that somebody spoke, whoever forgot to say so."""
    from fsm_agents.stages.realtime import InputCommitted, InputStopped, InputWords

    async with realtime_scene(FakeRealtime(["One.", "Two."]), allowed=("there is no",)) as s:
        await s.connected(1)
        s.model.now.emit(InputCommitted("a"), InputWords("a", "only a commit", final=True), InputStarted("a"), InputStopped("a"))
        await s.until(lambda: s.heard() == ["One."])
        await s.label("listening")
        s.model.now.emit(InputStopped("b"), InputWords("b", "words first", final=True), InputCommitted("b"), InputCommitted("b"))
        await s.until(lambda: s.heard() == ["One.", "Two."])
        await s.label("listening")
        assert s.said("user") == ["only a commit", "words first"]


@pytest.mark.parametrize("moment", ["dialing", "listening", "hearing", "thinking", "speaking", "holding", "acting", "redialing"])
async def test_closing_from_everywhere(moment: str) -> None:
    """Closed within five seconds, nothing left, whatever the model does."""

    async def slow() -> str:
        """Take long."""
        await anyio.sleep_until(anyio.current_time() + 60)
        return "done"

    answers = {"acting": [[ToolCall("c", "slow", "{}")]]}.get(moment, [LONG])
    model = FakeRealtime(answers, think=1, connects=[30.0] if moment == "dialing" else [None, 30.0])  # type: ignore[arg-type]
    async with realtime_scene(model, Agent("x", tools=[function_tool(slow)])) as s:
        if moment == "listening":
            await s.caller.wait(1)
        elif moment == "redialing":
            await s.caller.wait(1)
            model.now.break_off()
            await s.caller.wait(1)
        elif moment != "dialing":
            await s.caller.wait(0.3)
            await s.caller.speak(0.6)
            if moment != "hearing":
                await s.caller.wait(0.6)
                await s.label("speaking" if moment == "holding" else moment)  # type: ignore[arg-type]
            if moment == "holding":
                await s.caller.speak(0.3)
        start = anyio.current_time()
        await s.session.close()
        assert anyio.current_time() - start < 5
    assert s.session.close_reason == "closed by the host"
