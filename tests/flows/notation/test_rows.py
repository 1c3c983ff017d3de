"""Python rows: the same cells, the same flow; functions as conditions and acts; what is refused."""

from __future__ import annotations

import datetime
import tomllib
from typing import Any

import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.flows.notation.folder import Reading, read_text
from fsm_agents.flows.notation.rows import (
    AGAIN,
    ANY,
    BACK,
    FAILED,
    FILLED,
    HUNG_UP,
    INTERRUPTED,
    INVALID,
    NEXT,
    NO_INPUT,
    NO_MATCH,
    OK,
    OUT_OF_TRIES,
    RESUMED,
    SAID,
    STAY,
    TIMEOUT,
    after,
    any_but,
    ended,
    flow_of,
    llm,
    on,
    press,
    says,
    visit,
)  # fmt: skip
from fsm_agents.flows.notation.write import to_toml, without_places
from fsm_agents.flows.problems import FlowError
from fsm_agents.flows.syntax import Function, SetSlot
from tests.flows.notation.small import EXAMPLES, NAMES, SMALL, read

TREE: dict[str, Any] = {
    "flow": "tea", "start": "ask",
    "slots": {"count": {"type": "number"}, "size": {"type": "choice", "values": {"small": "small"}}},
    "states": {"ask": {"ask": "count", "say": "How many?"}, "end": {"end": "done"}},
}  # fmt: skip


def small_rows() -> list[Any]:
    return [
        says("ask", "[a] {size} cup", to=NEXT, do="set count = 1"),
        on("ask", (FILLED, "drop"), when="count > 2", to="tool", do="say menu"),
        on("ask", llm("angry", sets="size"), when="member", to=STAY, do="clear size"),
        on("tool", OK, when="tea.hot", to="end", do="emit sold"),
        on("tool", (FAILED, TIMEOUT), to="end", do='say "Sorry."'),
        on(ANY, ("closed", press("0")), to="end"),
    ]


def test_rows_in_python_and_in_a_file_are_the_same_flow() -> None:
    tree = {key: value for key, value in tomllib.loads(SMALL).items() if key != "rows"}
    assert without_places(flow_of(tree, small_rows()).spec) == without_places(read_text(SMALL).spec)


@pytest.mark.parametrize("name", NAMES)
def test_the_cells_of_a_file_as_python_rows_are_the_same_flow(name: str) -> None:
    spec = read(name).spec
    rows = [on(a, b, when=c, to=d, do=e) for a, b, c, d, e in (row.cells for row in spec.rows)]
    made = flow_of(spec.tree, rows, folder=EXAMPLES).spec
    assert [row.cells for row in made.rows] == [row.cells for row in spec.rows]
    blocks = [row.block for row in spec.rows]
    import attrs

    made = attrs.evolve(made, rows=tuple(attrs.evolve(row, block=block) for row, block in zip(made.rows, blocks, strict=True)))
    assert without_places(made) == without_places(spec)


def test_the_words_of_the_table() -> None:
    rows = [
        on(any_but("ask"), SAID, to=AGAIN), on(any_but("ask", "end"), (INVALID, NO_INPUT, NO_MATCH), to=BACK), on(("ask", "end"), after("40s"), to=visit("end")),
        on("ask", (llm("x", sets=("count", "size")), "yes", ended("known")), to="end"), says("ask", ("one", "two"), to=STAY),
        on(ANY, (OUT_OF_TRIES, INTERRUPTED, RESUMED, HUNG_UP), to="end"),
    ]  # fmt: skip
    assert [row.cells for row in rows] == [
        ("any but ask", "said", "", "again", ""),
        ("any but (ask, end)", "invalid, no_input, no_match", "", "back", ""),
        ("ask, end", "after 40s", "", "visit end", ""),
        ("ask", 'yes, ended known, llm "x" sets count, size', "", "end", ""),  # else "yes" would be a slot that it sets
        ("ask", '"one", "two"', "", "stay", ""),
        ("any", "out_of_tries, interrupted, resumed, hung_up", "", "end", ""),
    ]


def test_a_row_knows_the_line_it_is_written_on() -> None:
    row = says("ask", "x", to="nowhere")
    assert row.place.file == __file__
    with pytest.raises(FlowError) as raised:
        flow_of(TREE, [row])
    [problem] = raised.value.problems
    assert (problem.code, problem.place) == ("F202", row.place)


