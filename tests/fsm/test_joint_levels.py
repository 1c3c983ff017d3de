"""Level guards of a joint: compiled or asked themselves, alone or in company, they say the same; and the first that holds wins."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.levels import levels_in
from fsm_agents.fsm.rows import STAY, All, Guard, Level, Row, always, row
from fsm_agents.fsm.table import StateTable

STATES = ("a", "b", "c")


class Data(Shared):
    __slots__ = ("asked", "open")

    def __init__(self) -> None:
        self.open = True
        self.asked = 0


def is_open(event: object, data: Data) -> bool:
    data.asked += 1
    return data.open


def is_shut(event: object, data: Data) -> bool:
    return not data.open


levels = st.builds(
    Level,
    machine=st.sampled_from(["one", "two"]),
    states=st.lists(st.sampled_from(STATES), max_size=3).map(tuple),
    negated=st.booleans(),
)
questions: st.SearchStrategy[Any] = st.sampled_from([is_open, is_shut])
guards = st.recursive(
    st.one_of(levels, questions),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda parts: All(tuple(parts))),
    max_leaves=5,
)


def joined(*found: Guard[Any, Any]) -> Joint[Data]:
    """Two machines to look at, and one with an ``always`` row for each guard: the first leads to s0, the second to s1, and so on."""
    states = ["start", *(f"s{n}" for n in range(len(found)))]
    rows: list[Row[str, Data]] = [always("start", f"s{n}", when=guard) for n, guard in enumerate(found)]
    watcher: StateTable[str, Data] = StateTable("watcher", states, "start", rows)
    looked_at: StateTable[str, Data] = StateTable("looked at", STATES, "a", [row(STATES, "go", STAY)])
    return Joint("j", {"one": looked_at, "two": looked_at, "watcher": watcher})


def put(joint: Joint[Data], one: str, two: str, *, is_it_open: bool) -> Data:
    data = joint.start(Data())
    data.open = is_it_open
    for cell, state in zip(data.cells, (one, two), strict=False):
        cell.node = joint.engines[0].states[state]
    return data


@given(found=st.lists(guards, min_size=1, max_size=3))
def test_compiled_guards_say_what_the_guards_say_in_every_combination(found: list[Guard[Any, Any]]) -> None:
    joint = joined(*found)
    for one, two, is_it_open in product(STATES, STATES, (True, False)):
        data = put(joint, one, two, is_it_open=is_it_open)
        said = [bool(guard("go", data)) for guard in found]
        ways = joint.always[data.cells[2].node]
        assert [bool(when("go", data)) for when, _ in ways] == said
        joint.step(data, "go")
        assert data.cell("watcher").state == (f"s{said.index(True)}" if True in said else "start")


@pytest.mark.parametrize("guard", [Level("one", ("b",)), All((is_open, Level("one", ("b",))))])
def test_a_level_that_says_no_asks_nothing_else(guard: Guard[Any, Any]) -> None:
    joint = joined(guard)
    data = put(joint, "a", "a", is_it_open=True)
    joint.step(data, "go")
    assert (data.asked, data.cell("watcher").state) == (0, "start")


def test_levels_are_found_wherever_they_stand_in_a_guard() -> None:
    one, two = Level("one", ("a",)), Level("two", ("b",))
    assert list(levels_in(All((is_open, one, All((two, is_shut)))))) == [one, two]
    assert list(levels_in(None)) == list(levels_in(is_open)) == []
