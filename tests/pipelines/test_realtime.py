"""A conversation with a realtime model: the same tables, the same promises; what differs is who makes the edges and the sound."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents import Agent
from fsm_agents.machines import effects as do
from fsm_agents.machines import events as on
from fsm_agents.testing.fakes_realtime import FakeRealtime
from tests.pipelines.realtime_scene import realtime_scene

pytestmark = pytest.mark.anyio


class Greeter(Agent):
    """An agent that waits for its greeting to sound."""

    async def on_enter(self) -> None:
        await self.session.say("Good morning.")


async def test_a_conversation() -> None:
    """A greeting, two turns, answers with sound; history and the model's conversation say the same."""
    async with realtime_scene(
        FakeRealtime(["It is ten.", "Goodbye then."], words=["what time is it", "thank you"]), Greeter("Be brief.")
    ) as s:
        await s.turn()
        await s.label("listening")
        await s.turn()
        await s.label("listening")
        assert s.heard() == ["Good morning.", "It is ten.", "Goodbye then."]
        assert s.said() == ["Good morning.", "It is ten.", "Goodbye then."]
        assert s.said("user") == ["what time is it", "thank you"]
        assert s.shown() == [
            ("assistant", "Good morning."), ("user", "what time is it"), ("assistant", "It is ten."), ("user", "thank you"),
            ("assistant", "Goodbye then."),
        ]  # fmt: skip
        assert s.model.settings[0].instructions == "Be brief."
    assert s.labels == [
        "away", "listening", "thinking", "speaking", "listening", "hearing", "thinking", "speaking", "listening", "hearing", "thinking",
        "speaking", "listening", "away", "closed",
    ]  # fmt: skip
    assert [event.text for event in s.got(on.FinalTranscript)] == ["<speech 1>", "<speech 2>"]


async def test_the_model_answers_before_the_words_are_known() -> None:
    """It needs none: the turn is taken at the commit, and history learns the words later."""
    async with realtime_scene(FakeRealtime(words=["two pizzas please"], words_after=5)) as s:
        await s.caller.wait(0.3)
        await s.caller.speak(0.6)
        await s.caller.wait(0.6)
        await s.label("speaking")
        assert s.said("user") == ["(speech)"]
        assert s.when(do.BeginReply) == [pytest.approx(0.3 + 0.6 + 0.5, abs=0.05)]
        await s.until(lambda: s.session.label == "listening")
        await s.caller.wait(5)
        assert s.said("user") == ["two pizzas please"]
        assert s.shown() == [("user", "two pizzas please"), ("assistant", "Very well.")]


async def test_a_barge_in_keeps_what_was_heard() -> None:
    """Two seconds into an answer the caller speaks: silence at once, the answer is cut, and model and history keep what sounded."""
    long = "One two three four five six seven eight nine ten eleven twelve."
    async with realtime_scene(FakeRealtime([long, "Yes?"], words=["count", "stop it please"])) as s:
        await s.turn()
        await s.label("speaking")
        await s.caller.wait(2)
        before = len(s.frames)
        await s.caller.speak(1.5)
        assert len(s.frames) - before <= 2
        assert s.session.label == "hearing"
        await s.caller.wait(1)
        await s.label("listening")
        sounded = len(s.sounded(long)) * 20
        assert s.told("truncate") == [(s.told("truncate")[0][0], sounded)]
        assert len(long) * sounded // (len(long) * 60) - 8 < len(s.said()[0]) <= len(long) * sounded // (len(long) * 60)
        assert long.startswith(s.said()[0])
        cut: Any = s.session.history.items[1]
        assert cut.interrupted
        assert s.said("user") == ["count", "stop it please"]
        assert [who for who, _ in s.shown()] == ["user", "assistant", "user", "assistant"]
        assert s.shown()[1][1].endswith("|")
        assert s.heard() == [long, "Yes?"]


async def test_a_cough_over_the_agent_does_not_end_the_answer() -> None:
    """The gate is shut while it is undecided; nothing is lost, and the model forgets the cough."""
    answer = "The first train to the coast leaves at seven in the morning."
    async with realtime_scene(FakeRealtime([answer], words=["when does it leave", ""])) as s:
        await s.turn()
        await s.label("speaking")
        await s.caller.wait(0.5)
        await s.caller.speak(0.2)
        assert s.session.label == "holding"
        await s.caller.wait(2)
        assert s.session.label == "speaking"
        await s.label("listening")
        assert s.said() == [answer]
        assert s.said("user") == ["when does it leave"]
        assert s.shown() == [("user", "when does it leave"), ("assistant", answer)]
        assert s.told("cancel") == []
        assert s.told("truncate") == []
    assert len(s.did(do.BeginReply)) == 1


async def test_a_short_word_over_the_agent_counts() -> None:
    """It is as short as a cough; its words tell the difference."""
    async with realtime_scene(
        FakeRealtime(["A long answer that goes on and on and on.", "Fine."], words=["tell me", "stop"])
    ) as s:
        await s.turn()
        await s.label("speaking")
        await s.caller.speak(0.2)
        await s.caller.wait(2)
        await s.label("listening")
        assert s.said("user") == ["tell me", "stop"]
        assert s.said()[-1] == "Fine."


async def test_the_wake_up_and_a_leave() -> None:
    """The same timers and the same doors as with any pipeline; nothing is heard while the agent is away."""
    async with realtime_scene(FakeRealtime(["Welcome back."], words=["hello"]), wake_up=5) as s:
        s.session.on_wake_up = lambda: s.session.say("Are you still there?")
        await s.until(lambda: s.heard() == ["Are you still there?"])
        await s.label("listening")
        assert s.when(do.CallWakeUp) == [5.0]
        await s.session.leave()
        assert s.session.label == "away"
        await s.come_back()
        await s.caller.wait(0.3)
        await s.turn()
        await s.until(lambda: "Welcome back." in s.said())
        assert s.said("user") == ["hello"]
    assert len(s.model.sessions) == 1
