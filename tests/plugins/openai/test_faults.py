"""Every fault on every stage has one outcome: this table. And a fault that passes is not noticed where that is possible."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents.chat.message import ToolCall
from fsm_agents.chat.tool import ToolArgumentError, function_tool
from fsm_agents.plugins.openai import OpenAIProviderError, asking
from fsm_agents.stages.base import TextDelta
from fsm_agents.testing.provider import FAULTS, ProviderServer
from fsm_agents.testing.provider.tone import tone

pytestmark = [pytest.mark.anyio, pytest.mark.real_clock]

WORDS = "one two three"
GOOD = f"You said: {WORDS}"
SECOND = bytes(32000)

# stages: speech-to-text whole (whisper-1), the same as events (gpt-4o-transcribe), chat completions, Responses, text-to-speech
PATHS = {
    "stt": "/v1/audio/transcriptions", "events": "/v1/audio/transcriptions", "chat": "/v1/chat/completions",
    "responses": "/v1/responses", "tts": "/v1/audio/speech",
}  # fmt: skip
STAGES = tuple(PATHS)

# fmt: off
OUTCOMES: dict[str, tuple[str, ...]] = {
    # the kind of the failure; or what comes of it nevertheless: "good" as if nothing had been, "short", "twice", "swapped", "lacking"
    #                stt            events         chat           responses      tts
    "400":         ("refused",     "refused",     "refused",     "refused",     "refused"),
    "401":         ("key",         "key",         "key",         "key",         "key"),
    "403":         ("denied",      "denied",      "denied",      "denied",      "denied"),
    "404":         ("model",       "model",       "model",       "model",       "model"),
    "429":         ("rate",        "rate",        "rate",        "rate",        "rate"),
    "500":         ("server",      "server",      "server",      "server",      "server"),
    "quota":       ("quota",       "quota",       "quota",       "quota",       "quota"),
    "slow":        ("timeout",     "timeout",     "timeout",     "timeout",     "timeout"),
    "stall":       ("stall",       "stall",       "stall",       "stall",       "stall"),
    "half":        ("broken",      "broken",      "broken",      "broken",      "broken"),
    "drop":        ("broken",      "broken",      "broken",      "broken",      "broken"),
    "malformed":   ("malformed",   "malformed",   "malformed",   "malformed",   "wrong_type"),  # the beginning of a WAV file
    "truncated":   ("malformed",   "broken",      "broken",      "broken",      "short"),       # nothing tells how long sound is
    "wrong_type":  ("wrong_type",  "wrong_type",  "wrong_type",  "wrong_type",  "wrong_type"),
    "empty":       ("empty",       "broken",      "broken",      "broken",      "empty"),
    "huge":        ("too_big",     "too_big",     "too_big",     "too_big",     "too_big"),
    "error_event": ("server",      "server",      "server",      "server",      "server"),
    "duplicated":  ("good",        "good",        "twice",       "good",        "good"),        # chat has no numbers to see it by
    "late":        ("good",        "good",        "lacking",     "good",        "good"),        # what comes after the end is not said
    "reordered":   ("good",        "good",        "swapped",     "malformed",   "good"),
}
# fmt: on

PASSING = {"rate", "server", "timeout", "stall", "broken", "malformed", "empty"}
"""Kinds that are retryable."""
PASSED_ON = {("stall", "tts"), ("half", "tts")}
"""Sound had begun: it cannot be begun again."""


def test_the_table_has_every_fault() -> None:
    assert FAULTS.keys() - OUTCOMES.keys() == set()
    assert {len(row) for row in OUTCOMES.values()} == {len(STAGES)}


async def outcome(stages: Any, stage: str, **options: Any) -> str:
    """What comes of one request, in the table's words."""
    try:
        if stage == "tts":
            sound = await stages.speak(WORDS, **options)
            return "good" if sound == tone(WORDS) else "short" if tone(WORDS).startswith(sound) else "noise"
        if stage in ("stt", "events"):
            return await heard(stages, stage, **options)
        chunks = await stages.ask(WORDS, api=stage, **options)
    except OpenAIProviderError as failure:
        assert failure.retryable == (failure.kind in PASSING)
        assert "\n" not in str(failure)
        return failure.kind
    pieces = [chunk.text.strip() for chunk in chunks if isinstance(chunk, TextDelta)]
    return SAID.get(" ".join(pieces), f"said {pieces}")


SAID = {
    GOOD: "good",
    " ".join(word for word in GOOD.split() for _ in range(2)): "twice",
    "said: You one two three": "swapped",
    "said: one two three": "lacking",
}


async def heard(stages: Any, stage: str, **options: Any) -> str:
    """The final words; a failure of one segment shows in the log only, so ``run()`` is made to raise it by three of them."""
    model = "whisper-1" if stage == "stt" else "gpt-4o-transcribe"
    transcripts = await stages.hear(SECOND, SECOND, SECOND, model=model, **options)
    finals = {one.segment: one.text for one in transcripts if one.final}
    return "good" if finals == dict.fromkeys((1, 2, 3), WORDS) else f"heard {finals}"


