"""Whole conversations on fallbacks: the caller hears an answer, soon, whichever provider fails."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents import CascadingPipeline, ProviderError
from fsm_agents.errors import MisuseError
from fsm_agents.machines.reply import DEAD_AIR
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.pipelines.fallback_llm import FIRST_TOKEN, FallbackLLM
from fsm_agents.pipelines.fallback_stt import FallbackSTT
from fsm_agents.pipelines.fallback_tts import FIRST_SOUND, FallbackTTS
from fsm_agents.testing.fakes import FakeLLM, FakeSTT, FakeTTS
from tests.pipelines.fallback_parts import CALL, Model, Voice
from tests.session.scene import VoiceTTS, scene

pytestmark = pytest.mark.anyio


class Voices(FallbackTTS):
    """Several voices, whose last is the one that can be told."""

    def text_of(self, frame: bytes) -> str:
        """Of which text a frame is."""
        voice = self.members.all[-1].stage
        assert isinstance(voice, VoiceTTS)
        return voice.text_of(frame)


def conversation(**stages: Any) -> Any:
    """A scene on these stages."""
    return scene(**{"stt": FallbackSTT([FakeSTT(["hello"])]), "tts": VoiceTTS(), **stages})


async def test_they_are_stages_like_any_other() -> None:
    """What a pipeline asks of its stages, they have; what one of them lacks is said before it starts."""
    CascadingPipeline(stt=FallbackSTT([FakeSTT()]), llm=FallbackLLM([FakeLLM()]), tts=FallbackTTS([FakeTTS()]))
    with pytest.raises(MisuseError, match="lacks chat"):
        FallbackLLM([FakeTTS()])  # type: ignore[list-item]


async def test_a_turn_on_the_second_of_each() -> None:
    """The first of each hangs, at the same time: the answer sounds within the deadlines, before the silence is a failure."""
    stt = FallbackSTT([FakeSTT([None], delay=0.1), FakeSTT(["hello"])])
    model, voice = Model("a", "hang"), Voice("a", "hang")
    llm, tts = FallbackLLM([model, FakeLLM(["Good day."])]), Voices([voice, VoiceTTS()])
    async with conversation(stt=stt, llm=llm, tts=tts) as s:
        await s.turn()
        await s.until(lambda: s.sounded("Good day."))
        assert s.sounded("Good day.")[0] - model.asked[0] == pytest.approx(FIRST_TOKEN + FIRST_SOUND, abs=0.1)
        assert (DEAD_AIR.seconds or 0) > FIRST_TOKEN + FIRST_SOUND + 2
        await s.until(lambda: s.said())
        assert (s.said("user"), s.said()) == (["hello"], ["Good day."])
        assert [stage.serving for stage in (stt, llm, tts)] == [stage.members.all[-1].stage for stage in (stt, llm, tts)]


async def test_an_answer_that_breaks_off_is_apologised_for() -> None:
    """History has what was heard of it; the next turn is the next model's."""
    llm = FallbackLLM([Model("a", "mid"), FakeLLM(["Good day."])])
    async with conversation(stt=FallbackSTT([FakeSTT(["hello", "again"])]), llm=llm) as s:
        await s.turn()
        await s.until(lambda: s.sounded(APOLOGY))
        await s.until(lambda: APOLOGY in s.said())
        await s.turn()
        await s.until(lambda: "Good day." in s.said())


async def test_a_tool_of_an_answer_that_was_given_up_is_not_called() -> None:
    """The model that called it failed before it said anything; the next one answers."""
    broken = FakeLLM([[CALL, ProviderError("busy", retryable=True)]])
    async with conversation(llm=FallbackLLM([broken, FakeLLM(["Good day."])])) as s:
        await s.turn()
        await s.until(lambda: s.said())
        assert s.said() == ["Good day."]
        assert [type(item).__name__ for item in s.session.history.items if "Tool" in type(item).__name__] == []


async def test_a_session_starts_with_those_that_can_work() -> None:
    """One without a key, and one whose key is refused, do not keep the others from it."""
    llm = FallbackLLM([Model("a", can="misuse"), Model("b", warms="key"), FakeLLM(["Good day."])])
    async with conversation(llm=llm) as s:
        await s.turn()
        await s.until(lambda: s.said())
        assert s.said() == ["Good day."]
        assert [member.out for member in llm.members.all] == [True, True, False]
