"""Round trips: a random stock machine, the table made of it, and the stock machine made of that behave the same on random traces."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from transitions import EventData, Machine, MachineError, State

from fsm_agents.fsm.engine import Fault
from fsm_agents.fsm.table import StateTable

STATES = ("a", "b", "c")
EVENTS = ("x", "y")
PLACES = ("before", "after", "conditions", "unless")


class Model:
    """Its callbacks are found by name; each logs, and a question looks at the log's length, so that answers change."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if not name.startswith(("do_", "ask_")):
            raise AttributeError(name)

        def call(*given: EventData) -> bool:
            if name.startswith("do_"):
                told = [f"{data.event.name} in {getattr(data.state, 'name', '')}" for data in given]
                self.log.append(" ".join([name, *told]))
            return len(self.log) % 3 != int(name[-1])

        return call


names = st.lists(st.sampled_from(["do_0", "do_1", "do_2"]), max_size=2)
questions = st.lists(st.sampled_from(["ask_0", "ask_1", "ask_2"]), max_size=2)


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of which none stands below an unguarded one: a table would refuse those."""
    made: list[dict[str, Any]] = []
    decided: set[tuple[str, str]] = set()
    for _ in range(draw(st.integers(1, 10))):
        source, trigger = draw(st.sampled_from(STATES)), draw(st.sampled_from(EVENTS))
        given = {place: draw(names if place in ("before", "after") else questions) for place in PLACES}
        if (source, trigger) not in decided:
            made.append({"trigger": trigger, "source": source, "dest": draw(st.sampled_from([*STATES, "=", None])), **given})
        if not given["conditions"] and not given["unless"]:
            decided.add((source, trigger))
    return made


@st.composite
def machines(draw: st.DrawFn) -> dict[str, Any]:
    """Everything a flat machine is given."""
    states = [
        {
            "name": name,
            "on_enter": draw(names),
            "on_exit": draw(names),
            "final": draw(st.booleans()),
            "ignore_invalid_triggers": draw(st.sampled_from([None, True, False])),
        }
        for name in STATES
    ]
    return {
        "states": states,
        "transitions": draw(rows()),
        "initial": draw(st.sampled_from(STATES)),
        "send_event": draw(st.booleans()),
        "ignore_invalid_triggers": draw(st.booleans()),
        "auto_transitions": draw(st.booleans()),
        **{place: draw(names) for place in ("before_state_change", "after_state_change", "on_final")},
    }


def build(given: dict[str, Any]) -> Machine:
    states = [State(**state) for state in given["states"]]
    options: dict[str, Any] = {**given, "model": Model(), "states": states}
    return Machine(**options)


@attrs.frozen
class Seen:
    """What one event did: was it taken (None: it was not valid), where does it stand, and what has been called so far."""

    taken: bool | None
    state: str
    log: tuple[str, ...]


def play_stock(machine: Machine, model: Any, trace: list[str]) -> list[Seen]:
    seen = []
    for event in trace:
        try:
            taken: bool | None = machine.events[event].trigger(model)
        except MachineError:
            taken = None
        seen.append(Seen(taken, model.state, tuple(model.log)))
    return seen


def play_table(table: StateTable[str, Any], trace: list[str]) -> list[Seen]:
    session = table.engine.start(Model())
    seen = []
    for event in trace:
        effects = table.engine.step(session, event)
        taken = None if effects and isinstance(effects[0], Fault) else effects is not None
        seen.append(Seen(taken, session.state, tuple(session.data.log)))
    return seen


def same(one: list[Seen], other: list[Seen]) -> bool:
    """An internal transition that does nothing is *taken* there and *dropped* here: nothing anybody could see."""
    return all((a.state, a.log, a.taken is None) == (b.state, b.log, b.taken is None) for a, b in zip(one, other, strict=True))


@given(given_=machines(), trace=st.lists(st.sampled_from(EVENTS), max_size=10))
def test_there_and_back_again(given_: dict[str, Any], trace: list[str]) -> None:
    machine = build(given_)
    trace = [event for event in trace if event in machine.events]
    table = StateTable.from_transitions(machine, name="there")
    original = play_stock(machine, machine.models[0], trace)
    assert same(original, play_table(table, trace))

    back = table.to_transitions()
    model = Model()
    back.add_model(model)
    assert same(original, play_stock(back, model, trace))
    assert same(original, play_table(StateTable.from_transitions(back, name="again"), trace))


@given(given_=machines())
def test_names_start_and_finals_survive(given_: dict[str, Any]) -> None:
    machine = build(given_)
    table = StateTable.from_transitions(machine, name="there")
    again = StateTable.from_transitions(table.to_transitions())
    assert (again.members, again.start, again.final, again.events, again.name) == (
        table.members, table.start, table.final, table.events, "there",
    )  # fmt: skip
