"""The bridge to a stock machine: triggers, data, drops and nevers, groups laid flat, and what such a machine cannot hold."""

from __future__ import annotations

from enum import Enum
from typing import Any

import attrs
import pytest
from transitions import Machine, MachineError

from fsm_agents.errors import MisuseError, TableError
from fsm_agents.fsm.engine import Fault, Set
from fsm_agents.fsm.rows import (
    Effects,
    Group,
    Level,
    Row,
    Timer,
    after,
    always,
    anywhere,
    back_to,
    drop,
    enter,
    leave,
    never,
    row,
)  # fmt: skip
from fsm_agents.fsm.table import StateTable


class Lamp(Enum):
    OFF = "dark"
    ON = "bright"


class Model:
    """A model whose callbacks are found by name."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.ready = True
        self.mood = 1

    def is_ready(self) -> bool:
        return self.ready

    def note(self) -> None:
        self.log.append("note")

    @property
    def bright(self) -> bool:
        return True


@attrs.frozen
class Paid:
    cents: int


def owe(event: Paid, data: Any) -> Effects:
    return Set("mood", data.mood + event.cents), "receipt"


def is_enough(event: Paid, data: Any) -> Any:
    return [event.cents] if event.cents > 10 else []  # truthy, not True: a stock machine would refuse it


class TestTo:
    def stock(self, *rows: Row[str, Any], effects: list[object] | None = None, **given: Any) -> tuple[Machine, Any]:
        options: dict[str, Any] = {"states": ["a", "b"], "start": "a", "strict": False, **given}
        table: StateTable[str, Any] = StateTable("t", rows=rows, **options)
        made = table.to_transitions(perform=None if effects is None else lambda _model, effect: effects.append(effect))
        model = Model()
        made.add_model(model)
        return made, model

    def test_events_are_triggered_by_name_and_carry_their_object(self) -> None:
        effects: list[object] = []
        _, model = self.stock(row("a", Paid, "b", owe, is_enough), row("b", "go", "a"), effects=effects)
        assert (model.trigger("Paid", Paid(5)), model.state) == (False, "a")
        assert (model.trigger("Paid", Paid(11)), model.state, model.mood, effects) == (True, "b", 12, ["receipt"])
        assert (model.go(), model.state) == (True, "a")
        with pytest.raises(MisuseError, match=r"Paid carries data: model.trigger\('Paid', Paid\(…\)\)"):
            model.trigger("Paid")

    def test_an_effect_that_nobody_performs_is_refused_by_name(self) -> None:
        line: Row[str, Any] = row("a", Paid, "b", owe)
        _, model = self.stock(line)
        with pytest.raises(MisuseError, match=r"'receipt' came out \(test_bridge_to.py:\d+\) and nothing performs it"):
            model.trigger("Paid", Paid(1))

    def test_actions_compute_before_anything_is_set(self) -> None:
        _, model = self.stock(row("a", "go", "b", (bump, bump)), enter("b", bump))
        model.go()
        assert model.mood == 2

    def test_a_drop_is_taken_and_does_nothing_and_a_hole_is_a_drop(self) -> None:
        _, model = self.stock(row("a", "go", "b"), drop("b", "go", "hop"))
        assert (model.hop(), model.state) == (True, "a")
        model.go()
        assert (model.go(), model.state) == (True, "b")

    def test_a_never_is_a_machine_error(self) -> None:
        _, model = self.stock(row("a", "go", "b", when=is_calm), never("a", "go"), never("b", "go"))
        model.mood = 0
        with pytest.raises(MachineError, match="go never comes in a"):
            model.go()
        model.mood = 1
        model.go()
        with pytest.raises(MachineError, match="Can't trigger event go from state b"):
            model.go()

    def test_groups_are_flat_already_with_what_they_do_on_the_way(self) -> None:
        effects: list[object] = []
        group: Group[str] = Group("g", ("a", "b"), "b")
        rows: list[Row[str, Any]] = [
            row("c", "in", group, says("go")),
            row(group, "out", "c", says("go")),
            *(enter(part, says(f"+{getattr(part, 'name', part)}")) for part in ("b", group)),
            *(leave(part, says(f"-{getattr(part, 'name', part)}")) for part in ("b", group)),
        ]
        _, model = self.stock(*rows, states=["a", "b", "c"], start="c", effects=effects)
        getattr(model, "in")()
        model.out()
        assert effects == ["go", "+g", "+b", "-b", "-g", "go"]

    def test_enum_states_and_finals(self) -> None:
        made, model = self.stock(row(Lamp.OFF, "go", Lamp.ON), states=Lamp, start=Lamp.OFF, final=(Lamp.ON,))  # type: ignore[arg-type]
        assert model.state is Lamp.OFF
        model.go()
        assert model.state is Lamp.ON
        assert list(made.events) == ["go"]
        assert (made.states["ON"].final, made.states["OFF"].final, made.name) == (True, False, "t: ")

    def test_names_that_the_library_reads_as_wildcards(self) -> None:
        _, model = self.stock(row("*", "go", "="), row("=", "go", "*"), states=["*", "="], start="*")
        model.go()
        assert model.state == "="
        model.go()
        assert model.state == "*"

    def test_what_a_stock_machine_cannot_hold_is_refused_all_at_once(self) -> None:
        timer = Timer("timer", 1.0)
        group: Group[str] = Group("g", ("a", "b"), "a")
        rows: list[Row[str, Any]] = [
            after("a", timer, "b"),
            always("a", "b", when=is_calm),
            row("a", "go", back_to(group)),
            anywhere("hop", "b", None, Level("ear", ("a",))),
            row("a", "state", "b"),
        ]
        table: StateTable[str, Any] = StateTable("t", ["a", "b"], "a", rows, strict=False)
        with pytest.raises(TableError) as caught:
            table.to_transitions()
        said = str(caught.value).splitlines()
        assert said[0] == "t: 5 rows a stock machine cannot hold"
        reasons = ("a timer", "an always row", "history", "a level guard", "an event called 'state'")
        for line, made, why in zip(said[1:], rows, reasons, strict=True):
            assert line.startswith(f"  {made.where}: {why}")

    def test_a_never_of_ours_is_a_fault_and_comes_back_as_one(self) -> None:
        made, _ = self.stock(row("a", "go", "b"), never("b", "go"))
        back = StateTable.from_transitions(made, name="back")
        session = back.engine.start(Model(), "b")
        assert back.engine.step(session, "go") == (Fault("back", "b", "go"),)


def bump(event: object, data: Any) -> Effects:
    return (Set("mood", data.mood + 1),)


def is_calm(event: object, data: Any) -> bool:
    return bool(data.mood == 1)


def says(word: str) -> Any:
    return lambda _event, _data: (word,)
