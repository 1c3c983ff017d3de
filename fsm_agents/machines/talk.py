"""The data of one conversation: what the tables remember besides their states. Actions change it only by returning ``Set``."""

from __future__ import annotations

import attrs

from fsm_agents.fsm.joint import Shared
from fsm_agents.machines.events import Say

__all__ = ["KEEP_SETTLED", "Heard", "Talk"]

KEEP_SETTLED = 8
"""How many settled segments are remembered, to know a late or repeated transcript. An ear is never that many segments behind."""


@attrs.frozen(order=True)
class Heard:
    """The words of one segment, as far as they are known."""

    segment: int
    text: str
    final: bool


@attrs.define(eq=False)
class Talk(Shared):
    """One conversation.

    Attributes:
        heard: The words of the running turn, not taken yet, in the order of their segments.
        complete: Whether the latest interim words are a whole sentence of what is expected.
        segment: The number of the segment that was opened last.
        open: The segments of the running turn whose final words are not in.
        settled: The latest segments whose words are settled; another transcript of one is late.
        pending: Turns of the caller that no reply has begun to answer, oldest first.
        says: What was accepted to be said and no reply has taken up.
        reply: The number of the reply that owns, or last owned, the mouth.
        asked: The turns the running reply answers, until its answer is audible.
        firm: The says of the running reply that cannot be interrupted and have not sounded to their end.
        apology: The running reply is an apology.
        tools: Tools of the running reply are at work.
        reason: Why the session closes.
        final_ends_turn: Setting: a final transcript in a pause ends the turn (speech-to-text with an end-of-turn of its own).
    """

    heard: tuple[Heard, ...] = ()
    complete: bool = False
    segment: int = 0
    open: tuple[int, ...] = ()
    settled: tuple[int, ...] = ()
    pending: tuple[str, ...] = ()
    says: tuple[Say, ...] = ()
    reply: int = 0
    asked: tuple[str, ...] = ()
    firm: tuple[int, ...] = ()
    apology: bool = False
    tools: bool = False
    reason: str = ""
    final_ends_turn: bool = False
