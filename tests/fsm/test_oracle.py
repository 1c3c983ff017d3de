"""The oracle: on random tables and random traces our engine and a stock ``transitions.Machine`` agree on everything.

The stock machine is built here, row by row, not through our bridge: states, data, what was taken, and the order of all callbacks
must be the same after each event. A joint of the one table must agree too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from transitions import Machine

from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.rows import STAY, Action, Effects, Guard, Row, drop, enter, leave, row
from fsm_agents.fsm.table import StateTable

STATES = ["a", "b", "c", "d"]
EVENTS = ["x", "y", "z"]


@attrs.frozen
class Line:
    """One row as it is drawn: guarded by ``count % 3 == when``, with actions that log, and count up if they are even."""

    source: str
    event: str
    to: str | None
    when: int | None
    do: tuple[int, ...]


@attrs.frozen
class Plan:
    """A random machine. ``plain``: rows do nothing, so leaving stands in the stock machine's own ``on_exit``."""

    lines: tuple[Line, ...]
    entered: frozenset[str]
    left: frozenset[str]
    plain: bool


class Data(Shared):
    """What guards read and actions set."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Model:
    """The same for the stock machine, with its log, and the count as it was when the event came."""

    def __init__(self) -> None:
        self.count = 0
        self.seen = 0
        self.log: list[str] = []


def lines(*, plain: bool) -> st.SearchStrategy[Line]:
    return st.builds(
        Line,
        source=st.sampled_from(STATES),
        event=st.sampled_from(EVENTS),
        to=st.sampled_from([*STATES, None]),
        when=st.sampled_from([None, 0, 1, 2]),
        do=st.just(()) if plain else st.lists(st.integers(0, 5), max_size=2).map(tuple),
    )


plans = st.booleans().flatmap(
    lambda plain: st.builds(
        Plan,
        lines=st.lists(lines(plain=plain), max_size=14).map(tuple),
        entered=st.frozensets(st.sampled_from(STATES)),
        left=st.frozensets(st.sampled_from(STATES)),
        plain=st.just(plain),
    )
)


def ours(plan: Plan) -> StateTable[str, Any]:
    def logs(name: str, *, bump: bool) -> Action[Any, Any]:
        def act(event: object, data: Any) -> Effects:
            yield name
            if bump:
                yield Set("count", data.count + 1)

        return act

    def asks(left: int) -> Guard[Any, Any]:
        return lambda _event, data: data.count % 3 == left

    rows: list[Row[str, Any]] = []
    for line in plan.lines:
        do = tuple(logs(f"do {n}", bump=n % 2 == 0) for n in line.do)
        when = None if line.when is None else asks(line.when)
        rows.append(row(line.source, line.event, STAY if line.to is None else line.to, do, when))
    rows += [enter(state, logs(f"enter {state}", bump=True)) for state in sorted(plan.entered)]
    rows += [leave(state, logs(f"leave {state}", bump=False)) for state in sorted(plan.left)]
    rows += [drop("d", *EVENTS)]  # the alphabet: an event without a row is dropped, not unknown
    return StateTable("ours", STATES, "a", rows, strict=False)


def stock(plan: Plan) -> tuple[Machine, Model]:
    model = Model()

    def logs(name: str, *, bump: bool) -> Callable[[], None]:
        def act() -> None:
            model.log.append(name)
            if bump:
                model.count = model.seen + 1  # ours computes first: every action sees the data as it was when the event came

        return act

    def asks(left: int) -> Callable[[], bool]:
        return lambda: model.count % 3 == left

    def look() -> None:
        model.seen = model.count

    def leaving(state: str) -> list[Callable[[], None]]:
        return [logs(f"leave {state}", bump=False)] if state in plan.left else []

    states = [
        {
            "name": state,
            "on_enter": [logs(f"enter {state}", bump=True)] if state in plan.entered else [],
            "on_exit": leaving(state) if plan.plain else [],
        }
        for state in STATES
    ]
    machine = Machine(
        model, states=states, initial="a", auto_transitions=False, ignore_invalid_triggers=True, prepare_event=[look]
    )
    for event in EVENTS:
        machine.add_transition(event, [], None)  # known, as in ours, even if no row names it
    for line in plan.lines:
        do = [logs(f"do {n}", bump=n % 2 == 0) for n in line.do]
        before: Any = do if plan.plain or line.to is None else [*leaving(line.source), *do]
        conditions: Any = [] if line.when is None else [asks(line.when)]
        machine.add_transition(line.event, line.source, line.to, conditions=conditions, before=before)
    return machine, model


@given(plan=plans, trace=st.lists(st.sampled_from(EVENTS), max_size=12))
def test_engine_and_stock_machine_agree(plan: Plan, trace: list[str]) -> None:
    table = ours(plan)
    session = table.engine.start(Data())
    joint = Joint("alone", {"ours": table})
    talk = joint.start(Data())
    machine, model = stock(plan)
    for event in trace:
        model.log.clear()
        taken = machine.events[event].trigger(model)
        effects = table.engine.step(session, event)
        step = joint.step(talk, event)
        stood = getattr(model, "state")  # noqa: B009 - the library adds it
        assert (session.state, session.data.count, list(effects or ())) == (stood, model.count, model.log)
        assert (talk.cells[0].state, talk.count, step.effects) == (stood, model.count, model.log)
        assert (effects is not None) == taken
        assert any(way.acts for _, way in step.trail) == (effects is not None)
        assert session.epoch == talk.cells[0].epoch


@given(plan=plans)
def test_the_plans_are_worth_it(plan: Plan) -> None:
    """Each machine is built by both; a plan that the table refuses would have been no comparison."""
    assert ours(plan).engine.get_triggers("d")
    assert set(stock(plan)[0].events) == set(EVENTS)


def test_the_oracle_tells_an_engine_that_is_wrong() -> None:
    """A planted difference (one row leads elsewhere) is seen: the comparison above is not empty."""
    plan = Plan((Line("a", "x", "b", None, (1,)),), frozenset("b"), frozenset("a"), plain=False)
    wrong = attrs.evolve(plan, lines=(Line("a", "x", "c", None, (1,)),))
    machine, model = stock(plan)
    machine.events["x"].trigger(model)
    results = []
    for table in (ours(plan), ours(wrong)):
        session = table.engine.start(Data())
        results.append((session, table.engine.step(session, "x")))
    assert [session.state == "b" and list(effects or ()) == model.log for session, effects in results] == [True, False]
