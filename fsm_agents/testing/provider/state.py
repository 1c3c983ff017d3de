"""What the running provider knows: its script and how far it is, the faults that are armed, and everything it was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import attrs

from fsm_agents.testing.provider.faults import Faults
from fsm_agents.testing.provider.script import Script, Scripted
from fsm_agents.testing.provider.tone import tone

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
        tell: Takes what is said, as it is understood or made: who ("caller", "agent") and the words.
    """

    def __init__(self, script: Script, tell: Callable[[str, str], None] | None = None) -> None:
        self.script = script
        self._tell = tell
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

    def tell(self, who: str, words: str) -> None:
        """Somebody said something."""
        if self._tell is not None:
            self._tell(who, words)

    def sound(self, text: str, speed: float = 1.0) -> bytes:
        """A text in the script's voice: PCM as :func:`fsm_agents.testing.provider.tone.tone` makes it."""
        if self.script.voice == "tone":
            return tone(text, speed)
        from fsm_agents.testing.provider.local import spoken

        return spoken(text, speed)

    def transcript(self, pcm: bytes, rate: int) -> str:
        """What a recording says: PCM int16 little endian mono."""
        text = self._understood(pcm, rate)
        self.tell("caller", text)
        return text

    def _understood(self, pcm: bytes, rate: int) -> str:
        if self.script.expects:
            from fsm_agents.testing.provider.local import heard

            text = heard(pcm, rate, self.script.expects)
            if text is not None:
                return text
        return self._scripted(len(pcm) / 2 / rate)

    def _scripted(self, seconds: float) -> str:
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
