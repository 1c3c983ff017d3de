"""Why a step did what it did: the text, and that it never says anything else than what the joint does."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.errors import MisuseError, TableError
from fsm_agents.fsm.engine import Due, Fault, Set
from fsm_agents.fsm.explain import Asked, Explained, Raised, explain
from fsm_agents.fsm.explore import clone, live_timers, states_of
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.record import fields_of
from fsm_agents.fsm.rows import STAY, Group, Level, Row, Timer, after, always, back_to, drop, never, row
from fsm_agents.fsm.table import StateTable
from tests.fsm.phone import HELLO, PHONE, Call, Called, HoldPressed, HungUp, PickedUp, Spoke, begin, stimuli


def after_events(*events: object) -> Call:
    data = begin()
    for event in events:
        PHONE.step(data, event)
    return data


def test_the_text_of_a_step() -> None:
    """Who was asked, which rows were tried, what was raised, what fired, where it rests."""
    told = str(explain(PHONE, after_events(Called("", 7)), PickedUp()))
    assert told.splitlines() == [
        "PickedUp came; at rest: line RINGING, voice SILENT",
        "line in RINGING",
        f"  took r_04 → TALKING / connect, greet  ({PHONE.tables['line'].rows[3].where})",
        "    does Connect(call=7)",
        "    raises TextGiven(text='hello')",
        "      voice in SILENT",
        f"        took r_01 → SPEAKING / say  ({PHONE.tables['voice'].rows[0].where})",
        "          does Play(text='hello')",
        "    does light on",
        "at rest now: line TALKING, voice SPEAKING",
        "armed: speak_limit (voice) in 0.25s",
    ]


def test_guards_that_said_no_are_told() -> None:
    """Which is what one asks for."""
    told = str(explain(PHONE, after_events(Called("", 1), PickedUp()), Spoke((), 1)))
    assert "  no   r_14 → stay / note when has_words  (phone.py:" in told
    assert "  took r_15 → drop  (phone.py:" in told
    assert told.endswith("at rest now: line TALKING, voice SPEAKING (as before)")


def test_always_rows_that_fire_are_told_with_those_above() -> None:
    data = after_events(Called("", 1), PickedUp())
    PHONE.step(data, HELLO)
    told = str(explain(PHONE, data, HungUp()))
    assert "always: voice in SPEAKING\n  took r_08 → SILENT / silence when line in IDLE DOWN and few_rings" in told
    assert "sets said = ()" in told


def test_a_stale_event_asks_no_table() -> None:
    said = explain(PHONE, begin(), Spoke((), 99))
    assert said.stale
    assert "stale: it is of the past" in str(said)
    assert explain(PHONE, begin(), Due("line", "ring_limit", 3)).stale


def test_an_event_that_no_machine_knows_is_refused() -> None:
    with pytest.raises(MisuseError, match=r"phone does not know the event knock.*it answers: Called"):
        explain(PHONE, begin(), "knock")


def test_the_conversation_is_not_changed() -> None:
    """Neither states nor data."""
    data = after_events(Called("", 1), PickedUp())
    before = (states_of(data), dict(fields_of(data)), [cell.epoch for cell in data.cells])
    explain(PHONE, data, HELLO)
    explain(PHONE, data, HoldPressed())
    assert (states_of(data), dict(fields_of(data)), [cell.epoch for cell in data.cells]) == before


def test_what_a_guard_raises_is_told_where_it_was_asked() -> None:
    """The row that was being tried is the last one."""

    def broken(_event: object, _data: object) -> bool:
        raise ZeroDivisionError("no words")

    rows: list[Any] = [row("a", "go", "b", when=broken), row("a", "go", "a"), drop("b", "go")]
    joint: Joint[Any] = Joint("j", {"t": StateTable("t", ("a", "b"), "a", rows)})
    said = explain(joint, joint.start(Shared()), "go")
    assert isinstance(said.raised, ZeroDivisionError)
    assert "  no   r_01 → b when broken" in str(said)
    assert str(said).endswith("raised ZeroDivisionError: no words; the step is undone")
    assert said.after == {"t": "a"}


def test_a_machine_without_a_row_is_told() -> None:
    """Only a lenient table has such a cell."""
    table: StateTable[str, Any] = StateTable("t", ("a", "b"), "a", [row("b", "go", "a")], strict=False)
    joint: Joint[Any] = Joint("j", {"t": table})
    assert "t in a: has no row for it" in str(explain(joint, joint.start(Shared()), "go"))


def test_a_winner_is_the_last_row_tried() -> None:
    assert Asked("m", "s").taken is None
    said = explain(PHONE, after_events(Called("", 1), PickedUp()), HELLO)
    taken = said.asked[0].taken
    assert taken is not None
    assert (taken.number, taken.answer) == (14, True)


@given(st.data())
def test_it_agrees_with_the_joint_on_the_telephone(data: st.DataObject) -> None:
    here = begin()
    for _ in range(data.draw(st.integers(0, 20))):
        event = data.draw(st.sampled_from([*stimuli(here), *live_timers(PHONE, here), Due("voice", "speak_limit", 0)]))
        same(PHONE, here, event)
        PHONE.step(here, event)


def same(joint: Joint[Any], data: Shared, event: object) -> None:
    """Explaining and stepping tell one story."""
    said, twin = explain(joint, data, event), clone(data)
    if said.raised is not None:
        with pytest.raises(type(said.raised)):
            joint.step(twin, event)
        return
    step = joint.step(twin, event)
    assert (said.trail, said.effects, said.arms, said.stale) == (step.trail, step.effects, step.arms, step.stale)
    assert tuple(said.after.values()) == states_of(twin)
    assert told_by(said) == [(joint.machines[place], taken.row) for place, taken in step.trail]


def told_by(said: Explained) -> list[tuple[str, Row[Any, Any]]]:
    """The rows taken, read from the tree instead of the trail."""
    found: list[tuple[str, Row[Any, Any]]] = []

    def visit(asked: Asked) -> None:
        if asked.taken:
            found.append((asked.machine, asked.taken.row))
        for effect in asked.did:
            if isinstance(effect, Raised):
                for inner in effect.asked:
                    visit(inner)

    for asked in (*said.asked, *said.settled):
        visit(asked)
    return found


class Number(Shared):
    __slots__ = ("n",)

    def __init__(self) -> None:
        self.n = 0


class Raises:
    """An action that counts, gives an effect, and may raise events or an exception."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __call__(self, _event: object, data: Number) -> tuple[object, ...]:
        if self.what == "error":
            raise KeyError(data.n)
        raised = {"y": (EVENTS[1](),), "x": (EVENTS[0](),)}.get(self.what, ())
        return (*raised, "effect", Set("n", data.n + 1))


