"""What became of many calls in a flow: outcomes, where callers were not understood and what they said there, which rows were taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from fsm_agents.flows.draw.names import Ids
from fsm_agents.flows.draw.page_data import Counts
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.events import GivenInvalid, NotMatched, OutOfTries, SilenceLasted
from fsm_agents.flows.machine.flat import CHECKING, Edge
from fsm_agents.fsm.codec import HIDDEN
from fsm_agents.fsm.draw_words import numbers
from fsm_agents.fsm.rows import Kind, Row
from fsm_agents.observe.flow_calls import FlowCall, damage_told
from fsm_agents.observe.flow_steps import same_tables
from fsm_agents.observe.flow_words import edge_of

__all__ = ["UNFINISHED", "FlowCounts", "StateCount"]

UNFINISHED: Final = "(no end in the log)"
"""Stands for an outcome where the log ends before the call does."""

MOST_REJECTED: Final = 20
"""Phrases that nobody took, of one state, in a page."""

_FAILURES: Final[Mapping[type[Any], str]] = {
    SilenceLasted: "no_input",
    NotMatched: "no_match",
    GivenInvalid: "invalid",
    OutOfTries: "out_of_tries",
}


@attrs.define
class StateCount:
    """One state in all calls.

    Attributes:
        rests: How often a call came to rest in it.
        turns: What callers said and pressed in it.
        failures: By kind.
        rejected: What nobody took, with how often.
    """

    rests: int = 0
    turns: int = 0
    failures: Counter[str] = attrs.field(factory=Counter)
    rejected: Counter[str] = attrs.field(factory=Counter)

    @property
    def failed(self) -> int:
        """Failures of all kinds; giving up is the last of them, and no other."""
        return sum(count for kind, count in self.failures.items() if kind != "out_of_tries")

    @property
    def share(self) -> float:
        """The part of all attempts in it that failed: what was said and pressed, and the silences."""
        attempts = self.turns + self.failures["no_input"]
        return min(1.0, self.failed / attempts) if attempts else 0.0


class FlowCounts:
    """Counts calls.

    Args:
        flow: The flow they were held in; ``None``: only what the logs say by themselves is counted.

    Attributes:
        calls: How many.
        others: How many of them were held in other tables than this flow's: their rows are not counted.
        outcomes: By name.
        states: By flat name.
        rows: By the id that drawings use.
    """

    def __init__(self, flow: Flow | None = None) -> None:
        self.flow = flow
        self.calls = self.others = self.turns = 0
        self.outcomes: Counter[str] = Counter()
        self.states: dict[str, StateCount] = {}
        self.rows: Counter[str] = Counter()
        self._rows: list[Row[Any, Any]] = []
        self._ids: Ids | None = None
        if flow is not None:
            self._rows, self._ids = list(numbers(flow.table)), Ids(flow.flat)

    def add(self, call: FlowCall) -> None:
        """Count one more call."""
        self.calls += 1
        self.turns += len(call.turns)
        self.outcomes[call.outcome or UNFINISHED] += 1
        for move in call.moves:
            if not move.state.startswith("("):
                self._state(move.state).rests += 1
        for turn in call.turns:
            self._state(turn.state).turns += 1
        if self.flow is None:
            return
        if same_tables(self.flow, call):
            with damage_told():
                self._steps(call)
        else:
            self.others += 1

    def _state(self, name: str) -> StateCount:
        return self.states.setdefault(name.removesuffix(CHECKING), StateCount())

    def _steps(self, call: FlowCall) -> None:
        said = {turn.n: turn.text for turn in call.turns}
        last = ""
        for entry in call.entries:
            last = said.get(entry.n, last)
            for told in entry.json.get("rows", ()):
                machine, _, number = str(told).partition(":")
                if machine == "flow" and number.isdecimal() and 0 < int(number) <= len(self._rows):
                    self._row(self._rows[int(number) - 1], last)

    def _row(self, row: Row[Any, Any], said: str) -> None:
        if row.kind is Kind.DROP:
            return
        (key,), (name,) = row.on, row.states
        kind = _FAILURES.get(key) if isinstance(key, type) else None
        if kind is not None:
            count = self._state(str(name))
            count.failures[kind] += 1
            if kind == "no_match" and said and said != HIDDEN:
                count.rejected[said] += 1
        edge = edge_of(row)
        if edge is not None and self._ids is not None:
            self.rows[self._ids.edge(edge, str(name).removesuffix(CHECKING))] += 1

    # --- read -------------------------------------------------------------------------------------------------------------------------------

    def worst(self) -> list[tuple[str, StateCount]]:
        """The states in which anything failed, those with the most failures first."""
        failed = [(name, count) for name, count in self.states.items() if count.failed]
        return sorted(failed, key=lambda pair: (-pair[1].failed, -pair[1].share, pair[0]))

    def edges(self) -> Iterator[tuple[Edge, int]]:
        """Each row of the flow once, by one of its edges, in the order of the files, with how often it was taken."""
        assert self.flow is not None  # noqa: S101 - whoever asks gave one
        assert self._ids is not None  # noqa: S101 - as above
        seen: dict[str, Edge] = {}
        for name, state in self.flow.flat.states.items():
            for edge in state.edges:
                if edge.row is not None:
                    seen.setdefault(self._ids.edge(edge, name), edge)
        order = {path: index for index, path in enumerate(self.flow.flat.scopes)}
        for key, edge in sorted(seen.items(), key=lambda pair: (order[pair[1].scope.path], self._number(pair[1]))):
            yield edge, self.rows[key]

    def _number(self, edge: Edge) -> int:
        assert self._ids is not None  # noqa: S101 - whoever asks gave a flow
        return self._ids.number(edge)

    def for_page(self) -> Counts:
        """The same for the page of the flow."""
        note = (
            ""
            if not self.others
            else f"{self.others} of them in another version of the flow: of those only states and ends are counted"
        )
        return Counts(
            self.calls,
            self.outcomes.most_common(),
            {name: _told(count) for name, count in self.states.items()},
            [name for name, _ in self.worst()],
            {name: count.rejected.most_common(MOST_REJECTED) for name, count in self.states.items() if count.rejected},
            self.rows,
            note,
        )

    def colours(self) -> tuple[dict[str, str], dict[str, str]]:
        """Colours and labels for a drawing, by id: failures from green to red, rows that were never taken grey."""
        assert self.flow is not None  # noqa: S101 - whoever asks gave one
        assert self._ids is not None  # noqa: S101 - as above
        colours: dict[str, str] = {}
        labels: dict[str, str] = {}
        for name, key in self._ids.states.items():
            count = self.states.get(name)
            if count is None or not count.rests:
                colours[key] = _UNUSED
                continue
            labels[key] = f"×{count.rests}" + (f", {count.share:.0%} failed" if count.failed else "")
            colours[key] = _SHADES[min(len(_SHADES) - 1, round(count.share * 2 * (len(_SHADES) - 1)))]
        for edge, taken in self.edges():
            key = self._ids.edge(edge, "")
            if taken:
                labels[key] = f"×{taken}"
            else:
                colours[key] = _UNUSED
        return colours, labels


def _told(count: StateCount) -> str:
    parts = [f"entered ×{count.rests}", f"{count.turns} turn{'' if count.turns == 1 else 's'}"]
    if count.failed:
        parts.append(f"{count.share:.0%} failed: " + ", ".join(f"{kind} {n}" for kind, n in count.failures.most_common()))
    return " · ".join(parts)


_UNUSED: Final = "#8c959f"
_SHADES: Final = ("#1a7f37", "#7d9a1c", "#bf8700", "#d1570b", "#cf222e")
"""From nothing that failed to half of the attempts and more."""
