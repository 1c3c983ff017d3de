"""What the host gives a flow is held against what it needs, before any call; what tools return, in it."""

from __future__ import annotations

import datetime
from typing import Any

import attrs
import pytest

from fsm_agents.chat.tool import ToolContext, function_tool
from fsm_agents.flows.binding import Binding, named, takes_context
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.problems import FlowError
from fsm_agents.flows.results import ResultError, fields_of
from fsm_agents.flows.spec import ToolSpec

FILE = """
flow = "t"
version = 1
lang = "en-US"
start = "a"
[rows]
main = '''
| in    | on                  | when | to  | do |
|-------|---------------------|------|-----|----|
| a     | filled              |      | b   |    |
| b     | ok, failed, timeout |      | h   |    |
| h     | ok, failed, timeout |      | bye |    |
| any   | out_of_tries        |      | bye |    |
'''
[slots.day]
type = "date"
[tools.find]
args = ["day"]
returns = { count = "number" }
[tools.remote]
mcp = true
[states.a]
ask = "day"
say = "When?"
[states.b]
call = "find"
[states.h]
handoff = "queue:desk"
[states.bye]
end = "done"
"""


def test_tools_are_given_by_name_or_as_functions() -> None:
    def find(day: str) -> dict[str, int]:
        return {"count": len(day)}

    @function_tool
    async def other(day: str) -> int:
        """Find."""
        return len(day)

    flow = Flow.loads(FILE)
    assert flow.bind([find]).binding.tools == {"find": find}
    assert set(flow.bind({"find": other}).binding.tools) == {"find"}
    assert named([other]) == {"other": other}
    assert flow.binding.tools == {}, "binding makes another flow"


def test_a_tool_may_take_its_context_and_anything_by_name() -> None:
    def find(day: str, ctx: ToolContext, more: int = 1) -> int:
        return more

    assert takes_context(find) == "ctx"
    flow = Flow.loads(FILE)
    assert flow.bind([find]).binding.tools
    assert flow.bind({"find": lambda **anything: anything}).binding.tools


@pytest.mark.parametrize(
    ("tools", "told"),
    [
        ({}, "needs the tool find(day) → count; the host gave no tools"),
        ({"fnd": len}, "did you mean 'fnd'"),
        ({"find": 3}, "it cannot be called"),
        ({"find": lambda date: date}, "it takes no day; nothing gives it date"),
        ({"find": lambda: 0}, "it takes no day"),
    ],
)
def test_what_does_not_fit_is_told_with_both_signatures(tools: dict[str, Any], told: str) -> None:
    with pytest.raises(FlowError, match="F701") as wrong:
        Flow.loads(FILE).bind(tools)
    assert told in str(wrong.value)


def test_a_function_without_a_signature_is_taken_at_its_word() -> None:
    assert Flow.loads(FILE).bind({"find": vars}).binding.tools


def test_who_takes_over_is_found_by_target_or_kind_and_a_wrong_one_is_told() -> None:
    flow = Flow.loads(FILE)
    give = {"find": lambda day: day}

    async def desk(to: str, carry: Any) -> None:
        """Take them."""

    assert flow.bind(give, hand_offs={"queue": desk}).binding.hand_off("queue:desk") is desk
    assert flow.bind(give, hand_offs={"queue:desk": desk}).binding.hand_off("queue:desk") is desk
    assert Binding().hand_off("queue:desk") is None
    with pytest.raises(FlowError, match="F704"):
        flow.bind(give, hand_offs={"agent": desk})


@attrs.frozen
class Found:
    count: int
    when: datetime.date


TOOL = ToolSpec("find", returns={"count": "number", "when": "date"})


@pytest.mark.parametrize(
    ("result", "fields"),
    [
        ({"count": 2, "when": "2026-12-01", "more": 1}, (("count", 2), ("when", "2026-12-01"))),
        (Found(2, datetime.date(2026, 12, 1)), (("count", 2), ("when", "2026-12-01"))),
        (
            {"count": 2.5, "when": datetime.datetime(2026, 12, 1, 9, tzinfo=datetime.UTC)},
            (("count", 2.5), ("when", "2026-12-01")),
        ),
    ],
)
def test_a_result_is_a_mapping_or_an_attrs_object(result: object, fields: object) -> None:
    assert fields_of(TOOL, result) == fields


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("text", 3, "3"), ("yesno", True, True), ("time", "9:30".zfill(5), "09:30"), ("time", datetime.time(9, 30), "09:30"),
        ("list", ["a", 1], ("a", "1")), ("custom", "as it is", "as it is"),
    ],
)  # fmt: skip
def test_one_field_may_be_returned_bare(kind: str, value: object, read: object) -> None:
    assert fields_of(ToolSpec("t", returns={"x": kind}), value) == (("x", read),)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("number", "3"), ("number", True), ("number", float("nan")), ("text", []), ("yesno", 1), ("date", "soon"), ("date", 3), ("time", "late"),
     ("list", "abc"), ("list", 3), ("list", [{}])],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(kind: str, value: object) -> None:
    with pytest.raises(ResultError, match="F702"):
        fields_of(ToolSpec("t", returns={"x": kind}), {"x": value})


def test_missing_fields_and_strange_results_are_refused() -> None:
    with pytest.raises(ResultError, match="returned no 'when'"):
        fields_of(TOOL, {"count": 1})
    with pytest.raises(ResultError, match="returned int"):
        fields_of(TOOL, 3)
    with pytest.raises(ResultError):
        fields_of(ToolSpec("t", returns={"x": "number"}), None)
    assert fields_of(ToolSpec("t"), object()) == ()
