"""What the running provider knows: its script and how far it is, the faults that are armed, and everything it was asked."""

from __future__ import annotations

from typing import Any

import anyio
import attrs

from fsm_agents.testing.provider.faults import Faults
from fsm_agents.testing.provider.script import Script, Scripted

__all__ = ["Asked", "ProviderState"]

_SILENT = "hello"


@attrs.define
class Asked:
    """One request.

    Args:
        path: Where it went.
        method: How.
        body: What it said: JSON, or the fields of a form, where a file is told by name, length, rate and seconds.
        key: The key it carried.
        connection: The port at the other end: requests over one connection have the same.
        fault: What it got for it, by name; empty: a good answer.
        status: The HTTP status of the answer; 0 as long as there is none.
        ended: How the answer went: ``"sent"``, ``"closed"`` (by a fault) or ``"left"`` (the client went away before the end).
    """

    path: str
    method: str
    body: Any = None
    key: str = attrs.field(default="", repr=False)
    connection: int = 0
    fault: str = ""
    status: int = 0
    ended: str = ""


class ProviderState:
    """The state of one provider, from one ``reset`` to the next.

    Args:
        script: What to answer.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.reset()

    def reset(self, script: Script | None = None) -> None:
        """Forget requests and faults, and begin the script (or another one) anew. Requests that still run belong to before."""
        self.script = script or self.script
        self.faults = Faults()
        self.asked: list[Asked] = []
        self._transcripts = list(self.script.transcripts)
        self._answers = [answer for answer in self.script.answers if not answer.when]
        self._numbers: dict[str, int] = {}
        self._news = anyio.Event()

    def number(self, kind: str) -> str:
        """The next identifier of a kind: ``call_1``, ``call_2`` …: the same in every run."""
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return f"{kind}_{self._numbers[kind]}"

    def transcript(self, seconds: float) -> str:
        """What a recording of this length says."""
        for line in self.script.lengths:
            if abs(seconds - line.seconds) <= line.within:
                return line.text
        return self._transcripts.pop(0) if self._transcripts else _SILENT

    def answer(self, inputs: list[tuple[str, str]]) -> Scripted:
        """What the model says to its inputs, pairs of a role and a text."""
        role, text = next(((role, text) for role, text in reversed(inputs) if role in ("user", "tool")), ("user", ""))
        for scripted in self.script.answers:
            if scripted.when and scripted.when in text:
                return scripted
        if self._answers:
            return self._answers.pop(0)
        return Scripted(f"It returned: {text}" if role == "tool" else f"You said: {text}")

    def over(self) -> None:
        """A request came to its end."""
        news, self._news = self._news, anyio.Event()
        news.set()

    async def idle(self) -> None:
        """Wait until every request has come to its end."""
        while not all(asked.ended for asked in self.asked):
            await self._news.wait()
