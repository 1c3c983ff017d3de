"""Corners of the checks: rows that wait in vain, silent states, secrets that get out, ways that are long."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from fsm_agents.flows.machine.flatten import flatten
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.notation.folder import read_text
from fsm_agents.flows.problems import Severity
from fsm_agents.flows.proof.circles import components
from fsm_agents.flows.proof.sentences import example_sentence
from fsm_agents.flows.proof.structure import structure
from fsm_agents.flows.proof.told import Teller, event_text, fix_row, way_text
from fsm_agents.flows.proof.unset_told import unset
from fsm_agents.flows.proof.ways import Ways
from fsm_agents.flows.spec import RowSpec
from fsm_agents.flows.syntax import Function, Goto, Inside, Named
from fsm_agents.flows.words.pack import pack
from tests.flows.proof.small import ASK, BYE, SIZE, USUAL, errors, flat, found, text

SAY = '[states.a]\nsay = "Yes or no?"\n'
SUB = text(
    f"x | yes | | good |\n{USUAL.replace('bye', 'good')}", '[states.x]\nsay = "X?"\n[states.good]\nend = "good"\n', start="x"
)
HEAD = 'flows = { sub = "sub.toml" }'
RUN = '[states.r]\nrun = "sub"\n'


def told(written: str, **files: str) -> list[tuple[str, str]]:
    """Codes and messages of what the structure shows, but for notes."""
    problems = structure(flat(written, {f"{name}.toml": body for name, body in files.items()}))
    return [(p.code, p.message) for p in problems if p.severity is not Severity.NOTE]


# --- in vain --------------------------------------------------------------------------------------------------------------------------


def test_a_row_may_hold_in_several_states_with_events_of_some() -> None:
    """``filled`` in one, ``ended`` in the other; told only where none of them can happen."""
    body = SIZE + ASK + RUN + SAY.replace("states.a", "states.c") + BYE
    rows = f"a | filled | | r |\na, r | yes | | c |\nr | ended good | | bye |\nc | yes | | bye |\n{USUAL}"
    assert told(text(rows, body, HEAD), sub=SUB) == []
    assert told(text(rows + "\na, r | filled, timeout | | bye |", body, HEAD), sub=SUB) == [
        ("F415", "'filled' cannot happen in 'r'"), ("F501", "this row can never win: line 10 takes 'filled' first, without a condition"),
    ]  # fmt: skip


def test_rows_of_an_end_wait_in_vain() -> None:
    """Nothing happens there."""
    assert told(text(f"a | yes | | bye |\nbye | yes | | a |\n{USUAL}", SAY + BYE)) == [("F415", "'yes' cannot happen in 'bye'")]


def test_a_tool_state_hears_no_silence_and_no_model() -> None:
    """It listens only for words and keys of globals."""
    tool = '[tools.t]\nargs = []\n[states.a]\nsay = "Wait."\ncall = "t"\n'
    rows = 'a | ok, failed, timeout | | bye |\na | no_input | | bye |\na | llm "it is so" | | bye |\na | after 3s | | stay | say "Yes."'
    assert [code for code, _ in told(text(rows, tool + BYE))] == ["F415", "F415"]


def test_a_running_state_has_no_timer_beside_its_ends() -> None:
    """Also where the same row answers an end."""
    assert told(text("r | ended good, after 5s | | bye |", RUN + BYE, HEAD, start="r"), sub=SUB) == [
        ("F415", "'after 5s' cannot happen in 'r'")
    ]


# --- silence --------------------------------------------------------------------------------------------------------------------------

MUTE = '[states.m]\nretry = ["Well?"]\n'


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ('a | yes | | m | say "Go on."\na | no | | bye |\nm | yes | | bye |', []),
        ("a | yes | | m | say last\na | no | | bye |\nm | yes | | bye |", []),
        ("a | yes | | m |\na | no | | bye |\nm | yes | | bye |", ["F416"]),
        ('a | yes | | m | say "Go on."\na | no | | bye |\nm | yes | | bye |\nm | no | | again |', ["F416"]),
    ],
)
def test_a_state_without_words_is_told_unless_whoever_enters_it_says_something(rows: str, codes: list[str]) -> None:
    """Also when it is entered again."""
    assert [code for code, _ in told(text(f"{rows}\n{USUAL}", SAY + MUTE + BYE))] == codes


def test_a_state_that_has_words_for_being_entered_again() -> None:
    """``again`` is enough then."""
    rows = f'a | yes | | m | say "Go on."\na | no | | bye |\nm | yes | | bye |\nm | no | | again |\n{USUAL}'
    assert told(text(rows, SAY + MUTE + 'again = "Go on, please."\n' + BYE)) == []


def test_a_start_without_words() -> None:
    """The call begins with silence."""
    (problem,) = errors(structure(flat(text(f"m | yes | | bye |\n{USUAL}", MUTE + BYE, start="m"))))
    assert (problem.code, problem.why) == ("F416", "the call begins with silence")


# --- moves ----------------------------------------------------------------------------------------------------------------------------


def test_a_start_that_goes_back() -> None:
    """There is nowhere to go back to."""
    rows = f"a | yes | | back |\na | no | | b |\nb | yes | | visit a |\nb | no | | bye |\n{USUAL}"
    (problem,) = errors(structure(flat(text(rows, SAY + SAY.replace("states.a", "states.b") + BYE))))
    assert (problem.code, problem.fix) == ("F406", "start in another state")


def test_one_row_that_goes_back_is_told_once() -> None:
    """However many states it holds in."""
    body = SAY + SAY.replace("states.a", "states.b") + SAY.replace("states.a", "states.v") + BYE
    rows = f'a | yes | | b |\na | no | | visit v |\nb | yes | | bye |\nv | yes | | back |\nany | "go back" | | back |\n{USUAL}'
    assert [code for code, _ in told(text(rows, body))] == ["F406"]


def test_a_flow_that_never_ends() -> None:
    """Without an end, and where 'back' leads to a state that nobody reaches."""
    found_ = structure(flat(text("a | yes | | again |\na | out_of_tries | | again |", SAY)))
    assert [(p.code, p.fix) for p in found_] == [("F411", 'a state with  end = "…"')]
    body = SAY + SAY.replace("states.a", "states.u") + BYE
    rows = "a | yes | | back |\na | out_of_tries | | again |\nu | yes | | visit a |\nu | no | | bye |\nu | out_of_tries | | bye |"
    assert {code for code, _ in told(text(rows, body))} == {"F406", "F410", "F411"}


def test_a_trap_behind_a_trap_is_told_once() -> None:
    """Where one cannot get out any more."""
    body = SAY + SAY.replace("states.a", "states.b") + SAY.replace("states.a", "states.c") + BYE
    rows = "a | yes | | b |\na | no | | bye |\na | out_of_tries | | bye |\nb | yes | | c |\nb | out_of_tries | | c |\nc | yes, out_of_tries | | again |"
    assert told(text(rows, body)) == [("F411", "from 'c' no end can be reached (trap)")]


def test_an_end_of_a_sub_flow_that_leads_nowhere() -> None:
    """``stay`` is a trap, ``again`` is endless, ``next`` fills nothing."""
    assert told(text("r | ended good | | stay |", RUN + BYE, HEAD, start="r"), sub=SUB)[-1] == (
        "F411",
        "from 'good' no end can be reached (trap)",
    )
    codes = [code for code, _ in told(text("r | ended good | | again |", RUN + BYE, HEAD, start="r"), sub=SUB)]
    assert "F413" in codes
    codes = [code for code, _ in told(text("r | ended good | | next |", RUN + BYE, HEAD, start="r"), sub=SUB)]
    assert "F414" in codes
    assert unset(Ways(flat(text("r | ended good | | stay |", RUN + BYE, HEAD, start="r"), {"sub.toml": SUB})), Teller()) == []


def test_a_sub_flow_that_nobody_runs_is_told_by_its_state() -> None:
    """And what is unreachable in a sub-flow at its own place, once."""
    body = SAY + RUN + BYE
    rows = f"a | yes | | bye |\nr | ended good | | bye |\n{USUAL}"
    assert told(text(rows, body, HEAD), sub=SUB) == [("F410", "state 'r' cannot be reached")]
    lonely = SUB.replace("[states.good]", '[states.y]\nsay = "Y?"\n[states.good]').replace(
        "x | yes | | good |", "x | yes | | good | |\n| y | yes | | good |"
    )
    twice = RUN + RUN.replace("states.r", "states.q") + BYE
    assert told(text("r | ended good | | q |\nq | ended good | | bye |", twice, HEAD, start="r"), sub=lonely) == [
        ("F410", "state 'y' cannot be reached")
    ]


def test_an_unreachable_state_with_nothing_near() -> None:
    """Only ends are reached."""
    problems = structure(flat(text("bye | resumed | | b |", BYE + '[states.b]\nend = "b"\n', start="bye")))
    assert [(p.code, p.fix) for p in problems] == [
        ("F415", "take the row out, or another state"),
        ("F410", "a row that leads to it"),
    ]


def test_failures_are_told_once_for_all_states_of_a_file() -> None:
    """With the others' names."""
    (problem,) = structure(flat(text("a | yes | | b |\nb | yes | | bye |", SAY + SAY.replace("states.a", "states.b") + BYE)))
    assert (problem.code, problem.trail) == ("F412", ("also from: b",))


