"""Every hook and every call of a provider fails in every way: each has a defined outcome, and ``close()`` closes within five seconds.

One table: where it fails, how, and what becomes of the conversation. ``goes on``: the session runs and listens again. ``apologises``: it
does so after telling the caller. ``closes``: with a reason that names the place. ``refuses``: ``start()`` raises it and the session closes.
"""

from __future__ import annotations

from contextlib import suppress

import anyio
import pytest

from fsm_agents import AgentSession, CascadingPipeline, MisuseError, ProviderError
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.testing.fakes import ScriptedCaller
from tests.session.sabotage import Saboteur
from tests.session.scene import GUARD, Scene, scene

pytestmark = pytest.mark.anyio

GOES_ON, APOLOGISES, CLOSES, REFUSES = "goes on", "apologises", "closes", "refuses"
STUCK = ("hangs", "swallows", "shields")
STAGES = ("STT", "LLM", "TTS")

OUTCOMES = {
    ("on_enter", "raises"): (REFUSES, "error: on_enter: RuntimeError: sabotage"),
    ("on_exit", "raises"): (GOES_ON, ""),
    **{("on_exit", how): (GOES_ON, "") for how in STUCK},
    **{(f"{stage}.warm_up", "raises"): (REFUSES, "error: RuntimeError: sabotage") for stage in STAGES},
    **{(f"{stage}.warm_up", how): (GOES_ON, "") for stage in STAGES for how in STUCK},
    ("on_wake_up", "raises"): (CLOSES, "error: on_wake_up: RuntimeError: sabotage"),
    **{("on_wake_up", how): (GOES_ON, "") for how in STUCK},
    **{("on_turn_start", how): (APOLOGISES, "") for how in ("raises", *STUCK)},
    **{("run, at the start", how): (APOLOGISES, "") for how in ("raises", *STUCK)},
    **{("run, in the middle", how): (APOLOGISES, "") for how in ("raises", *STUCK)},
    **{("process_with_llm, at the start", how): (APOLOGISES, "") for how in ("raises", *STUCK)},
    **{("process_with_llm, in the middle", how): (APOLOGISES, "") for how in ("raises", *STUCK)},
    **{("on_turn_end", how): (GOES_ON, "") for how in ("raises", *STUCK)},
    ("tool", "raises"): (GOES_ON, ""),
    **{("tool", how): (GOES_ON, "") for how in STUCK},
    ("VAD.open", "raises"): (REFUSES, "error: RuntimeError: sabotage"),
    ("VAD.is_speech", "raises"): (CLOSES, "error: voice activity detection failed: RuntimeError: sabotage"),
    ("STT.open", "raises"): (REFUSES, "error: RuntimeError: sabotage"),
    ("STT.begin", "raises"): (APOLOGISES, ""),
    ("STT.push", "raises"): (APOLOGISES, ""),
    ("STT.finish", "raises"): (GOES_ON, ""),
    ("STT.run", "raises"): (REFUSES, "error: speech-to-text failed 3 times in a row: RuntimeError: sabotage"),
    **{("STT.run", how): (GOES_ON, "") for how in STUCK},
    ("STT.expect, at first", "raises"): (REFUSES, "error: RuntimeError: sabotage"),
    ("STT.expect, after an answer", "raises"): (APOLOGISES, ""),
    ("TurnDetector.is_complete", "raises"): (GOES_ON, ""),
    **{("LLM.chat, at the start", how): (APOLOGISES, "") for how in ("raises", *STUCK)},
    **{("LLM.chat, in the middle", how): (APOLOGISES, "") for how in ("raises", *STUCK)},
    **{("LLM.chat, at its end", how): (APOLOGISES, "") for how in ("raises", *STUCK)},
    **{("TTS, at the start", how): (APOLOGISES, "") for how in ("raises", *STUCK)},
    **{("TTS, in the middle", how): (APOLOGISES, "") for how in ("raises", *STUCK)},
    **{("TTS, at its end", how): (APOLOGISES, "") for how in ("raises", *STUCK)},
    ("room.connect", "raises"): (REFUSES, "closed by the host"),
    **{("room.connect", how): (REFUSES, "closed by the host") for how in STUCK},
    ("room.run", "raises"): (REFUSES, "error: the room failed: RuntimeError: sabotage"),
    **{("room.run", how): (GOES_ON, "") for how in STUCK},
    ("room.disconnect", "raises"): (GOES_ON, ""),
    **{("room.disconnect", how): (GOES_ON, "") for how in STUCK},
    ("room.wake", "raises"): (GOES_ON, ""),
    **{(f"{stage}.aclose", how): (GOES_ON, "") for stage in STAGES for how in ("raises", *STUCK)},
}


async def converse(s: Scene, saboteur: Saboteur) -> None:
    """One turn, time enough for whatever is given up after a while, and a wake-up."""
    s.session.on_wake_up = lambda: saboteur.at("on_wake_up")
    with suppress(MisuseError):  # the room may be gone in the middle
        await s.caller.wait(GUARD)
        await s.turn()
    await anyio.sleep_until(28)


