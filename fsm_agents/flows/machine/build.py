"""The state table of a flow: every edge of every state becomes rows, in winning order, and every other cell is decided too.

Words are one event: a sentence names the edges that take it, so "which edge wins" is the order of the rows of one cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from fsm_agents.flows.machine import usual
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.events import (
    Begun,
    Broke,
    CheckDue,
    ConditionsRead,
    Failed,
    Filled,
    GivenInvalid,
    Heard,
    HostSent,
    HungUp,
    Interrupted,
    NotJudged,
    NotMatched,
    OutOfTries,
    Pressed,
    PromptHeard,
    Proposed,
    Resumed,
    SilenceLasted,
    SubFlowEnded,
    Succeeded,
)  # fmt: skip
from fsm_agents.flows.machine.flat import CHECKING, Edge, FlatState
from fsm_agents.flows.machine.guards import (
    Counted,
    EdgeHolds,
    EnoughTries,
    EnoughTurns,
    Judged,
    Keyed,
    LastResult,
    Marked,
    Offered,
    ResultHolds,
    SentByHost,
)
from fsm_agents.flows.machine.takes import Do, KeysFit, KeysMeant, Take
from fsm_agents.flows.machine.work import tool_timeout
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.syntax import AGAIN, BACK, After, Failure, Goto, Named, Visit
from fsm_agents.fsm.rows import STAY, Key, Kind, Row, Timer, Where
from fsm_agents.fsm.table import StateTable

__all__ = ["BEGIN", "GONE", "flow_table"]

BEGIN = "(begin)"
"""Where a conversation stands before its first event."""
GONE = "(hung up)"
"""Where it stands when the caller left and no row says what then."""

_EVENTS: tuple[type[Any], ...] = (
    Begun, Heard, Pressed, SilenceLasted, PromptHeard, Interrupted, Succeeded, Failed, Proposed, NotJudged, HostSent, Resumed, HungUp,
    Broke, Filled, CheckDue, GivenInvalid, NotMatched, OutOfTries, SubFlowEnded, ConditionsRead,
)  # fmt: skip

_FAILURES: tuple[tuple[str, type[Any]], ...] = (("no_input", SilenceLasted), ("no_match", NotMatched), ("invalid", GivenInvalid))
_BY_NAME: tuple[tuple[str, type[Any]], ...] = (
    ("filled", Filled), ("said", PromptHeard), ("interrupted", Interrupted), ("ok", Succeeded), ("failed", Failed),
    ("out_of_tries", OutOfTries), ("resumed", Resumed), ("hung_up", HungUp),
)  # fmt: skip
_HOW = {"ok": "result", "resumed": "resumed"}

_NOWHERE = Where("flow", 0)
_where = lru_cache(maxsize=4096)(Where)

FlowRow = Row[str, FlowData]


def flow_table(world: World) -> StateTable[str, FlowData]:
    """The table of a flow."""
    flat = world.flat
    rows: list[FlowRow] = [_line(BEGIN, Begun, flat.start, usual.begin(world, flat.states[flat.start]))]
    rows += _unanswered(BEGIN, rows)
    names = [BEGIN]
    for state in flat.states.values():
        made = _Rows(world, state)
        rows += made.rows()
        names.append(state.name)
        if state.slot and flat.slots[state.slot].check:
            rows += made.checking()
            names.append(state.name + CHECKING)
    rows += _unanswered(GONE, [])
    ends = [state.name for state in flat.states.values() if state.ends]
    return StateTable(flat.spec.name, [*names, GONE], BEGIN, rows, final=(*ends, GONE), strict=False)


def _line(
    state: str,
    key: Key,
    to: Any,
    act: Do | None = None,
    when: Callable[[Any, FlowData], bool] | None = None,
    edge: Edge | None = None,
) -> FlowRow:
    kind = Kind.AFTER if isinstance(key, Timer) else Kind.ROW
    where = _where(edge.row.spot.file, edge.row.spot.line) if edge is not None and edge.row is not None else _NOWHERE
    return Row(kind, (state,), (key,), to, () if act is None else (act,), when, where)


def _unanswered(state: str, rows: Iterable[FlowRow]) -> list[FlowRow]:
    """What no unguarded row of the state answers means nothing there."""
    answered = {key for row in rows if row.when is None for key in row.on}
    left = tuple(event for event in _EVENTS if event not in answered)
    return [Row(Kind.DROP, (state,), left, STAY, (), None, _NOWHERE)]


class _Rows:
    """The rows of one state."""

    def __init__(self, world: World, state: FlatState) -> None:
        self.world, self.state = world, state
        self.name = state.name

    def rows(self) -> list[FlowRow]:
        """All of them, cell by cell; none behind one that always wins."""
        if self.state.ends:
            return _unanswered(self.name, [])
        found: list[FlowRow] = []
        closed: set[Key] = set()
        for row in self._all():
            (key,) = row.on
            if key not in closed:
                found.append(row)
                if row.when is None:
                    closed.add(key)
        return [*found, *_unanswered(self.name, found)]

    def _all(self) -> Iterator[FlowRow]:
        state = self.state
        if state.spec.kind == "end":  # of a sub-flow
            yield from self._ended()
            yield from self._hung_up()
            return
        yield from self._heard()
        yield from self._keys()
        for kind, event in _FAILURES:
            yield from self._failure(kind, event)
        yield from self._model()
        for name, event in _BY_NAME:
            yield from self._named(state.named(name), event, name)
        yield from self._named([e for e in state.edges if self._of_host(e)], HostSent, "host")
        yield from self._timers()
        if state.slot and self.world.flat.slots[state.slot].check:
            yield _line(self.name, CheckDue, self.name + CHECKING, usual.check_value(self.world, state))
        yield _line(self.name, Resumed, self.name if not state.works else STAY, usual.resume(self.world, state))
        yield from self._hung_up()
        yield _line(self.name, ConditionsRead, STAY, usual.read_conditions)
        yield _line(self.name, Broke, STAY, usual.apologise(self.world, state))

    def _hung_up(self) -> Iterator[FlowRow]:
        yield _line(self.name, HungUp, GONE, usual.hang_up(self.world, self.state))

    def _of_host(self, edge: Edge) -> bool:
        return isinstance(edge.trigger, Named) and edge.trigger.name in edge.scope.spec.events

    def _taken(self, key: Key, edge: Edge, when: Any, how: str = "") -> Iterator[FlowRow]:
        """The rows for an edge: one, but for ``back``, which leads wherever a visit may have come from."""
        act = Take(self.world, self.state, edge, how)
        if edge.target is BACK:
            asked = None if getattr(when, "__name__", "") == "always" else when
            for place in self.world.flat.visitors:
                yield _line(self.name, key, place, act, Marked(place, asked), edge)
            return
        if isinstance(edge.target, Goto | Visit):
            to: Any = edge.target.state
        else:
            to = self.name if edge.target is AGAIN and not self.state.works else STAY
        yield _line(self.name, key, to, act, None if getattr(when, "__name__", "") == "always" else when, edge)

    # --- the caller ---------------------------------------------------------------------------------------------------------------------

    def _heard(self) -> Iterator[FlowRow]:
        world, state = self.world, self.state
        for edge in state.words:
            yield from self._taken(Heard, edge, EdgeHolds(world, edge, spoken=True), "words")
            if not edge.slots:
                continue  # words without a value are never refused for it
            when = EdgeHolds(world, edge, spoken=True, invalid=True)
            yield _line(self.name, Heard, STAY, usual.refuse_values(world, state, edge), when, edge)
        if not state.listens:
            return
        if state.spec.kind == "talk":
            yield _line(self.name, Heard, STAY, usual.ask_model(world, state))
        elif state.judged:
            yield _line(self.name, Heard, STAY, usual.ask_model(world, state), Offered(world, state))
        yield _line(self.name, Heard, STAY, usual.not_matched(world, state))

    def _keys(self) -> Iterator[FlowRow]:
        world, state = self.world, self.state
        asked = world.flat.slots[state.slot] if state.slot else None
        question = next((edge for edge in state.words if edge.row is None), None)
        for edge in state.keys:
            if edge.near.rank == 0:
                yield from self._taken(Pressed, edge, Keyed(world, edge), "keys")
        if asked is not None and question is not None:
            when = KeysFit(world, asked)
            yield from self._taken(Pressed, question, when, "keys")
        for edge in state.keys:
            if edge.near.rank != 0:
                yield from self._taken(Pressed, edge, Keyed(world, edge), "keys")
        if asked is not None:
            yield _line(self.name, Pressed, STAY, usual.refuse_keys(world, state), KeysMeant(world, asked))
        if state.listens:
            yield _line(self.name, Pressed, STAY, usual.not_matched(world, state))

    def _failure(self, kind: str, event: type[Any]) -> Iterator[FlowRow]:
        world, state = self.world, self.state
        for edge in state.failures(kind):
            assert isinstance(edge.trigger, Failure)  # noqa: S101 - what failures() gives
            yield from self._taken(event, edge, Counted(world, edge, edge.trigger), "failure")
        if state.listens:
            yield _line(self.name, event, STAY, usual.give_up(world, state, kind), EnoughTries(state))
        if state.listens or kind == "invalid":
            yield _line(self.name, event, STAY, usual.ask_again(world, state, kind))

    # --- the model ----------------------------------------------------------------------------------------------------------------------

    def _model(self) -> Iterator[FlowRow]:
        world, state = self.world, self.state
        if not state.judged and state.spec.kind != "talk":
            return
        for edge in state.judged:
            yield from self._taken(Proposed, edge, EdgeHolds(world, edge, spoken=True), "words")
            when = EdgeHolds(world, edge, spoken=True, invalid=True)
            yield _line(self.name, Proposed, STAY, usual.refuse_values(world, state, edge), when, edge)
        if state.spec.kind == "talk":
            yield _line(self.name, Proposed, STAY, usual.answer(world, state, last=True), EnoughTurns(state))
            yield _line(self.name, Proposed, STAY, usual.answer(world, state, last=False), Judged())
        yield _line(self.name, Proposed, STAY, usual.not_matched(world, state))
        yield _line(self.name, NotJudged, STAY, usual.not_matched(world, state))

    # --- everything else ----------------------------------------------------------------------------------------------------------------

    def _named(self, edges: Iterable[Edge], event: type[Any], name: str) -> Iterator[FlowRow]:
        for edge in edges:
            when: Any = EdgeHolds(self.world, edge)
            if isinstance(edge.trigger, Named) and event is HostSent:
                when = SentByHost(self.world, edge, edge.trigger.name)
            elif name == "ok" and self.state.spec.call and when.__name__ != "always":
                when = ResultHolds(self.world, edge, self.state.scope.full(self.state.spec.call))
            yield from self._taken(event, edge, when, _HOW.get(name, ""))

    def _ended(self) -> Iterator[FlowRow]:
        for edge in self.state.edges:
            yield from self._taken(SubFlowEnded, edge, EdgeHolds(self.world, edge))

    def _timers(self) -> Iterator[FlowRow]:
        state = self.state
        for edge in state.timed:
            assert isinstance(edge.trigger, After)  # noqa: S101 - what timed gives
            yield from self._taken(
                _timer(f"after {edge.trigger.seconds:g}s", edge.trigger.seconds), edge, EdgeHolds(self.world, edge)
            )
        for seconds in dict.fromkeys(edge.trigger.seconds for edge in state.timed if isinstance(edge.trigger, After)):
            yield _line(self.name, _timer(f"after {seconds:g}s", seconds), STAY)
        if state.works:
            timer = _timer(f"timeout {tool_timeout(state):g}s", tool_timeout(state))
            for edge in state.named("timeout"):
                yield from self._taken(timer, edge, EdgeHolds(self.world, edge))
            yield _line(self.name, timer, STAY)

    def checking(self) -> list[FlowRow]:
        """The rows of the state in which a tool looks at the value."""
        world, state = self.world, self.state
        name, good, bad = self.name + CHECKING, usual.checked(world, state, valid=True), usual.checked(world, state, valid=False)
        check = state.scope.spec.tools[world.flat.slots[state.slot].check]
        seconds = check.timeout if check.timeout is not None else state.scope.spec.defaults.tool_timeout
        rows = [
            _line(name, Succeeded, self.name, good, LastResult()),
            _line(name, Succeeded, self.name, bad),
            _line(name, Failed, self.name, bad),
            _line(name, _timer(f"timeout {seconds:g}s", seconds), self.name, bad),
            _line(name, Resumed, STAY, usual.check_value(world, state)),
            _line(name, HungUp, GONE, usual.hang_up(world, state)),
            _line(name, Broke, self.name, bad),
        ]
        return [*rows, *_unanswered(name, rows)]


_TIMERS: dict[tuple[str, float], Timer] = {}


def _timer(name: str, seconds: float) -> Timer:
    """One object for all timers of a name: it is the key of a cell."""
    return _TIMERS.setdefault((name, seconds), Timer(name, seconds, "the flow"))