WAITS = {"slow": {"timeout": 0.2}, "stall": {"stall": 0.2}}
"""What is not waited for; else there is patience, for a busy machine."""
SCRIPT = {"lengths": [{"seconds": 1, "text": WORDS}]}
HOW: dict[str, dict[str, Any]] = {"slow": {"seconds": 3.0}, "huge": {"size": 20}}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("fault", OUTCOMES)
async def test_each_fault_has_its_outcome(server: ProviderServer, stages: Any, fault: str, stage: str) -> None:
    """Without retries."""
    server.reset(SCRIPT)
    server.misbehave(PATHS[stage], fault, times=None, **HOW.get(fault, {}))
    assert await outcome(stages, stage, **WAITS.get(fault, {})) == OUTCOMES[fault][STAGES.index(stage)]


RECOVERIES = [
    (fault, stage)
    for fault, row in OUTCOMES.items()
    for stage, kind in zip(STAGES, row, strict=True)
    if kind in PASSING and (fault not in WAITS or stage == "chat")  # one of those that cost a second each is enough
]


@pytest.mark.parametrize(("fault", "stage"), RECOVERIES)
async def test_what_passes_is_not_noticed(
    server: ProviderServer, stages: Any, monkeypatch: pytest.MonkeyPatch, fault: str, stage: str
) -> None:
    """With one retry, and a fault that falls on the first request only."""
    monkeypatch.setattr(asking, "_FIRST_WAIT", 0.01)
    server.reset(SCRIPT)
    server.misbehave(PATHS[stage], fault, **HOW.get(fault, {}))
    came = await outcome(stages, stage, max_retries=1, **dict.fromkeys(WAITS.get(fault, {}), 1.0))
    assert came == (OUTCOMES[fault][STAGES.index(stage)] if (fault, stage) in PASSED_ON else "good")


async def test_who_asks_to_wait_long_is_not_waited_for(server: ProviderServer, stages: Any) -> None:
    server.misbehave("/v1/chat/completions", "429", retry_after=20)
    with pytest.raises(OpenAIProviderError, match="asks to wait 20 s") as raised:
        await stages.ask(max_retries=5)
    assert raised.value.retry_after == 20
    assert len(server.requests("/v1/chat/completions")) == 1


async def test_who_asks_to_wait_a_little_is(server: ProviderServer, stages: Any) -> None:
    server.misbehave("/v1/chat/completions", "429", retry_after=0.01, times=2)
    assert await outcome(stages, "chat", max_retries=2) == "good"
    assert [asked["status"] for asked in server.requests("/v1/chat/completions")] == [429, 429, 200]


async def test_retries_end(server: ProviderServer, stages: Any) -> None:
    server.misbehave("/v1/audio/speech", "429", retry_after=0.01, times=None)
    with pytest.raises(OpenAIProviderError, match="429"):
        await stages.speak(max_retries=2)
    assert len(server.requests("/v1/audio/speech")) == 3


@function_tool
def order(size: str) -> str:
    """Order."""
    return size


@pytest.mark.parametrize(("api", "runs"), [("chat", False), ("responses", True)])
async def test_a_call_of_doubled_fragments_is_never_run_on_half_of_it(
    server: ProviderServer, stages: Any, api: str, *, runs: bool
) -> None:
    """By chat completions its arguments are no JSON then, and the model is told so; by Responses it is whole in one event."""
    server.reset({"answers": [{"calls": [{"name": "order", "arguments": {"size": "large"}}]}]})
    server.misbehave(PATHS[api], "duplicated")
    chunks = await stages.ask(tools=[order], api=api)
    (call,) = [chunk for chunk in chunks if isinstance(chunk, ToolCall)]
    if runs:
        assert order.parse(call.arguments) == {"size": "large"}
    else:
        with pytest.raises(ToolArgumentError, match="not valid JSON"):
            order.parse(call.arguments)


async def test_a_fault_names_stage_model_server_and_reason(server: ProviderServer, stages: Any) -> None:
    where = server.base_url
    lines = {}
    for fault in ("401", "404", "500", "half"):
        server.misbehave("/v1/chat/completions", fault)
        with pytest.raises(OpenAIProviderError) as raised:
            await stages.ask(model="gpt-4")
        lines[fault] = str(raised.value)
    assert lines == {
        "401": f"OpenAILLM (gpt-4): {where} refused the API key (401); check api_key=… or OPENAI_API_KEY",
        "404": f"OpenAILLM (gpt-4): {where} has no such model (404): the script says 404 to the key [key].",
        "500": f"OpenAILLM (gpt-4): {where} failed (500): the script says 500 to the key [key].",
        "half": f"OpenAILLM (gpt-4): the connection to {where} broke (RemoteProtocolError)",
    }
