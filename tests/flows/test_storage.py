"""A conversation as JSON and back: the same one, a migrated one, or an error that says what is wrong with it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.problems import FlowError
from tests.flows.machine.play import BYE, USUAL, Play, text

STATES = """
[states.a]
ask = "size"
say = "Which size?"
[states.look]
call = "find"
[states.b]
say = "{size}: {find.count}. Sure?"
[states.shop]
say = "Main Street."
[slots.size]
type = "choice"
many = true
[slots.size.values]
small = "small"
large = "large"
[slots.count]
type = "number"
[tools.find]
args = ["size"]
returns = { count = "number", names = "list" }
"""
ROWS = """
a | filled | | look |
look | ok | | b |
look | failed, timeout | | bye |
b | yes | | bye |
any | "where" | | visit shop |
shop | "thanks" | | back |
"""
FILE = text(ROWS + USUAL, STATES + BYE)


def play() -> Play:
    one = Play(FILE)
    one.hear("small and large")
    one.ok(count=2, names=("x", "y"))
    one.silence()
    one.hear("where")
    return one


def test_it_goes_on_where_it_was() -> None:
    one = play()
    saved = json.loads(json.dumps(one.flow.save(one.data)))
    two = Play(one.flow, begin=False, data=one.flow.restore(saved))
    assert one.flow.save(two.data) == one.flow.save(one.data)
    assert two.state == "shop"
    assert two.resume() == ["Main Street."]
    assert two.hear("thanks") == one.hear("thanks") == ["small and large: two. Sure?"]
    assert two.data.failures == one.data.failures


def test_before_it_began_and_at_its_end() -> None:
    flow = Flow.loads(FILE)
    fresh = flow.restore(flow.save(flow.start()))
    assert fresh.cell("flow").state == "(begin)"
    one = play()
    one.hang_up()
    gone = one.flow.restore(one.flow.save(one.data))
    assert one.flow.ended(gone)
    assert gone.outcome == "hung_up"


def _saved() -> dict[str, Any]:
    one = play()
    return one.flow.save(one.data)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"format": 9}, "F802"),
        ({"flow": "other"}, "F803"),
        ({"version": "1"}, "F802"),
        ({"version": True}, "F802"),
        ({"version": 7}, "F804"),
        ({"digest": "x"}, "F805"),
        ({"state": "shopp"}, "F801"),
        ({"state": 7}, "F801"),
        ({"state": "b:checking"}, "F801"),
        ({"state": "a:checking"}, "F801"),
        ({"slots": {"siz": "small"}}, "F806"),
        ({"slots": {"size": "gigantic"}}, "F806"),
        ({"slots": []}, "F802"),
        ({"results": {"found": {}}}, "F806"),
        ({"results": {"find": 3}}, "F806"),
        ({"results": {"find": {"secret": 1}}}, "F806"),
        ({"results": {"find": {"count": {}}}}, "F806"),
        ({"failures": 3}, "F802"),
        ({"failures": {"no_input": -1}}, "F802"),
        ({"bookmark": 3}, "F802"),
        ({"bookmark": {"state": "nowhere"}}, "F801"),
        ({"turns": 1.5}, "F802"),
        ({"said": 3}, "F802"),
        ({"said": [["a"]]}, "F802"),
        ({"outcome": "rich"}, "F802"),
        ({"outcome": []}, "F802"),
    ],
)
def test_what_was_edited_is_refused_by_name(change: dict[str, Any], code: str) -> None:
    flow = Flow.loads(FILE)
    with pytest.raises(FlowError) as told:
        flow.restore(_saved() | change)
    assert code in {problem.code for problem in told.value.problems}


def test_what_is_no_object_is_refused() -> None:
    values: tuple[object, ...] = (None, [], "x", 3)
    for value in values:
        with pytest.raises(FlowError, match="F802"):
            Flow.loads(FILE).restore(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_whatever_is_put_in_its_place_is_read_or_refused(data: st.DataObject) -> None:
    flow = Flow.loads(FILE)
    saved = copy.deepcopy(_SAVED)
    name = data.draw(st.sampled_from(sorted(saved)))
    value = data.draw(JSON)
    if isinstance(saved[name], dict) and saved[name] and data.draw(st.booleans()):
        saved[name] = saved[name] | {data.draw(st.sampled_from(sorted(saved[name]))): value}
    else:
        saved[name] = value
    try:
        restored = flow.restore(saved)
    except FlowError:
        return
    Play(flow, begin=False, data=restored).resume()


_SAVED = _saved()

NEW = FILE.replace("version = 1", "version = 3").replace("shop", "store").replace('"size"', '"measure"').replace("{size}", "{measure}").replace(
    "slots.size", "slots.measure"
)  # fmt: skip


def test_a_later_version_migrates_it_or_says_how() -> None:
    saved = _saved()
    with pytest.raises(FlowError, match=r"F801 saved at t v1, state 'shop'; this is v3 and has no 'shop'[\s\S]*\[migrate\.1\]"):
        Flow.loads(NEW).restore(saved)
    steps = '\n[migrate.1]\nstates = { shop = "place" }\nslots = { size = "width" }\n[migrate.2]\nstates = { place = "store" }\nslots = { width = "measure" }\n'
    flow = Flow.loads(NEW + steps)
    data = flow.restore(saved)
    assert data.cell("flow").state == "store"
    assert dict(data.slots) == {"measure": ("small", "large")}
    second = Flow.loads(NEW + steps).restore(saved | {"version": 2, "state": "place", "slots": {"width": ["small"]}})
    assert dict(second.slots) == {"measure": ("small",)}


def test_a_later_version_in_which_all_names_still_stand_needs_no_migration() -> None:
    flow = Flow.loads(FILE.replace("version = 1", "version = 2"))
    assert flow.restore(_saved()).cell("flow").state == "shop"


def test_a_secret_in_a_stored_conversation_is_refused() -> None:
    flow = Flow.loads(FILE.replace('[slots.count]\ntype = "number"', '[slots.count]\ntype = "number"\nsecret = true'))
    with pytest.raises(FlowError, match="secret"):
        flow.restore(_saved() | {"digest": flow.digest, "slots": {"count": 3}})
