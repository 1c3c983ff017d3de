"""Where a stored conversation goes on that needs a secret: where it is asked for, where a ``resumed`` row leads, or nowhere (F807)."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.notation.rows import ANY, FILLED, OUT_OF_TRIES, on
from fsm_agents.flows.problems import FlowError
from fsm_agents.flows.recall import Recall, result
from tests.flows.machine.play import Play

EXAMPLES = Path(__file__).parents[2] / "examples" / "flows"

BANK = """
flow = "bank"
version = 1
start = "who"
[rows]
main = '''
| in   | on               | when            | to    | do              |
|------|------------------|-----------------|-------|-----------------|
| who  | filled           |                 | ask   |                 |
| ask  | filled           |                 | find  |                 |
| find | ok               | find.known      | menu  |                 |
| find | ok, failed, timeout |              | bye   |                 |
| menu | "(pay / send)"   |                 | pay   |                 |
| menu | "hours"          |                 | hours |                 |
| menu | "owner"          |                 | owner |                 |
| menu | "other"          |                 | ask   | clear pin       |
| menu | "change"         |                 | anew  |                 |
| anew | filled           |                 | menu  | clear new       |
| pay  | ok, failed, timeout |              | paid  |                 |
| paid | "code"           |                 | stay  | say "{pin:last4}" |
| paid | "bye"            |                 | bye   |                 |
| hours | "thanks"        |                 | bye   |                 |
| owner | yes             |                 | menu  |                 |
| owner | no              |                 | bye   |                 |
| any but (find, pay) | out_of_tries |      | bye   |                 |
'''
[slots.name]
type = "text"
[slots.pin]
type = "digits"
length = "4"
secret = true
[slots.new]
type = "digits"
length = "4"
secret = true
[tools.find]
args = ["pin"]
returns = { known = "yesno", owner = "text" }
[tools.pay]
args = ["name", "pin"]
once = true
[states.who]
ask = "name"
say = "Who is it?"
[states.ask]
ask = "pin"
say = "Your pin, {name}?"
[states.find]
call = "find"
[states.menu]
say = "Pay, or hours?"
[states.anew]
ask = "new"
say = "A new pin?"
[states.hours]
say = "From nine to five."
[states.owner]
say = "You are {find.owner}, right?"
[states.pay]
call = "pay"
[states.paid]
say = "Paid."
[states.bye]
say = "Goodbye."
end = "done"
"""


def bank(text: str = BANK) -> Flow:
    return Flow.loads(text)


def saved_at(flow: Flow, *steps: str) -> tuple[Play, dict[str, Any]]:
    """A conversation that has come somewhere: words, or ``ok`` of a tool."""
    one = Play(flow)
    for step in steps:
        if step == "ok":
            one.ok(known=True, owner="Ann Bell")
        else:
            one.hear(step)
    return one, json.loads(json.dumps(flow.save(one.data)))


def goes_on(flow: Flow, saved: dict[str, Any]) -> Play:
    return Play(flow, begin=False, data=flow.restore(saved))


HERE = ("ann", "four eight two nine")


@pytest.mark.parametrize(
    ("steps", "stood", "goes"),
    [
        ((), "who", "who"),
        (("ann",), "ask", "ask"),
        (HERE, "find", "ask"),  # its tool is given the pin
        ((*HERE, "ok"), "menu", "ask"),  # whoever pays from there needs it
        ((*HERE, "ok", "hours"), "hours", "hours"),  # nobody does
        ((*HERE, "ok", "owner"), "owner", "ask"),  # what the tool returned is not stored either
    ],
)
def test_it_goes_on_where_the_secret_is_asked_for(steps: tuple[str, ...], stood: str, goes: str) -> None:
    one, saved = saved_at(bank(), *steps)
    assert one.state == stood
    assert "4829" not in json.dumps(saved)
    two = goes_on(bank(), saved)
    assert two.state == goes
    assert two.slots == {name: value for name, value in one.slots.items() if name == "name"}
    if goes != stood:
        assert two.resume() == ["Your pin, ann?"]
        two.hear("one two three four")
        assert two.state == "find"


@pytest.mark.parametrize("steps", [("pay",), ("pay", "ok")])
def test_a_call_that_must_not_be_repeated_is_not_gone_back_over(steps: tuple[str, ...]) -> None:
    """Neither while it works, nor behind it: what could be done instead is said."""
    _, saved = saved_at(bank(), *HERE, "ok", *steps)
    with pytest.raises(FlowError, match=r"F807 from '(pay|paid)' on 'pin'[\s\S]*resumed"):
        bank().restore(saved)


def test_a_resumed_row_may_lead_elsewhere() -> None:
    row = '| paid | resumed | | bye | say "Ask for the code in the branch." |\n'
    flow = bank(BANK.replace('| paid | "bye"', row + '| paid | "bye"'))
    _, saved = saved_at(flow, *HERE, "ok", "pay", "ok")
    assert goes_on(flow, saved).resume() == ["Ask for the code in the branch.", "Goodbye."]
    nowhere = bank(BANK.replace('| paid | "bye"', row.replace("bye", "menu") + '| paid | "bye"'))
    with pytest.raises(FlowError, match="F807"):
        nowhere.restore(saved | {"digest": nowhere.digest})


def test_what_was_counted_in_the_state_that_is_left_is_over() -> None:
    one, saved = saved_at(bank(), *HERE, "ok")
    one.hear("well my dog")
    saved = bank().save(one.data)
    assert saved["failures"]["no_match"] == 1
    two = goes_on(bank(), saved)
    assert two.data.failures.tries == 0


def test_a_secret_of_a_sub_flow() -> None:
    """The appointment asks who is calling: what the tool there is given is asked for again, and behind it nobody needs it."""
    flow = Flow.load(EXAMPLES / "appointment.toml")
    lost = ["born", "identify/born", result("identify/find_patient")]
    place = Recall(flow.flat, lost).place
    assert place("identify/lookup") == "identify/born"
    assert place("identify/phone") == "identify/phone"
    assert place("confirm") == "confirm"
    assert place("service") == "service"


MANY = """
flow = "many"
version = 1
start = "top"
flows = {{ inner = "inner.toml" }}
[rows]
main = '''
| in   | on               | when | to    | do |
|------|------------------|------|-------|----|
| top  | "first"          |      | ask   |    |
| top  | "second"         |      | desk  |    |
| top  | "third"          |      | tell  |    |
| top  | "last"           |      | inner |    |
| ask  | filled           |      | menu  |    |
| menu | "go"             |      | {go}  |    |
| menu | "bye"            | {when} | bye |    |
| menu | "stay"           |      | bye   | {do} |
| menu | "where"          |      | visit place |  |
| place | "thanks"        |      | back  |    |
| desk | ok, failed, timeout |   | bye   |    |
| tell | yes              |      | next  |    |
| tell | filled           |      | bye   |    |
| inner | ended good      |      | bye   |    |
| any but (desk)  | out_of_tries |    | bye   |    |
'''
[slots.pin]
type = "digits"
length = "4"
secret = true
check = "good"
[slots.copy]
type = "digits"
secret = true
[slots.which]
type = "choice"
values_from = "offers.names"
[tools.good]
args = ["pin", "copy"]
returns = {{ ok = "yesno" }}
[tools.offers]
args = ["copy"]
returns = {{ names = "list" }}
[states.top]
say = "First, second, third or last?"
[states.ask]
ask = "pin"
say = "Pin?"
[states.menu]
say = "What now?"
[states.place]
say = "Main Street."
[states.desk]
handoff = "queue:desk"
carry = ["pin"]
[states.tell]
ask = "which"
say = "Which?"
[states.inner]
run = "inner"
[states.bye]
say = "Goodbye."
end = "done"
"""
INNER = """
flow = "inner"
version = 1
start = "first"
takes = ["pin"]
gives = ["copy"]
[rows]
main = '''
| in    | on     | to    | do |
|-------|--------|-------|----|
| first | yes    | good  |    |
| first | no     | good  | set copy = pin |
| any   | out_of_tries | good | |
'''
[slots.pin]
type = "digits"
secret = true
[slots.copy]
type = "digits"
secret = true
[states.first]
say = "Sure?"
[states.good]
end = "good"
"""


def many(go: str = "bye", when: str = "", do: str = "") -> Recall:
    flow = Flow.loads(MANY.format(go=go, when=when, do=do), files={"inner.toml": INNER})
    return Recall(flow.flat, ["pin"])


@pytest.mark.parametrize(
    ("how", "goes"),
    [
        ({}, "menu"),
        ({"go": "desk"}, "ask"),  # carried
        ({"go": "inner"}, "ask"),  # taken
        ({"when": 'pin = "1234"'}, "ask"),
        ({"when": "not pin"}, "ask"),
        ({"when": 'copy and pin = "1234"'}, "ask"),
        ({"do": "set copy = pin"}, "ask"),
        ({"do": 'say "{pin:last4}"'}, "ask"),
        ({"do": 'say "Bye.[ {pin:last4}]"'}, "menu"),  # it is said only if it is known
        ({"do": 'clear pin; say "[{pin:last4}]"'}, "menu"),
        ({"do": 'set pin = "1111"; clear all'}, "menu"),
    ],
)
def test_what_needs_a_secret(how: dict[str, str], goes: str) -> None:
    assert many(**how).place("menu") == goes
    assert many(**how).place("place") == ("ask" if goes == "ask" else "place"), "back leads to where it is needed"


def test_a_function_may_look_at_all_slots() -> None:
    rows = [
        on("ask", FILLED, to="menu"),
        on("menu", "yes", when=lambda slots: "pin" in slots, to="bye"),
        on(ANY, OUT_OF_TRIES, to="bye"),
    ]
    states = {"ask": {"ask": "pin", "say": "Pin?"}, "menu": {"say": "Sure?"}, "bye": {"say": "Bye.", "end": "done"}}
    tree = {
        "flow": "python",
        "version": 1,
        "start": "ask",
        "slots": {"pin": {"type": "digits", "secret": True}},
        "states": states,
    }
    assert Recall(Flow.of(tree, rows).flat, ["pin"]).place("menu") == "ask"


def test_while_a_tool_looks_at_it() -> None:
    assert many().place("ask:checking") == "ask"
    assert Recall(many().flat, []).place("ask:checking") == "ask:checking"


def test_other_ways_to_need_it() -> None:
    flat = many(go="tell").flat
    assert Recall(flat, [result("offers")]).place("tell") is None, "what is chosen from was never asked for"
    assert Recall(flat, ["copy"]).place("ask") is None, "the tool that checks the pin is given it"
    assert Recall(flat, ["copy"]).place("bye") == "bye"
    given = Recall(many(go="inner", when='copy = "1"').flat, ["inner/copy", "copy"])
    assert given.place("inner/good") == "inner/good", "nobody uses it outside"


# --- edited -----------------------------------------------------------------------------------------------------------------------------


FLOW = bank()
_, SAVED = saved_at(FLOW, *HERE, "ok")


@pytest.mark.parametrize(
    ("secrets", "code"),
    [
        ([], "F802"), ("pin", "F802"), ({"slots": "pin"}, "F802"), ({"slots": [1]}, "F802"), ({"other": []}, "F802"),
        ({"slots": ["name"]}, "F806"), ({"slots": ["nip"]}, "F806"), ({"results": ["nothing"]}, "F806"),
    ],
)  # fmt: skip
def test_edited_names_of_secrets_are_refused(secrets: Any, code: str) -> None:
    with pytest.raises(FlowError, match=code):
        FLOW.restore(SAVED | {"secrets": secrets})


def test_without_these_names_all_secrets_were_known() -> None:
    saved = copy.deepcopy(SAVED)
    del saved["secrets"]
    assert goes_on(FLOW, saved).state == "ask"
    assert goes_on(FLOW, SAVED | {"secrets": {}}).state == "menu"


ODD = st.sampled_from([[], {}, None, "pin", ["pin"], ["pin", "new"], ["find"], ["pay"], {"slots": ["pin"]}, 1, [None]])


@given(
    st.sampled_from([*FLOW.flat.states, "find:checking", "(begin)", "(hung up)"]), ODD, ODD,
    st.sampled_from(["slots", "results", "bookmark", "checked", "said", "turns"]),
)  # fmt: skip
def test_whatever_is_written_there_it_is_refused_or_goes_on(state: str, slots: Any, results: Any, part: str) -> None:
    saved = SAVED | {"state": state, "secrets": {"slots": slots, "results": results}, part: results}
    try:
        one = goes_on(FLOW, saved)
    except FlowError:
        return
    if not FLOW.ended(one.data):
        one.resume()
        one.hear("four eight two nine")
    assert one.state in FLOW.flat.states or one.state.startswith("(")