def test_a_hand_off_is_nobodys_own_way_out() -> None:
    """The row that mends it leads to a person if there is one, from there to an end."""
    body = '[states.h]\nhandoff = "queue:x"\n' + SAY + BYE
    (problem,) = structure(flat(text("a | yes | | h |\nh | ok, failed, timeout | | bye |", body)))
    assert problem.fix == "| any | out_of_tries | | h | |"
    (problem,) = errors(structure(flat(text(f"a | yes | | h |\nh | ok, timeout | | bye |\n{USUAL}", body))))
    assert problem.fix == '| h | failed | | bye | say "Something went wrong." |'
    (problem,) = errors(structure(flat(text(f"a | yes | | h |\nh | failed, timeout | | bye |\n{USUAL}", body))))
    assert problem.fix == "| h | ok | | bye | |"
    spec = flat(text("a | yes | | again |\na | out_of_tries | | again |", SAY)).spec
    assert fix_row(spec, spec.states["a"], "ok") == "| a | ok | | ??? | |"


# --- safety ---------------------------------------------------------------------------------------------------------------------------

SECRET = '[slots.pin]\ntype = "digits"\nlength = "4"\nsecret = true\n'
PLAIN = SECRET.replace("secret = true\n", "")
ASK_PIN = '[states.x]\nask = "pin"\nsay = "PIN?"\n[states.good]\nend = "good"\n'
GIVES = f"x | filled | | good |\n{USUAL.replace('bye', 'good')}"


