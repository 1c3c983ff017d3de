"""The machines of one conversation, joined: session, caller, reply, turn, in the order in which they answer the same event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.joint import Joint
from fsm_agents.fsm.table import StateTable
from fsm_agents.machines.caller import CALLER
from fsm_agents.machines.events import (
    ReplyAudible,
    ReplyBroke,
    ReplyDrained,
    ReplyPlayed,
    SayPlayed,
)  # fmt: skip
from fsm_agents.machines.reply import REPLY
from fsm_agents.machines.session import SESSION
from fsm_agents.machines.talk import Talk
from fsm_agents.machines.turn import TURN

__all__ = ["CONVERSATION", "TABLES", "join", "new_talk"]

TABLES: dict[str, StateTable[Any, Talk]] = {"session": SESSION, "caller": CALLER, "reply": REPLY, "turn": TURN}

_OF_A_REPLY = (ReplyAudible, ReplyBroke, ReplyDrained, ReplyPlayed, SayPlayed)  # tools outlive their reply


def is_of_the_past(event: Any, talk: Talk) -> bool:
    """It is about another reply than the one that owns the mouth."""
    return bool(event.reply != talk.reply)


def join(tables: Mapping[str, StateTable[Any, Talk]]) -> Joint[Talk]:
    """The machines as one; mutants of the tables are joined the same way."""
    return Joint("conversation", tables, stale=dict.fromkeys(_OF_A_REPLY, is_of_the_past))


CONVERSATION: Joint[Talk] = join(TABLES)
"""The conversation that every session runs, shared by all of them."""


def new_talk(*, wake_up: float | None = None, final_ends_turn: bool = False, **delays: float | None) -> Talk:
    """A conversation in its first state.

    Args:
        wake_up: Seconds of silence before the wake-up hook; ``None`` is off. Above 0.
        final_ends_turn: A final transcript in a pause ends the turn.
        delays: Seconds of other timers by name (``endpoint``, ``barge_in``, …).

    Raises:
        MisuseError: a delay is not above 0, or there is no such timer.
    """
    for name, seconds in {"wake_up": wake_up, **delays}.items():
        if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0):
            msg = f"{name} must be above 0 seconds, not {seconds!r}; leave it out (or None) for the default"
            raise MisuseError(msg)
    return CONVERSATION.start(Talk(final_ends_turn=final_ends_turn), {"wake_up": wake_up, **delays})
