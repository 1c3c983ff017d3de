"""A move is atomic: whatever comes at the same time, the flow stands in one declared state, and something is said."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from fsm_agents import ConversationFlow
from fsm_agents.testing.fakes import FakeSTT
from tests.session.flows.spoken import SHOP, SlowTTS, asked, call, flow_of, shop, tries, turn
from tests.session.scene import Scene

pytestmark = pytest.mark.anyio


def state(s: Scene) -> str:
    return s.session.conversation_flow.state


async def test_barge_in_over_the_entry_prompt() -> None:
    """The prompt counts as heard, the words are answered in the state it leads to, and its question is not asked any more."""
    async with call(shop(), "two large") as s:
        await s.until(lambda: s.sounded("Good day."))
        await turn(s, 0.8)
        await asked(s, "two large, right?")
        assert state(s) == "confirm"
    assert "How many boxes?" not in s.heard()


async def test_a_cough_over_the_entry_prompt() -> None:
    """Sound without words that cuts the prompt: the next question is asked when the floor is free."""
    async with call(shop(), "") as s:
        await s.until(lambda: s.sounded("Good day."))
        await s.caller.speak(0.8)
        await s.caller.wait(2)
        assert s.sounded("How many boxes?")
        await asked(s, "How many boxes?")
        assert state(s) == "count"


async def test_a_noise_before_a_question_sounds() -> None:
    """It is cut unheard; after the silence it is asked, and no failure is counted."""
    async with call(shop(), "", tts=SlowTTS("Good day.")) as s:
        await s.until(lambda: state(s) == "count")
        await s.caller.speak(0.9)
        await s.caller.wait(1)
        assert not s.sounded("How many boxes?")
        await asked(s, "How many boxes?")
        assert tries(s) == 0


async def test_words_over_the_entry_prompt_that_nobody_takes() -> None:
    """They were no answer to a question that was not asked: the question is asked, and no failure is counted."""
    async with call(shop(), "hello there") as s:
        await s.until(lambda: s.sounded("Good day."))
        await turn(s, 0.8)
        await asked(s, "How many boxes?")
        assert tries(s) == 0
    assert "How many?" not in s.heard()


async def test_barge_in_over_a_question() -> None:
    """The words answer it."""
    async with call(shop(), "two large") as s:
        await s.until(lambda: s.sounded("How many boxes?"))
        await turn(s, 0.8)
        await asked(s, "two large, right?")


async def test_words_in_two_turns_are_each_told_once() -> None:
    """A reply that is cut before it sounds: the flow has heard the first words, and hears the second in the state they led to."""
    told: list[str] = []
    async with call(shop(), "two", "large", tts=SlowTTS("Good day.", "How many boxes?")) as s:
        assert s.session.voice is not None
        s.session.voice.run.driver.watchers.append(lambda _now, step: told.append(getattr(step.event, "text", "")))
        await asked(s, "How many boxes?")
        await s.caller.speak(0.5)
        await s.until(lambda: state(s) == "size")
        await turn(s)
        await asked(s, "two large, right?")
        assert list(filter(None, told)) == ["two", "large"]
    assert "Small or large?" not in s.heard()


async def test_a_noise_after_the_turn_does_not_swallow_the_answer() -> None:
    """What the step said and nobody heard is said again, as soon as the noise is over."""
    async with call(shop(), "two", "", tts=SlowTTS("Good day.", "How many boxes?")) as s:
        await asked(s, "How many boxes?")
        await s.caller.speak(0.5)
        await s.until(lambda: state(s) == "size")
        await s.caller.speak(0.9)
        await s.caller.wait(2.5)
        assert s.sounded("Small or large?")
        await asked(s, "Small or large?")


async def test_words_over_a_greeting_that_goes_on() -> None:
    """They wait until it is over, and are answered then: the question they answer is not asked."""
    flow = flow_of(
        shop(welcome='barge_in = "none"').spec.text.replace(
            "Good day.", "Good day, this is the shop with the boxes, open until late."
        ),
        tools={"place": lambda count, size: {"minutes": 1}},
    )
    async with call(flow, "two large") as s:
        await s.until(lambda: s.frames)
        await turn(s)
        await asked(s, "two large, right?")
    assert "How many boxes?" not in s.heard()


async def to_placing(s: Scene) -> None:
    await asked(s, "How many boxes?")
    await turn(s)
    await asked(s, "two large, right?")
    await turn(s)


def waiting(result: Any = None) -> tuple[Any, anyio.Event]:
    go = anyio.Event()

    async def place(count: int, size: str) -> Any:
        await go.wait()
        if isinstance(result, Exception):
            raise result
        return {"minutes": 10}

    return place, go


async def test_words_while_a_tool_works() -> None:
    """They are dropped, with a reason; the tool's result is said."""
    place, go = waiting()
    async with call(shop(place), "two large", "yes", "hurry up") as s:
        await to_placing(s)
        await s.until(lambda: state(s) == "placing")
        await turn(s)
        assert state(s) == "placing"
        go.set()
        assert await s.session.wait_closed() == "ordered"
    assert s.heard()[-1] == "Ready in ten minutes."


async def test_a_wait_line_bridges_a_slow_tool(caplog: pytest.LogCaptureFixture) -> None:
    """Every four seconds; then its time is over."""
    place, _ = waiting()
    async with call(shop(place), "two large", "yes") as s:
        await to_placing(s)
        assert await s.session.wait_closed() == "failed"
    assert s.heard()[-2:] == ["One moment.", "Call again tomorrow."]