def test_a_secret_stays_one_where_it_is_given_and_taken() -> None:
    """F604 at the slot that is not secret, or at the state that runs the sub-flow."""
    rows = "r | ended good | | bye |"
    sub = text(GIVES, SECRET + ASK_PIN, head='gives = ["pin"]', start="x")
    (problem,) = errors(structure(flat(text(rows, PLAIN + RUN + BYE, HEAD, start="r"), {"sub.toml": sub})))
    assert problem.message == "'sub: pin' is secret and is copied to 'pin', which is not"
    assert told(text(rows, SECRET + RUN + BYE, HEAD, start="r"), sub=sub) == []
    taking = text(GIVES, PLAIN + ASK_PIN, head='takes = ["pin"]', start="x")
    (problem,) = errors(structure(flat(text(rows, SECRET + RUN + BYE, HEAD, start="r"), {"sub.toml": taking})))
    assert problem.message == "'pin' is secret and is copied to 'sub: pin', which is not"
    renamed = RUN + 'with = { pin = "code" }\n'
    assert told(text(rows, PLAIN.replace("pin", "code") + renamed + BYE, HEAD, start="r"), sub=taking) == []


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ('[prompts]\nit = "[{pin}]"\n', "a | filled | | bye | say it"),
        ("", 'a | filled | | bye | say "[{pin:digits}]"'),
        ('invalid = "Not {pin}."\n', "a | filled | | bye |"),
    ],
)
def test_a_secret_is_spoken_nowhere(body: str, rows: str) -> None:
    """Not by name, in no form but the last four, not as what is not valid."""
    slot = SECRET + (body if body.startswith("invalid") else "")
    written = text(
        f"{rows}\n{USUAL}", slot + ("" if body.startswith("invalid") else body) + '[states.a]\nask = "pin"\nsay = "PIN?"\n' + BYE
    )
    assert [code for code, _ in told(written)] == ["F604"]


def test_the_last_four_of_a_secret_may_be_spoken_and_a_person_may_have_it() -> None:
    """And a model may set what is not secret."""
    body = SECRET + SECRET.replace("pin", "other") + SIZE + (
        '[states.a]\nask = "pin"\nsay = "PIN?"\n[states.h]\nsay = "[{pin:last4}] [{size}]"\nhandoff = "queue:x"\ncarry = ["pin"]\n'
        '[states.g]\nhandoff = "agent:x"\ncarry = ["size"]\n'
    )  # fmt: skip
    rows = f'a | filled | | h | set size = small; set other = pin\na | llm "it is big" sets size | | g |\nh, g | ok, failed, timeout | | bye |\n{USUAL}'
    assert told(text(rows, body + BYE)) == []


