"""Two proofs of one thing: what the analysis says of unset values and of endless circles, the search of everything finds by running."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fsm_agents.flows.problems import Severity
from fsm_agents.flows.proof.explore import explore_flow
from fsm_agents.flows.proof.structure import structure
from fsm_agents.flows.proof.told import Teller
from fsm_agents.flows.proof.unset_told import unset
from fsm_agents.flows.proof.ways import Ways
from tests.flows.proof.small import flat, text

BODY = (
    '[slots.x]\ntype = "yesno"\n[slots.y]\ntype = "yesno"\n[tools.t]\nargs = ["x"]\n'
    '[states.a]\nask = "x"\nsay = "X?"\n[states.b]\nask = "y"\nsay = "Y?"\n[states.c]\nsay = "C?"\n[states.v]\nsay = "V?"\n'
    '[states.l]\nsay = "L."\ncall = "t"\n[states.bye]\nsay = "Bye."\nend = "bye"\n'
)
ACTS = ("", "clear x", "clear y", "set x = yes", "set x = y", "clear all")
WORDS = ('"one"', '"two {x}"', '"three [{x}]"', '"four {y}"')
TARGETS = ("a", "b", "c", "l", "stay", "again", "visit v", "bye")


@st.composite
def flows(draw: st.DrawFn) -> str:
    """A flow of five states whose rows lead anywhere."""

    def row(state: str, on: str, targets: tuple[str, ...] = TARGETS) -> str:
        return f"{state} | {on} | | {draw(st.sampled_from(targets))} | {draw(st.sampled_from(ACTS))}"

    rows = [
        row("a", "filled", ("b", "c", "l", "bye")),
        row("b", "filled", ("a", "c", "l", "bye")),
        row("l", "ok", ("a", "c", "bye")),
    ]
    rows += [
        row(state, words)
        for state in ("a", "b", "c")
        for words in draw(st.lists(st.sampled_from(WORDS), max_size=2, unique=True))
    ]
    rows += [row("c", "yes"), row("v", "yes", ("back",)), row("v", "no", ("stay", "back")), "l | failed, timeout | | bye |"]
    return text("\n".join([*rows, "any | out_of_tries | | bye |"]), BODY, start=draw(st.sampled_from(("a", "b", "c"))))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(flows())
def test_the_analysis_and_the_search_say_the_same(written: str) -> None:
    """A tool is called with its argument unset in the one if, and only if, in the other; a step never comes to rest likewise."""
    flow = flat(written)
    endless = any(p.code == "F413" for p in structure(flow))
    told = [p for p in unset(Ways(flow), Teller()) if p.severity is Severity.ERROR]
    found = explore_flow(flow, ["never call t with x unset"])
    broken = {one.property for one in found.broken}
    assert found.complete
    assert ("no step raises" in broken) <= endless
    if not endless:
        assert ("never call t with x unset" in broken) == bool(told), (told, found.broken)
