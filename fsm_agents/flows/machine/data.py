"""What one conversation in a flow holds beside its state: slots, results, counters. Changed by rows only, saved as JSON."""

from __future__ import annotations

from typing import Any

import attrs

from fsm_agents.flows.machine.effects import Line
from fsm_agents.fsm.joint import Shared

__all__ = ["Bookmark", "Failures", "FlowData", "Pairs", "changed", "get"]

Pairs = tuple[tuple[str, Any], ...]
"""Names and values, sorted by name: a mapping that a step log can hold."""


def get(pairs: Pairs, name: str) -> Any:
    """The value of a name; ``None`` if it has none."""
    for known, value in pairs:
        if known == name:
            return value
    return None


def changed(pairs: Pairs, **new: Any) -> Pairs:
    """The pairs with these names given another value; ``None`` takes a name out. Names with ``/`` are given by ``**{…}``."""
    kept = {name: value for name, value in (dict(pairs) | new).items() if value is not None}
    return tuple(sorted(kept.items()))


@attrs.frozen
class Failures:
    """How often in a row something failed in this state."""

    no_input: int = 0
    no_match: int = 0
    invalid: int = 0

    @property
    def tries(self) -> int:
        """All of them together: failures that alternate must end too."""
        return self.no_input + self.no_match + self.invalid

    def of(self, kind: str) -> int:
        """How many of one kind."""
        count: int = getattr(self, kind)
        return count

    def and_one(self, kind: str) -> Failures:
        """One more of a kind."""
        return attrs.evolve(self, **{kind: self.of(kind) + 1})


@attrs.frozen
class Bookmark:
    """Where a visit came from, and how the caller had done there."""

    state: str
    failures: Failures


@attrs.define(eq=False)
class FlowData(Shared):
    """One conversation.

    Attributes:
        slots: By full name; what is unset is not in it. Lists are tuples.
        results: The last result of each tool, by full name.
        checked: The slots whose value a tool has looked at, with that value.
        failures: In a row, in this state.
        bookmark: Where a visit came from.
        turns: Answers of the model in this ``talk`` state.
        call: The number of the last tool call, hand-off or question to the model. Answers to older ones are stale.
        visit: The number of the last entering of a state.
        step: The number of the last event from outside that did something.
        facts: The host's conditions as the last of them brought them: what a timer finds.
        keys: What was entered on the keypad so far.
        waits: How many ``wait`` lines were said since this waiting began.
        said: What the agent said last, and in which step.
        outcome: Of the end; empty before.
    """

    slots: Pairs = ()
    results: tuple[tuple[str, Pairs], ...] = ()
    checked: Pairs = ()
    failures: Failures = Failures()
    bookmark: Bookmark | None = None
    turns: int = 0
    call: int = 0
    visit: int = 0
    step: int = 0
    facts: tuple[tuple[str, bool], ...] = ()
    keys: str = ""
    waits: int = 0
    said: tuple[int, tuple[Line, ...]] = (0, ())
    outcome: str = ""
