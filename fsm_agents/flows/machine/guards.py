"""The conditions of a flow's rows, as the engine asks them: pure questions of the event and the conversation."""

from __future__ import annotations

from typing import Any

from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.flat import Edge, FlatState
from fsm_agents.flows.machine.view import View
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.syntax import Failure, Press
from fsm_agents.flows.words.recogniser import Parse

__all__ = [
    "Counted",
    "EdgeHolds",
    "EnoughTries",
    "EnoughTurns",
    "Judged",
    "Keyed",
    "LastResult",
    "Marked",
    "Offered",
    "ResultHolds",
    "SentByHost",
    "parse_of",
]


def parse_of(event: Any, edge: int) -> Parse | None:
    """The reading of the event by which an edge takes it: the first without an invalid value, else the first."""
    found = [parse for parse in event.parses if parse.edge == edge]
    return next((parse for parse in found if not parse.invalid), found[0] if found else None)


class EdgeHolds:
    """The edge takes the event (words, or the model's choice), with its values or (``invalid``) with one that is not valid.

    For an event that is answered by name alone (``spoken=False``) only the row's condition is asked.
    """

    def __init__(self, world: World, edge: Edge, *, spoken: bool = False, invalid: bool = False) -> None:
        self.world, self.edge, self.spoken, self.invalid = world, edge, spoken, invalid
        written = edge.row.cells[2] if edge.row is not None else ""
        heard = f"edge {edge.number}{' invalid' if invalid else ''}" if spoken else ""
        self.__name__ = " and ".join(filter(None, (heard, written))) or "always"

    def __call__(self, event: Any, data: FlowData) -> bool:
        """Whether the row is taken."""
        given: tuple[tuple[str, Any], ...] = ()
        if self.spoken:
            parse = parse_of(event, self.edge.number)
            if parse is None or bool(parse.invalid) is not self.invalid:
                return False
            given = parse.values
        row = self.edge.row
        if row is None or row.when is None:
            return True
        facts = getattr(event, "facts", data.facts)
        view = View(self.world, data, facts, given)
        if isinstance(self.edge.trigger, Failure):
            view.tries += 1
        return view.holds(row.when, self.edge.scope)


class Counted(EdgeHolds):
    """A numbered failure row: ``no_input 2``, ``no_match 3+``."""

    def __init__(self, world: World, edge: Edge, failure: Failure) -> None:
        super().__init__(world, edge)
        self.failure = failure
        number = f"{failure.count}{'+' if failure.more else ''}" if failure.count else ""
        self.__name__ = " and ".join(filter(None, (number and f"time {number}", self.__name__.replace("always", "")))) or "always"

    def __call__(self, event: Any, data: FlowData) -> bool:
        """Whether this is the time the row is for."""
        time, count = data.failures.of(self.failure.kind) + 1, self.failure.count
        if count and not (time == count or (self.failure.more and time > count)):
            return False
        return super().__call__(event, data)


class Keyed(EdgeHolds):
    """A ``press`` row."""

    def __init__(self, world: World, edge: Edge) -> None:
        super().__init__(world, edge)
        written = self.__name__.replace("always", "")
        self.__name__ = " and ".join(filter(None, (f"press {getattr(edge.trigger, 'key', '')}", written)))

    def __call__(self, event: Any, data: FlowData) -> bool:
        """Whether these keys are meant."""
        assert isinstance(self.edge.trigger, Press)  # noqa: S101 - other edges have other guards
        return bool(event.keys == self.edge.trigger.key) and super().__call__(event, data)


class EnoughTries:
    """With this failure there are as many as the state allows."""

    def __init__(self, state: FlatState) -> None:
        self.limit = state.spec.tries
        self.__name__ = f"tries = {self.limit}"

    def __call__(self, event: object, data: FlowData) -> bool:
        """Whether this was the last try."""
        return data.failures.tries + 1 >= self.limit


class EnoughTurns:
    """With this answer the model had as many turns as the state allows."""

    def __init__(self, state: FlatState) -> None:
        self.limit = state.spec.turns
        self.__name__ = f"turns = {self.limit}"

    def __call__(self, event: object, data: FlowData) -> bool:
        """Whether this was the last turn."""
        return data.turns + 1 >= self.limit


class Offered:
    """Some edge that the model judges could be taken now."""

    def __init__(self, world: World, state: FlatState) -> None:
        self.world, self.edges = world, state.judged
        self.__name__ = "the model may choose"

    def __call__(self, event: Any, data: FlowData) -> bool:
        """Whether there is anything to ask."""
        view = View(self.world, data, event.facts)
        return any(edge.row is None or view.holds(edge.row.when, edge.scope) for edge in self.edges)


class Judged:
    """In a ``talk`` state: the model answered with words."""

    __name__ = "the model answered"

    def __call__(self, event: Any, data: FlowData) -> bool:
        """Whether there is an answer to say."""
        return bool(event.text.strip())


class Marked:
    """The visit came from this state."""

    def __init__(self, state: str, also: Any = None) -> None:
        self.state, self.also = state, also
        self.__name__ = f"came from {state}" + (f" and {also.__name__}" if also is not None else "")

    def __call__(self, event: Any, data: FlowData) -> bool:
        """Whether the bookmark is there."""
        marked = data.bookmark is not None and data.bookmark.state == self.state
        return marked and (self.also is None or self.also(event, data))


class LastResult:
    """A tool that checks a value found it valid: the first field of its result says so."""

    __name__ = "the value is valid"

    def __call__(self, event: Any, data: FlowData) -> bool:
        """Whether it did."""
        return bool(event.fields) and event.fields[0][1] is True


class SentByHost(EdgeHolds):
    """The host sent the event that the row names."""

    def __init__(self, world: World, edge: Edge, name: str) -> None:
        super().__init__(world, edge)
        self.sent = name
        self.__name__ = " and ".join(filter(None, (name, self.__name__.replace("always", ""))))

    def __call__(self, event: Any, data: FlowData) -> bool:
        """Whether it did."""
        return bool(event.name == self.sent) and super().__call__(event, data)


class ResultHolds(EdgeHolds):
    """The row's condition, asked of the result that has just come."""

    def __init__(self, world: World, edge: Edge, tool: str) -> None:
        super().__init__(world, edge)
        self.tool = tool

    def __call__(self, event: Any, data: FlowData) -> bool:
        """Whether it holds."""
        row = self.edge.row
        view = View(self.world, data, event.facts)
        view.results[self.tool] = event.fields
        return row is None or view.holds(row.when, self.edge.scope)
