"""The bridge from a stock machine: what each part becomes, and what is refused, by name and with what to do instead."""

from __future__ import annotations

import functools
from enum import Enum
from typing import Any

import pytest
from transitions import EventData, Machine, State, Transition
from transitions.extensions import GraphMachine, HierarchicalMachine, LockedMachine
from transitions.extensions.asyncio import AsyncMachine
from transitions.extensions.states import Tags, Timeout, add_state_features

from fsm_agents.errors import MisuseError, TableError
from fsm_agents.fsm.bridge import from_transitions
from fsm_agents.fsm.rows import (
    STAY,
    Kind,
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


def machine(**given: Any) -> Machine:
    plain: dict[str, Any] = {
        "states": ["a", "b"],
        "initial": "a",
        "auto_transitions": False,
        "transitions": [["go", "a", "b"], ["go", "b", "a"]],
    }
    options: dict[str, Any] = {"model": Model(), **plain, **given}
    return Machine(**options)


def refused(stock: Machine, error: type[Exception] = TableError) -> str:
    with pytest.raises(error) as caught:
        StateTable.from_transitions(stock, name="door")
    return str(caught.value)


class TestFrom:
    def test_states_events_start_and_finals_keep_their_names(self) -> None:
        stock = machine(states=["a", "b", State("end", final=True)], transitions=[["go", "a", "b"], ["stop", "b", "end"]])
        table = StateTable.from_transitions(stock, name="door")
        assert (table.name, table.members, table.start, table.final) == ("door", ("a", "b", "end"), "a", ("end",))
        assert table.events == ("go", "stop")
        assert table.strict

    def test_it_is_called_as_the_machine_is_unless_told(self) -> None:
        assert from_transitions(machine(name="lamp")).name == "lamp"
        assert from_transitions(machine()).name == "machine"

    def test_enum_states_stay_enum_states(self) -> None:
        table = from_transitions(
            machine(states=Lamp, initial=Lamp.OFF, transitions=[["go", Lamp.OFF, Lamp.ON], ["go", Lamp.ON, Lamp.OFF]])
        )
        session = table.engine.start(None)
        table.engine.step(session, "go")
        assert session.state is Lamp.ON

    def test_the_triggers_of_auto_transitions_are_left_out_and_no_others(self) -> None:
        assert from_transitions(machine(auto_transitions=True)).events == ("go",)
        named = machine(auto_transitions=True, model_attribute="mode")
        assert from_transitions(named).events == ("go",)
        own = machine(transitions=[["to_b", "a", "b"], ["to_b", "b", "a"]])
        assert from_transitions(own).events == ("to_b",)

    def test_a_trigger_that_is_not_valid_is_a_never_or_a_drop_if_the_machine_ignores_it(self) -> None:
        rows = [["go", "a", "b"]]
        assert from_transitions(machine(transitions=rows)).cell("b", "go")[0].kind is Kind.NEVER
        assert from_transitions(machine(transitions=rows, ignore_invalid_triggers=True)).cell("b", "go")[0].kind is Kind.DROP
        states = ["a", State("b", ignore_invalid_triggers=True)]
        assert from_transitions(machine(transitions=rows, states=states)).cell("b", "go")[0].kind is Kind.DROP

    def test_a_cell_whose_rows_were_all_taken_out_does_nothing(self) -> None:
        stock = machine()
        stock.events["go"].transitions["b"].clear()
        assert from_transitions(stock).cell("b", "go")[0].kind is Kind.DROP

    def test_a_cell_whose_guards_all_refuse_does_nothing(self) -> None:
        stock = machine(transitions=[{"trigger": "go", "source": "a", "dest": "b", "conditions": [lambda: False]}])
        assert [made.kind for made in from_transitions(stock).cell("a", "go")] == [Kind.ROW, Kind.DROP]

    def test_an_internal_row_that_does_nothing_is_a_drop_and_one_that_does_stays(self) -> None:
        rows = [["go", "a", None], {"trigger": "go", "source": "b", "dest": None, "after": [print]}]
        table = from_transitions(machine(transitions=rows, send_event=True))
        assert [table.cell(state, "go")[0].kind for state in "ab"] == [Kind.DROP, Kind.ROW]
        assert table.cell("b", "go")[0].to is STAY

    def test_functions_keep_their_names_and_rows_the_line_of_the_bridge(self) -> None:
        rows = [
            {"trigger": "go", "source": "a", "dest": "b", "conditions": "is_ready", "unless": "bright", "before": "note"},
            ["go", "b", "a"],
        ]
        made = from_transitions(machine(transitions=rows)).rows[0]
        assert made.when is not None
        assert made.when.__name__ == "is_ready and not bright"
        assert [getattr(do, "__name__", "") for do in made.do] == ["note"]
        assert made.where.file == __file__

    def test_callbacks_by_name_are_looked_up_on_the_sessions_own_data(self) -> None:
        table = from_transitions(
            machine(transitions=[{"trigger": "go", "source": "*", "dest": "b", "conditions": "is_ready", "before": "note"}])
        )
        one, other = table.engine.start(Model()), table.engine.start(Model())
        other.data.ready = False
        assert (table.engine.step(one, "go"), table.engine.step(other, "go")) == ((), None)
        assert (one.data.log, other.data.log, one.state, other.state) == (["note"], [], "b", "a")

    def test_callbacks_by_dotted_path_need_no_model(self) -> None:
        table = from_transitions(
            machine(model=None, transitions=[{"trigger": "go", "source": "*", "dest": "=", "conditions": "builtins.bool"}])
        )
        assert table.engine.step(table.engine.start(None), "go") is None  # bool() is False

    def test_a_guard_that_returns_something_else_than_true_refuses_as_it_did(self) -> None:
        rows = [{"trigger": "go", "source": "*", "dest": "b", "conditions": [lambda: 2]}]
        table = from_transitions(machine(transitions=rows))
        assert table.engine.step(table.engine.start(None), "go") is None

    def test_event_data_says_what_it_said(self) -> None:
        seen: list[tuple[str, str, str, str, object]] = []

        def look(place: str, data: EventData) -> bool:
            way = data.transition
            assert data.state is not None
            assert way is not None
            seen.append((place, data.state.name, data.event.name, f"{way.source}{way.dest}", data.model))
            return True

        look_at = {place: functools.partial(look, place) for place in ("ask", "before", "exit", "enter", "after", "final")}
        states = [State("a", on_exit=look_at["exit"]), State("b", on_enter=look_at["enter"], final=True)]
        rows = [
            {
                "trigger": "go",
                "source": "a",
                "dest": "b",
                "conditions": look_at["ask"],
                "before": look_at["before"],
                "after": look_at["after"],
            }
        ]
        stock = machine(states=states, transitions=rows, send_event=True, on_final=look_at["final"])
        table = from_transitions(stock)
        model = Model()
        table.engine.step(table.engine.start(model), "go")
        ours = [*seen]
        seen.clear()
        stock.models[0].trigger("go")
        assert ours == [(*what[:4], model) for what in seen]
        assert [place for place, *_ in seen] == ["ask", "before", "exit", "enter", "final", "after"]

    def test_a_step_that_raises_puts_the_state_back(self) -> None:
        """As a stock machine it would stand in b: on_enter comes after the move."""

        def broken() -> None:
            raise LookupError

        stock = machine(states=["a", State("b", on_enter=broken)])
        table = from_transitions(stock)
        session = table.engine.start(None)
        with pytest.raises(LookupError):
            table.engine.step(session, "go")
        assert session.state == "a"
        with pytest.raises(LookupError):
            stock.models[0].trigger("go")
        assert stock.models[0].state == "b"

    def test_states_with_tags_and_machines_that_draw_are_fine(self) -> None:
        @add_state_features(Tags)
        class Tagged(Machine):
            pass

        tagged = Tagged(model=None, states=[{"name": "a", "tags": "x"}, "b"], initial="a", transitions=[["go", "*", "b"]])
        assert from_transitions(tagged).events == ("go",)
        drawn = GraphMachine(model=None, states=["a", "b"], initial="a", transitions=[["go", "*", "b"]], graph_engine="mermaid")
        assert from_transitions(drawn).events == ("go",)


class TestRefusals:
    @pytest.mark.parametrize(
        ("kind", "said"),
        [
            (HierarchicalMachine, "write Group(…)"),
            (AsyncMachine, "let an action return an effect"),
            (LockedMachine, "give each task its own session"),
        ],
    )
    def test_whole_kinds_of_machines(self, kind: type[Machine], said: str) -> None:
        stock = kind(model=None, states=["a", "b"], initial="a")
        assert f"a {kind.__name__} cannot become a table" in refused(stock, MisuseError)
        assert said in refused(stock, MisuseError)

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"queued": True}, "queued=True: build the machine without it"),
            ({"prepare_event": "note"}, "prepare_event: ask in a condition"),
            ({"finalize_event": "note"}, "finalize_event: do it where the step is called"),
            ({"on_exception": "note"}, "on_exception: catch it where the step is called"),
        ],
    )
    def test_what_belongs_to_the_whole_machine(self, given: dict[str, Any], said: str) -> None:
        assert refused(machine(**given)).startswith(f"door: 1 thing a table cannot hold\n  {said}")

    def test_a_machine_without_a_first_state(self) -> None:
        assert "no initial state: pass initial=" in refused(machine(model=None, initial=None))

    def test_prepare(self) -> None:
        rows = [{"trigger": "go", "source": "a", "dest": "b", "prepare": "note"}]
        assert "a on go: prepare: ask in the condition, or do it in before" in refused(machine(transitions=rows))

    def test_states_that_do_more(self) -> None:
        @add_state_features(Timeout)
        class Timed(Machine):
            pass

        stock = Timed(model=None, states=["a", {"name": "b", "timeout": 1, "on_timeout": "note"}], initial="a")
        assert "state b: a CustomState does more than a State when entered or left: write after(…) rows" in refused(stock)

    def test_states_that_do_more_on_one_side_only(self) -> None:
        class Loud(State):
            def exit(self, event_data: EventData) -> None:
                super().exit(event_data)

        assert "state a: a Loud does more than a State" in refused(machine(states=[Loud("a"), "b"]))

    def test_transitions_and_events_that_run_in_their_own_way(self) -> None:
        class Retrying(Transition):
            def execute(self, event_data: EventData) -> bool:
                return bool(super().execute(event_data)) or bool(super().execute(event_data))

        class Stubborn(Machine):
            transition_cls = Retrying

        stock = Stubborn(model=None, states=["a", "b"], initial="a", auto_transitions=False, transitions=[["go", "a", "b"]])
        assert "a on go: Event and Retrying run in their own way: use Event and Transition" in refused(stock)

    def test_names_that_lead_nowhere(self) -> None:
        rows = [{"trigger": "go", "source": "a", "dest": "b", "conditions": "is_raedy"}]
        assert "a on go: 'is_raedy' is neither on the model nor a path to import: pass the function itself" in refused(
            machine(transitions=rows)
        )
        rows[0]["conditions"] = "is_ready"
        assert "'is_ready' is neither on a model, for the machine has none, nor a path" in refused(
            machine(model=None, transitions=rows)
        )

    @pytest.mark.parametrize("place", ["before_state_change", "after_state_change", "on_final"])
    def test_callbacks_are_looked_at_wherever_they_stand(self, place: str) -> None:
        assert f"{place}: 'nothing' is neither" in refused(machine(**{place: "nothing"}))
        assert "on_exit of a: 'nothing'" in refused(machine(states=[State("a", on_exit="nothing"), "b"]))
        assert "on_enter of a: 'nothing'" in refused(machine(states=[State("a", on_enter="nothing"), "b"]))

    def test_async_callbacks(self) -> None:
        async def wait() -> None: ...

        assert "wait is async: return an effect" in refused(machine(before_state_change=wait))

    def test_callbacks_that_want_arguments_which_no_event_carries(self) -> None:
        def takes_one(given: object) -> bool:
            return bool(given)

        rows = [{"trigger": "go", "source": "a", "dest": "b", "conditions": takes_one}]
        assert "takes_one cannot be called with no argument" in refused(machine(transitions=rows))
        assert from_transitions(machine(transitions=rows, send_event=True)).events == ("go",)
        rows = [{"trigger": "go", "source": "a", "dest": "b", "before": "note"}]
        assert "note cannot be called with one argument, the EventData" in refused(machine(transitions=rows, send_event=True))

    def test_all_is_told_at_once(self) -> None:
        said = refused(machine(queued=True, prepare_event="note", finalize_event="nothing"))
        assert said.startswith("door: 3 things a table cannot hold\n")

    def test_what_a_table_refuses_anyway(self) -> None:
        """A misspelt destination and a row below an unguarded one: a stock machine takes both without a word."""
        assert "T002 there is no state open; did you mean 'opened'?" in refused(
            machine(states=["a", "b", "opened"], transitions=[["go", "a", "open"]])
        )
        assert "T102 a on go: this row can never be taken" in refused(machine(transitions=[["go", "a", "b"], ["go", "a", "a"]]))
