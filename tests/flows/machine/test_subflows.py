"""Sub-flows: own slots, what they take and give, their ends, and that commands of those around them work at every depth."""

from __future__ import annotations

from fsm_agents.flows.flow import Flow
from tests.flows.machine.play import BYE, USUAL, Play, text

TOP = text(
    """
a | "go" | | who |
who | ended known | | b | say "Thanks."
who | ended unknown | | a | say "Who are you?"
b | yes | | bye |
b | "once more" | | who |
any | operator | | bye |
any | "to the start" | | a |
any | "who am i" | | who |
"""
    + USUAL,
    """
[states.a]
say = "Say go."
[states.who]
run = "identify"
with = { hint = "line" }
[states.b]
say = "Hello {name}, line {line}."
[slots.name]
type = "choice"
[slots.name.values]
anna = "anna"
[slots.line]
type = "number"
"""
    + BYE,
    head='flows = { identify = "identify.toml" }',
)
SUB = '''
flow = "identify"
version = 1
lang = "en-US"
start = "ask"
takes = ["hint"]
gives = ["name"]
[rows]
main = """
| in  | on           | when | to      | do         |
|-----|--------------|------|---------|------------|
| ask | filled       |      | deep    |            |
| ask | "no idea"    |      | unknown | clear all  |
| deep | ended fine   |      | known   |            |
| any | out_of_tries |      | unknown |            |
"""
[states.ask]
ask = "name"
say = "Your name, line {hint}?"
[states.deep]
run = "more"
[states.known]
end = "known"
[states.unknown]
say = "Pity."
end = "unknown"
[slots.name]
type = "choice"
[slots.name.values]
anna = "anna"
[slots.hint]
type = "number"
'''.replace('"""', "'''").replace("takes = ", 'flows = { more = "more.toml" }\ntakes = ')
MORE = '''
flow = "more"
version = 1
lang = "en-US"
start = "sure"
[rows]
main = """
| in   | on           | when | to   | do |
|------|--------------|------|------|----|
| sure | yes          |      | fine |    |
| any  | out_of_tries |      | fine |    |
"""
[states.sure]
say = "Sure?"
[states.fine]
end = "fine"
'''.replace('"""', "'''")


def play() -> Play:
    one = Play(Flow.loads(TOP, files={"identify.toml": SUB, "more.toml": MORE}))
    one.data.slots = (("line", 7),)
    one.hear("go")
    return one


def test_it_takes_slots_and_its_states_are_called_by_their_path() -> None:
    one = play()
    assert one.state == "who/ask"
    assert one.said == ["Your name, line seven?"]
    assert one.slots == {"line": 7, "who/hint": 7}


def test_it_gives_slots_back_at_an_end_and_the_end_is_a_row() -> None:
    one = play()
    assert one.hear("anna") == ["Sure?"]
    assert one.state == "who/deep/sure"
    assert one.hear("yes") == ["Thanks.", "Hello anna, line seven."]
    assert one.slots["name"] == "anna"


def test_another_end_is_another_row() -> None:
    one = play()
    assert one.hear("no idea") == ["Pity.", "Who are you?", "Say go."]
    assert one.slots["who/hint"] == 7, "clear all clears what the caller gave, not what it takes"


def test_commands_of_those_around_work_at_every_depth() -> None:
    one = play()
    one.hear("anna")
    one.hear("operator")
    assert one.state == "bye"
    two = play()
    two.hear("to the start")
    assert two.state == "a"


def test_an_any_row_to_what_runs_already_keeps_it() -> None:
    one = play()
    one.hear("anna")
    assert one.hear("who am i") == []
    assert one.state == "who/deep/sure"


def test_it_begins_afresh_each_time() -> None:
    one = play()
    one.hear("anna")
    one.hear("yes")
    assert one.hear("once more") == ["Your name, line seven?"]
    assert "who/name" not in one.slots


def test_out_of_tries_inside_is_the_nearest_row() -> None:
    one = play()
    for _ in range(3):
        one.silence()
    assert one.said == ["Pity.", "Who are you?", "Say go."]
