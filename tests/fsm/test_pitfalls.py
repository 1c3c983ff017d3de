"""The pitfalls of ``transitions``, one test each: that the library has it where that can be shown, and that the engine has not.

Those that our use of the library rules out are shown by how the engine is built: no model is ever added, callables only, no queue,
one flat machine per table that nothing changes once it is built.
"""

from __future__ import annotations

import ast
import asyncio
import logging
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest
from transitions import Machine, MachineError
from transitions.extensions import HierarchicalMachine
from transitions.extensions.asyncio import AsyncMachine

import fsm_agents.fsm
from fsm_agents.errors import MisuseError, TableError
from fsm_agents.fsm.draw import mermaid
from fsm_agents.fsm.engine import Due, Engine, Set
from fsm_agents.fsm.joint import Arm, Joint, Shared
from fsm_agents.fsm.rows import STAY, Effects, Group, Row, Timer, after, always, drop, enter, row
from fsm_agents.fsm.table import StateTable

FSM = Path(fsm_agents.fsm.__file__).parent
TIMER = Timer("timer", 1.0)


class Model:
    """What stock machines decorate."""

    state: str


class Data:
    """What ours never touches but by ``Set``."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


def broken(*_given: object) -> Any:
    raise LookupError


def build(*rows: Row[str, Any], states: str = "a b c") -> Engine:
    table: StateTable[str, Any] = StateTable("t", states.split(), "a", rows, strict=False)
    return table.engine


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def stock(**given: Any) -> tuple[Machine, Any]:
    model = Model()
    options: dict[str, Any] = {"states": ["a", "b", "c"], "initial": "a", "auto_transitions": False, **given}
    return Machine(model, **options), model


def test_01_half_done_transitions() -> None:
    """The library stands in b when entering b raises; ours stands in a, with its data as it was."""
    _, model = stock(states=["a", {"name": "b", "on_enter": broken}], transitions=[["go", "a", "b"]])
    with pytest.raises(LookupError):
        model.go()
    assert model.state == "b"

    engine = build(row("a", "go", "b", lambda _e, d: (Set("count", d.count + 1),)), enter("b", broken))
    session = engine.start(Data())
    with pytest.raises(LookupError):
        engine.step(session, "go")
    assert (session.state, session.epoch, session.data.count) == ("a", 0, 0)


def test_02_on_exception_swallows_even_an_interrupt() -> None:
    def interrupt(*_given: object) -> Effects:
        raise KeyboardInterrupt

    _, model = stock(transitions=[{"trigger": "go", "source": "a", "dest": "b", "before": interrupt}], on_exception=lambda: None)
    assert model.go() is False

    engine = build(row("a", "go", "b", interrupt))
    assert (engine.on_exception, engine.finalize_event) == ([], [])
    with pytest.raises(KeyboardInterrupt):
        engine.step(engine.start(None), "go")


def test_03_reentrancy_nests() -> None:
    """The library goes on to c in the middle of entering b; ours refuses a step inside a step and delivers what is raised in order."""
    said: list[str] = []

    def entering() -> None:
        said.append("enter b")
        model.on()
        said.append(f"b done in {model.state}")

    _, model = stock(states=["a", {"name": "b", "on_enter": entering}, "c"], transitions=[["go", "a", "b"], ["on", "b", "c"]])
    model.go()
    assert said == ["enter b", "b done in c"]

    calls_back: Row[str, Any] = row("a", "go", "b", lambda _e, data: (joint.step(data, "go"),))
    table: StateTable[str, Any] = StateTable("t", ["a", "b"], "a", [calls_back], strict=False)
    joint = Joint("j", {"t": table})
    data = joint.start(Shared())
    with pytest.raises(MisuseError, match="posted inside a step"):
        joint.step(data, "go")
    assert data.cell("t").state == "a"


def test_04_one_queue_for_all_models() -> None:
    """Queued, a refused event is reported as taken. Ours has no queue."""
    _, model = stock(transitions=[{"trigger": "go", "source": "a", "dest": "b", "conditions": lambda: False}], queued=True)
    assert model.go() is True

    engine = build(row("a", "go", "b", when=lambda _e, _d: False))
    assert engine.has_queue is False
    assert engine.step(engine.start(None), "go") is None


def test_05_a_guard_is_compared_with_true() -> None:
    _, model = stock(transitions=[{"trigger": "go", "source": "a", "dest": "b", "conditions": lambda: [1]}])
    assert model.go() is False

    def many(event: object, data: object) -> Any:
        return [1]

    def none(event: object, data: object) -> Any:
        return []

    engine = build(row("a", "go", "b", when=none), row("a", "go", "c", when=many))
    session = engine.start(None)
    engine.step(session, "go")
    assert session.state == "c"


@pytest.mark.filterwarnings("ignore:coroutine")
def test_06_an_async_callback_is_never_awaited() -> None:
    async def ask(*_given: object) -> bool:
        return True

    _, model = stock(transitions=[{"trigger": "go", "source": "a", "dest": "b", "conditions": ask}])
    assert model.go() is False

    with pytest.raises(TableError, match="T011 ask is async"):
        build(row("a", "go", "b", when=ask))  # type: ignore[arg-type]


def test_07_unknown_destinations_and_shadowed_rows_are_accepted() -> None:
    _, model = stock(transitions=[["go", "a", "b"], ["go", "a", "c"], ["off", "a", "nowhere"]])
    with pytest.raises(ValueError, match="nowhere"):
        model.off()

    rows: list[Row[str, Any]] = [row("a", "go", "b"), row("a", "go", "c"), drop("b", "go"), drop("c", "go")]
    with pytest.raises(TableError, match="T002 there is no state nowhere"):
        build(row("a", "off", "nowhere"))
    with pytest.raises(TableError, match="T102 a on go: this row can never be taken"):
        StateTable("t", ["a", "b", "c"], "a", rows)


def test_08_an_event_that_a_state_does_not_answer_raises() -> None:
    _, model = stock(transitions=[["go", "a", "b"]])
    model.go()
    with pytest.raises(MachineError):
        model.go()

    engine = build(row("a", "go", "b"))
    session = engine.start(None, "b")
    assert engine.step(session, "go") is None


def test_09_callbacks_by_name_are_looked_up_and_imported_at_run_time() -> None:
    with pytest.raises(TableError, match=r"T010 'os\.system' is not a function"):
        build(row("a", "go", "b", "os.system"))  # type: ignore[arg-type]
    engine = build(row("a", "go", "b", broken), enter("b", broken))
    for event in engine.events.values():
        for found in event.index.values():
            assert all(callable(part) for way in found for part in (way.when or bool, *way.do))
            assert all(not (way.conditions or way.before or way.after or way.prepare) for way in found)


def test_10_auto_transitions_add_a_way_from_everywhere_to_everywhere() -> None:
    assert len(stock(auto_transitions=True)[0].events) == 3
    assert list(build(row("a", "go", "b")).events) == ["go"]


def test_11_adding_a_model_decorates_it_and_keeps_it() -> None:
    """No model is ever added: a session is slotted, the engine knows none of them, and the data is not touched."""
    engine = build(row("a", "go", "b"))
    data = Data()
    session = engine.start(data)
    engine.step(session, "go")
    assert engine.models == []
    assert {name for name in dir(data) if not name.startswith("__")} == {"count"}
    nodes = [node for path in FSM.glob("*.py") for node in ast.walk(tree(path))]
    assert not [node for node in nodes if isinstance(node, ast.Attribute) and node.attr == "add_model"]
    machine, _ = stock()
    with pytest.raises(AttributeError):
        machine.add_model(Data())


def test_12_a_timeout_is_a_thread_per_waiting_session() -> None:
    """A timer is data: armed as an effect of the step, also for the first state, which the library never arms."""
    table: StateTable[str, Shared] = StateTable("t", ["a", "b"], "a", [after("a", TIMER, "b"), after("b", TIMER, "a")])
    joint = Joint("j", {"t": table})
    before = threading.active_count()
    talks = [joint.start(Shared()) for _ in range(100)]
    assert joint.arms(talks[0]) == [Arm("t", "timer", 1_000_000, 0)]
    assert [joint.step(talk, Due("t", "timer", 0)).arms[0].epoch for talk in talks] == [1] * 100
    assert threading.active_count() == before


def test_13_a_late_timer_races_with_an_event() -> None:
    """A timer that was due before the event but comes after it is of an older epoch, and is dropped."""
    engine = build(row("a", "go", "a"), after("a", TIMER, "b"))
    session = engine.start(None)
    late = Due("t", "timer", session.epoch)
    engine.step(session, "go")
    assert engine.step(session, late) is None
    assert session.state == "a"


def test_14_the_async_machine_swallows_cancellation() -> None:
    async def cancel_it() -> bool:
        async def waits() -> None:
            await asyncio.Event().wait()

        rows = [{"trigger": "go", "source": "a", "dest": "b", "before": waits}]
        machine = AsyncMachine(states=["a", "b"], initial="a", auto_transitions=False, transitions=rows)
        task = asyncio.ensure_future(machine.go())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return bool(task.cancelled())

    assert asyncio.run(cancel_it()) is False
    no_async_in_the_engine()


def test_15_a_second_event_cancels_the_task_of_the_first() -> None:
    """Nothing to cancel: a step is one plain call."""
    no_async_in_the_engine()


def test_16_it_cannot_run_on_trio() -> None:
    no_async_in_the_engine()


def no_async_in_the_engine() -> None:
    """The floor has no async function, no await, and of the library only its plain core."""
    for path in FSM.glob("*.py"):
        for node in ast.walk(tree(path)):
            assert not isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncWith | ast.AsyncFor), path
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("transitions"):
                assert path.name in {"engine.py", "bridge.py"}
                assert node.module == "transitions"


def test_17_nested_async_machines_mix_up_the_states_of_sessions() -> None:
    """Nesting is gone once a table is built: sessions of one engine go their own ways."""
    group: Group[str] = Group("g", ("b", "c"), "b")
    engine = build(row("a", "go", group), row("b", "go", "c"), row(group, "out", "a"))
    sessions = [engine.start(None) for _ in range(10)]
    for number, session in enumerate(sessions):
        for event in ["go"] * (number % 3):
            engine.step(session, event)
    assert [session.state for session in sessions] == ["a", "b", "c"] * 3 + ["a"]
    assert not isinstance(engine, HierarchicalMachine)


def test_18_nested_machines_keep_their_scope_on_the_machine() -> None:
    """A step changes nothing on the engine: it may serve several threads."""

    def stands(engine: Engine) -> str:
        return repr({name: value for name, value in vars(engine).items() if name != "table"})

    group: Group[str] = Group("g", ("b", "c"), "b")
    engine = build(row("a", "go", group), row(group, "go", "a", lambda _e, d: (Set("count", d.count + 1),)))
    before = stands(engine)
    counts: list[int] = []

    def drive() -> None:
        session = engine.start(Data())
        for _ in range(500):
            engine.step(session, "go")
        counts.append(session.data.count)

    threads = [threading.Thread(target=drive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [250] * 4
    assert stands(engine) == before


def test_19_names_with_the_separator_collide() -> None:
    """``a_b`` may be a state beside a group ``a`` with a state ``b``."""
    group: Group[str] = Group("a", ("b", "c"), "b")
    engine = build(row("a_b", "go", group), row("b", "go", "a_b"), states="a_b b c a")
    session = engine.start(None, "a_b")
    engine.step(session, "go")
    assert session.state == "b"


def test_20_a_pickled_model_drags_the_machine_along() -> None:
    """What a session is fits into names: it is made again from them, by whoever has the table."""
    engine = build(row("a", "go", "b"))
    session = engine.start(None)
    engine.step(session, "go")
    saved = pickle.dumps((engine.table.name, session.node.name))
    name, state = pickle.loads(saved)
    assert len(saved) < 40
    assert (name, engine.start(None, engine.table.state(state)).state) == ("t", "b")


def test_21_drawing_without_its_package_writes_another_format() -> None:
    """The engine draws nothing, and no graph machine is used: our own exporters say which format they write."""
    assert not hasattr(build(row("a", "go", "b")), "get_graph")
    for path in FSM.glob("*.py"):
        assert "GraphMachine" not in path.read_text(encoding="utf-8")


def test_22_its_mermaid_has_no_finals_and_no_title() -> None:
    table: StateTable[str, Any] = StateTable("door", ["a", "b"], "a", [row("a", "go", "b"), drop("b", "go")], final=("b",))
    drawn = mermaid(table)
    assert 'title: "door"' in drawn
    assert "--> [*]" in drawn


def test_23_thread_safety_costs_a_lock_around_everything(caplog: pytest.LogCaptureFixture) -> None:
    """One session belongs to one task, the engine is read-only: no lock, and not a line of log even at DEBUG."""
    caplog.set_level(logging.DEBUG)
    engine = build(row("a", "go", "b"), row("b", "go", STAY), always("c", "a"))
    session = engine.start(None)
    for _ in range(3):
        engine.step(session, "go")
    assert caplog.records == []
    assert not [value for value in vars(engine).values() if isinstance(value, type(threading.Lock()) | type(threading.RLock()))]
