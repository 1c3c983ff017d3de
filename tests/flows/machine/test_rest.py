"""Guards of failure rows, states that have nothing to say, choices that a tool returned, and what may be a secret."""

from __future__ import annotations

from tests.flows.machine.play import BYE, USUAL, Play, text

STATES = """
[states.a]
say = "Well?"
[states.quiet]
say = "[{pick}]"
[states.look]
call = "find"
[states.b]
ask = "pick"
say = "Which?"
[states.c]
ask = "pin"
say = "PIN?"
[slots.pick]
type = "choice"
values_from = "find.names"
[slots.pin]
type = "digits"
secret = true
[tools.find]
returns = { names = "list" }
"""
ROWS = """
a | no_input | tries >= 2 | c |
a | yes | | quiet |
quiet | said | | look |
look | ok | | b |
look | failed, timeout | | bye |
b | filled | | bye |
c | filled | | bye |
"""


def test_a_failure_row_counts_the_failure_it_answers() -> None:
    one = Play(text(ROWS + USUAL, STATES + BYE))
    one.silence()
    assert one.state == "a"
    one.silence()
    assert one.state == "c"


def test_a_state_with_nothing_to_say_goes_on_at_once_and_a_tool_s_list_is_understood() -> None:
    one = Play(text(ROWS + USUAL, STATES + BYE))
    one.hear("yes")
    assert one.state == "look"
    one.ok(names=("half past nine", "noon"))
    assert one.hear("noon") == ["Bye."]
    assert one.slots == {"pick": "noon"}


def test_where_a_secret_may_be_said_is_known() -> None:
    one = Play(text(ROWS + USUAL, STATES + BYE))
    states = one.flow.flat.states
    assert one.flow.hears_secret(states["c"])
    assert not one.flow.hears_secret(states["a"])
    assert not one.flow.hears_secret(None)
