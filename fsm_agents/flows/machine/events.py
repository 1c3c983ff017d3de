"""What a flow may be told: past tense, frozen. From outside: words, keys, silence, results, the host. From its own rows: the rest.

An event from outside brings ``facts``: what the host's conditions are now, so that guards stay pure and a log can be replayed.
"""

from __future__ import annotations

from typing import Any

import attrs

from fsm_agents.flows.words.recogniser import Parse

__all__ = [
    "OUTSIDE", "Begun", "Broke", "CheckDue", "ConditionsRead", "Facts", "Failed", "Filled", "GivenInvalid", "Heard", "HostSent", "HungUp",
    "Interrupted", "KeyPressed", "NotJudged", "NotMatched", "OutOfTries", "Pressed", "PromptHeard", "Proposed", "Resumed", "SilenceLasted",
    "SubFlowEnded", "Succeeded", "WaitBegun",
]  # fmt: skip

Facts = tuple[tuple[str, bool], ...]
"""Conditions by name, as far as the state's rows ask for them."""

_facts: Any = attrs.field(default=(), metadata={"public": True})


@attrs.frozen
class Begun:
    """The conversation begins."""

    facts: Facts = _facts


@attrs.frozen
class Heard:
    """The caller said something: every edge of the state that takes it, with its values.

    Args:
        text: What the caller said; :data:`~fsm_agents.fsm.codec.HIDDEN` where it may hold a secret.
        parses: In the state's winning order.
    """

    text: str
    parses: tuple[Parse, ...] = ()
    facts: Facts = _facts


@attrs.frozen
class KeyPressed:
    """The caller pressed one key."""

    key: str
    facts: Facts = _facts


@attrs.frozen
class Pressed:
    """The caller entered keys: one, or a whole number where the state asks for digits (raised by the keypad)."""

    keys: str
    facts: Facts = _facts


@attrs.frozen
class SilenceLasted:
    """The caller said nothing for as long as the state waits, from the end of what was said to them (``no_input``)."""

    facts: Facts = _facts


@attrs.frozen
class PromptHeard:
    """What the state says on entering was heard to its end, or ended by barge-in (``said``)."""

    facts: Facts = _facts


@attrs.frozen
class Interrupted:
    """Barge-in cut what was said; the words come as a sentence of their own."""

    facts: Facts = _facts


@attrs.frozen
class Succeeded:
    """The tool returned, or the hand-off was taken (``ok``).

    Args:
        number: Which call: an answer to one that was given up is stale.
        fields: The result, in the order of ``returns``.
    """

    number: int
    fields: tuple[tuple[str, Any], ...] = ()
    facts: Facts = _facts


@attrs.frozen
class Failed:
    """The tool raised or returned what it should not, or nobody took the caller (``failed``)."""

    number: int
    why: str = ""
    facts: Facts = _facts


@attrs.frozen
class Proposed:
    """The model answered.

    Args:
        number: Which question to it: an older answer is stale.
        parses: The edges it chose, with the slots it filled, in any order: the order of rows decides.
        text: What it said. In a ``talk`` state that is the answer, elsewhere nobody hears it.
        spoken: Whether the text has been said already, as it came.
    """

    number: int
    parses: tuple[Parse, ...] = ()
    text: str = ""
    spoken: bool = False
    facts: Facts = _facts


@attrs.frozen
class NotJudged:
    """The model did not answer, or failed."""

    number: int
    why: str = ""
    facts: Facts = _facts


@attrs.frozen
class HostSent:
    """The host sent one of the flow's ``events``."""

    name: str
    facts: Facts = _facts


@attrs.frozen
class Resumed:
    """The conversation goes on after it was stored."""

    facts: Facts = _facts


@attrs.frozen
class HungUp:
    """The caller left."""

    facts: Facts = _facts


@attrs.frozen
class Broke:
    """A step raised, and is as if it had never been: the caller is told, and asked again."""

    why: str = ""
    facts: Facts = _facts


@attrs.frozen
class ConditionsRead:
    """The host's conditions were read again, because a timer is due that may ask for them."""

    facts: Facts = _facts


OUTSIDE = (
    Begun,
    Heard,
    SilenceLasted,
    PromptHeard,
    Interrupted,
    Succeeded,
    Failed,
    Proposed,
    NotJudged,
    HostSent,
    Resumed,
    HungUp,
    Broke,
)
"""What comes from outside, but for keys: :class:`KeyPressed` goes to the keypad."""


# --- raised by rows, answered in the same step --------------------------------------------------------------------------------------


@attrs.frozen
class Filled:
    """The slot that the state asks for has a valid value (``filled``)."""

    facts: Facts = _facts


@attrs.frozen
class CheckDue:
    """The slot has a value that a tool must look at first."""

    facts: Facts = _facts


@attrs.frozen
class GivenInvalid:
    """Words fit a slot, and the value is not valid (``invalid``)."""

    slot: str
    facts: Facts = _facts


@attrs.frozen
class NotMatched:
    """Nobody took what was said or pressed (``no_match``)."""

    facts: Facts = _facts


@attrs.frozen
class OutOfTries:
    """There were as many failures in a row as the state allows (``out_of_tries``)."""

    facts: Facts = _facts


@attrs.frozen
class SubFlowEnded:
    """A sub-flow reached an end (``ended known``)."""

    outcome: str
    facts: Facts = _facts


@attrs.frozen
class WaitBegun:
    """A state that works was entered: the time until a ``wait`` line runs anew."""
