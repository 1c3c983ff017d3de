"""Realtime models of which a part is replaced: own turns, own speech-to-text, own text-to-speech, text only. And what is refused."""

from __future__ import annotations

import pytest

from fsm_agents import Agent, TurnOptions, function_tool
from fsm_agents.chat.message import ToolCall
from fsm_agents.errors import MisuseError
from fsm_agents.machines import effects as do
from fsm_agents.machines import events as on
from fsm_agents.pipelines.realtime import RealTimePipeline, realtime_turn
from fsm_agents.stages.realtime import InputCommitted
from fsm_agents.testing.fakes import FakeSTT, FakeTTS, FakeVAD
from fsm_agents.testing.fakes_realtime import FakeRealtime
from tests.pipelines.realtime_scene import realtime_scene
from tests.session.scene import VoiceTTS

pytestmark = pytest.mark.anyio

LONG = "One two three four five six seven eight nine ten eleven twelve."


async def test_own_turns() -> None:
    """A model without turn detection: our detector makes the edges, our table ends the turn, the model gets what was said."""
    model = FakeRealtime(["It is ten.", "Bye."], words=["what time is it", "thanks"], tail=None)
    async with realtime_scene(model, vad=FakeVAD()) as s:
        await s.caller.wait(0.3)
        await s.turn()
        await s.label("listening")
        await s.turn()
        await s.label("listening")
        assert s.heard() == ["It is ten.", "Bye."]
        assert s.said("user") == ["what time is it", "thanks"]
        assert s.shown()[0] == ("user", "what time is it")
        assert 600 <= model.now.conversation[0].sound_ms <= 1300
    assert [told[0] for told in s.model.sessions[0].told if told[0] == "commit"] == ["commit"] * 2
    assert [event.text for event in s.got(on.FinalTranscript)] == ["<speech 1>", "<speech 2>"]


async def test_own_turns_a_cough_over_the_agent() -> None:
    """It is committed, has no words, and is forgotten; the answer goes on."""
    model = FakeRealtime([LONG], words=["count", ""], tail=None)
    async with realtime_scene(model, vad=FakeVAD()) as s:
        await s.caller.wait(0.3)
        await s.turn()
        await s.label("speaking")
        await s.caller.speak(0.2)
        await s.caller.wait(2)
        await s.label("listening")
        assert s.said() == [LONG]
        assert s.shown() == [("user", "count"), ("assistant", LONG)]
    assert len(s.did(do.BeginReply)) == 1


async def test_own_turns_and_a_connection_that_breaks_after_the_caller_spoke() -> None:
    """The segment is told again and committed there."""
    model = FakeRealtime(["Indeed."], words=["a long story"], tail=None)
    async with realtime_scene(model, vad=FakeVAD()) as s:
        await s.caller.wait(0.3)
        await s.caller.speak(1)
        model.now.break_off()
        await s.caller.speak(0.3)
        await s.caller.wait(3)
        await s.label("listening")
        assert s.heard() == ["Indeed."]
        assert s.said("user") == ["a long story"]


async def test_own_speech_to_text_with_the_models_voice() -> None:
    """The model is told words as items, and no sound."""
    async with realtime_scene(FakeRealtime(["It is ten."]), stt=FakeSTT(["what time is it"]), vad=FakeVAD()) as s:
        await s.session.say("Hello.")
        await s.turn()
        await s.label("listening")
        assert s.heard() == ["Hello.", "It is ten."]
        assert s.shown() == [("assistant", "Hello."), ("user", "what time is it"), ("assistant", "It is ten.")]
        assert not s.model.settings[0].hears
        assert s.model.now._buffered == 0


async def test_own_text_to_speech() -> None:
    """The model hears and answers with text; our voice speaks it, sentence by sentence."""
    tts = VoiceTTS()
    async with realtime_scene(FakeRealtime(["It is ten o'clock. Time for tea."], words=["what time is it"]), tts=tts) as s:
        await s.turn()
        await s.label("listening")
        assert tts.spoken == ["It is ten o'clock.", "Time for tea."]
        assert s.said() == ["It is ten o'clock. Time for tea."]
        assert s.shown() == [("user", "what time is it"), ("assistant", "It is ten o'clock. Time for tea.")]
        assert not s.model.settings[0].speaks
        assert s.told("delete_item") == []


async def test_own_text_to_speech_and_a_barge_in() -> None:
    """Text cannot be truncated: the model's item is replaced by what was heard."""
    tts = VoiceTTS()
    async with realtime_scene(FakeRealtime([LONG, "Yes?"], words=["count", "stop please"]), tts=tts) as s:
        await s.turn()
        await s.label("speaking")
        await s.caller.wait(1)
        await s.caller.speak(1.5)
        await s.caller.wait(1)
        await s.label("listening")
        heard = s.said()[0]
        assert LONG.startswith(heard)
        assert 0 < len(heard) < len(LONG)
        assert [text for who, text in s.shown() if who == "assistant"] == [heard, "Yes?"]
        assert s.told("truncate") == []


