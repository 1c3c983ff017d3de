"""What a person answers in a chat for those who are not there: the tools of the host, and the model."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from fsm_agents.cli.printing import say
from fsm_agents.errors import FSMAgentsError, MisuseError, nearest
from fsm_agents.flows.machine.events import Proposed
from fsm_agents.flows.spec import ToolSpec
from fsm_agents.session.flows.question import Question
from fsm_agents.session.flows.text import FlowSession

__all__ = ["HELP", "Reader", "ToolAnswers", "ask_person"]

Reader: TypeAlias = Callable[[str], Awaitable[str | None]]

HELP = """\
  what you type is what the caller says; a line that begins with a colon is a command:
  :silence          the caller says nothing          :press 1      the caller presses keys
  :hangup           the caller leaves                :event NAME   the host sends an event
  :after            the next  after  time is over    :condition NAME yes|no
  :ok field=value   :failed   :timeout               how the next tool answers; without it, as its example
  :state   :slots   :save FILE   :quit   :help"""


class _ToolFailedError(FSMAgentsError):
    """The person says that the tool failed."""


class ToolAnswers:
    """The tools of a chat: they answer as they were told to, else as their example, else the person is asked.

    Args:
        read: Gives the next line.
    """

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._prepared: deque[tuple[str, str]] = deque()
        self.session: FlowSession | None = None

    def prepare(self, how: str, rest: str) -> None:
        """The next tool answers so: ``ok`` with fields, ``failed`` or ``timeout``."""
        self._prepared.append((how, rest))

    def stand_in(self, spec: ToolSpec) -> Callable[..., Any]:
        """A function to call in place of a tool."""

        async def answer(**given: Any) -> dict[str, Any]:
            if self._prepared:
                return self._answered(spec, *self._prepared.popleft())
            if spec.example:
                return dict(spec.example)
            return await self._asked(spec, given)

        return answer

    async def _asked(self, spec: ToolSpec, given: Mapping[str, Any]) -> dict[str, Any]:
        fields = " ".join(f"{name}=<{kind}>" for name, kind in spec.returns.items())
        say(f"  tool {spec.name}({', '.join(given)}) answers?   :ok {fields}".rstrip() + "   :failed   :timeout")
        while True:
            line = await self._read("tool> ")
            if line is None:
                return self._answered(spec, "failed", "")
            how, _, rest = line.removeprefix(":").partition(" ")
            try:
                return self._answered(spec, how, rest)
            except MisuseError as wrong:
                say(f"  {wrong}")

    def _answered(self, spec: ToolSpec, how: str, rest: str) -> dict[str, Any]:
        if how == "ok":
            return {**spec.example, **_fields(spec, rest)}
        if how == "timeout" and self.session is not None:
            self.session.time_out()
        elif how != "failed":
            raise MisuseError(f"{how!r} is no answer; {nearest(how, ('ok', 'failed', 'timeout'))}")
        raise _ToolFailedError(how)


def _fields(spec: ToolSpec, text: str) -> dict[str, Any]:
    """``minutes=25 times="half past nine, ten"`` as the fields of a result.

    Raises:
        MisuseError: It is not written so, or a field is unknown or of another type.
    """
    try:
        words = shlex.split(text)
    except ValueError as wrong:
        raise MisuseError(f"{text!r}: {wrong}") from None
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in spec.returns:
            raise MisuseError(f"{word!r}: write field=value; {nearest(name, spec.returns)}")
        found[name] = _value(name, spec.returns[name], value)
    return found


def _value(name: str, kind: str, text: str) -> Any:
    if kind == "list":
        return [item.strip() for item in text.split(",") if item.strip()]
    if kind == "yesno":
        if text not in ("yes", "no"):
            raise MisuseError(f"{name} is yes or no, not {text!r}")
        return text == "yes"
    if kind == "number":
        try:
            return float(text) if "." in text else int(text)
        except ValueError:
            raise MisuseError(f"{name} is a number, not {text!r}") from None
    return text


async def ask_person(question: Question, read: Reader) -> Proposed:
    """The person chooses what the model would choose; in a ``talk`` state they may answer the caller instead."""
    offers = list(question.offers.values())
    said = ", or what the model says" if question.asked.talk else ""
    say(f"  a model would be asked. Which of these is so? 1 to {len(offers)}, 0 for none{said}")
    for number, offer in enumerate(offers, 1):
        say(f"  {number:>3}  {offer.text}   → {question.target(offer)}")
    while True:
        line = await read("model> ")
        if not line:
            return question.answer()
        numbers = (
            [int(word) for word in line.replace(",", " ").split()] if line.replace(",", " ").replace(" ", "").isdecimal() else []
        )
        if numbers == [0]:
            return question.answer()
        if numbers and all(1 <= number <= len(offers) for number in numbers):
            return question.answer(
                [question.parse(offers[at - 1], await _sets(question, offers[at - 1], read)) for at in numbers]
            )
        if not numbers and question.asked.talk:
            return question.answer(text=line)
        say(f"  {line!r}: give numbers from 1 to {len(offers)}, or 0")


async def _sets(question: Question, offer: Any, read: Reader) -> dict[str, str]:
    """The slots that the edge may fill, as the person writes them."""
    found: dict[str, str] = {}
    for own in question.sets(offer):
        line = await read(f"{own} = ")
        if line:
            found[own] = line
    return found
