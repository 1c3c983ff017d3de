"""What a test run, or a folder of logs, has covered of the tables: rows, row pairs, guard outcomes, timers.

A guard's *yes* is a row taken, its *no* a row above the one that was taken, or an ``always`` row of a state in which the step
came to rest. Nothing is instrumented: steps alone are counted, so a recorded call counts as much as a test.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Literal, TypeAlias

import attrs

from fsm_agents.errors import MisuseError, nearest
from fsm_agents.fsm.draw_words import Marks, function_name, numbers, row_text
from fsm_agents.fsm.engine import Engine, TableTransition
from fsm_agents.fsm.joint import Joint, Shared, Step
from fsm_agents.fsm.record import fingerprint
from fsm_agents.fsm.rows import History, Kind, Row, Stay, Timer
from fsm_agents.fsm.table import StateTable

__all__ = ["KINDS", "Coverage", "What"]

What: TypeAlias = Literal["rows", "pairs", "guards", "timers"]
KINDS: tuple[What, ...] = ("rows", "pairs", "guards", "timers")
_TAKEN = (Kind.ROW, Kind.AFTER, Kind.ALWAYS)


@attrs.frozen
class _Fact:
    """What taking one transition tells: its row, the guarded rows above it, its timer."""

    label: str
    above: tuple[str, ...]
    guarded: bool
    timer: str
    moves: bool


class Coverage:
    """Counts over the tables of one joint. One object may count many conversations: call :meth:`begin` before each."""

    def __init__(self, joint: Joint[Any]) -> None:
        self.joint = joint
        self.counts: dict[str, Counter[str]] = {kind: Counter() for kind in (*KINDS, "states")}
        self.goals = {kind: dict.fromkeys(found) for kind, found in _goals(joint).items()}
        self._facts = [_facts(machine, engine) for machine, engine in zip(joint.tables, joint.engines, strict=True)]
        self._last: dict[int, str] = {}

    def begin(self) -> None:
        """A new conversation begins: its first row makes no pair with the last row of another."""
        self._last.clear()

    def add(self, step: Step, data: Shared | None = None) -> None:
        """Count one step.

        Args:
            step: What ``joint.step`` returned.
            data: The conversation after it; with it, resting states and refused ``always`` rows are counted too.
        """
        for place, taken in step.trail:
            self._row(place, self._facts[place][taken])
        if data is not None and step.trail:
            for facts, machine, cell in zip(self._facts, self.joint.tables, data.cells, strict=True):
                self.counts["states"][f"{machine}:{cell.node.name}"] += 1
                for refused in cell.node.always:
                    self.counts["guards"][f"{facts[refused].label} no"] += 1

    def _row(self, place: int, fact: _Fact) -> None:
        counts, label = self.counts, fact.label
        counts["rows"][label] += 1
        for above in fact.above:
            counts["guards"][f"{above} no"] += 1
        if fact.guarded:
            counts["guards"][f"{label} yes"] += 1
        if fact.timer:
            counts["timers"][fact.timer] += 1
        if fact.moves:
            pair = f"{self._last.get(place)} {label}"
            if pair in self.goals["pairs"]:
                counts["pairs"][pair] += 1
            self._last[place] = label

    def percent(self, kind: What) -> float:
        """How much of a kind is covered, 0 to 100; 100 if there is nothing to cover.

        Raises:
            MisuseError: there is no such kind.
        """
        goals = self._goals(kind)
        return 100.0 * (len(goals) - len(self.missing(kind))) / len(goals) if goals else 100.0

    def missing(self, kind: What) -> list[str]:
        """What is not covered, by name: ``door:3``, ``door:3 door:4``, ``door:3 no``, ``door.auto_close``.

        Raises:
            MisuseError: there is no such kind.
        """
        return [goal for goal in self._goals(kind) if goal not in self.counts[kind]]

    def report(self) -> str:
        """A line for each kind, then every row, guard outcome and timer that is missing, with file and line."""
        lines = [f"coverage of {self.joint.name}"]
        for kind in KINDS:
            goals = self.goals[kind]
            lines.append(f"  {kind:<6} {len(goals) - len(self.missing(kind))}/{len(goals)}  {self.percent(kind):.0f} %")
        missing = {*self.missing("rows"), *self.missing("guards")}
        for machine, table in self.joint.tables.items():
            for row, number in numbers(table).items():
                label = f"{machine}:{number}"
                lacks = ["never taken"] if label in missing else []
                if row.when and not lacks:
                    lacks = [
                        f"{function_name(row.when)} never said {said}" for said in ("yes", "no") if f"{label} {said}" in missing
                    ]
                lines += [f"  {label} {row_text(row)} ({row.where}): {lack}" for lack in lacks]
        return "\n".join([*lines, *(f"  {timer}: never due" for timer in self.missing("timers"))])

    def marks(self, machine: str) -> Marks:
        """The counts of one machine, to draw its table with."""
        found: dict[str, dict[str, int]] = {"rows": {}, "states": {}}
        for kind, counts in found.items():
            for label, times in self.counts[kind].items():
                if label.startswith(f"{machine}:"):
                    counts[label[len(machine) + 1 :]] = times
        return Marks({int(number): times for number, times in found["rows"].items()}, found["states"])

    def merge(self, other: Coverage) -> None:
        """Add the counts of another run over the same tables.

        Raises:
            MisuseError: it counted other tables.
        """
        if fingerprint(other.joint) != fingerprint(self.joint):
            raise _strange(self.joint)
        for kind, counts in other.counts.items():
            self.counts[kind].update(counts)

    def to_json(self) -> str:
        """The counts as JSON, to be merged in another process."""
        return json.dumps({"tables": fingerprint(self.joint), **self.counts}, sort_keys=True)

    @classmethod
    def from_json(cls, joint: Joint[Any], text: str) -> Coverage:
        """Counts that :meth:`to_json` wrote.

        Raises:
            MisuseError: they are of other tables, or it is no such text.
        """
        found = cls(joint)
        try:
            counts = json.loads(text)
            same = counts.pop("tables") == fingerprint(joint)
        except (ValueError, KeyError, AttributeError, TypeError) as wrong:
            msg = f"this is not what Coverage.to_json wrote: {wrong}"
            raise MisuseError(msg) from None
        if not same:
            raise _strange(joint)
        for kind, times in counts.items():
            found.counts[kind].update(times)
        return found

    def _goals(self, kind: str) -> dict[str, None]:
        if kind not in self.goals:
            msg = f"there is no coverage of {kind!r}; {nearest(kind, KINDS)}"
            raise MisuseError(msg)
        return self.goals[kind]


def _strange(joint: Joint[Any]) -> MisuseError:
    return MisuseError(f"these counts are of other tables than those of {joint.name}: rows cannot be told apart; count again")


def _facts(machine: str, engine: Engine) -> dict[TableTransition, _Fact]:
    known = {row: f"{machine}:{number}" for row, number in numbers(engine.table).items()}
    facts = {}
    for key, event in engine.by_key.items():
        timer = f"{machine}.{key.name}" if isinstance(key, Timer) else ""
        for ways in event.index.values():
            for place, way in enumerate(ways):
                above = tuple(known[other.row] for other in ways[:place])
                facts[way] = _Fact(known[way.row], above, way.row.when is not None, timer, way.row.kind in _TAKEN)
    return facts


def _goals(joint: Joint[Any]) -> dict[str, dict[str, None]]:
    goals: dict[str, dict[str, None]] = {kind: {} for kind in KINDS}
    for machine, table in joint.tables.items():
        known = {row: f"{machine}:{number}" for row, number in numbers(table).items() if row.kind in _TAKEN}
        goals["rows"].update(dict.fromkeys(known.values()))
        goals["guards"].update(
            dict.fromkeys(f"{label} {said}" for row, label in known.items() if row.when for said in ("yes", "no"))
        )
        goals["timers"].update(dict.fromkeys(f"{machine}.{timer.name}" for timer in table.timers))
        after = _after(table)
        goals["pairs"].update(dict.fromkeys(f"{known[one]} {known[two]}" for one in known for two in known if two in after[one]))
    return goals


def _after(table: StateTable[Any, Any]) -> dict[Row[Any, Any], set[Row[Any, Any]]]:
    """For each row the rows that may be the machine's next: those tried in a state that it leads to."""
    tried: dict[Any, set[Row[Any, Any]]] = {state: set() for state in table.members}
    after: dict[Row[Any, Any], set[Row[Any, Any]]] = {row: set() for row in table.rows}
    for (state, _), rows in table.cells.items():
        unguarded = [place for place, row in enumerate(rows, 1) if row.when is None]
        tried[state].update(rows[: unguarded[0]] if unguarded else rows)
    for (state, _), rows in table.cells.items():
        for row in rows:
            for goal in _goal_states(table, row, state):
                after[row] |= tried[goal]
    return after


def _goal_states(table: StateTable[Any, Any], row: Row[Any, Any], state: Any) -> tuple[Any, ...]:
    if isinstance(row.to, Stay):
        return (state,)
    return table.nest.leaves(row.to.group) if isinstance(row.to, History) else (table.nest.landing(row.to),)