def test_what_is_wrong_with_the_tree_is_told_at_the_call() -> None:
    with pytest.raises(FlowError) as raised:
        flow_of({**TREE, "strat": "x"}, [says("ask", "x", to=STAY)])
    [problem] = raised.value.problems
    assert (problem.code, problem.place.file) == ("F003", __file__)


def is_member(slots: dict[str, Any]) -> bool:
    return bool(slots)


def double(slots: dict[str, Any]) -> dict[str, Any]:
    return {"count": 2 * slots["count"]}


class Asked:
    def __call__(self, slots: dict[str, Any]) -> bool:
        return True


def test_functions_stand_for_conditions_and_acts() -> None:
    asked = Asked()
    rows = [
        says("ask", "x", to=STAY, when=is_member, do=["set count = 3", double]),
        says("ask", "y", to=STAY, when=asked, do=double),
    ]
    first, second = flow_of(TREE, rows).spec.rows
    assert first.when == Function("is_member", is_member)
    assert first.do == (SetSlot("count", 3), Function("double", double))
    assert first.cells == ("ask", '"x"', "is_member", "stay", "set count = 3; double")
    assert (second.when, second.do) == (Function("Asked", asked), (Function("double", double),))


def test_a_flow_with_a_function_has_no_file_form() -> None:
    row = says("ask", "x", to=STAY, when=is_member)
    with pytest.raises(MisuseError, match=r"test_rows.py:\d+ holds the Python function 'is_member': no file can hold it"):
        to_toml(flow_of(TREE, [row]).spec)
    with pytest.raises(MisuseError, match="'double'"):
        to_toml(flow_of(TREE, [says("ask", "x", to=STAY, do=double)]).spec)


def test_mistakes_beside_a_function_are_told() -> None:
    with pytest.raises(FlowError) as raised:
        flow_of(TREE, [says("ask", "x", to=STAY, do=["set cuont = 3", double, "sya"])])
    assert [p.code for p in raised.value.problems] == ["F302", "F309"]


ODD: Any = 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: on(ODD, "yes", to=STAY), lambda: on("ask", "yes", to=ODD), lambda: says("ask", "x", to=STAY, when=ODD),
        lambda: says("ask", "x", to=STAY, do=[ODD]), lambda: flow_of(TREE, [ODD]),
    ],
    ids=range(5),
)  # fmt: skip
def test_what_is_no_row_is_refused(make: Any) -> None:
    with pytest.raises(MisuseError):
        make()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"rows": {"main": "x"}}, "F010"), ({3: 4}, "F007"), ({"words": {"a": None}}, "F007"), ({"words": {"a": object()}}, "F007"),
        ({"tools": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": 1}}}}}}}}}}, "F004"),
    ],
    ids=range(5),
)  # fmt: skip
def test_a_tree_holds_what_a_file_can_hold(more: dict[Any, Any], code: str) -> None:
    with pytest.raises(FlowError) as raised:
        flow_of({**TREE, **more}, [says("ask", "x", to=STAY)])
    assert code in {p.code for p in raised.value.problems}


def test_tuples_and_dates_are_lists_and_dates() -> None:
    tree = {**TREE, "tools": {"t": {"args": ("count",), "example": {"d": datetime.date(2026, 5, 31)}}}}
    spec = flow_of(tree, [says("ask", "x", to=STAY)]).spec
    assert (spec.tools["t"].args, spec.tools["t"].example) == (("count",), {"d": "2026-05-31"})
    assert without_places(read_text(to_toml(spec)).spec) == without_places(spec)


def test_sub_flows_can_be_given_read() -> None:
    inner = flow_of({"flow": "inner", "start": "a", "states": {"a": {"end": "known"}}}, [on("a", "repeat", to=STAY)])
    assert isinstance(inner, Reading)
    tree = {"flow": "outer", "start": "go", "states": {"go": {"run": "inner"}, "end": {"end": "done"}}}
    for flow in (inner, inner.spec):
        spec = flow_of(tree, [on("go", ended("known"), to="end")], flows={"inner": flow}).spec
        assert spec.flows["inner"] is inner.spec
        again = read_text(to_toml(spec), files={"inner.toml": to_toml(inner.spec)}).spec
        assert without_places(again) == without_places(spec)


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(FlowError, match="F004"):
        flow_of(TREE, [says("ask", "x", to=STAY)] * 20_001)


@pytest.mark.parametrize("cell", ["a\nb", "a\tb", "a\x00b"])
def test_a_cell_stands_on_one_line(cell: str) -> None:
    with pytest.raises(FlowError, match="F108"):
        flow_of(TREE, [on("ask", cell, to=STAY)])
