"""What scenes and walks have covered of a flow: rows of its files, pairs of rows, conditions both ways, timers, questions, states.

Counted from steps alone, so a recorded call counts as much as a test. Rows are those of the file, whatever number of states they hold in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import Failures, FlowData
from fsm_agents.flows.machine.flat import Edge, FlatState
from fsm_agents.flows.syntax import AGAIN, BACK, NEXT, STAY, Goto, Named, Visit
from fsm_agents.fsm.joint import Step
from fsm_agents.testing.flows.seen import Seen
from fsm_agents.testing.flows.taken import Taken, Trail, passed_over

__all__ = ["HALF", "KINDS", "MISSED", "TAKEN", "Coverage", "What"]

What: TypeAlias = Literal["rows", "pairs", "guards", "timers", "questions", "states"]
KINDS: Final[tuple[What, ...]] = ("rows", "pairs", "guards", "timers", "questions", "states")
TAKEN, HALF, MISSED = "#1a7f37", "#9a6700", "#c0392b"
"""The colours of what was covered, of a row whose condition held always or never, and of what was not covered."""

_Row: TypeAlias = "tuple[str, int]"
"""A row: the path of its sub-flow, and its place in that file, from 1; 0 and a state's name for a question."""


class Coverage:
    """Counts of one flow. Call :meth:`begin` before each conversation."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.trail = Trail(flow)
        flat = flow.flat
        self._number = {
            (path, id(row)): n for path, scope in flat.scopes.items() for n, row in reversed([*enumerate(scope.spec.rows, 1)])
        }
        self.counts: dict[str, Counter[Any]] = {kind: Counter() for kind in KINDS}
        self.goals: dict[str, dict[Any, None]] = {kind: dict.fromkeys(found) for kind, found in self._goals().items()}
        self._last: _Row | None = None

    @classmethod
    def of(cls, flow: Flow) -> Coverage:
        """The coverage of a flow: nothing is counted yet."""
        return cls(flow)

    def begin(self) -> None:
        """A new conversation begins: its first row makes no pair with the last of another."""
        self._last = None

    def see(self, seen: Seen) -> None:
        """Count a step of a :class:`~fsm_agents.testing.flows.player.Player`, as its ``watch``."""
        if seen.before.visit == 0:
            self.begin()
        self.add(seen.step, seen.player.data)

    def add(self, step: Step, data: FlowData | None = None) -> None:
        """Count one step.

        Args:
            step: What ``flow.step`` returned.
            data: The conversation after it; with it numbered failure rows are told apart, and the state it rests in is counted.
        """
        for taken in self.trail.of(step):
            self._add(taken, step, data)
        if data is not None:
            state = self.flow.state(data)
            if state is not None:
                self.counts["states"][state.name] += 1

    def _add(self, taken: Taken, step: Step, data: FlowData | None) -> None:
        counts = self.counts
        if taken.timer:
            counts["timers"][_timer(taken)] += 1
        failures = data.failures if data is not None else Failures()
        for edge in taken.above:
            if passed_over(edge, step.event, failures):
                counts["guards"][self.row(edge), False] += 1
        if taken.edge is None or taken.refused:
            return
        row = self.row(taken.edge)
        if taken.edge.row is None:
            counts["questions"][taken.state] += 1
            return
        counts["rows"][row] += 1
        if taken.edge.row.when is not None:
            counts["guards"][row, True] += 1
        if (self._last, row) in self.goals["pairs"]:
            counts["pairs"][self._last, row] += 1
        self._last = row

    def row(self, edge: Edge) -> _Row:
        """The name of an edge's row."""
        return edge.scope.path, (0 if edge.row is None else self._number[edge.scope.path, id(edge.row)])

    # --- what there is ---------------------------------------------------------------------------------------------------------------------

    def _goals(self) -> Mapping[str, list[Any]]:
        flat = self.flow.flat
        edges = [(state, edge) for state in flat.states.values() for edge in state.edges]
        rows = sorted({self.row(edge) for _, edge in edges if edge.row is not None})
        guarded = sorted({self.row(edge) for _, edge in edges if edge.row is not None and edge.row.when is not None})
        return {
            "rows": rows,
            "pairs": list(self._pairs(edges)),
            "guards": [(row, said) for row in guarded for said in (True, False)],
            "timers": list(self._timers()),
            "questions": [state.name for state in flat.states.values() if state.slot],
            "states": [name for name, state in flat.states.items() if state.ends or state.spec.kind != "end"],
        }

    def _timers(self) -> Iterator[str]:
        """The timers: of the flow in each state, of the machines beside it."""
        engines = zip(self.flow.joint.tables.items(), self.flow.joint.engines, strict=True)
        for (machine, table), engine in engines:
            if machine != "flow":
                yield from (f"{machine}.{timer.name}" for timer in table.timers)
            else:
                yield from (f"flow.{name} {timer.name}" for name, state in engine.states.items() for timer in state.timers)

    def _pairs(self, edges: list[tuple[FlatState, Edge]]) -> Iterator[tuple[_Row, _Row]]:
        """Which row may be the next one after which; rows that do nothing are not counted, so a state may have been left by none."""
        rows = {
            name: [self.row(edge) for edge in state.edges if edge.row is not None]
            for name, state in self.flow.flat.states.items()
        }
        for state, edge in edges:
            if edge.row is None:
                continue
            for after in self._after(state, edge):
                yield from ((self.row(edge), second) for second in rows[after])

    def _after(self, state: FlatState, edge: Edge) -> tuple[str, ...]:
        match edge.target:
            case Goto(name) | Visit(name):
                return (name,)
            case target if target is BACK:
                return self.flow.flat.visitors
            case target:
                assert target in (STAY, AGAIN, NEXT)  # noqa: S101 - there are no others
                return (state.name,)

    # --- what is told ----------------------------------------------------------------------------------------------------------------------

    def percent(self, kind: What) -> float:
        """How much of a kind is covered, 0 to 100; 100 if there is nothing to cover."""
        goals = self.goals[kind]
        return 100.0 * (len(goals) - len(self.missing(kind))) / len(goals) if goals else 100.0

    def missing(self, kind: What) -> list[Any]:
        """What is not covered: rows as (path, number), guards as (row, answer), timers, questions and states by name."""
        return [goal for goal in self.goals[kind] if goal not in self.counts[kind]]

    def place(self, row: _Row) -> str:
        """A row as ``pizza.toml:24``; of the top file only its line."""
        path, number = row
        spec = self.flow.flat.scopes[path].spec
        place = spec.rows[number - 1].place
        return f"{path}{place.line or number}"

    def summary(self) -> str:
        """In one line: ``rows 27/30 (not taken: 28, 29, 41) · pairs 61 % · conditions 4/4 · timers 4/4``."""
        missing = [self.place(row) for row in self.missing("rows")]
        shown = ", ".join(missing[:MOST_TOLD]) + (", …" if len(missing) > MOST_TOLD else "")
        told = [
            f"rows {self._part('rows')}" + (f" (not taken: {shown})" if missing else ""),
            f"pairs {self.percent('pairs'):.0f} %",
        ]
        told += [f"conditions {self._part('guards')}"] if self.goals["guards"] else []
        return " · ".join([*told, f"timers {self._part('timers')}"])

    def _part(self, kind: What) -> str:
        return f"{len(self.goals[kind]) - len(self.missing(kind))}/{len(self.goals[kind])}"

    def text(self) -> str:
        """A line for each kind, then all that is missing but pairs."""
        lines = [f"coverage of {self.flow.id} v{self.flow.version}"]
        lines += [f"  {_NAMES[kind]:<10} {self._part(kind):>9}  {self.percent(kind):3.0f} %" for kind in KINDS]
        for path, number in self.missing("rows"):
            lines.append(f"  {self.place((path, number))}: never taken: {self._cells(path, number)}")
        for (path, number), said in self.missing("guards"):
            if (path, number) in self.counts["rows"] or not said:
                never = "held" if said else "failed to hold"
                lines.append(f"  {self.place((path, number))}: its condition never {never}: {self._cells(path, number)}")
        lines += [f"  {timer.partition('.')[2]}: never due" for timer in self.missing("timers")]
        lines += [f"  {name}: its question was never answered" for name in self.missing("questions")]
        lines += [f"  {name}: never rested in" for name in self.missing("states")]
        return "\n".join(lines)

    def _cells(self, path: str, number: int) -> str:
        return f"| {' | '.join(self.flow.flat.scopes[path].spec.rows[number - 1].cells)} |"

    # --- drawn -----------------------------------------------------------------------------------------------------------------------------

    def colours(self) -> dict[str, str]:
        """For :func:`fsm_agents.flows.draw.dot.svg`: a colour for each state, row and question, by its id."""
        from fsm_agents.flows.draw.names import Ids

        ids, flat = Ids(self.flow.flat), self.flow.flat
        found = {ids.states[name]: self._colour("states", name) for name in flat.states}
        found |= {ids.row(flat.scopes[path], number): self._colour("rows", (path, number)) for path, number in self.goals["rows"]}
        return found | {f"q{ids.states[name][1:]}": self._colour("questions", name) for name in self.goals["questions"]}

    def _colour(self, kind: What, goal: Any) -> str:
        if goal not in self.counts[kind]:
            return MISSED
        return HALF if kind == "rows" and any((goal, said) in self.missing("guards") for said in (True, False)) else TAKEN

    def labels(self) -> dict[str, str]:
        """How often each row was taken, by its id: ``×12``; of one with a condition also how often that did not hold: ``×12, else ×3``."""
        from fsm_agents.flows.draw.names import Ids

        ids, flat = Ids(self.flow.flat), self.flow.flat
        return {
            ids.row(flat.scopes[path], number): f"×{times}{self._else((path, number))}{self._due((path, number))}"
            for (path, number), times in self.counts["rows"].items()
        }

    def _else(self, row: _Row) -> str:
        return f", else ×{self.counts['guards'][row, False]}" if (row, False) in self.goals["guards"] else ""

    def _due(self, row: _Row) -> str:
        """Of a row that answers a tool's time among others: how often that was over where it holds."""
        path, number = row
        triggers = self.flow.flat.scopes[path].spec.rows[number - 1].on
        if len(triggers) < 2 or Named("timeout") not in triggers:  # noqa: PLR2004 - beside others
            return ""
        states = [
            state.name for state in self.flow.flat.states.values() for edge in state.named("timeout") if self.row(edge) == row
        ]
        due = sum(
            times for timer, times in self.counts["timers"].items() if timer.startswith(tuple(f"flow.{name} " for name in states))
        )
        return f", timeout ×{due}"

    def svg(self) -> str:
        """The flow drawn with what is covered in green and what is not in red.

        Raises:
            MissingExtra: the extra ``[diagrams]`` is not installed.
        """
        from fsm_agents.flows.draw.dot import svg

        return svg(self.flow.flat, colours=self.colours(), labels=self.labels())


def _timer(taken: Taken) -> str:
    """The name of a timer that was due, with the state of the flow."""
    machine, _, name = taken.timer.partition(".")
    return f"flow.{taken.state} {name}" if machine == "flow" else taken.timer


MOST_TOLD: Final = 12
"""Lines that the summary names."""
_NAMES: Final = {
    "rows": "rows",
    "pairs": "pairs",
    "guards": "conditions",
    "timers": "timers",
    "questions": "questions",
    "states": "states",
}
