"""Tools and hand-offs: called, answered, given up, never twice; and what a caller who waits hears."""

from __future__ import annotations

from fsm_agents.flows.machine.effects import CancelTool
from fsm_agents.flows.machine.events import Failed, Succeeded
from tests.flows.machine.play import BYE, USUAL, CallTool, HandOver, Play, outcome, text

STATES = """
[states.a]
ask = "what"
say = "What?"
[states.look]
say = "Let me see."
call = "find"
wait = ["Still looking.", "It takes long."]
[states.pay]
call = "pay"
[states.tell]
say = "There are {find.count}: {find.names}. Pay?"
[states.human]
say = "One moment."
handoff = "queue:shop"
carry = ["what"]
timeout = "20s"
[states.passed]
end = "handed_off"
[slots.what]
type = "choice"
[slots.what.values]
tea = "tea"
[tools.find]
args = ["what"]
returns = { count = "number", names = "list" }
timeout = "9s"
[tools.pay]
args = ["what"]
once = true
"""
ROWS = """
a | filled | | look |
look | ok | find.count = 0 | a | clear what; say "Nothing."
look | ok | | tell |
look | failed | | human | say "It broke."
look | timeout | | human | say "Too slow."
tell | yes | | pay |
pay | ok | | bye |
pay | failed, timeout | | human |
human | ok | | passed |
human | failed, timeout | | bye |
any but pay | "to a person" | | human |
any but pay | "start over" | | a | clear all
any | "louder" | | stay | say "LOUDER."
any but pay | "once more" | | again |
"""


def play() -> Play:
    one = Play(text(ROWS + USUAL, STATES + BYE))
    one.hear("tea")
    return one


def test_a_tool_gets_what_is_set_and_its_result_can_be_said() -> None:
    one = play()
    call = one.one(CallTool)
    assert (call.tool, call.args, call.timeout, call.once) == ("find", (("what", "tea"),), 9.0, False)
    assert one.said == ["Let me see."]
    assert one.ok(count=2, names=("green", "black")) == ["There are two: green and black. Pay?"]
    assert one.state == "tell"


def test_guards_ask_the_result_that_has_just_come() -> None:
    one = play()
    assert one.ok(count=0, names=()) == ["Nothing.", "What?"]
    assert one.slots == {}


def test_failed_and_timeout_are_rows() -> None:
    one = play()
    assert one.failed() == ["It broke.", "One moment."]
    two = play()
    two.wait(8.9)
    assert two.state == "look"
    assert two.wait(0.2) == ["Too slow.", "One moment."]
    assert two.state == "human"
    assert any(isinstance(effect, CancelTool) for effect in two.all)


def test_wait_lines_bridge_the_time() -> None:
    one = play()
    assert one.wait(8.5) == ["Still looking.", "It takes long."]


def test_without_wait_lines_the_language_has_one() -> None:
    one = play()
    one.ok(count=1, names=("x",))
    one.hear("yes")
    assert one.wait(4.1) == ["One moment, please."]


def test_a_call_that_was_given_up_is_cancelled_and_its_answer_is_stale() -> None:
    one = play()
    number = one.data.call
    one.hear("to a person")
    assert CancelTool(number) in one.effects
    step = one.flow.step(one.data, Succeeded(number, (("count", 1), ("names", ()))))
    assert step.stale
    assert one.state == "human"
    assert one.flow.step(one.data, Failed(number, "late")).stale


def test_a_once_tool_is_not_cancelled() -> None:
    one = play()
    one.ok(count=1, names=("x",))
    one.hear("yes")
    assert one.one(CallTool).once
    one.wait(11)
    assert one.state == "human"
    assert not any(isinstance(effect, CancelTool) for effect in one.all)


def test_any_rows_never_restart_a_working_state() -> None:
    one = play()
    one.hear("to a person")
    number = one.data.call
    assert one.hear("to a person") == []
    assert one.hear("once more") == []
    assert one.hear("louder") == ["LOUDER."]
    assert one.data.call == number
    assert sum(isinstance(effect, HandOver) for effect in one.all) == 1


def test_other_words_and_silence_mean_nothing_while_it_works() -> None:
    one = play()
    assert one.hear("nonsense") == []
    assert one.silence() == []
    assert one.press("1") == []
    assert one.data.failures.tries == 0


def test_a_hand_off_takes_slots_along_and_has_its_own_time() -> None:
    one = play()
    one.hear("to a person")
    over = one.one(HandOver)
    assert (over.to, over.carry, over.timeout) == ("queue:shop", (("what", "tea"),), 20.0)
    one.post(Succeeded(over.number))
    assert (one.state, outcome(one)) == ("passed", "handed_off")
    two = play()
    two.hear("to a person")
    two.wait(20.1)
    assert two.state == "bye"


def test_on_resume_the_same_key_is_used_again() -> None:
    one = play()
    key = one.one(CallTool).key
    one.resume()
    assert one.one(CallTool).key == key
    one.ok(count=1, names=("x",))
    assert one.resume() == ["There are one: x. Pay?"]


def test_a_caller_who_leaves_ends_it() -> None:
    one = play()
    one.hang_up()
    assert outcome(one) == "hung_up"
    assert one.flow.ended(one.data)
    assert one.hear("tea") == []