def test_a_model_may_use_only_declared_tools() -> None:
    """F602; reading a file refuses it too, Python makes it possible."""
    spec = read_text(
        text(f"a | yes | | bye |\n{USUAL}", '[tools.t]\nargs = []\n[states.a]\ntalk = "Talk."\ntools = ["t"]\n' + BYE)
    ).spec
    states = {**spec.states, "a": attrs.evolve(spec.states["a"], tools=("t", "refund"))}
    (problem,) = structure(flatten(attrs.evolve(spec, states=states)))
    assert (problem.code, problem.fix) == ("F602", "[tools.refund]")
    assert problem.message == "'a' may use 'refund', which is not in [tools]"


ONCE = '[tools.t]\nargs = []\nonce = true\n[states.c]\nsay = "Wait."\ncall = "t"\n'


def test_a_tool_that_must_not_be_left_may_be_left_by_its_own_rows() -> None:
    """Its results, its timer; and globals that stay, or say again, leave nothing."""
    rows = f"a | yes | | c |\nc | ok, failed, timeout | | bye |\nc | after 9s | | bye |\nany | repeat | | stay | say last\nany | resumed | | again |\n{USUAL}"
    assert told(text(rows, SAY + ONCE + BYE)) == []


def test_a_tool_that_must_not_be_left_in_a_group_and_in_a_sub_flow() -> None:
    """The row of a group, of the state that runs the sub-flow, and of ``any`` outside; each says what to write."""
    group = '[groups.g]\nstates = ["c"]\n'
    rows = f"a | yes | | c |\nc | ok, failed, timeout | | bye |\ng | goodbye | | bye |\n{USUAL}"
    (problem,) = errors(structure(flat(text(rows, group + SAY + ONCE + BYE))))
    assert problem.fix == "not in 'c'"
    sub = text("c | ok, failed, timeout | | good |", ONCE + '[states.good]\nend = "good"\n', start="c")
    outer = text(
        f"a | yes | | r |\nr | ended good | | bye |\nr | cancel | | bye |\nany but a | goodbye | | bye |\n{USUAL}",
        SAY + RUN + BYE,
        HEAD,
    )
    found_ = errors(structure(flat(outer, {"sub.toml": sub})))
    assert [(p.code, p.fix, p.place.file) for p in found_] == [
        ("F603", "not in 'r'", "flow.toml"),
        ("F603", "any but (a, r)", "flow.toml"),
    ]
    deep = text("m | ended good | | fine |", '[states.m]\nrun = "sub"\n[states.fine]\nend = "good"\n', HEAD, start="m")
    far = text(
        f"a | yes | | r |\nr | ended good | | bye |\nany | goodbye | | bye |\n{USUAL}",
        SAY + '[states.r]\nrun = "deep"\n' + BYE,
        'flows = { deep = "deep.toml" }',
    )
    (problem,) = errors(structure(flat(far, {"sub.toml": sub, "deep.toml": deep})))
    assert problem.fix == "any but (r)"


def test_free_text_twice_with_a_condition_on_the_first() -> None:
    """The second has its turn then; a pair in several states is told once."""
    slots = '[slots.name]\ntype = "text"\n[slots.more]\ntype = "text"\n[states.a]\nask = "name"\nsay = "Name?"\n'
    rows = 'a | "i say {more}" | tries = 1 | bye |\na | filled | | bye |\n' + USUAL
    assert "F505" not in {code for code, _ in told(text(rows, slots + BYE))}
    body = '[slots.name]\ntype = "text"\n' + SAY + SAY.replace("states.a", "states.b") + BYE
    both = f'a, b | "note {{name}}" | | bye |\na, b | "write {{name}}" | | bye |\na | yes | | b |\n{USUAL}'
    assert [code for code, _ in told(text(both, body))] == ["F505"]
    outside = slots + SAY.replace("states.a", "states.b") + BYE
    rows = f'b | yes | | a |\na | filled | | bye |\nany | "note {{more}}" | | bye |\n{USUAL}'
    (problem,) = errors(structure(flat(text(rows, outside, start="b"))))
    assert problem.message == "two edges of 'a' take free text: its own question and line 12"


# --- conditions in Python -------------------------------------------------------------------------------------------------------------


def with_function(written: str, row: int) -> Any:
    """A flow whose row has a Python function as its condition."""
    spec = read_text(written).spec
    rows = list(spec.rows)
    rows[row] = attrs.evolve(
        rows[row], when=Function("late", lambda _slots: True), cells=(*rows[row].cells[:2], "late", *rows[row].cells[3:])
    )
    return flatten(attrs.evolve(spec, rows=tuple(rows)))


