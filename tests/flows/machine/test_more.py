"""Timers of a state, events of the host, values that a tool checks, secrets, and steps that break."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.events import Broke, ConditionsRead, Failed, Interrupted, Succeeded
from fsm_agents.flows.machine.secret import Secret
from fsm_agents.flows.problems import FlowError
from tests.flows.machine.play import BYE, USUAL, CallTool, Play, emitted, outcome, text

STATES = """
[states.a]
ask = "number"
say = "Your number?"
[states.b]
say = "Shall I?"
barge_in = "match"
[states.c]
say = "Going on."
[states.closed]
say = "We are closed."
end = "closed"
barge_in = "any"
[slots.number]
type = "digits"
length = "3"
check = "known"
[slots.other]
type = "text"
[slots.reason]
type = "choice"
many = true
[slots.reason.values]
late = "late"
soon = "soon"
[tools.known]
args = ["number"]
returns = { valid = "yesno", id = "text" }
timeout = "5s"
"""
ROWS = """
a | filled | | b |
b | yes | | bye | emit agreed
b | after 40s | open_now | again | say "Are you there?"
b | after 30s | | stay | say "Take your time."
b | interrupted | | stay | emit cut
b | "late" | | c | set reason = late; set number = number
b | "gone" | | c | set other = known.id; set other = known.id
c | said | | bye |
any | clinic_closed | | closed |
any | hung_up | | closed | emit left
"""
HEAD = 'events = ["clinic_closed"]\nconditions = ["open_now"]'


def play(answer: Any = lambda: True) -> Play:
    flow = Flow.loads(text(ROWS + USUAL, STATES + BYE, head=HEAD))
    return Play(flow.bind(tools={"known": lambda number: True}, conditions={"open_now": answer}))


def at_b() -> Play:
    one = play()
    one.hear("one two three")
    one.ok(valid=True)
    assert one.state == "b"
    return one


def test_a_value_is_checked_by_a_tool_before_it_counts() -> None:
    one = play()
    assert one.hear("one two three") == []
    assert one.state == "a:checking"
    assert one.one(CallTool).args == (("number", "123"),)
    assert one.ok(valid=True) == ["Shall I?"]


@pytest.mark.parametrize("end", ["refused", "failed", "late"])
def test_a_value_that_the_tool_does_not_find_valid_is_asked_for_again(end: str) -> None:
    one = play()
    one.hear("one two three")
    if end == "refused":
        one.ok(valid=False)
    elif end == "failed":
        one.failed()
    else:
        one.wait(5.1)
    assert (one.state, one.slots, one.data.failures.invalid) == ("a", {}, 1)


def test_a_checked_value_is_not_checked_twice_and_a_new_one_is() -> None:
    one = at_b()
    one.data.bookmark = None
    assert one.data.checked == (("number", "123"),)


def test_while_a_value_is_checked_the_caller_may_leave_and_the_session_may_be_resumed() -> None:
    one = play()
    one.hear("one two three")
    assert one.wait(4.1) == ["One moment, please."]
    one.resume()
    assert one.one(CallTool).tool == "known"
    one.hang_up()
    assert outcome(one) == "hung_up"
    two = play()
    two.hear("one two three")
    two.post(Broke("x"))
    assert two.state == "a"


def test_timers_run_from_entering_the_state() -> None:
    one = at_b()
    assert one.wait(29.9) == []
    assert one.wait(0.2) == ["Take your time."]
    assert one.wait(10) == ["Are you there?", "Shall I?"]
    assert one.wait(29.8) == [], "again armed them afresh"


def test_conditions_are_read_again_when_a_timer_is_due() -> None:
    one = play(lambda: False)
    one.hear("one two three")
    one.ok(valid=True)
    one.wait(39)
    one.post(ConditionsRead((("open_now", True),)))
    assert one.wait(2) == ["Are you there?", "Shall I?"]


def test_a_timer_whose_condition_does_not_hold_does_nothing() -> None:
    one = play(lambda: False)
    one.hear("one two three")
    one.ok(valid=True)
    one.wait(31)
    assert one.wait(20) == []
    assert one.state == "b"


def test_the_host_sends_events_and_is_told() -> None:
    one = at_b()
    assert one.send("clinic_closed") == ["We are closed."]
    assert outcome(one) == "closed"
    two = at_b()
    two.post(Interrupted())
    two.hear("yes")
    assert emitted(two) == ["cut", "agreed"]


def test_a_row_may_say_what_happens_when_the_caller_leaves() -> None:
    one = at_b()
    one.hang_up()
    assert (emitted(one), outcome(one)) == (["left"], "closed")


def test_set_takes_words_and_values_and_what_is_unset_unsets() -> None:
    one = at_b()
    one.hear("late")
    assert one.slots == {"reason": ("late",), "number": "123"}
    assert one.state == "c"
    assert one.prompt_heard() == ["Bye."]


def test_a_step_that_broke_is_told_and_asked_again() -> None:
    one = at_b()
    assert one.post(Broke("boom")) == ["Sorry, that did not work.", "Shall I?"]
    one.hear("late")
    assert one.post(Broke("boom")) == ["Sorry, that did not work."]


def test_a_condition_that_is_not_bound_is_found_at_bind() -> None:
    flow = Flow.loads(text(ROWS + USUAL, STATES + BYE, head=HEAD))
    with pytest.raises(FlowError, match="F703"):
        flow.bind(tools={"known": lambda number: True})


SECRET = """
[states.a]
ask = "born"
say = "Date of birth?"
[states.look]
call = "find"
[states.tell]
say = "Card [{pin:last4}], ok?"
[slots.born]
type = "date"
past = true
secret = true
[slots.pin]
type = "digits"
secret = true
[tools.find]
args = ["born"]
returns = { id = "text" }
"""
SECRET_ROWS = """
a | filled | | look |
look | ok | | tell | emit found
look | failed, timeout | | bye |
tell | yes | | bye |
"""


def test_secrets_are_hidden_everywhere_but_from_tools() -> None:
    one = Play(text(SECRET_ROWS + USUAL, SECRET + BYE))
    one.hear("the fourth of may nineteen eighty two")
    call = one.one(CallTool)
    assert call.args == (("born", Secret("1982-05-04")),)
    assert "1982" not in repr(call) + repr(one.data.slots)
    one.ok(id="p1")
    assert emitted(one) == ["found"]
    saved = one.flow.save(one.data)
    assert "1982" not in str(saved)
    assert saved["slots"] == {}
    assert saved["results"] == {}, "a tool that was told a secret may repeat it"


def test_what_was_said_where_a_secret_is_asked_for_is_hidden() -> None:
    one = Play(text(SECRET_ROWS + USUAL, SECRET + BYE))
    event = one.flow.heard(one.data, "the first of whatever", one_moment())
    assert event.text == "***"
    future = one.flow.heard(one.data, "tomorrow", one_moment())
    assert "tomorrow" not in repr(future)


def one_moment() -> Any:
    from fsm_agents.flows.words.types import Moment
    from tests.flows.machine.play import MONDAY

    return Moment(MONDAY)


def test_late_results_of_a_working_state_that_broke() -> None:
    one = Play(text(SECRET_ROWS + USUAL, SECRET + BYE))
    one.hear("the fourth of may nineteen eighty two")
    number = one.data.call
    one.post(Broke("x"))
    assert one.state == "bye"
    assert one.flow.step(one.data, Succeeded(number)).stale
    assert one.flow.step(one.data, Failed(number)).stale
