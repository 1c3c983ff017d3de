"""Flows in a spoken session, for the tests beside it: a small shop, and the scene that holds a call with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from functools import cache
from typing import Any

import anyio

from fsm_agents import Agent, ConversationFlow
from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.stages.base import SpeechChunk
from fsm_agents.testing.fakes import FakeSTT
from tests.session.scene import GUARD, Scene, VoiceTTS, scene

__all__ = ["SHOP", "SlowTTS", "asked", "call", "declared", "flow_of", "loaded", "shop", "tries", "turn"]

SHOP = '''
flow    = "shop"
version = 1
start   = "welcome"
events  = ["closing"]

[rows]
main = """
| in      | on                          | when | to      | do                      |
|---------|-----------------------------|------|---------|-------------------------|
| welcome | said                        |      | count   |                         |
| count   | "{count} {size} [boxes]"    |      | next    |                         |
| count   | filled                      |      | size    |                         |
| size    | filled                      |      | confirm |                         |
| confirm | yes                         |      | placing |                         |
| confirm | no                          |      | count   | clear count, size       |
| placing | ok                          |      | done    | emit ordered            |
| placing | failed, timeout             |      | sorry   |                         |
| any but (placing) | "stop it"         |      | left    |                         |
| any but (placing) | closing           |      | sorry   | say "We are closing."   |
| any but (placing) | repeat            |      | stay    | say last                |
| any but (placing) | out_of_tries      |      | sorry   |                         |
| any     | hung_up                     |      | left    | emit gone               |
"""

[slots.count]
type  = "number"
range = "1..20"
[slots.size]
type = "choice"
[slots.size.values]
small = "small"
large = "large"
[slots.size.keys]
1 = "small"
2 = "large"

[tools.place]
args    = ["count", "size"]
returns = { minutes = "number" }
timeout = "8s"

[states.welcome]
say = "Good day."
[states.count]
ask   = "count"
say   = "How many boxes?"
retry = ["How many?"]
[states.size]
ask     = "size"
say     = "Small or large?"
retry   = ["Which size?"]
timeout = "3s"
[states.confirm]
say   = "{count} {size}, right?"
retry = ["Yes or no?"]
[states.placing]
call = "place"
wait = ["One moment."]
[states.done]
say = "Ready in {place.minutes} minutes."
end = "ordered"
[states.sorry]
say = "Call again tomorrow."
end = "failed"
[states.left]
say = "Goodbye."
end = "abandoned"
'''


class SlowTTS(VoiceTTS):
    """A voice that takes a second before each text, but for those given."""

    def __init__(self, *quick: str) -> None:
        super().__init__()
        self.quick = quick

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """The sound of a text, a second later."""
        if text not in self.quick:
            await anyio.sleep_until(anyio.current_time() + 1)
        async with aclosing(super().synthesize(text)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                yield chunk


@cache
def loaded(text: str) -> Flow:
    """A flow of a text, compiled: most tests ask for the same few, and what is compiled is shared by all that it is bound to."""
    flow = Flow.loads(text)
    flow.joint  # noqa: B018 - as said
    flow.recogniser(flow.start())
    return flow


def flow_of(text: str, **bound: Any) -> Flow:
    """A flow of a text, with what it is bound to."""
    return loaded(text).bind(**bound)


async def place(count: int, size: str) -> dict[str, Any]:
    """Place an order."""
    return {"minutes": count * 10}


def shop(tool: Any = place, **settings: str) -> Flow:
    """The shop; ``settings`` are more lines for a state: ``welcome='barge_in = "none"'``."""
    text = SHOP
    for state, lines in settings.items():
        text = text.replace(f"[states.{state}]\n", f"[states.{state}]\n{lines}\n")
    return flow_of(text, tools={"place": tool})


@asynccontextmanager
async def call(
    flow: Flow | ConversationFlow, *words: str | None, agent: Agent | None = None, **options: Any
) -> AsyncIterator[Scene]:
    """A call: ``words`` are what the caller says, a segment each. At its end the flow stands in a state it declares."""
    led = flow if isinstance(flow, ConversationFlow) else ConversationFlow(flow)
    stt = options.pop("stt", None) or FakeSTT(words)
    async with scene(agent or Agent(), led, stt=stt, **options) as s:
        await s.caller.wait(GUARD)
        yield s
    declared(s)


async def turn(s: Scene, seconds: float = 0.6) -> None:
    """The caller says something and falls silent, unless the call ends before."""
    with suppress(MisuseError):
        await s.turn(seconds)


async def asked(s: Scene, text: str) -> None:
    """Wait until something was said to its end, and nobody speaks."""
    await s.until(lambda: s.sounded(text))
    await s.label("listening")


def tries(s: Scene) -> int:
    """Failures in a row in the flow's state."""
    assert s.session.voice is not None
    return s.session.voice.run.data.failures.tries


def declared(s: Scene) -> None:
    """The flow is in exactly one state of its table, and something was said."""
    assert s.session.voice is not None
    run = s.session.voice.run
    name = run.data.cell("flow").state
    assert name in run.flow.table.members, name
    assert s.frames, "nothing was said"
