"""The one word that users see for what the agent does: computed from turn, caller and reply, never stored."""

from __future__ import annotations

from typing import Literal

from fsm_agents.machines.caller import Caller
from fsm_agents.machines.reply import Reply
from fsm_agents.machines.talk import Talk
from fsm_agents.machines.turn import Turn

__all__ = ["LABELS", "Label", "label"]

Label = Literal[
    "away", "listening", "hearing", "endpointing", "thinking", "acting", "speaking", "holding", "closed"
]  # fmt: skip
LABELS: tuple[Label, ...] = ("away", "listening", "hearing", "endpointing", "thinking", "acting", "speaking", "holding", "closed")

_TURN: dict[Turn, Label] = {
    Turn.AWAY: "away", Turn.LISTENING: "listening", Turn.HOLDING: "holding", Turn.OVERLAPPING: "speaking", Turn.CLOSED: "closed",
}  # fmt: skip
_REPLY: dict[Reply, Label] = {Reply.ACTING: "acting", Reply.AUDIBLE: "speaking"}


def label(talk: Talk) -> Label:
    """What the agent does now, in one word."""
    turn: Turn = talk.cell("turn").state
    if turn is Turn.YIELDING:
        return "hearing" if talk.cell("caller").state in (Caller.TALKING, Caller.TRAILING) else "endpointing"
    if turn is Turn.ANSWERING:
        return _REPLY.get(talk.cell("reply").state, "thinking")
    return _TURN[turn]
