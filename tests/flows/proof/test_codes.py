"""Each code: a small broken flow that shows exactly that code, where it stands, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import pytest

from fsm_agents.flows.problems import Severity
from fsm_agents.flows.proof.codes import CODES
from tests.flows.proof.small import ASK, BYE, SIZE, USUAL, errors, found, stands, text

CALL = """
[tools.look]
args = []
returns = { count = "number" }
example = { count = 1 }
[states.a]
say = "One moment."
call = "look"
"""
SAY = """
[states.a]
say = "Yes or no?"
"""
SUB = text(
    "x | filled | | known |\nany | out_of_tries | | lost |",
    SIZE + '[states.x]\nask = "size"\nsay = "Which?"\n[states.known]\nend = "known"\n[states.lost]\nend = "lost"\n',
    start="x",
)
RUN = """
[states.a]
run = "sub"
"""
HEAD = 'flows = { sub = "sub.toml" }'
SECRET = SIZE + '[slots.pin]\ntype = "digits"\nlength = "4"\nsecret = true\n'
TEXT = '[slots.name]\ntype = "text"\n[slots.more]\ntype = "text"\n'


@attrs.frozen
class Case:
    """One broken flow.

    Args:
        code: The only code of its severity that is found.
        written: The flow.
        place: A piece of it; the problem stands where that begins.
        fix: What the fix says.
        message: What the message says.
        files: Sub-flows.
        times: How often.
    """

    code: str
    written: str
    place: str
    fix: str = ""
    message: str = ""
    files: Mapping[str, str] = attrs.field(factory=dict)
    times: int = 1


CASES = {
    "F401": Case("F401", text(USUAL, SIZE + ASK + BYE), "[states.a]", "| a | filled | | bye | |", "state 'a' does not say"),
    "F402 failed": Case("F402", text("a | ok, timeout | | bye |", CALL + BYE), "[states.a]", "| a | failed | | bye |", "no row for 'failed'"),
    "F402 ok": Case("F402", text("a | failed, timeout | | bye |", CALL + BYE), "[states.a]", "| a | ok | | bye | |", "'a' has no row for 'ok'"),
    "F402 ended": Case(
        "F402", text(f"a | ended known | | bye |\n{USUAL}", RUN + BYE, HEAD), 'run = "sub"', "| a | ended lost | | bye | |",
        "'a' runs sub and has no row for 'ended lost'", {"sub.toml": SUB},
    ),
    "F403": Case(
        "F403", text(f"a | filled | size = small | bye |\n{USUAL}", SIZE + ASK + BYE), "a | filled", "| a | filled | | bye | |",
        "'filled' in 'a' is decided only when size = small",
    ),
    "F403 ok": Case(
        "F403", text("a | ok | look.count > 0 | bye |\na | failed, timeout | | bye |", CALL + BYE), "a | ok", "| a | ok | | bye | |",
        "'ok' in 'a' is decided only when look.count > 0",
    ),
    "F403 out_of_tries": Case(
        "F403", text("a | filled | | bye |\nany | out_of_tries | open | bye |", SIZE + ASK + BYE, 'conditions = ["open"]'),
        "any | out_of_tries", "| a | out_of_tries | | bye | |", "'out_of_tries' in 'a' is decided only when open",
    ),
    "F403 ended": Case(
        "F403",
        text(f"a | ended known | open | bye |\na | ended lost | | bye |\n{USUAL}", RUN + BYE, HEAD + '\nconditions = ["open"]'),
        "a | ended known", "| a | ended known | | bye | |", "'ended known' in 'a' is decided", {"sub.toml": SUB},
    ),
    "F403 said": Case(
        "F403", text("a | said | open | bye |", SAY + BYE, 'conditions = ["open"]'), "a | said", "| a | said | | bye | |", "'said' in 'a'"
    ),
    "F406": Case(
        "F406",
        text(f"a | yes | | b |\na | no | | bye |\nb | yes | | back |\nb | no | | bye |\n{USUAL}", SAY + '[states.b]\nsay = "B?"\n' + BYE),
        "back |", "should say  visit b", "'back' can be reached without a visit: a → b",
    ),
    "F410": Case(
        "F410", text(f"a | yes | | bye |\nb | yes | | bye |\n{USUAL}", SAY + '[states.b]\nsay = "B?"\n' + BYE), "[states.b]",
        "nearest: 'a' could lead there", "state 'b' cannot be reached",
    ),
    "F411": Case(
        "F411",
        text(f"a | yes | | b |\na | no | | bye |\nb | yes | | again |\nb | out_of_tries | | b |\n{USUAL}", SAY + '[states.b]\nsay = "B?"\n' + BYE),
        "[states.b]", "out of it", "from 'b' no end can be reached (trap)",
    ),
    "F412": Case("F412", text("a | yes | | bye |", SAY + BYE), "[states.a]", "| any | out_of_tries | | bye | |", "reaches nobody from 'a'"),
    "F413": Case(
        "F413",
        text(
            f"a | filled | | b |\nb | filled | | a |\n{USUAL}",
            SIZE + '[slots.n]\ntype = "number"\n' + ASK + '[states.b]\nask = "n"\nsay = "How many?"\n' + BYE,
        ),
        "a | |", "clear size", "endless: a → b → a",
    ),
    "F413 itself": Case("F413", text(f"a | filled | | again |\n{USUAL}", SIZE + ASK + BYE), "again", "clear size", "endless: a → a"),
    "F414": Case("F414", text(f"a | yes | | next |\na | no | | bye |\n{USUAL}", SAY + BYE), "next", "stay or again", "'next' in 'a'"),
    "F415 run": Case(
        "F415",
        text(f"a | ended known, ended lost | | bye |\na | after 5s | | bye |\n{USUAL}", RUN + BYE, HEAD),
        "after 5s", "ended known", "'after 5s' cannot happen in 'a'", {"sub.toml": SUB},
    ),
    "F415 say": Case("F415", text(f"a | filled | | bye |\na | yes | | bye |\n{USUAL}", SAY + BYE), "filled", "", "'filled' cannot happen in 'a'"),
    "F415 nowhere": Case("F415", text(f"a | yes | | bye |\nany | ok | | bye |\n{USUAL}", SAY + BYE), "ok", "", "in no state in which"),
    "F416": Case("F416", text(f"a | yes | | bye |\n{USUAL}", '[states.a]\nretry = ["Yes?"]\n' + BYE), "[states.a]", 'say = "…"', "'a' says nothing"),
    "F501": Case(
        "F501", text(f"a | yes | | bye |\na | no | | bye |\na | yes | | again |\n{USUAL}", SAY + BYE), "yes | | again |", "take it out",
        "line 10 takes 'yes' first, without a condition",
    ),
    "F503": Case(
        "F503",
        text(f'a | "[the] size / nothing" | | bye |\na | "nothing / no" | | again |\n{USUAL}', SAY + BYE),
        '"[the] size', "drop it from one", 'two rows of \'a\' accept the same words: "nothing"',
    ),
    "F505": Case(
        "F505",
        text(f'a | filled | | b |\na | "i say {{more}}" | | b |\nb | yes | | bye |\nb | no | | a | clear name, more\n{USUAL}',
             TEXT + '[states.a]\nask = "name"\nsay = "Name?"\n[states.b]\nsay = "[{name}] [{more}]?"\n' + BYE),
        '"i say {more}"', "a state of its own", "two edges of 'a' take free text",
    ),
    "F506": Case("F506", text(f'a | "[maybe]" | | bye |\n{USUAL}', SAY + BYE), '"[maybe]"', "outside the [ ]", "accepts nothing said"),
    "F508": Case(
        "F508",
        text(f'a | "{{n}} {{m}}" | | bye |\n{USUAL}', '[slots.n]\ntype = "number"\nhear = "0..999"\n[slots.m]\ntype = "number"\nhear = "0..999"\n' + SAY + BYE),
        '"{n} {m}"', "a word between", "has two readings",
    ),
    "F508 choice": Case(
        "F508", text(f"a | filled | | bye |\n{USUAL}", SIZE.replace('"large"', '"large / small"') + ASK + BYE), "[slots.size.values]",
        "drop it from", '"small" is both small and large',
    ),
    "F601": Case(
        "F601", text(f'a | llm "it is said" sets pin | | bye |\n{USUAL}', SECRET + SAY + BYE), 'llm "it', "ask for pin", "'pin' is secret"
    ),
    "F603": Case(
        "F603", text("a | ok, failed, timeout | | bye |\nany | goodbye | | bye |", CALL.replace("args", "once = true\nargs") + BYE),
        "any | goodbye", "any but (a)", "'goodbye' can leave 'a' while look",
    ),
    "F604 said": Case(
        "F604",
        text(f"a | filled | | bye |\n{USUAL}", SECRET + '[states.a]\nask = "pin"\nsay = "PIN?"\n' + BYE.replace("Bye.", "[{pin} it is.]")),
        'say = "[{pin}', "{pin:last4}", "{pin} is spoken",
    ),
    "F604 carried": Case(
        "F604",
        text(
            f"a | filled | | h |\nh | ok, failed, timeout | | bye |\n{USUAL}",
            SECRET + '[states.a]\nask = "pin"\nsay = "PIN?"\n[states.h]\nhandoff = "agent:billing"\ncarry = ["pin"]\n' + BYE,
        ),
        "carry =", "out of carry", "'h' carries 'pin'",
    ),
    "F604 set": Case(
        "F604",
        text(
            f"a | filled | | bye | set plain = pin\n{USUAL}",
            SECRET + '[slots.plain]\ntype = "digits"\n[states.a]\nask = "pin"\nsay = "PIN?"\n' + BYE,
        ),
        "set plain", "secret = true", "'pin' is secret and is copied to 'plain'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_broken_flow_shows_exactly_its_code(name: str) -> None:
    """One code, its place, its message, its fix."""
    case = CASES[name]
    problems = errors(found(case.written, case.files))
    assert [p.code for p in problems] == [case.code] * case.times, "\n".join(map(str, problems))
    problem = problems[0]
    assert stands(problem, case.written, case.place), str(problem)
    assert problem.place.file == "flow.toml"
    assert case.fix in problem.fix, str(problem)
    assert case.message in problem.message, str(problem)
    assert problem.shown == case.written.splitlines()[problem.place.line - 1]


NEAR = {
    "F401": ("| any |", "| a | filled | | bye | |\n| any |"), "F402 failed": ("ok, timeout", "ok, timeout, failed"),
    "F403": ("size = small", "size in (small, large)"), "F406": ("a | yes | | b", "a | yes | | visit b"), "F410": ("a | yes | | bye", "a | yes | | b"),
    "F411": ("b | yes | | again", "b | yes | | a"), "F412": ("a | yes | | bye |", "a | yes, out_of_tries | | bye |"),
    "F413": ("b | filled | | a | |", "b | filled | | a | clear size |"), "F414": ("| next |", "| stay |"), "F415 say": ("a | filled", "a | no"),
    "F416": ("retry", 'say = "Well?"\nretry'), "F501": ("a | yes | | bye |", "a | yes | open | bye |"), "F503": ("nothing / no", "none / no"),
    "F505": ('"i say {more}"', '"i say so"'), "F506": ("[maybe]", "maybe [so]"), "F508": ("{n} {m}", "{n} and {m}"), "F601": ("sets pin", "sets size"),
    "F603": ("once = true", "once = false"), "F604 said": ("{pin} it", "{pin:last4} it"),
}  # fmt: skip
"""For each code what mends its flow, and no more."""


@pytest.mark.parametrize("name", NEAR)
def test_a_flow_that_just_does_not(name: str) -> None:
    """One thing is changed, and nothing is wrong any more."""
    old, new = NEAR[name]
    written = CASES[name].written
    assert old in written, written
    written = written.replace(old, new, 1).replace("\n[rows]", '\nconditions = ["open"]\n[rows]', name == "F501")
    assert errors(found(written, CASES[name].files)) == []


def test_every_case_has_a_flow_that_just_does_not() -> None:
    """At least one of each code."""
    assert {CASES[name].code for name in NEAR} == {case.code for case in CASES.values()}


PASTED = [
    "F401",
    "F402 failed",
    "F402 ok",
    "F402 ended",
    "F403",
    "F403 ok",
    "F403 out_of_tries",
    "F403 ended",
    "F403 said",
    "F412",
]


@pytest.mark.parametrize("name", PASTED)
def test_a_fix_that_is_a_row_mends_it(name: str) -> None:
    """The row is pasted behind the others, and nothing is wrong any more."""
    case = CASES[name]
    (problem,) = errors(found(case.written, case.files))
    assert problem.fix.startswith("| ")
    mended = case.written.replace("\n'''\n", f"\n{problem.fix}\n'''\n", 1)
    assert mended != case.written
    assert errors(found(mended, case.files)) == []


def test_every_code_of_this_folder_has_a_case() -> None:
    """The others are tested where their rules are."""
    elsewhere = {"F404", "F407", "F408", "F409", "F417", "F418", "F502", "F504", "F507", "F509", "F602", "F610", "F611", "F612"}
    assert {case.code for case in CASES.values()} | elsewhere == CODES.keys()


def test_levels() -> None:
    """Notes are what a writer should know, and keep nothing from loading."""
    assert {code for code, (level, _) in CODES.items() if level is Severity.NOTE} == {"F407", "F408", "F502"}
    assert {code for code, (level, _) in CODES.items() if level is Severity.WARNING} == {"F417", "F418", "F507", "F509", "F612"}