async def test_text_only() -> None:
    """The model as a language model with a memory: own ears, own voice, and the tools as ever."""

    def order(size: str) -> str:
        """Order a pizza."""
        return f"ordered: {size}"

    model = FakeRealtime([[ToolCall("c", "order", '{"size": "large"}')], "It is ordered."])
    agent = Agent("You take orders.", tools=[function_tool(order)])
    async with realtime_scene(model, agent, tts=VoiceTTS(), stt=FakeSTT(["a large one"]), vad=FakeVAD()) as s:
        await s.caller.wait(0.3)
        await s.turn()
        await s.label("listening")
        assert s.shown() == [
            ("user", "a large one"), ("call", "order"), ("result", "ordered: large"), ("assistant", "It is ordered."),
        ]  # fmt: skip
        assert s.heard() == ["It is ordered."]


async def test_a_model_that_tells_no_words() -> None:
    """Then what it commits counts, a cough too, and history says that there was speech."""
    async with realtime_scene(FakeRealtime(["It is ten."], transcribes=False)) as s:
        await s.turn()
        await s.label("listening")
        assert s.said("user") == ["(speech)"]
        assert s.heard() == ["It is ten."]


async def test_instructions_that_change_in_the_call_are_told() -> None:
    """Before the next answer."""
    async with realtime_scene() as s:
        await s.turn()
        await s.label("listening")
        s.session.agent.instructions = "Be rude."
        await s.turn()
        await s.label("listening")
        assert s.model.now.settings.instructions == "Be rude."


async def test_what_is_expected_is_a_hint_for_the_words() -> None:
    """The phrases of the state go to the model's transcription."""
    async with realtime_scene() as s:
        await s.connected(1)
        s.session.expect(["yes", "no"])
        assert s.model.now.settings.expected == ("yes", "no")


async def test_somebody_who_goes_on_after_a_pause() -> None:
    """Two items, two segments: the second is answered with the first, whatever was begun in between."""
    async with realtime_scene(FakeRealtime(["I see."], words=["I want", "a pizza please"], think=2)) as s:
        await s.turn()
        await s.label("thinking")
        await s.caller.speak(1.2)
        await s.caller.wait(4)
        await s.label("listening")
        assert s.heard() == ["I see."]
        assert s.said("user") == ["I want", "a pizza please"]


async def test_one_segment_of_two_items_gets_one_transcript() -> None:
    """The detector stopped and started within our hangover, over the agent: the words of both are one turn."""
    async with realtime_scene(FakeRealtime([LONG, "Yes?"], words=["count", "stop", "it please"], tail=0.1, words_after=1)) as s:
        await s.turn()
        await s.label("speaking")
        await s.caller.wait(1)
        await s.caller.speak(0.2)
        await s.caller.wait(0.2)
        await s.caller.speak(0.2)
        await s.caller.wait(2)
        await s.label("listening")
        assert " ".join(s.said("user")[1:]) == "stop it please"
        assert s.said()[-1] == "Yes?"


def test_a_detector_with_nothing_to_do_is_refused() -> None:
    """Two ears that contradict each other help nobody."""
    with pytest.raises(MisuseError, match="detects speech itself"):
        RealTimePipeline(FakeRealtime(), vad=FakeVAD())
    with pytest.raises(MisuseError, match="without stt"):
        RealTimePipeline(FakeRealtime(), turn_detector=object())  # type: ignore[arg-type]


async def test_stages_are_asked_early_and_closed_at_the_end() -> None:
    """As in the cascade: a voice without a key fails the start, and what can be closed is closed."""

    class Careful(VoiceTTS):
        closed = False

        def check(self) -> None:
            if self.rate == 8000:
                raise MisuseError("no key")

        async def aclose(self) -> None:
            self.closed = True

    tts = Careful()
    async with realtime_scene(tts=tts):
        pass
    assert tts.closed
    with pytest.raises(MisuseError, match="no key"):
        async with realtime_scene(tts=Careful(rate=8000)):
            pass


def test_what_is_no_stage_is_refused() -> None:
    """By name, with what it lacks."""
    with pytest.raises(MisuseError, match=r"model=FakeTTS.*it lacks tail"):
        RealTimePipeline(FakeTTS())  # type: ignore[arg-type]
    with pytest.raises(MisuseError, match="tts=FakeVAD"):
        RealTimePipeline(FakeRealtime(), tts=FakeVAD())  # type: ignore[arg-type]
    with pytest.raises(MisuseError, match="did you mean 'model'"):
        RealTimePipeline(modle=FakeRealtime())  # type: ignore[call-arg]
    with pytest.raises(MisuseError, match="TurnOptions"):
        RealTimePipeline(FakeRealtime(), turn=3)  # type: ignore[arg-type]


def test_the_delays_fit_the_model() -> None:
    """A detector's own hangover is no speech: barge-in allows for it. What is given is taken."""
    assert RealTimePipeline(FakeRealtime(tail=0.5)).turn == realtime_turn(0.5) == TurnOptions(final_ends_turn=True, barge_in=1.0)
    assert RealTimePipeline(FakeRealtime(tail=None)).turn == TurnOptions()
    assert RealTimePipeline(FakeRealtime(), stt=FakeSTT()).turn == TurnOptions()
    assert RealTimePipeline(FakeRealtime(), turn=TurnOptions(endpoint=1.0)).turn.endpoint == 1.0


async def test_a_commit_nobody_asked_for_means_nothing_to_own_turns() -> None:
    """The segments are ours there."""
    async with realtime_scene(FakeRealtime(tail=None), vad=FakeVAD()) as s:
        await s.connected(1)
        s.model.now.emit(InputCommitted("stray"))
        await s.caller.wait(1)
        assert s.got(on.FinalTranscript) == []