async def close(s: Scene) -> None:
    """Close, and see how long it takes."""
    asked = anyio.current_time()
    await s.session.close("enough")
    assert anyio.current_time() - asked <= 5


@pytest.mark.parametrize(("place", "how"), OUTCOMES)
async def test_every_failure_has_an_outcome_and_closing_takes_at_most_five_seconds(place: str, how: str) -> None:
    """Nothing that fails keeps the session from going on or ending as the table says."""
    outcome, reason = OUTCOMES[place, how]
    saboteur = Saboteur(place, how)
    parts = saboteur.parts()
    try:
        async with scene(**parts) as s:
            await converse(s, saboteur)
            if outcome in (GOES_ON, APOLOGISES):
                assert (s.session.state, s.session.label) == ("running", "listening")
                assert (APOLOGY in s.heard()) == (outcome == APOLOGISES)
                reason = "enough"
            else:
                assert s.session.state == "closed"
            await close(s)
            assert s.session.close_reason == reason
    except (RuntimeError, ProviderError) as error:
        assert outcome == REFUSES
        assert "sabotage" in str(error) or "could not be joined" in str(error)
        assert (parts["agent"].session.state, parts["agent"].session.close_reason) == ("closed", reason)
    else:
        assert outcome != REFUSES
    assert saboteur.asked


@pytest.mark.parametrize("how", STUCK)
async def test_on_enter_that_never_returns_is_ended_by_close(how: str) -> None:
    """Meanwhile the session has started: the caller is heard and answered."""
    saboteur = Saboteur("on_enter", how)
    parts = saboteur.parts()
    pipeline = CascadingPipeline(parts["stt"], parts["llm"], parts["tts"], parts["vad"])
    room = parts["room"]
    session = AgentSession(parts["agent"], pipeline, parts["flow"], room=room)
    caller = ScriptedCaller(room)

    async def run() -> None:
        async with session:
            assert session.state in ("closing", "closed")

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await anyio.sleep_until(1)
        assert session.state == "started"
        await caller.wait(GUARD)
        await caller.speak(0.6)
        await caller.wait(0.8)
        assert session.label == "speaking"
        asked = anyio.current_time()
        await session.close()
        assert anyio.current_time() - asked <= 5


@pytest.mark.parametrize("place", ["on_enter", "on_exit", "tool", "run, at the start", "room.run", "TTS.warm_up", "TTS.aclose"])
async def test_closing_is_bounded_at_any_moment(place: str) -> None:
    """Also in the middle of the turn, while everything hangs."""
    for moment in (0.0, 0.5, 1.3, 1.7, 2.5):
        saboteur = Saboteur(place, "swallows")
        parts = saboteur.parts()
        pipeline = CascadingPipeline(parts["stt"], parts["llm"], parts["tts"], parts["vad"])
        session = AgentSession(parts["agent"], pipeline, parts["flow"], room=parts["room"])
        async with anyio.create_task_group() as group:
            group.start_soon(_enter_and_leave, session)
            begun = anyio.current_time()
            with anyio.move_on_after(moment), suppress(MisuseError):
                await anyio.sleep_until(begun + 0.01)
                await ScriptedCaller(parts["room"]).wait(GUARD)
                await ScriptedCaller(parts["room"]).speak(0.6)
                await ScriptedCaller(parts["room"]).wait(5)
            asked = anyio.current_time()
            await session.close()
            assert anyio.current_time() - asked <= 5
            assert session.state == "closed"


async def _enter_and_leave(session: AgentSession) -> None:
    with suppress(MisuseError):  # closed before it could start
        async with session:
            await session.wait_closed()


@pytest.mark.parametrize("how", ["raises", *STUCK])
@pytest.mark.parametrize("place", ["LLM.chat, at its end", "TTS, at its end"])
async def test_a_provider_that_cannot_be_stopped_does_not_keep_the_next_turn_from_its_answer(place: str, how: str) -> None:
    """A cut is heard at once, whatever the provider does about it; the reply that follows is not waited for either."""
    saboteur = Saboteur(place, how)
    async with scene(**saboteur.parts()) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.until(lambda: s.frames)
        cut = anyio.current_time()
        s.session.interrupt()
        assert s.session.label == "listening"
        saboteur.place = "nowhere, from now on"
        await s.turn()
        await s.label("listening")
        assert s.said()[-1] == "One two three. Four five six."
        assert anyio.current_time() - cut < 5
        await close(s)
    assert saboteur.asked


async def test_a_room_that_cannot_forget_what_it_took_closes_the_session() -> None:
    """Nobody could tell any more what the caller hears."""
    saboteur = Saboteur("room.clear", "raises")
    async with scene(**saboteur.parts()) as s:
        handle = s.session.say("One two three four five.")
        await s.until(lambda: s.frames)
        s.session.interrupt()
        assert await s.session.wait_closed() == "error: the effect CancelReply failed: RuntimeError: sabotage"
        assert anyio.current_time() < 5
    assert handle.done()