def test_a_python_function_may_hold_or_not() -> None:
    """So it leaves a gap; twice the same does not hold anew."""
    made = with_function(text(f"a | filled | | bye |\n{USUAL}", SIZE + ASK + BYE), 0)
    assert [p.code for p in structure(made)] == ["F403"]
    spec = made.spec
    double = attrs.evolve(
        spec, rows=(spec.rows[0], attrs.evolve(spec.rows[0], to=Goto("a")), attrs.evolve(spec.rows[0], when=None), *spec.rows[1:])
    )
    assert [p.code for p in structure(flatten(double)) if p.severity is Severity.ERROR] == ["F501"]
    assert unset(Ways(made), Teller()) == []


# --- told -----------------------------------------------------------------------------------------------------------------------------


def test_what_stands_in_no_file_has_the_files_name() -> None:
    """And no line."""
    spec = flat(text(f"a | yes | | bye |\n{USUAL}", SAY + BYE)).spec
    row = RowSpec(Inside(("a",)), (Named("said"),), Goto("bye"))
    bare = attrs.evolve(spec, rows=(*spec.rows, row), text="")
    problem = Teller()("F501", "so", bare, row.place)
    assert (problem.place.file, problem.place.line, problem.shown) == ("flow.toml", 0, "")


def test_triggers_are_told_as_they_are_written() -> None:
    """Each kind."""
    rows = (
        'a | "[the] one / two" | | bye |\na | yes, press 1, no_match, no_input 2, invalid 3+, after 1500ms, after 2s, interrupted, llm "so" | | bye |\n'
        f"r | ended good | | bye |\na | no | | r |\n{USUAL}"
    )
    made = flat(text(rows, SAY + RUN + BYE, HEAD), {"sub.toml": SUB})
    texts = {event_text(edge) for edge in made.edges.values()}
    assert texts >= {
        '"[the] one / two"', "yes", "press 1", "no_match", "no_input 2", "invalid 3+", "after 1500ms", "after 2s", "interrupted",
        'llm "so"', "ended good", "out_of_tries",
    }  # fmt: skip
    asking = flat(text(f"a | filled | | bye |\n{USUAL}", SIZE + ASK + BYE))
    assert "its own question" in {event_text(edge) for edge in asking.edges.values()}


def test_long_ways_are_cut_in_the_middle() -> None:
    """And long words."""
    made = flat(text(f'a | "this is a rather long sentence for a row" | | bye |\n{USUAL}', SAY + BYE))
    edge = made.states["a"].edges[0]
    assert way_text([("a", None), ("bye", edge)]) == "a → (this is a rather long s…) → bye"
    assert way_text([(str(at), None) for at in range(9)]) == "0 → 1 → … → 6 → 7 → 8"


def test_a_sentence_for_an_edge() -> None:
    """The shortest, or the one with the slots that are given."""
    made = flat(
        text(
            f'a | "[please] ({{size}} / the {{size}} one) [with {{n}}]" | | bye |\n{USUAL}',
            SIZE + '[slots.n]\ntype = "number"\n' + SAY + BYE,
        )
    )
    world, edge = World(made, pack("en-US")), made.states["a"].edges[0]
    assert example_sentence(world, edge) == "{size}"
    assert example_sentence(world, edge, {"size": "small", "n": 2}) == "small with two"
    assert example_sentence(world, edge, {"n": 2}) == "{size}"


def test_components() -> None:
    """Each circle once; a long chain needs no stack."""
    assert sorted(map(sorted, components({"a": ["b"], "b": ["c", "d"], "c": ["a"], "d": ["d"], "e": ["d"]}))) == [
        ["a", "b", "c"],
        ["d"],
        ["e"],
    ]
    chain = {str(at): [str(at + 1)] for at in range(20_000)} | {"20000": []}
    assert len(components(chain)) == 20_001


def test_a_huge_flow_is_checked_in_bounded_time() -> None:
    """2,000 states in a row, each with its question."""
    rows = "\n".join(f"s{at} | filled | | s{at + 1} |" for at in range(1_999))
    states = "".join(f'[states.s{at}]\nask = "size"\nsay = "Which?"\n' for at in range(1_999))
    made = text(f"{rows}\nany | out_of_tries | | s1999 |", SIZE + states + '[states.s1999]\nend = "done"\n', start="s0")
    assert found(made) == []