EVENTS: tuple[type[Any], ...] = (attrs.make_class("X", []), attrs.make_class("Y", []))
TICK = Timer("tick", 1.0)
STATES = ("a", "b", "c")
GUARDS = (None, None, lambda _, data: data.n % 2 == 0, lambda _, data: data.n % 3 == 0)


@st.composite
def joints(draw: st.DrawFn) -> Joint[Number]:
    """Two machines that raise to each other, read each other, go back, and break."""
    tables = {}
    for name, other in (("one", "two"), ("two", "one")):
        group = Group("pair", ("a", "b"), "a")
        rows: list[Any] = [after("b", TICK, "c"), never("c", EVENTS[1])]
        for _ in range(draw(st.integers(1, 8))):
            state = draw(st.sampled_from((*STATES, group)))
            to = draw(st.sampled_from((*STATES, STAY, back_to(group))))
            level = Level(other, (draw(st.sampled_from(STATES)),), draw(st.booleans()))
            if draw(st.integers(0, 3)):
                # X raises Y and Y raises nothing: what raises itself is endless, or as good as endless, in the joint as here
                event = draw(st.sampled_from(EVENTS))
                do = draw(st.sampled_from((None, Raises(""), Raises("error"), Raises("y" if event is EVENTS[0] else ""))))
                rows.append(row(state, event, to, do, draw(st.sampled_from((*GUARDS, level)))))
            else:
                do = draw(st.sampled_from((None, Raises(""), Raises("y"), Raises("error"))))
                rows.append(always(state, draw(st.sampled_from(STATES)), do, draw(st.sampled_from((level, GUARDS[2])))))
        tables[name] = StateTable(name, STATES, "a", rows, strict=False)
    return Joint("pair", tables)


@given(joints(), st.data())
def test_it_agrees_with_the_joint_on_any_tables(joint: Joint[Number], data: st.DataObject) -> None:
    """Also where they never come to rest, raise without end, or break."""
    here = joint.start(Number())
    known = [event for event in EVENTS if event in joint.routes]
    for _ in range(6):
        event = data.draw(st.sampled_from([*(cls() for cls in known), *live_timers(joint, here)]))
        same(joint, here, event)
        try:
            joint.step(here, event)
        except (TableError, KeyError):
            continue


def test_events_raised_without_end_are_told_as_the_joint_tells_them() -> None:
    loop: StateTable[str, Any] = StateTable("loop", ("a",), "a", [row("a", EVENTS[0], STAY, Raises("x"))])
    joint: Joint[Any] = Joint("j", {"loop": loop})
    said = explain(joint, joint.start(Number()), EVENTS[0]())
    assert isinstance(said.raised, TableError)
    assert "raises events without end" in str(said.raised)


def test_always_rows_without_end_are_told_as_the_joint_tells_them() -> None:
    rows: list[Any] = [always("a", "b"), always("b", "a"), row("a", "go", "b"), row("b", "go", "a")]
    joint: Joint[Any] = Joint("j", {"loop": StateTable("loop", ("a", "b"), "a", rows, strict=False)})
    said = explain(joint, joint.start(Number()), "go")
    assert isinstance(said.raised, TableError)
    assert "never come to rest after go" in str(said.raised)


def test_an_event_that_never_comes_is_told_as_a_fault() -> None:
    rows: list[Any] = [never("a", "go")]
    joint: Joint[Any] = Joint("j", {"m": StateTable("t", ("a",), "a", rows)})
    said = explain(joint, joint.start(Number()), "go")
    assert said.effects == [Fault("m", "a", "go")]
    assert "took r_01 → never" in str(said)


def test_an_action_that_steps_is_refused_here_too() -> None:
    """Reentrancy is misuse, and explaining must not hide it."""

    def again(_event: object, data: Any) -> tuple[object, ...]:
        joint.step(data, "go")
        return ()

    joint: Joint[Any] = Joint("j", {"t": StateTable("t", ("a",), "a", [row("a", "go", STAY, again)])})
    assert isinstance(explain(joint, joint.start(Number()), "go").raised, MisuseError)


def test_a_timer_that_is_off_is_not_told_as_armed() -> None:
    data = begin(hold=None)
    for event in (Called("", 1), PickedUp()):
        PHONE.step(data, event)
    assert explain(PHONE, data, HoldPressed()).arms == []
