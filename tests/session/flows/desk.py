"""A small rich flow, one of everything that a host has to do, for calls that nobody thought of; and the parts that such a call is held with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import anyio

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ToolCall
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.flows.flow import Flow
from fsm_agents.stages.base import LLMChunk, TextDelta
from fsm_agents.testing.fakes import FakeLLM, FakeSTT
from tests.session.flows.spoken import flow_of

__all__ = ["DESK", "PIN", "ChatLLM", "PinSTT", "Tools"]

PIN = "four eight two nine"

DESK = '''
flow    = "desk"
version = 1
start   = "welcome"
events  = ["closing", "fraud"]

[rows]
main = """
| in                                | on              | to         | do                               |
|-----------------------------------|-----------------|------------|----------------------------------|
| welcome                           | said            | menu       |                                  |
| menu                              | "two boxes"     | placing    |                                  |
| menu                              | "my pin"        | pin        |                                  |
| menu                              | "a person"      | person     |                                  |
| menu                              | llm "to chat"   | talk       |                                  |
| talk                              | llm "enough"    | menu       |                                  |
| pin                               | filled          | checking   |                                  |
| checking                          | ok              | menu       | clear pin; say "That is right."  |
| checking                          | failed, timeout | menu       | clear pin; say "Not checked."    |
| placing                           | ok              | more       |                                  |
| placing                           | failed, timeout | menu       | say "It did not work."           |
| more                              | yes             | menu       |                                  |
| more                              | no              | bye        |                                  |
| person                            | ok              | over       |                                  |
| person                            | failed, timeout | menu       | say "Nobody is there."           |
| any but (placing, person)         | "stop it"       | left       |                                  |
| any but (placing, person)         | closing         | sorry      |                                  |
| any but (placing, person)         | fraud           | pin        | say "A moment, please."          |
| any but (placing, person)         | repeat          | stay       | say last                         |
| any but (placing, person)         | out_of_tries    | sorry      |                                  |
| any but (placing, person)         | hung_up         | left       |                                  |
"""

[slots.pin]
type   = "digits"
length = "4"
secret = true

[tools.place]
returns = { minutes = "number" }
timeout = "6s"
once    = true
[tools.check]
args    = ["pin"]
timeout = "3s"

[states.welcome]
say = "Good day."
[states.menu]
say   = "What can I do?"
retry = ["Order, or person?"]
[states.talk]
say  = "Let us chat."
talk = "Chat with the caller."
[states.pin]
ask     = "pin"
say     = "Your pin?"
timeout = "4s"
[states.checking]
call = "check"
[states.placing]
call = "place"
wait = ["Still at it."]
[states.more]
say = "Ready in {place.minutes} minutes. More?"
[states.person]
say     = "I put you through."
handoff = "queue:people"
[states.over]
end = "passed"
[states.bye]
say = "Thank you."
end = "done"
[states.sorry]
say = "Call again tomorrow."
end = "failed"
[states.left]
say = "Goodbye."
end = "abandoned"
'''


class Tools:
    """What the flow is bound to: each call takes and gives the next of a script (seconds; below zero: it fails after as many)."""

    def __init__(self, script: Sequence[float]) -> None:
        self._script = iter(script)
        self.placed: list[int] = []
        self.running: Callable[[], bool] = bool
        self.ended = 0
        self.pins: list[str] = []

    async def _work(self) -> None:
        seconds = next(self._script, 0.0)
        await anyio.sleep_until(anyio.current_time() + abs(seconds))
        self.ended += self.running()
        if seconds < 0:
            raise RuntimeError("no")

    async def place(self) -> dict[str, Any]:
        """Take an order; ``minutes`` is the number of the call, so that an old answer is known by its words."""
        self.placed.append(len(self.placed) + 1)
        number = len(self.placed)
        await self._work()
        return {"minutes": number}

    async def check(self, pin: str) -> None:
        """Look at a secret."""
        self.pins.append(pin)
        await self._work()

    async def people(self, target: str, carry: dict[str, Any]) -> None:
        """Take the caller over."""
        await self._work()

    def flow(self) -> Flow:
        """The flow with these."""
        return flow_of(DESK, tools={"place": self.place, "check": self.check}, hand_offs={"queue": self.people})


class PinSTT(FakeSTT):
    """Hears the pin where the flow asks for it, and what its script says elsewhere."""

    def __init__(self, words: Sequence[str | None], **options: Any) -> None:
        super().__init__(words, **options)
        self.where: Callable[[], str] = str
        self._told: dict[int, str | None] = {}

    def line(self, segment: int) -> str | None:
        """Chosen when a segment is first asked for."""
        if segment not in self._told:
            given = self.words[segment - 1] if segment <= len(self.words) else ""
            self._told[segment] = PIN if given and self.where() == "pin" else given
        return self._told[segment]


class ChatLLM(FakeLLM):
    """Chooses the offered edge that holds ``!words`` of its script, says the rest; what it says has the visit in it."""

    def __init__(self, script: Sequence[Sequence[str]], pause: float) -> None:
        super().__init__(pause=pause)
        self._script = iter(script)
        self.where: Callable[[], str] = str
        self.texts: list[str] = []

    async def chat(self, context: ChatContext, tools: Sequence[FunctionTool]) -> AsyncIterator[LLMChunk]:
        """The next answer."""
        self.asked.append(context.export())
        self.texts.append(repr(context.export()) + repr(tools))
        for part in next(self._script, ()):
            await anyio.sleep_until(anyio.current_time() + self.pause)
            if part.startswith("!"):
                tool = next((each for each in tools if part[1:] in each.description), None)
                yield ToolCall(f"c{len(self.asked)}", tool.name if tool else part[1:], "{}")
            else:
                yield TextDelta(f"Model on {self.where()}. ")
