"""Which rows win: rows that never do, rows that override, and conditions that leave a gap or do not."""

from __future__ import annotations

import pytest

from fsm_agents.flows.problems import Severity
from fsm_agents.flows.proof.structure import structure
from tests.flows.proof.small import ASK, BYE, SIZE, USUAL, errors, flat, found, text

SAY = '[states.a]\nsay = "Yes or no?"\n'
N = '[slots.n]\ntype = "number"\n[states.a]\nask = "n"\nsay = "How many?"\n'


def codes(rows: str, body: str = SAY + BYE, head: str = "") -> list[tuple[str, str]]:
    """What the structure of a flow shows, but for notes."""
    return [(p.code, p.message) for p in structure(flat(text(rows, body, head))) if p.severity is not Severity.NOTE]


# --- rows that never win --------------------------------------------------------------------------------------------------------------

LOST = {
    "the same words": ('a | "large" | | bye |\na | "large" | | again |', "line 11 takes '\"large\"' first, without a condition"),
    "the same key": ("a | press 1 | | bye |\na | press 1 | | again |", "line 11 takes 'press 1' first"),
    "any failure of its kind": ("a | no_input | | bye |\na | no_input 2 | | again |", "line 11 takes 'no_input 2' first"),
    "all from a count on": ("a | no_input 2+ | | bye |\na | no_input 3+ | | again |", "line 11 takes 'no_input 3+' first"),
    "the same count": ("a | no_match 2 | | bye |\na | no_match 2 | | again |", "line 11 takes 'no_match 2' first"),
    "a timer behind one that leaves": ("a | after 5s | | bye |\na | after 10s | | again |", "line 11 has left 'a' before"),
    "a host event": ("a | shut | | bye |\na | shut | | again |", "line 11 takes 'shut' first"),
    "the same condition": ("a | yes | open | bye |\na | yes | open | again |", "line 11 takes 'yes' first whenever this condition holds"),
    "two conditions together": (
        "a | yes | open | bye |\na | yes | not open | again |\na | yes | | stay |", "line 11 and line 12 take 'yes' first, whatever holds"
    ),
    "a wider comparison": ("a | yes | tries > 1 | bye |\na | yes | tries > 2 | again |", "line 11 takes 'yes' first whenever"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_a_row_that_can_never_win(name: str) -> None:
    """F501, with the line that takes it."""
    rows, message = LOST[name]
    head = 'events = ["shut"]\nconditions = ["open"]'
    ((code, told),) = codes(f"{rows}\na | no | | bye |\n{USUAL}", head=head)
    assert code == "F501"
    assert told.startswith(f"this row can never win: {message}"), told


WINS = {
    "other counts": "a | no_input 2 | | bye |\na | no_input 3+ | | again |\na | no_input | | stay |",
    "an earlier count": "a | no_input 3+ | | bye |\na | no_input 2+ | | again |",
    "one of many": "a | no_input 2 | | bye |\na | no_input 2+ | | again |",
    "a timer behind one that stays": "a | after 5s | | stay |\na | after 10s | | bye |",
    "a timer behind one that leaves sometimes": "a | after 5s | open | bye |\na | after 10s | | bye |",
    "another condition": "a | yes | open | bye |\na | yes | tries > 2 | again |",
    "a narrower comparison before": "a | yes | tries > 2 | bye |\na | yes | tries > 1 | again |",
    "different model edges": 'a | llm "it is so" | | bye |\na | llm "it is not so" | | again |',
}


@pytest.mark.parametrize("name", WINS)
def test_a_row_that_can_win_is_not_told(name: str) -> None:
    """Nothing."""
    assert codes(f"{WINS[name]}\na | no | | bye |\n{USUAL}", head='conditions = ["open"]') == []


def test_back_takes_a_row_only_where_there_was_a_visit() -> None:
    """So a row behind it can win."""
    body = SAY + '[states.v]\nsay = "Here."\n' + BYE
    rows = f"a | yes | | visit v |\na | no | | bye |\nv | yes | | back |\nv | yes | | bye |\n{USUAL}"
    assert codes(rows, body) == []


def test_a_global_that_is_overridden_everywhere_is_a_warning() -> None:
    """It is a precaution and does no harm."""
    problems = structure(flat(text(f"a | yes | | bye |\na | out_of_tries | | bye |\n{USUAL}", SAY + BYE)))
    assert [(p.code, p.severity) for p in problems] == [("F501", Severity.WARNING)]


def test_a_row_that_loses_to_a_nearer_one_and_to_an_earlier_one_is_an_error() -> None:
    """One of the two is no precaution."""
    body = SAY + SAY.replace("states.a", "states.b") + BYE
    rows = f"a | yes | | b |\na | shut | | bye |\nb | yes | | bye |\nany | shut | | bye |\nany | shut | | again |\n{USUAL}"
    problems = structure(flat(text(rows, body, 'events = ["shut"]')))
    assert [(p.code, p.severity.name, p.place.line) for p in problems] == [("F502", "NOTE", 11), ("F501", "ERROR", 14)]


def test_a_nearer_row_that_repeats_a_global_is_a_note() -> None:
    """F502 names the global and the states."""
    body = SAY + SAY.replace("states.a", "states.b") + BYE
    rows = f"a | yes | | b |\na | goodbye | | b |\nb | yes | | bye |\nany | goodbye | | bye |\n{USUAL}"
    (problem,) = structure(flat(text(rows, body)))
    assert (problem.code, problem.severity) == ("F502", Severity.NOTE)
    assert problem.message == "overrides 'goodbye' of line 13 in a"


# --- conditions -----------------------------------------------------------------------------------------------------------------------

WHOLE = {
    "both ways of a condition": "a | filled | open | bye |\na | filled | not open | again | clear n",
    "below and above": "a | filled | n <= 6 | bye |\na | filled | n > 6 | again | clear n",
    "each way": "a | filled | n < 6 | bye |\na | filled | n = 6 | bye |\na | filled | n >= 7 | again | clear n",
    "equal and not": "a | filled | n = 6 | bye |\na | filled | n != 6 | again | clear n",
    "or": "a | filled | n < 6 or n > 3 | bye |",
    "and": "a | filled | n > 6 and open | bye |\na | filled | n > 6 and not open | bye |\na | filled | n <= 6 | bye |",
    "a member or not": "a | filled | n in (0, 1) | bye |\na | filled | n > 1 | bye |",
}


@pytest.mark.parametrize("name", WHOLE)
def test_conditions_that_leave_no_gap(name: str) -> None:
    """The last row needs no empty condition where the others take everything."""
    assert codes(f"{WHOLE[name]}\n{USUAL}", N + BYE, 'conditions = ["open"]') == []


GAPS = {
    "unset": ("a | filled | | bye |\na | out_of_tries | n > 3 | bye |\na | out_of_tries | n <= 3 | bye |", "n unset"),
    "six itself": ("a | filled | n < 6 | bye |\na | filled | n > 6 | again | clear n", "n = 6"),
    "closed": ("a | filled | open | bye |", "open = no"),
    "together only": ("a | filled | n > 6 and open | bye |\na | filled | n <= 6 and not open | bye |", "n = "),
}


@pytest.mark.parametrize("name", GAPS)
def test_conditions_with_a_gap_show_it(name: str) -> None:
    """F403, with a case that nobody takes."""
    rows, case = GAPS[name]
    last = "" if "out_of_tries" in rows else USUAL
    (problem,) = errors(structure(flat(text(f"{rows}\n{last}", N + BYE, 'conditions = ["open"]'))))
    assert problem.code == "F403"
    assert case in problem.why


def test_a_choice_is_decided_when_each_value_is() -> None:
    """And not while one is missing; a choice of several may hold several."""
    rows = f"a | filled | size = small | bye |\na | filled | size = large | bye |\n{USUAL}"
    assert codes(rows, SIZE + ASK + BYE) == []
    three = SIZE + 'medium = "medium"\n'
    assert [code for code, _ in codes(rows, three + ASK + BYE)] == ["F403"]
    assert codes(rows, SIZE.replace("[slots.size.values]", "many = true\n[slots.size.values]") + ASK + BYE) == []


def test_a_result_may_be_anything_of_its_type() -> None:
    """Texts, dates, lists and truths of a tool."""
    tool = (
        '[tools.t]\nargs = []\nreturns = { word = "text", day = "date", all = "list", up = "yesno" }\n'
        'example = { word = "x", day = "2026-01-01", all = [], up = true }\n[states.a]\nsay = "Wait."\ncall = "t"\n'
    )
    rest = "a | failed, timeout | | bye |"
    assert codes(f"a | ok | t.up = yes | bye |\na | ok | t.up = no | bye |\n{rest}", tool + BYE) == []
    assert codes(f"a | ok | t.up | bye |\na | ok | not t.up | bye |\n{rest}", tool + BYE) == []
    assert codes(f"a | ok | t.all | bye |\na | ok | not t.all | bye |\n{rest}", tool + BYE) == []
    assert [code for code, _ in codes(f'a | ok | t.word = "x" | bye |\n{rest}', tool + BYE)] == ["F403"]
    assert [code for code, _ in codes(f'a | ok | t.day = "2026-01-01" | bye |\n{rest}', tool + BYE)] == ["F403"]


def test_too_many_cases_are_not_decided_and_must_be_answered_plainly() -> None:
    """More than 2,048 combinations: a last row without a condition is asked for."""
    names = [f"n{at}" for at in range(8)]
    slots = "".join(f'[slots.{name}]\ntype = "number"\n' for name in names)
    wide = " and ".join(f"{name} > 5" for name in names)
    rows = f"a | yes | {wide} | bye |\na | yes | {wide} | bye |\na | no | | bye |\na | out_of_tries | {wide} | bye |"
    (problem,) = structure(flat(text(rows, slots + SAY + BYE)))
    assert problem.code == "F403"
    assert problem.why == "the conditions are too many to prove that one always holds"


# --- circles --------------------------------------------------------------------------------------------------------------------------

B = '[slots.m]\ntype = "number"\n[states.b]\nask = "m"\nsay = "And?"\n'
CALM = {
    "cleared on the way": f"a | filled | | b |\nb | filled | | a | clear n\n{USUAL}",
    "cleared before it is asked, and set afterwards": f"a | filled | | b | clear m\nb | filled | | a | set m = 2\n{USUAL}\nany | goodbye | | bye |",
    "all cleared": f"a | filled | | b |\nb | filled | | a | clear all\n{USUAL}\nany | goodbye | | bye |",
    "the first is cleared": f"a | filled | | b | clear m\nb | filled | | a |\n{USUAL}\nany | goodbye | | bye |",
    "conditions that exclude each other": f"a | filled | m > 3 | b |\na | filled | | bye |\nb | filled | m < 3 | a |\nb | filled | | bye |\n{USUAL}",
}  # fmt: skip


@pytest.mark.parametrize("name", CALM)
def test_circles_that_come_to_rest(name: str) -> None:
    """Nothing endless."""
    assert [code for code, _ in codes(CALM[name], N + B + BYE)] == []


def test_a_circle_behind_a_condition_is_endless_where_it_does_not_hold() -> None:
    """The earlier row is not taken then; what is said on the way changes nothing."""
    rows = f'a | filled | n > 8 | bye |\na | filled | | b | say "And."; emit asked\nb | filled | | a |\n{USUAL}'
    assert [code for code, _ in codes(rows, N + B + BYE)] == ["F413"]
    assert [
        code for code, _ in codes(rows.replace("b | filled | | a |", "b | filled | | a | say last; clear m"), N + B + BYE)
    ] == []


def test_what_is_cleared_and_set_again_is_still_endless() -> None:
    """So is a circle through a state that says nothing."""
    assert [code for code, _ in codes(f"a | filled | | b |\nb | filled | | a | clear n; set n = 2\n{USUAL}", N + B + BYE)] == [
        "F413"
    ]
    mute = '[states.c]\nbarge_in = "none"\n'
    rows = f"a | filled | | c |\nc | said | | a |\n{USUAL}\nany | goodbye | | bye |"
    assert [code for code, _ in codes(rows, N + mute + BYE)] == ["F413"]


def test_silent_states_in_a_circle() -> None:
    """Two states that say nothing and lead to each other."""
    body = SAY + '[states.c]\nbarge_in = "none"\n[states.d]\nbarge_in = "none"\n' + BYE
    problems = errors(
        structure(
            flat(
                text(
                    f"a | yes | | c |\na | no | | bye |\nc | said | | d |\nd | said | | c |\nany | goodbye | | bye |\n{USUAL}",
                    body,
                )
            )
        )
    )
    assert [(p.code, p.message, p.fix) for p in problems] == [("F413", "endless: c → d → c", "say something in one of them")]


def test_next_in_a_filled_row_never_comes_to_rest() -> None:
    """It asks what filled asks."""
    assert [code for code, _ in codes(f"a | filled | | next |\na | goodbye | | bye |\n{USUAL}", N + BYE)] == ["F413"]


def test_a_sub_flow_that_is_run_again_begins_afresh() -> None:
    """Its slots are cleared when it begins, so running it in a circle comes to rest; what it takes is not cleared."""
    sub = text(
        "x | filled | | good |\nany | out_of_tries | | good |",
        SIZE + '[states.x]\nask = "size"\nsay = "Which?"\n[states.good]\nend = "good"\n', start="x",
    )  # fmt: skip
    outer = text(
        "r | ended good | | r |\nr | goodbye | | bye |",
        SIZE + '[states.r]\nrun = "sub"\n' + BYE,
        'flows = { sub = "sub.toml" }',
        start="r",
    )
    assert errors(found(outer, {"sub.toml": sub})) == []
    taking = sub.replace('start = "x"', 'start = "x"\ntakes = ["size"]')
    assert [p.code for p in errors(found(outer, {"sub.toml": taking}))] == ["F413"]
