"""What can never matter: each with a flow that shows it, and one that just does not."""

from __future__ import annotations

import pytest

from fsm_agents.flows.problems import Severity
from tests.flows.proof.small import BYE, SIZE, USUAL, found, stands, text

N = '[slots.n]\ntype = "number"\nrange = "1..20"\n[states.a]\nask = "n"\nsay = "How many?"\n' + BYE
SAY = '[states.a]\nsay = "A?"\n' + BYE
YESNO = f"a | yes | | bye |\na | no | | bye |\n{USUAL}"


def idle_codes(written: str, code: str) -> list[str]:
    return [problem.message for problem in found(written) if problem.code == code]


LATE = {
    "after": (f"a | after 40s | | bye |\n{YESNO}", SAY, "after 40s", "only if the caller speaks", "3 silences are over after about 22s"),
    "after in a long state": (
        f"a | after 60s | | bye |\n{YESNO}", SAY.replace('"A?"', f'"A? {"so " * 20}"\ntries = 2\ntimeout = "5s"'), "after 60s",
        "only if the caller speaks", "2 silences are over after about 27s",
    ),
    "after texts": (
        f"a | after 50s | | bye |\n{YESNO}", SAY.replace('"A?"', '"A?"\nno_input = ["Well?"]'), "after 50s", "only if", "about 22s",
    ),
    "count": (f"a | no_input 4 | | bye |\n{YESNO}", SAY, "no_input 4", "never comes in 'a'", "failure 3 is out_of_tries"),
    "count and more": (f"a | no_match 5+ | | bye |\n{YESNO}", SAY, "no_match 5+", "never comes in 'a'", "failure 3"),
}  # fmt: skip
IN_TIME = {
    "sooner": (f"a | after 20s | | bye |\n{YESNO}", SAY),
    "more tries": (f"a | after 40s | | bye |\n{YESNO}", SAY.replace('"A?"', '"A?"\ntries = 9')),
    "the last try asks again": ("a | after 40s | | bye |\na | yes | | bye |\na | no | | bye |\nany | out_of_tries | | again |", SAY),
    "the last try under a condition": (
        "a | after 40s | | bye |\na | yes | | bye |\na | no | | bye |\na | out_of_tries | tries > 5 | bye |\nany | out_of_tries | | again |", SAY,
    ),
    "a smaller count": (f"a | no_input 3 | | bye |\n{YESNO}", SAY),
    "a row that stays": (f'a | no_input 1+ | tries < 4 | stay | say "Hm."\na | no_input 4 | | bye |\n{YESNO}', SAY),
    "a value in words": (f"a | filled | | bye |\na | after 27s | | bye |\n{USUAL}", N.replace('"How many?"', '"How many? [{n} now.]"')),
    "nobody is awaited": (
        "a | ok, failed, timeout | | bye |\na | after 40s | | again |", '[tools.look]\nargs = []\n[states.a]\nsay = "A."\ncall = "look"\n' + BYE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LATE)
def test_what_comes_after_the_last_try_is_a_warning(name: str) -> None:
    """A timer, or a count, that the tries are over before."""
    rows, body, place, message, why = LATE[name]
    written = text(rows, body)
    (problem,) = [problem for problem in found(written) if problem.code == "F417"]
    assert problem.severity is Severity.WARNING
    assert stands(problem, written, place)
    assert message in problem.message
    assert why in problem.why


@pytest.mark.parametrize("name", IN_TIME)
def test_what_may_come_in_time_is_not_told(name: str) -> None:
    """Or where the last try does not lead away."""
    assert idle_codes(text(*IN_TIME[name]), "F417") == []


@pytest.mark.parametrize(
    ("when", "never"),
    [
        ("n > 20", True), ("n >= 20", False), ("n < 1", True), ("n > 5 and n < 3", True), ("n > 5 and n < 7", False), ("tries < 1", True),
        ("size = small and size = large", True), ("size in (small, large)", False),
    ],
)  # fmt: skip
def test_a_condition_that_no_value_fits(when: str, never: bool) -> None:
    """By the range of a number, the values of a choice, or itself."""
    written = text(f"a | filled | {when} | bye |\na | filled | | bye | set size = small\n{USUAL}", SIZE + N)
    problems = [problem for problem in found(written) if problem.code == "F509"]
    assert [problem.message for problem in problems] == ([f"'{when}' never holds"] if never else [])
    assert all(stands(problem, written, when) for problem in problems)


DECLARED = {
    "slot": ('[slots.m]\ntype = "number"\n', "nothing ever fills 'm'", "[slots.m]"),
    "tool": ("[tools.look]\nargs = []\n", "nothing ever calls 'look'", "[tools.look]"),
    "prompt": ('[prompts]\nmenu = "We have a."\n', "nothing ever says 'menu'", 'menu = "We'),
    "phrase": ('[phrases]\nwell = "well well"\n', "no row hears 'well'", "well = "),
}
USES = {
    "slot asked": ("slot", "", '[states.b]\nask = "m"\nsay = "M?"\n'),
    "slot heard": ("slot", 'a | "make it {m}" | | stay |', ""),
    "slot set": ("slot", "a | filled | n > 3 | bye | set m = 1", ""),
    "slot set by the model": ("slot", 'a | llm "they say it" sets m | | stay |', ""),
    "tool called": ("tool", "", '[states.b]\ncall = "look"\n'),
    "tool that checks": ("tool", "", '[slots.p]\ntype = "digits"\ncheck = "look"\n'),
    "tool that offers": ("tool", "", '[slots.p]\ntype = "choice"\nvalues_from = "look.all"\n'),
    "tool of a model": ("tool", "", '[states.b]\ntalk = "Talk."\ntools = ["look"]\n'),
    "prompt said": ("prompt", "a | help | | stay | say menu", ""),
    "phrase heard": ("phrase", "a | well | | stay |", ""),
    "phrase in words": ("phrase", 'a | "<well> then" | | stay |', ""),
}


@pytest.mark.parametrize("name", DECLARED)
def test_what_nobody_uses_is_a_warning(name: str) -> None:
    """With its place."""
    declared, message, place = DECLARED[name]
    written = text(f"a | filled | | bye |\n{USUAL}", N + declared)
    (problem,) = [problem for problem in found(written) if problem.code == "F418"]
    assert (problem.message, problem.severity) == (message, Severity.WARNING)
    assert stands(problem, written, place)


@pytest.mark.parametrize("name", USES)
def test_what_somebody_uses_is_not_told(name: str) -> None:
    """In a state, a row, another phrase, or by a model."""
    declared, rows, body = USES[name]
    what = DECLARED[declared][0].replace("args = []", 'args = []\nreturns = { all = "list" }')
    assert not [m for m in idle_codes(text(f"{rows}\na | filled | | bye |\n{USUAL}", N + what + body), "F418") if "'p'" not in m]


def test_what_a_sub_flow_takes_and_gives_is_filled_by_others() -> None:
    """By who runs it, and by it."""
    sub = text(
        "x | yes | | good |\nx | no | | good |\nany | out_of_tries | | good |",
        '[slots.n]\ntype = "number"\n[slots.k]\ntype = "number"\n[states.x]\nsay = "X [{n}]?"\n[states.good]\nend = "good"\n',
        'takes = ["n"]\ngives = ["k"]', start="x",
    )  # fmt: skip
    rows = f"a | filled | | r |\nr | ended good | | bye |\n{USUAL}"
    written = text(rows, N + '[slots.k]\ntype = "number"\n[states.r]\nrun = "sub"\n', 'flows = { sub = "sub.toml" }')
    messages = [(p.place.file, p.message) for p in found(written, {"sub.toml": sub}) if p.code == "F418"]
    assert messages == [("sub.toml", "nothing ever fills 'k'")]


def test_what_an_included_file_offers_may_go_unused() -> None:
    """Others include it too; what the flow's own file declares and nobody uses is told on."""
    shared = '[prompts]\nmenu = "A."\n[phrases]\nwell = "well well"\nsee = "i see"\n'
    head, rows = 'include = ["shared.toml"]', f"a | see | | stay |\na | filled | | bye |\n{USUAL}"
    written = text(rows, N + DECLARED["tool"][0], head)
    assert [p.message for p in found(written, {"shared.toml": shared}) if p.code == "F418"] == ["nothing ever calls 'look'"]
