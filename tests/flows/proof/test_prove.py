"""``[prove]`` in a file: what it says holds wherever the flow goes, of sub-flows wherever they run; what cannot be read is told at load."""

from __future__ import annotations

import pytest

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.problems import FlowError
from fsm_agents.flows.proof.explore import explore_flow
from fsm_agents.flows.proof.properties import END_REACHABLE, Answers, Never, own_properties
from tests.flows.proof.small import USUAL, flat, text

ROWS = f"a | filled | | c |\nc | yes | | b |\nc | no | | a | clear n\nb | ok | | bye |\nb | failed, timeout | | bye |\n{USUAL}\n"
BODY = """
[slots.n]
type = "number"
[tools.book]
args = ["n"]
[states.a]
ask = "n"
say = "How many?"
[states.c]
say = "{n}. Shall I book?"
[states.b]
say = "I book."
call = "book"
[states.bye]
end = "done"
"""
NEVER = "call book without yes in c"
INNER = text(
    "ask | yes | | good |\nask | no | | bad |\nany | out_of_tries | | bad |",
    '[states.ask]\nsay = "Sure?"\n[states.good]\nend = "good"\n[states.bad]\nend = "bad"\n[prove]\nnever = ["end good without yes in ask"]\n',
    start="ask",
)
OUTER = text(
    "first | ended good | | then |\nfirst | ended bad | | bye |\nthen | ended good, ended bad | | bye |\nany | out_of_tries | | bye |",
    '[states.first]\nrun = "sure"\n[states.then]\nrun = "sure"\n[states.bye]\nend = "done"\n',
    head='flows = { sure = "sure.toml" }',
    start="first",
)


def prove(*never: str, always: str = "", rows: str = ROWS) -> str:
    """The flow with these properties."""
    lines = "\n".join(f"    {line!r}," for line in never)
    return text(rows, BODY + f"[prove]\nnever = [\n{lines}\n]\n" + (f"always = [{always!r}]\n" if always else ""))


def test_a_file_says_what_must_hold() -> None:
    """Sentences with their key as the first word; the same twice is one."""
    flow = flat(prove(NEVER, f"  {NEVER.replace(' in ', '  in ')}", always="c answers within 3 failures"))
    assert [one.text for one in flow.spec.prove] == [f"never {NEVER}"] * 2 + ["always c answers within 3 failures"]
    never, answers = own_properties(flow)
    assert isinstance(never, Never)
    assert (never.verb, never.what, never.events, never.states) == ("call", {"book"}, {"yes"}, {"c"})
    assert isinstance(answers, Answers)
    assert own_properties(flat(prove(always="an end is reachable"))) == [END_REACHABLE]
    assert own_properties(flat(text(ROWS, BODY))) == []


def test_a_search_holds_a_flow_to_it_unasked() -> None:
    """It holds; and with a timer that books, it does not. Asked for once more, it is searched once."""
    held = explore_flow(flat(prove(NEVER)), [f"never {NEVER}"])
    assert held.broken == ()
    assert held.held.count(f"never {NEVER}") == 1
    (one,) = explore_flow(flat(prove(NEVER, rows=f"{ROWS}c | after 40s | | b |"))).broken
    assert (one.property, one.message) == (f"never {NEVER}", "book is called without yes in c")


WRONG = [
    ("call bok before c", "bok", "'bok' is no tool", "did you mean 'book'?"),
    ("reach d before c", "d ", "'d' is no state", "known: a, b, bye, c"),
    ("end dnoe before c", "dnoe", "'dnoe' is no outcome of an end", "did you mean 'done'?"),
    ("call book with m unset", "m ", "'m' is no slot", "known: n"),
    ("call book without maybe in c", "maybe", "no row of 'c' answers 'maybe'", "known: no, out_of_tries, yes"),
    ("eat", "eat", "'never eat' is no property", "never call TOOL"),
]


@pytest.mark.parametrize(("line", "at", "said", "fix"), WRONG)
def test_a_line_that_cannot_be_proved_keeps_a_flow_from_loading(line: str, at: str, said: str, fix: str) -> None:
    """F610 at the name, with the nearest one that there is."""
    written = prove(NEVER, line)
    with pytest.raises(FlowError) as raised:
        Flow.loads(written)
    (problem,) = raised.value.problems
    assert (problem.code, problem.message) == ("F610", said)
    assert fix in problem.fix
    shown = written.splitlines()[problem.place.line - 1]
    assert problem.shown == shown
    assert shown[problem.place.col - 1 :].startswith(at)
    assert problem.place.width == len(at.strip())


def test_where_a_name_cannot_be_pointed_at_its_line_is() -> None:
    """Escapes, and Python rows."""
    written = text(ROWS, BODY + r"[prove]" + "\n" + r'never = ["call b\u006fk before c"]' + "\n")
    with pytest.raises(FlowError) as raised:
        Flow.loads(written)
    (problem,) = raised.value.problems
    assert problem.shown.startswith("never =")
    assert problem.place.width == 1


def test_all_lines_are_told_at_once_with_the_other_problems() -> None:
    """Two wrong lines, and a state that is a trap."""
    with pytest.raises(FlowError) as raised:
        Flow.loads(
            prove(
                *(line for line, *_ in WRONG[:2]), rows=ROWS.replace("c | no | | a | clear n", "c | no | | c |\nc | help | | b |")
            )
        )
    assert [problem.code for problem in raised.value.problems if problem.code == "F610"] == ["F610", "F610"]
    with pytest.raises(FlowError):
        own_properties(flat(prove("eat")))


def test_a_sub_flow_speaks_of_its_own_names_wherever_it_runs() -> None:
    """One property for each place; its end is a state there."""
    flow = flat(OUTER, {"sure.toml": INNER})
    first, then = own_properties(flow)
    assert isinstance(first, Never)
    assert (first.text, first.what, first.states) == (
        "never end good without yes in ask (in first)", {"first/good"}, {"first/ask"},
    )  # fmt: skip
    assert isinstance(then, Never)
    assert then.what == {"then/good"}
    assert explore_flow(flow).broken == ()
    silent = INNER.replace("| ask | no |", "| ask | after 9s | | good | |\n| ask | no |")
    broken = explore_flow(flat(OUTER, {"sure.toml": silent})).broken
    assert [one.property for one in broken] == [first.text, then.text]
    assert broken[0].message == "first/good is reached without yes in first/ask"


def test_a_sub_flow_cannot_speak_of_those_around_it() -> None:
    """Their states are not known to it; it is told once, though it runs twice."""
    with pytest.raises(FlowError) as raised:
        Flow.loads(OUTER, files={"sure.toml": INNER.replace("end good", "reach bye")})
    (problem,) = raised.value.problems
    assert (problem.code, problem.message, problem.place.file) == ("F610", "'bye' is no state", "sure.toml")


def test_an_included_file_cannot_hold_it() -> None:
    """It would speak of states that it does not know."""
    with pytest.raises(FlowError) as raised:
        Flow.loads(text(ROWS, BODY, head='include = ["more.toml"]'), files={"more.toml": '[prove]\nnever = ["eat"]\n'})
    assert [problem.code for problem in raised.value.problems] == ["F010"]


def test_a_saved_conversation_goes_on_when_only_the_proofs_changed() -> None:
    """What is proved is no part of what is said."""
    before, after = Flow.loads(text(ROWS, BODY)), Flow.loads(prove(NEVER))
    assert before.digest == after.digest
