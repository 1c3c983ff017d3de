"""A voice that stays away: neither answers nor apologies sound, and the session does not keep a caller for long."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

import anyio
import pytest

from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.machines import effects as do
from fsm_agents.stages.base import SpeechChunk
from tests.session.scene import GUARD, Scene, VoiceTTS, scene

pytestmark = pytest.mark.anyio


APOLOGIES = 2
"""So many fail in a row until nobody tries again; see the rows of the turn table for a reply that failed."""


class _Voice(VoiceTTS):
    """Fails or hangs on so many texts, and then speaks."""

    def __init__(self, times: int, failure: Exception | None) -> None:
        super().__init__()
        self.times, self.failure = times, failure

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        self.times -= 1
        if self.times >= 0:
            if self.failure is None:
                await anyio.sleep_forever()
            else:
                raise self.failure
        async for chunk in super().synthesize(text):
            yield chunk


def _given_up(s: Scene, times: int) -> bool:
    return len(s.did(do.GiveUp)) > times


PASSING = ProviderError("it is busy", retryable=True)


@pytest.mark.parametrize("failure", [PASSING, RuntimeError("a bug"), None], ids=["fails", "raises", "hangs"])
async def test_after_so_many_apologies_that_failed_it_closes(failure: Exception | None) -> None:
    """The caller tries again, and then the call ends, with the reason."""
    async with scene(tts=_Voice(99, failure)) as s:
        await s.caller.wait(GUARD)
        for turn in range(APOLOGIES):
            assert s.session.state == "running"
            with suppress(MisuseError):  # it closed while the caller waited
                await s.turn()
            await s.until(partial(_given_up, s, turn))
        reason = await s.session.wait_closed()
    assert reason.startswith("error: nothing can be said: ")
    assert str(failure or "nothing sounded in time") in reason


async def test_a_failure_that_will_stay_closes_at_once() -> None:
    """A key that is refused is refused again."""
    async with scene(tts=_Voice(99, ProviderError("the key is refused"))) as s:
        await s.caller.wait(GUARD)
        with suppress(MisuseError):
            await s.turn()
        assert await s.session.wait_closed() == "error: nothing can be said: ProviderError: the key is refused"


@pytest.mark.parametrize("times", [1, 2 * APOLOGIES - 1], ids=["the answer", "all but the last apology"])
async def test_a_voice_that_comes_back_is_forgiven(times: int) -> None:
    """What was missed is forgotten with the first thing that sounded to its end."""
    voice = _Voice(times, PASSING)
    async with scene(tts=voice) as s:
        await s.caller.wait(GUARD)
        for _ in range(APOLOGIES):
            await s.turn()
            await s.label("listening")
        assert voice.times < 0
        voice.times = 2
        await s.turn()
        await s.label("listening")
        await s.turn()
        await s.label("listening")
        assert s.said()[-1] == "Very well."
    assert s.session.close_reason == "closed by the host"