async def test_a_tool_that_fails_while_the_caller_speaks() -> None:
    """What it leads to is said when the caller has finished."""
    place, go = waiting(RuntimeError("no"))
    async with call(shop(place), "two large", "yes", "are you there") as s:
        await to_placing(s)
        await s.until(lambda: state(s) == "placing")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(turn, s, 1.0)
            await anyio.sleep_until(anyio.current_time() + 0.5)
            go.set()
        assert await s.session.wait_closed() == "failed"
    assert s.heard()[-1] == "Call again tomorrow."


async def test_a_result_after_the_caller_hung_up() -> None:
    """Nobody waits for it."""
    place, go = waiting()
    async with call(shop(place), "two large", "yes") as s:
        await to_placing(s)
        await s.until(lambda: state(s) == "placing")
        s.room.hang_up()
        await s.soon(lambda: s.session.state != "running")
        go.set()
        await s.session.wait_closed()
        assert s.session.conversation_flow.outcome == "abandoned"


async def test_an_event_of_the_host_races_a_turn() -> None:
    """Whichever comes first moves the flow; the other finds it there."""
    async with call(shop(), "two large") as s:
        await asked(s, "How many boxes?")
        await s.caller.speak(0.6)
        await s.session.conversation_flow.send_event("closing")
        await s.caller.wait(2)
        assert await s.session.wait_closed() == "failed"
    assert s.heard()[-2:] == ["We are closing.", "Call again tomorrow."]


async def test_the_session_is_closed_in_the_middle() -> None:
    """While a tool works, and while a prompt sounds."""
    place, _ = waiting()
    async with call(shop(place), "two large", "yes") as s:
        await to_placing(s)
        await s.until(lambda: state(s) == "placing")
        await s.session.close("enough")
        assert s.session.close_reason == "enough"
    async with call(shop()) as s:
        await s.until(lambda: s.sounded("How many boxes?"))
        await s.session.close("enough")
        assert state(s) == "count"


async def test_the_session_leaves_and_comes_back() -> None:
    """The state is kept; the caller is asked again after the silence."""
    async with call(shop()) as s:
        await asked(s, "How many boxes?")
        await s.session.leave()
        await s.come_back()
        await s.until(lambda: "How many?" in s.heard())
        assert state(s) == "count"


async def test_a_voice_that_fails_on_a_prompt() -> None:
    """The caller is told, the flow stands where it stood, and the words that follow are answered."""
    from tests.session.scene import VoiceTTS

    async with call(shop(), "two large", tts=VoiceTTS(fail=["How many boxes?"])) as s:
        await s.until(lambda: any("Sorry" in text for text in s.heard()))
        await s.label("listening")
        assert state(s) == "count"
        await turn(s)
        await asked(s, "two large, right?")


async def test_silence_races_a_word() -> None:
    """A word that begins at the instant of the wake-up is answered, and the silence is not counted."""
    async with call(shop(), "two large") as s:
        await asked(s, "How many boxes?")
        await anyio.sleep_until(anyio.current_time() + 7.0 - 0.0001)
        await turn(s)
        await asked(s, "two large, right?")


async def test_a_step_that_breaks_is_told() -> None:
    """A condition that raises: the caller hears so, and is asked again."""
    text = (
        SHOP.replace('events  = ["closing"]', 'events  = ["closing"]\nconditions = ["open_now"]')
        .replace(
            "| confirm | yes                         |      | placing |",
            "| confirm | yes                         | open_now | placing |",
        )
        .replace("| confirm | no  ", "| confirm | yes | | sorry | |\n| confirm | no  ")
    )
    asked_for: list[int] = []

    def open_now() -> bool:
        asked_for.append(1)
        if state_of and state_of[0]() == "confirm" and len(raised) < 1:
            raised.append(1)
            raise RuntimeError("no")
        return True

    raised: list[int] = []
    state_of: list[Any] = []

    async def place(count: int, size: str) -> dict[str, Any]:
        return {"minutes": 10}

    flow = flow_of(text, tools={"place": place}, conditions={"open_now": open_now})
    led = ConversationFlow(flow)
    async with call(led, "two large", "yes", "yes", stt=FakeSTT(["two large", "yes", "yes"])) as s:
        await asked(s, "How many boxes?")
        await turn(s)
        await asked(s, "two large, right?")
        state_of.append(lambda: led.state)
        await turn(s)
        await s.until(lambda: s.heard().count("two large, right?") >= 2)
        await s.label("listening")
        assert led.state == "confirm"
        await turn(s)
        assert await s.session.wait_closed() == "ordered"


@pytest.mark.parametrize("ends", [True, False])
async def test_a_tool_that_must_not_be_cut_goes_on_when_the_caller_hangs_up(ends: bool) -> None:
    """It gets its time, and what never ends is given up half a minute later."""
    done: list[str] = []

    async def place(count: int, size: str) -> dict[str, Any]:
        await anyio.sleep_until(anyio.current_time() + (6 if ends else 10_000))
        done.append("placed")
        return {"minutes": 10}

    text = SHOP.replace('timeout = "8s"', 'timeout = "8s"\nonce = true').replace(
        "| any     | hung_up ", "| any but (placing) | hung_up "
    )
    async with call(flow_of(text, tools={"place": place}), "two large", "yes") as s:
        await to_placing(s)
        await s.until(lambda: state(s) == "placing")
        s.room.hang_up()
        await s.session.wait_closed()
        assert done == []
        closed = anyio.current_time()
    assert done == ["placed"] * ends
    assert anyio.current_time() - closed < 31
