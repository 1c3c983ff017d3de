"""An open realtime connection on which a response does not go on is given up; one on which nothing is expected is left in peace."""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import Any

import anyio
import pytest

from fsm_agents.plugins.openai import OpenAIRealtime
from fsm_agents.plugins.openai.account import STALL
from fsm_agents.plugins.openai.failures import OpenAIProviderError
from fsm_agents.plugins.openai.realtime_session import OpenAIRealtimeSession
from fsm_agents.stages.realtime import RealtimeRequest, RealtimeSettings

pytestmark = pytest.mark.anyio

LONG = 60.0


class _Socket:
    """A server that says what it was told to say, at its times, and then nothing."""

    def __init__(self, *says: tuple[float, dict[str, Any]]) -> None:
        self.says = list(says)

    async def send(self, text: str) -> None: ...

    async def receive(self) -> str:
        if not self.says:
            await anyio.sleep_forever()
        at, event = self.says.pop(0)
        await anyio.sleep_until(at)
        return json.dumps(event)

    async def keep_alive(self, every: float, within: float) -> None:
        await anyio.sleep_forever()


def _response(kind: str, name: str = "resp_1", tag: str = "r1", **more: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "response": {"id": name, "metadata": {"tag": tag} if tag else None, "output": [], **more}}


CREATED, DONE = _response("created"), _response("done", status="completed")
DELTA = {"type": "response.output_audio.delta", "response_id": "resp_1", "item_id": "i", "delta": "AAAA"}
WORDS = {"type": "input_audio_buffer.speech_started", "item_id": "i", "audio_start_ms": 0}
ERROR = {
    "type": "error",
    "error": {"type": "invalid_request_error", "code": "item_not_found", "message": "no", "event_id": "other"},
}


async def given_up(*says: tuple[float, dict[str, Any]], cancel: str | None = None) -> float:
    """When the connection was given up, after a response was asked for at 0; 0: not in a minute."""
    model = OpenAIRealtime(api_key="k", base_url="http://localhost:1/v1")
    session = OpenAIRealtimeSession(model._account, model._options, RealtimeSettings(), _Socket(*says))  # type: ignore[arg-type]
    broken: list[Exception] = []

    async def read() -> None:
        async with aclosing(session.events()) as events:  # type: ignore[type-var]
            async for _ in events:
                pass

    async def pump() -> None:
        try:
            await session.pump()
        except* OpenAIProviderError as failures:
            broken.extend(failures.exceptions)  # type: ignore[arg-type]
            tasks.cancel_scope.cancel()

    with anyio.move_on_after(LONG):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            tasks.start_soon(pump)
            session.create_response(RealtimeRequest("r1"))
            if cancel is not None:
                await anyio.sleep_until(2)
                session.cancel(cancel)
    return anyio.current_time() if broken else 0.0


@pytest.mark.parametrize(
    ("says", "when"),
    [
        ([], STALL),
        ([(3, CREATED)], 3 + STALL),
        ([(3, CREATED), (7, DELTA), (11, DELTA)], 11 + STALL),
        ([(3, CREATED), (4, WORDS)], 3 + STALL),
        ([(3, CREATED), (4, ERROR)], 4 + STALL),
        ([(3, CREATED), (4, DONE)], 0),
        ([(3, _response("created", tag="")), (4, _response("done", tag="", status="completed"))], 0),
    ],
    ids=[
        "nothing",
        "a beginning",
        "sound, then nothing",
        "the caller is no news",
        "a refusal of something else",
        "it ended",
        "without tags",
    ],
)
async def test_a_response_that_does_not_go_on_ends_the_connection(says: list[Any], when: float) -> None:
    assert await given_up(*says) == pytest.approx(when)


@pytest.mark.parametrize(("says", "name"), [([(1, CREATED)], "resp_1"), ([], "")], ids=["by its name", "before it began"])
async def test_one_that_was_cancelled_is_not_waited_for(says: list[Any], name: str) -> None:
    assert await given_up(*says, cancel=name) == 0
