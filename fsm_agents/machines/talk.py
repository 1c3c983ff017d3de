"""The data of one conversation: what the tables remember besides their states. Actions change it only by returning ``Set``."""

from __future__ import annotations

from enum import Enum

import attrs

from fsm_agents.fsm.joint import Shared
from fsm_agents.machines.events import Say

__all__ = ["KEEP_OVERDUE", "Apology", "Heard", "Talk"]

KEEP_OVERDUE = 16
"""How many segments without words are remembered whose words may still come; speech-to-text that is further behind is not heard."""


@attrs.frozen(order=True)
class Heard:
    """The words of one segment, as far as they are known."""

    segment: int
    text: str
    final: bool


class Apology(Enum):
    """Whether the running reply is an apology, and whether the voice stayed away for one before. One value: a conversation is small."""

    NONE = "the reply is none"
    RUNS = "the reply is one"
    FAILED = "the reply is none; the last one failed, and nothing has sounded to its end since"
    RUNS_AGAIN = "the reply is one; so was the last that failed, and nothing has sounded to its end since"

    @property
    def runs(self) -> bool:
        """The reply is one."""
        return self in (Apology.RUNS, Apology.RUNS_AGAIN)

    @property
    def failed(self) -> bool:
        """One failed, and nothing has sounded to its end since."""
        return self in (Apology.FAILED, Apology.RUNS_AGAIN)


@attrs.define(eq=False, weakref_slot=False)
class Talk(Shared):
    """One conversation.

    Attributes:
        heard: The words of the running turn, not taken yet, in the order of their segments.
        complete: Whether the latest interim words are a whole sentence of what is expected.
        segment: The number of the segment that was opened last; -1: none.
        open: The segments of the running turn whose final words are not in.
        overdue: Segments of turns that are over whose words never came, and still may. Any other that is not open is settled: another
            transcript of it is late.
        lost: The caller said something that nobody understood, and was not asked again yet.
        pending: Turns of the caller that no reply has begun to answer, oldest first.
        says: What was accepted to be said and no reply has taken up.
        reply: The number of the reply that owns, or last owned, the mouth.
        asked: The turns the running reply answers, until its answer is audible.
        firm: The says of the running reply that cannot be interrupted and have not sounded to their end.
        apology: Whether the running reply, or else the last one, is an apology, and whether one failed before.
        tools: Tools are at work, of the running reply or of one that was cut.
        reason: Why the session closes.
        final_ends_turn: Setting: a final transcript in a pause ends the turn (speech-to-text with an end-of-turn of its own).
    """

    heard: tuple[Heard, ...] = ()
    complete: bool = False
    segment: int = -1
    open: tuple[int, ...] = ()
    overdue: tuple[int, ...] = ()
    pending: tuple[str, ...] = ()
    says: tuple[Say, ...] = ()
    reply: int = 0
    asked: tuple[str, ...] = ()
    firm: tuple[int, ...] = ()
    apology: Apology = Apology.NONE
    tools: bool = False
    lost: bool = False
    reason: str = ""
    final_ends_turn: bool = False

    def expects_words_of(self, segment: int) -> bool:
        """Whether the words of this segment are waited for, or may still come: it was opened, and is not settled."""
        return segment in self.open or segment in self.overdue
