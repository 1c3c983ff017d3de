"""What may be unset: true reports on flows with a fault, silence on those without, and the shortest way that shows it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fsm_agents.flows.problems import Problem, Severity
from fsm_agents.flows.proof.told import Teller
from fsm_agents.flows.proof.unset_told import unset
from fsm_agents.flows.proof.ways import Ways
from tests.flows.proof.small import BYE, SIZE, USUAL, example, flat, stands, text

A = '[states.a]\nask = "size"\nsay = "Which size?"\n'
N = '[slots.n]\ntype = "number"\n'
B = '[states.b]\nsay = "Go on?"\n'
TOLD = '[states.bye]\nsay = "{size}, bye."\nend = "done"\n'
TOOL = '[tools.look]\nargs = ["size"]\nreturns = { count = "number", list = "list" }\nexample = { count = 1, list = ["one"] }\n'


def told(written: str, files: Mapping[str, str] | None = None) -> list[Problem]:
    """The errors."""
    return [p for p in unset(Ways(flat(written, files)), Teller()) if p.severity is Severity.ERROR]


@pytest.mark.parametrize("name", ["pizza", "appointment", "identify", "support"])
def test_the_example_flows_use_nothing_unset(name: str) -> None:
    """No report of any level above a note."""
    assert [p for p in unset(Ways(example(name)), Teller()) if p.severity is not Severity.NOTE] == []


def test_the_two_faults_of_the_first_draft_of_the_appointment_flow() -> None:
    """``clear day`` before it is said, and a correction in the state that asks for the service: found, each told once."""
    broken = example(
        "appointment",
        said=("say full; clear day", "clear day; say full"),
        corrected=("| day, offer, confirm ", "| service, day, offer, confirm "),
    )
    first, second = unset(Ways(broken), Teller())
    assert (first.code, first.message) == ("F404", "{day} is cleared before it is said: 'clear day; say full'")
    assert first.fix == "say full; clear day"
    assert "clear day; say full" in first.shown
    assert second.message.startswith("find_times needs 'service', which may be unset: service → (")
    assert second.message.endswith(") → looking")
    assert second.fix == "take 'service' out of this row's 'in', or ask again there"
    assert second.shown.startswith("| service, day, offer, confirm ")
    assert second.trail == (
        "whole way: welcome → what → identify/phone → identify/born → identify/lookup → identify/known → service → looking",
    )


FINE = {
    "asked before": text(f"a | filled | | bye |\n{USUAL.replace('bye', 'sorry')}", SIZE + A + TOLD + '[states.sorry]\nend = "sorry"\n'),
    "said only if it is set": text("a | filled | | bye |\nany | out_of_tries | | bye |", SIZE + A + TOLD.replace("{size}, bye.", "[{size},] bye.")),
    "words that must name it": text(
        'b | "a {size} one" | | bye |\nb | out_of_tries | | sorry |', SIZE + B + TOLD + '[states.sorry]\nend = "sorry"\n', start="b"
    ),
    "every alternative names it": text(
        'b | "({size} / a {size} one) please" | | bye |\nb | out_of_tries | | sorry |', SIZE + B + TOLD + '[states.sorry]\nend = "sorry"\n', start="b"
    ),
    "set by the row": text(
        "b | yes | | bye | set size = small\nb | out_of_tries | | bye | set size = large", SIZE + B + TOLD, start="b"
    ),
    "the condition asked for it": text(
        "b | yes | size = small | bye |\nb | no | size | bye |\nb | goodbye | | sorry |\nb | out_of_tries | | sorry |",
        SIZE + B + TOLD + '[states.sorry]\nend = "sorry"\n', start="b",
    ),
    "the condition of the row before asked for it": text(
        f"a | yes | | b |\na | filled | | b |\nb | said | not size | sorry |\nb | said | | bye |\n{USUAL.replace('bye', 'sorry')}",
        SIZE + A + B + TOLD + '[states.sorry]\nend = "sorry"\n',
    ),
    "either condition sets it": text(
        "b | yes | size = small or size = large | bye |\nb | no, out_of_tries | | sorry |", SIZE + B + TOLD + '[states.sorry]\nend = "sorry"\n',
        start="b",
    ),
    "a member": text(
        "b | yes | size in (small, large) | bye |\nb | no, out_of_tries | | sorry |", SIZE + B + TOLD + '[states.sorry]\nend = "sorry"\n', start="b"
    ),
    "both conditions": text(
        "b | yes | size and tries < 2 | bye |\nb | no, out_of_tries | | sorry |", SIZE + B + TOLD + '[states.sorry]\nend = "sorry"\n', start="b"
    ),
    "an over-answer": text(
        f'a | "{{size}} [{{n}}]" | | next |\na | filled | | b |\nb | filled | | bye |\n{USUAL.replace("bye", "sorry")}',
        SIZE + N + A + '[states.b]\nask = "n"\nsay = "How many?"\n' + TOLD.replace("{size}", "{size} {n}") + '[states.sorry]\nend = "sorry"\n',
    ),
    "a visit that never comes back": text(
        f"a | filled | | b |\nb | yes | | bye |\nb | repeat | | visit v |\nv | yes | | sorry | clear size\n{USUAL.replace('bye', 'sorry')}",
        SIZE + A + B.replace("Go on?", "{size}, go on?") + '[states.v]\nsay = "It is said."\n' + TOLD + '[states.sorry]\nend = "sorry"\n',
    ),
    "back from a visit": text(
        f"a | filled | | b |\na | repeat | | visit v |\nb | yes | | bye |\nb | repeat | | visit v |\nv | yes | | back |\n{USUAL.replace('bye', 'sorry')}",
        SIZE + A + B.replace("Go on?", "{size}, go on?") + '[states.v]\nsay = "It is said."\n' + TOLD + '[states.sorry]\nend = "sorry"\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_nothing_is_told_of_a_flow_that_sets_what_it_uses(name: str) -> None:
    """No error."""
    assert told(FINE[name]) == []


FAULTS = {
    "never asked": (text(f"b | yes | | bye |\n{USUAL}", SIZE + B + TOLD, start="b"), "{size} may be unset when 'bye' says it: b → (yes) → bye", 'say = "{size}'),
    "only one alternative names it": (
        text('b | "a {size} one / anything" | | bye |\nb | out_of_tries | | sorry |', SIZE + B + TOLD + '[states.sorry]\nend = "sorry"\n', start="b"),
        "{size} may be unset when 'bye' says it: b → (a {size} one / anything) → bye", 'say = "{size}',
    ),
    "an optional slot": (
        text('b | "anything [{size}]" | | bye |\nb | out_of_tries | | sorry |', SIZE + B + TOLD + '[states.sorry]\nend = "sorry"\n', start="b"),
        "{size} may be unset when 'bye' says it", 'say = "{size}',
    ),
    "only one condition asked": (
        text("b | yes | size or tries < 2 | bye |\nb | no, out_of_tries | | sorry |", SIZE + B + TOLD + '[states.sorry]\nend = "sorry"\n', start="b"),
        "{size} may be unset when 'bye' says it", 'say = "{size}',
    ),
    "cleared on the way": (
        text(f"a | filled | | b |\nb | no | | a | clear size\nb | yes | | bye | clear size\n{USUAL.replace('bye', 'sorry')}",
             SIZE + A + B + TOLD + '[states.sorry]\nend = "sorry"\n'),
        "{size} may be unset when 'bye' says it: b → (yes) → bye", 'say = "{size}',
    ),
    "all cleared": (
        text(f"a | filled | | b |\nb | yes | | bye | clear all\n{USUAL.replace('bye', 'sorry')}", SIZE + A + B + TOLD + '[states.sorry]\nend = "sorry"\n'),
        "{size} may be unset when 'bye' says it: b → (yes) → bye", 'say = "{size}',
    ),
    "a row says it": (
        text(f'a | goodbye | | bye | say "{{size}}?"\na | filled | | bye |\n{USUAL}', SIZE + A + BYE),
        "{size} may be unset when this row says it: a", 'say "{size}?"',
    ),
    "a named prompt": (
        text(f"a | goodbye | | bye | say it\na | filled | | bye |\n{USUAL}", '[prompts]\nit = "{size}?"\n' + SIZE + A + BYE),
        "{size} may be unset when this row says it: a", "say it",
    ),
    "set to what is unset": (
        text(f"b | yes | | bye | set size = other\n{USUAL.replace('bye', 'sorry')}",
             SIZE + SIZE.replace("size", "other") + B + TOLD + '[states.sorry]\nend = "sorry"\n', start="b"),
        "{size} may be unset when 'bye' says it: b → (yes) → bye", 'say = "{size}',
    ),
    "a tool's argument": (
        text(f"b | yes | | look |\nlook | ok, failed, timeout | | bye |\n{USUAL}", SIZE + TOOL + B + '[states.look]\ncall = "look"\n' + BYE, start="b"),
        "look needs 'size', which may be unset: b → (yes) → look", "b | yes",
    ),
    "a tool's argument at the start": (
        text("look | ok, failed, timeout | | bye |", SIZE + TOOL + '[states.look]\ncall = "look"\n' + BYE, start="look"),
        "look needs 'size', which may be unset: look", 'call = "look"',
    ),
    "a result before its tool": (
        text(f"b | yes | | bye |\nb | no | | a |\na | filled | | l |\nl | ok, failed, timeout | | sorry |\n{USUAL.replace('bye', 'sorry')}",
             SIZE + TOOL + A + B + '[states.l]\ncall = "look"\n' + TOLD.replace("{size}", "{look.count}") + '[states.sorry]\nend = "sorry"\n', start="b"),
        "look may not have been called, {look.count} is unset, when 'bye' says it: b → (yes) → bye", 'say = "{look',
    ),
    "a result of a failure": (
        text(f"a | filled | | l |\nl | ok, failed, timeout | | bye |\n{USUAL.replace('bye', 'sorry')}",
             SIZE + TOOL + A + '[states.l]\ncall = "look"\n' + TOLD.replace("{size}", "{look.count}") + '[states.sorry]\nend = "sorry"\n'),
        "{look.count} is unset", 'say = "{look',
    ),
    "a choice from a result": (
        text(f"b | filled | | bye |\n{USUAL}", SIZE + TOOL + '[slots.one]\ntype = "choice"\nvalues_from = "look.list"\n'
             + '[states.b]\nask = "one"\nsay = "Which?"\n' + BYE, start="b"),
        "'one' is chosen from look.list, and look may not have been called: b", 'ask = "one"',
    ),
    "said again": (
        text(f"b | yes | | bye |\nb | no | | again |\n{USUAL}", SIZE + '[states.b]\nsay = "Go on?"\nagain = "{size}?"\n' + BYE, start="b"),
        "{size} may be unset when 'b' says it: b → (no) → b", 'again = "{size}',
    ),
    "a reprompt": (
        text(f"b | yes | | bye |\n{USUAL}", SIZE + '[states.b]\nsay = "Go on?"\nretry = ["{size}?"]\n' + BYE, start="b"),
        "{size} may be unset when 'b' says it: b", "retry =",
    ),
    "a model may leave it out": (
        text(f'b | llm "they said a size" sets size | | bye |\n{USUAL.replace("bye", "sorry")}', SIZE + B + TOLD + '[states.sorry]\nend = "sorry"\n', start="b"),
        "{size} may be unset when 'bye' says it: b → (llm \"they said a size\") → bye", 'say = "{size}',
    ),
    "cleared further on in a visit": (
        text(f"a | filled | | b |\nb | yes | | bye |\nb | no | | visit v |\nv | yes | | w |\nw | yes | | back | clear size\n{USUAL.replace('bye', 'sorry')}",
             SIZE + A + B.replace("Go on?", "{size}, go on?") + '[states.v]\nsay = "It is said."\n[states.w]\nsay = "So it is."\n' + BYE
             + '[states.sorry]\nend = "sorry"\n'),
        "{size} may be unset when 'b' says it", 'say = "{size}',
    ),
    "cleared in a visit": (
        text(f"a | filled | | b |\nb | yes | | bye |\nb | no | | visit v |\nv | yes | | back | clear size\n{USUAL.replace('bye', 'sorry')}",
             SIZE + A + B.replace("Go on?", "{size}, go on?") + '[states.v]\nsay = "It is said."\n' + BYE + '[states.sorry]\nend = "sorry"\n'),
        "{size} may be unset when 'b' says it", 'say = "{size}',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_value_that_may_be_unset_is_told_with_its_way(name: str) -> None:
    """Once, with the way, where it is used (a tool's argument: at the row that leads there)."""
    written, message, place = FAULTS[name]
    (problem,) = told(written)
    assert message in problem.message
    assert stands(problem, written, place), str(problem)


def test_a_fault_is_told_once_and_not_behind_every_state_that_follows() -> None:
    """Where a value was used unset it counts as set from there on."""
    body = SIZE + B.replace("Go on?", "{size}, go on?") + '[states.c]\nsay = "{size}?"\n' + TOLD
    problems = told(text(f"b | yes | | c |\nc | yes | | bye |\n{USUAL}", body, start="b"))
    assert [p.message.partition(":")[0] for p in problems] == ["{size} may be unset when 'b' says it"]


def test_a_question_that_says_what_is_unset_is_told_once_too() -> None:
    """As any other state."""
    body = SIZE + N + '[states.b]\nask = "n"\nsay = "How many {size}?"\n' + TOLD
    (problem,) = told(
        text(f"b | filled | | bye |\n{USUAL.replace('bye', 'sorry')}", body + '[states.sorry]\nend = "sorry"\n', start="b")
    )
    assert problem.message == "{size} may be unset when 'b' says it: b"


# --- sub-flows ------------------------------------------------------------------------------------------------------------------------

SUB = text(
    "x | filled | | good |\nany | out_of_tries | | bad |",
    SIZE.replace("size", "wish") + SIZE.replace("size", "hint")
    + '[states.x]\nask = "wish"\nsay = "[{hint}] Which?"\n[states.good]\nend = "good"\n[states.bad]\nend = "bad"\n',
    head='takes = ["hint"]\ngives = ["wish"]', start="x",
)  # fmt: skip
OUTER = SIZE.replace("size", "wish") + SIZE.replace("size", "hint") + '[states.r]\nrun = "sub"\n'
RUN = 'flows = { sub = "sub.toml" }'


def test_a_sub_flow_gives_what_it_has_set() -> None:
    """At the end where it was asked, and not at the other one."""
    body = OUTER + '[states.bye]\nsay = "{wish}"\nend = "bye"\n[states.sorry]\nend = "sorry"\n'
    fine = text("r | ended good | | bye |\nr | ended bad | | sorry |", body, RUN, start="r")
    assert told(fine, {"sub.toml": SUB}) == []
    wrong = fine.replace("| ended bad | | sorry |", "| ended bad | | bye |").replace('[states.sorry]\nend = "sorry"\n', "")
    (problem,) = told(wrong, {"sub.toml": SUB})
    assert problem.message == "{wish} may be unset when 'bye' says it: r/x → r/bad → bye"


def test_a_sub_flow_takes_what_is_set_and_forgets_the_rest_each_time() -> None:
    """Its slots are its own, and begin unset but for what it takes."""
    hinted = SUB.replace("[{hint}] Which?", "{hint}, which?")
    body = OUTER + '[states.bye]\nend = "bye"\n'
    rows = "r | ended good | | bye |\nr | ended bad | | bye |"
    (problem,) = told(text(rows, body, RUN, start="r"), {"sub.toml": hinted})
    assert problem.message == "{hint} may be unset when 'x' says it: r/x"
    assert problem.place.file == "sub.toml"
    asked = '[states.q]\nask = "hint"\nsay = "Hint?"\n' + body
    assert (
        told(text(f"q | filled | | r |\n{rows}\nany | out_of_tries | | bye |", asked, RUN, start="q"), {"sub.toml": hinted}) == []
    )


def test_what_was_taken_before_is_forgotten_when_a_sub_flow_runs_again() -> None:
    """It takes what is set now, not what was set then."""
    hinted = SUB.replace("[{hint}] Which?", "{hint}, which?")
    body = '[states.q]\nask = "hint"\nsay = "Hint?"\n' + OUTER + '[states.c]\nsay = "Again?"\n[states.bye]\nend = "bye"\n'
    rows = "q | filled | | r |\nr | ended good | | c |\nr | ended bad | | bye |\nc | yes | | r | {}\nc | no | | bye |\nany | out_of_tries | | bye |"
    assert told(text(rows.format(""), body, RUN, start="q"), {"sub.toml": hinted}) == []
    (problem,) = told(text(rows.format("clear hint"), body, RUN, start="q"), {"sub.toml": hinted})
    assert problem.message == "{hint} may be unset when 'x' says it: c → (yes) → r/x"


def test_what_the_top_flow_takes_is_the_hosts_to_give() -> None:
    """It counts as set."""
    assert told(text(f"b | yes | | bye |\n{USUAL}", SIZE + B + TOLD, 'takes = ["size"]', start="b")) == []


# --- conditions -----------------------------------------------------------------------------------------------------------------------


def test_a_comparison_with_what_may_be_unset_is_a_note() -> None:
    """It does not hold then; a bare name asks just that, and is not told."""
    body = SIZE + B + BYE
    written = text(
        "b | yes | size = small | bye |\nb | yes | size | bye |\nb | yes | | bye |\nb | out_of_tries | | bye |", body, start="b"
    )
    (note,) = unset(Ways(flat(written)), Teller())
    assert note.severity is Severity.NOTE
    assert note.message == "'size = small' does not hold while size is unset"
    assert stands(note, written, "size = small"), str(note)


def test_a_state_that_stays_with_its_slot_cleared_says_so_when_it_is_resumed() -> None:
    """A stored conversation goes on by entering the state again: what was cleared meanwhile is unset then."""
    body = SIZE + A + B.replace("Go on?", "{size}, go on?") + BYE
    (problem,) = told(text(f"a | filled | | b |\nb | yes | | bye |\nb | no | | stay | clear size\n{USUAL}", body))
    assert problem.message == "{size} may be unset when 'b' says it: b → (no) → b"
