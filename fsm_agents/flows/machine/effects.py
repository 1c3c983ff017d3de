"""What a flow asks for: imperative, frozen. Whoever runs it performs them; all that one step says is one reply."""

from __future__ import annotations

from typing import Any

import attrs

from fsm_agents.flows.machine.secret import Secret, open_secret
from fsm_agents.flows.spec import BargeIn
from fsm_agents.fsm.codec import HIDDEN

__all__ = ["AskModel", "CallTool", "CancelTool", "EmitEvent", "EndFlow", "HandOver", "Line", "Offer", "SayLines"]


@attrs.frozen
class Line:
    """Something to say.

    Args:
        text: The words as they may be kept, shown and sent to a model: ``***`` where a secret is spoken.
        audio: A recording of them, as the file names it; empty: none.
        parts: If a secret is spoken: the words one after the other, each secret as :class:`Secret`; else empty.
    """

    text: str
    audio: str = attrs.field(default="", metadata={"public": True})
    parts: tuple[str | Secret, ...] = ()

    @property
    def words(self) -> str:
        """The words as the caller hears them."""
        return "".join(map(open_secret, self.parts)) if self.parts else self.text

    @property
    def pieces(self) -> tuple[tuple[str, str], ...]:
        """If a secret is spoken: each part as it may be kept, and as it is spoken."""
        return tuple((part, part) if isinstance(part, str) else (HIDDEN, open_secret(part)) for part in self.parts)


@attrs.frozen
class SayLines:
    """Say these, one after the other.

    Args:
        lines: What.
        barge_in: What of the caller ends it.
        entry: Whether it is what the state says on entering: its end is ``said``.
    """

    lines: tuple[Line, ...]
    barge_in: BargeIn = attrs.field(default="any", metadata={"public": True})
    entry: bool = False


@attrs.frozen
class CallTool:
    """Call a tool.

    Args:
        number: To be given back with its result.
        tool: Its full name: ``identify/find_patient``.
        args: The slots it takes that are set, by their own names; the others are not handed over.
        key: The idempotency key without the session's: state and visit. The same after a resume.
        timeout: Seconds that the flow waits.
        once: Never cancel it.
    """

    number: int
    tool: str = attrs.field(metadata={"public": True})
    args: tuple[tuple[str, Any], ...] = attrs.field(metadata={"secret": True})
    key: str = attrs.field(metadata={"public": True})
    timeout: float
    once: bool = False


@attrs.frozen
class CancelTool:
    """Nobody waits for this call any more."""

    number: int


@attrs.frozen
class HandOver:
    """Hand the caller to a person, an agent or another flow.

    Args:
        number: To be given back with its result.
        to: ``queue:shop``, ``agent:billing``, ``flow:survey``.
        carry: The slots that go with it and are set, by their own names.
        key: As of :class:`CallTool`.
        timeout: Seconds that the flow waits.
    """

    number: int
    to: str = attrs.field(metadata={"public": True})
    carry: tuple[tuple[str, Any], ...] = attrs.field(metadata={"secret": True})
    key: str = attrs.field(metadata={"public": True})
    timeout: float


@attrs.frozen
class Offer:
    """An edge the model may choose.

    Args:
        edge: Its number.
        text: What must be so.
        sets: The slots it may fill, by their full names.
    """

    edge: int
    text: str
    sets: tuple[str, ...] = ()


@attrs.frozen
class AskModel:
    """Ask the model.

    Args:
        number: To be given back with its answer.
        state: The flat state.
        offers: The edges it may choose, in the order in which they win.
        talk: Instructions, if it may answer the caller itself; empty: it only chooses.
        tools: The full names of the tools it may use while it talks. All others are refused, whatever it asks for.
        greets: It speaks first: the caller has said nothing yet.
    """

    number: int
    state: str = attrs.field(metadata={"public": True})
    offers: tuple[Offer, ...]
    talk: str = ""
    tools: tuple[str, ...] = ()
    greets: bool = False


@attrs.frozen
class EmitEvent:
    """Tell the host.

    Args:
        name: What ``emit`` names.
        slots: The slots that are set and not secret, by full name.
    """

    name: str = attrs.field(metadata={"public": True})
    slots: tuple[tuple[str, Any], ...] = ()


@attrs.frozen
class EndFlow:
    """The conversation is over.

    Args:
        outcome: Of the end state.
    """

    outcome: str = attrs.field(metadata={"public": True})
