"""Conditions and prompts: what names stand for, what is unset, how values are spoken."""

from __future__ import annotations

import pytest

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.flat import Near
from fsm_agents.flows.notation.rows import ANY, FILLED, NEXT, OUT_OF_TRIES, on, says
from tests.flows.machine.play import BYE, USUAL, Play, text

STATES = """
[states.a]
say = "Well?"
[states.yes]
say = "It holds."
[states.told]
say = "Sum [{sum:money}][, size {size}][, on {day}][{missing}], [{find.names:or} {find.sum}]."
[slots.sum]
type = "number"
hear = "0..5000"
[slots.size]
type = "choice"
[slots.size.values]
small = "small"
large = "large"
[slots.many]
type = "choice"
many = true
[slots.many.values]
x = "ex"
y = "why"
[slots.sure]
type = "yesno"
[slots.day]
type = "date"
[slots.missing]
type = "digits"
[tools.find]
returns = { names = "list", sum = "number" }
"""


def holds(when: str, **slots: object) -> bool:
    rows = f"""
a | "go" | {when} | yes |
a | "over" | | bye |
a | "prompt" | | told |
yes | "bye" | | bye |
told | "bye" | | bye |
"""
    one = Play(text(rows + USUAL, STATES + BYE))
    one.data.slots = tuple(sorted(slots.items()))
    one.data.results = (("find", (("names", ("u", "v")), ("sum", 3))),)
    one.hear("go")
    return one.state == "yes"


@pytest.mark.parametrize(
    ("when", "slots", "held"),
    [
        ("sum > 6", {"sum": 7}, True),
        ("sum > 6", {"sum": 6}, False),
        ("sum >= 6", {"sum": 6}, True),
        ("sum <= 6", {"sum": 6}, True),
        ("sum < 6", {"sum": 6}, False),
        ("sum != 6", {}, False),
        ("sum != 6", {"sum": 5}, True),
        ("sum", {}, False),
        ("sum", {"sum": 0}, False),
        ("not sum", {}, True),
        ("sum = 1 or size = small", {"size": "small"}, True),
        ("sum = 1 and size = small", {"size": "small"}, False),
        ("sum = 1 and size = small or sure", {"sure": True}, True),
        ("size in (small, large)", {"size": "large"}, True),
        ("size in (small, large)", {}, False),
        ("many in (x)", {"many": ("y", "x")}, True),
        ("many = x", {"many": ("y", "x")}, True),
        ("many != x", {"many": ("y",)}, True),
        ("sure = yes", {"sure": True}, True),
        ("sure = no", {"sure": True}, False),
        ("find.sum = 3", {}, True),
        ("find.names = u", {}, True),
        ("tries = 0", {}, True),
    ],
)
def test_a_condition(when: str, slots: dict[str, object], held: bool) -> None:
    assert holds(when, **slots) is held


def test_a_comparison_of_things_that_cannot_be_compared_is_false() -> None:
    assert not holds("sum > 3", sum="of a function")
    assert holds("sum != 3", sum="of a function")


def test_a_prompt_says_values_as_they_are_spoken_and_leaves_out_what_is_unset() -> None:
    rows = 'a | "go" | | told |\na | "over" | | bye |\na | "yes state" | | yes |\nyes | "bye" | | bye |\ntold | "bye" | | bye |'
    loaded = text(rows + USUAL, STATES + BYE)
    one = Play(loaded)
    one.data.slots = (("size", "small"), ("sum", 42))
    one.data.results = (("find", (("names", ("u", "v")), ("sum", 3))),)
    assert one.hear("go") == ["Sum forty two dollars, size small, u or v three."]


def test_functions_in_python_rows() -> None:
    tree = {
        "flow": "t", "version": 1, "lang": "en-US", "start": "a",
        "slots": {"count": {"type": "number", "range": "1..20"}, "size": {"type": "choice", "values": {"small": "small"}}},
        "states": {
            "a": {"ask": "count", "say": "How many?"}, "b": {"say": "{count} [{size}]?"}, "bye": {"say": "Bye.", "end": "done"},
        },
    }  # fmt: skip
    rows = [
        says("a", "all of them", to=NEXT, do=lambda _slots: {"count": 20, "size": "small"}),
        on("a", FILLED, when=lambda slots: slots["count"] > 10, to="b"),
        on("a", FILLED, to="bye"),
        says("b", "yes", to="bye"),
        on(ANY, OUT_OF_TRIES, to="bye"),
    ]
    flow = Flow.of(tree, rows)
    one = Play(flow)
    assert one.hear("all of them") == ["twenty small?"]
    two = Play(flow)
    two.hear("three")
    assert two.state == "bye"


def test_how_near_an_edge_is_can_be_read() -> None:
    assert str(Near(0, 1)) == "question"
    assert str(Near(2, 3)) == "any (2 out)"
