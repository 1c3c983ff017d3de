"""Everything that can happen in a flow: properties of one line, and the scene that breaks one."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents.flows.machine.data import get
from fsm_agents.flows.machine.effects import EmitEvent
from fsm_agents.flows.problems import FlowError, Severity
from fsm_agents.flows.proof.explore import explore_flow
from fsm_agents.flows.proof.properties import END_REACHABLE, Answers, Never, read_properties, read_property
from tests.flows.proof.small import BYE, EXAMPLES, SIZE, USUAL, example, flat, text

N = '[slots.n]\ntype = "number"\nrange = "1..9"\n'
TOOL = '[tools.book]\nargs = ["n"]\nreturns = { taken = "yesno", price = "number" }\nexample = { taken = false, price = 3 }\n'
BOOK = (
    N
    + TOOL
    + '[states.a]\nask = "n"\nsay = "How many?"\n[states.c]\nsay = "{n}. Shall I book?"\n[states.b]\nsay = "I book."\ncall = "book"\n'
    + BYE
)
ROWS = f"a | filled | | c |\nc | yes | | b |\nc | no | | a | clear n\nb | ok | | bye |\nb | failed, timeout | | bye |\n{USUAL}\n"


def test_what_holds_is_told_with_what_was_searched() -> None:
    """A whole search, all rows taken."""
    found = explore_flow(
        flat(text(ROWS, BOOK)), ["never call book without yes in c", "never reach b before c", "never call book with n unset"]
    )
    assert found.broken == ()
    assert found.held == (
        "always an end is reachable from everywhere", "never call book without yes in c", "never reach b before c",
        "never call book with n unset", "no step raises",
    )  # fmt: skip
    assert found.complete
    assert found.untaken == ()
    assert found.places > 5
    assert found.problems() == []


def test_silence_as_consent_is_found_and_shown_as_a_scene() -> None:
    """The fault of a first draft: a timer books."""
    found = explore_flow(flat(text(f"{ROWS}c | after 40s | | b |", BOOK)), ['never "call book without yes in c"'])
    (one,) = found.broken
    assert one.property == "never call book without yes in c"
    assert one.scene == (
        "agent:  How many?", "caller: two", "agent:  two. Shall I book?", "wait:   after 40s", "agent:  I book.", "state:  b",
    )  # fmt: skip
    assert str(one).startswith("never call book without yes in c: book is called without yes in c\n    agent:  How many?")
    (problem,) = found.problems()
    assert (problem.code, problem.severity, problem.place.file, problem.trail) == ("F611", Severity.ERROR, "flow.toml", one.scene)


def test_a_yes_that_was_taken_back_does_not_count() -> None:
    """Entering the state again asks for a new one."""
    rows = ROWS.replace("b | ok | | bye |", "b | ok | book.taken | c |\nb | ok | | bye |") + "c | after 40s | | b |\n"
    (one,) = explore_flow(flat(text(rows, BOOK)), ["never call book without yes in c"]).broken
    assert one.scene[-3:] == ("wait:   after 40s", "agent:  I book.", "state:  b")
    strict = ROWS.replace("b | ok | | bye |", "b | ok | book.taken | b |\nb | ok | | bye |")
    assert explore_flow(flat(text(strict, BOOK)), ["never call book without yes in c"]).broken == ()


def test_each_verb_and_each_excuse() -> None:
    """Three times three."""
    flow = flat(text(ROWS + "a | goodbye | | bye |\n", BOOK))
    broken = {one.property: one.message for one in explore_flow(flow, [
        "never reach bye without ok in b", "never reach bye before b", "never reach bye with n unset",
        "never end done without ok in b", "never end done before b", "never end done with n unset",
        "never call book without yes in c", "never call book before c", "never call book with n unset",
    ]).broken}  # fmt: skip
    assert broken == {
        "never reach bye without ok in b": "bye is reached without ok in b",
        "never reach bye before b": "bye is reached before b",
        "never reach bye with n unset": "bye is reached with n unset",
        "never end done without ok in b": "done is how it ends without ok in b",
        "never end done before b": "done is how it ends before b",
        "never end done with n unset": "done is how it ends with n unset",
    }


def test_a_state_that_never_lets_the_caller_go() -> None:
    """No end is reachable, whatever happens; hanging up is no way out."""
    rows = "a | yes | | t |\na | no | | bye |\na | out_of_tries | | bye |\nt | yes | | again |\nt | no | tries > 9 | bye |\nt | out_of_tries | | again |"
    body = '[states.a]\nsay = "A?"\n[states.t]\nsay = "T?"\n' + BYE
    (one,) = explore_flow(flat(text(rows, body))).broken
    assert one.property == END_REACHABLE.text
    assert one.message == "from 't' no end can be reached, whatever happens"
    assert one.scene == ("agent:  A?", "caller: yes", "agent:  T?", "state:  t")


def test_a_state_answers_within_so_many_failures() -> None:
    """Silence, words that nobody takes, values that are not valid: all of them count."""
    flow = flat(text(ROWS, BOOK))
    assert explore_flow(flow, ["always a answers within 3 failures"]).broken == ()
    (one,) = explore_flow(flow, ["always a answers within 2 failures"]).broken
    assert one.message == "after 2 failures the caller is still in 'a'"
    assert len([line for line in one.scene if line.startswith(("caller:", "silence:"))]) == 2


def test_words_that_a_model_is_asked_about_are_a_failure_when_it_knows_no_answer() -> None:
    """Not before: that it is asked is no answer, and no failure."""
    flow = flat(
        text('a | yes | | bye |\na | llm "it is so" | | bye |\na | out_of_tries | | bye |', '[states.a]\nsay = "A?"\n' + BYE)
    )
    assert explore_flow(flow, ["always a answers within 3 failures"]).broken == ()
    (one,) = explore_flow(flow, ["always a answers within 2 failures"]).broken
    assert [line for line in one.scene if line.startswith(("caller:", "silence:", "model:"))] != []
    assert one.message == "after 2 failures the caller is still in 'a'"


def test_a_step_that_raises_is_found() -> None:
    """States that fill each other; the scene ends with what was raised."""
    body = N + '[slots.m]\ntype = "number"\n[states.a]\nask = "n"\nsay = "N?"\n[states.b]\nask = "m"\nsay = "M?"\n' + BYE
    (one,) = explore_flow(flat(text(f"a | filled | | b |\nb | filled | | a |\n{USUAL}", body))).broken
    assert one.property == "no step raises"
    assert "raises events without end" in one.message
    assert one.scene[-1].startswith("# raised: TableError")


def test_a_property_may_be_a_function() -> None:
    """Of one move; named after itself."""

    def nothing_is_emitted(move: Any) -> str | None:
        return "it was told" if move.did(EmitEvent) else None

    rows = f"a | yes | | bye | emit told\na | no | | again |\n{USUAL}"
    (one,) = explore_flow(flat(text(rows, '[states.a]\nsay = "A?"\n' + BYE)), [nothing_is_emitted, lambda _move: None]).broken
    assert (one.property, one.message, one.scene[-1]) == ("nothing_is_emitted", "it was told", "end:    done")


def test_a_search_is_cut_off_at_its_limit_and_says_so() -> None:
    """What holds may hold only so far."""
    found = explore_flow(flat(text(ROWS, BOOK)), limit=2)
    assert not found.complete
    assert found.untaken == ()
    (problem,) = found.problems()
    assert (problem.code, problem.severity) == ("F612", Severity.WARNING)


def test_rows_that_nothing_can_take_are_named() -> None:
    """A condition that never holds on any way."""
    rows = f"a | filled | n < 5 | bye |\na | filled | | c |\nc | yes | n < 4 | a |\nc | no | | bye |\n{USUAL}"
    body = N + '[states.a]\nask = "n"\nsay = "N?"\n[states.c]\nsay = "C?"\n' + BYE
    found = explore_flow(flat(text(rows, body)))
    assert [place.line for place in found.untaken] == [12]


# --- everything that may happen -------------------------------------------------------------------------------------------------------


EVERYTHING = f"""
a | filled | | w |
w | filled | wish = red | l |
w | filled | | s |
s | said | | l |
s | interrupted | | stay |
l | ok | look.word = "x" | o |
l | ok | | m |
l | failed | | m |
l | timeout | open | m |
l | timeout | | t |
o | filled | | m |
m | "on {{day}} [at {{hour}}]" | | t |
m | "note {{note}}" | | t |
m | llm "they are sure" sets sure | | t |
m | llm "they ask" | sure | h |
m | llm "they want" | | r |
m | llm "they go" | | bye |
m | no_input 2+ | | t |
m | after 9s | | t |
t | llm "they talked" | | r |
r | ended good | | h |
h | ok | | bye |
h | failed, timeout | | bye |
any but v | "where" | | visit v |
v | "back" | | back |
v | "back" | open | back |
any but (l, h) | shut | | bye |
any but (l, h) | press 0 | | bye |
any but (l, h) | resumed | not open | again |
{USUAL}
"""


def test_everything_may_happen() -> None:
    """Keys, hosts, models, sub-flows, checks, hand-offs, visits, conditions: each row of a flow with all of them is taken."""
    head = 'events = ["shut"]\nconditions = ["open"]\nflows = { sub = "sub.toml" }'
    body = (
        '[slots.pin]\ntype = "digits"\nlength = "4"\ncheck = "valid"\n'
        '[slots.wish]\ntype = "choice"\nmany = true\n[slots.wish.values]\nred = "red"\nblue = "blue"\n[slots.wish.keys]\n1 = "red"\n'
        '[slots.day]\ntype = "date"\npast = true\n[slots.hour]\ntype = "time"\nbetween = "08:00..10:00"\n[slots.note]\ntype = "text"\n'
        '[slots.sure]\ntype = "yesno"\n[slots.one]\ntype = "choice"\nvalues_from = "look.all"\n'
        '[tools.valid]\nargs = ["pin"]\nreturns = { fine = "yesno" }\n[tools.look]\nargs = []\nreturns = { all = "list", word = "text" }\n'
        '[states.a]\nask = "pin"\nsay = "PIN?"\n[states.w]\nask = "wish"\nsay = "Which?"\n[states.l]\ncall = "look"\n'
        '[states.o]\nask = "one"\nsay = "One?"\n[states.m]\nsay = "Tell me."\n[states.t]\ntalk = "Talk."\nturns = 2\ntools = ["look"]\n'
        '[states.v]\nsay = "Here."\n[states.r]\nrun = "sub"\n[states.h]\nhandoff = "queue:x"\n[states.s]\nsay = "So."\n' + BYE
    )
    sub = text(
        "x | yes | | good |\nany | hung_up | | good |\nany | no | | again |",
        '[states.x]\nsay = "X?"\n[states.good]\nend = "good"\n',
        start="x",
    )
    flow = flat(text(EVERYTHING.replace("{{", "{").replace("}}", "}"), body, head), {"sub.toml": sub})
    found = explore_flow(flow, limit=400)
    assert [str(one) for one in found.broken] == []
    assert found.steps > 300


@pytest.mark.parametrize("name", ["identify"])
def test_an_example_flow_is_searched_whole(name: str) -> None:
    """All its rows can be taken, and an end is always reachable."""
    found = explore_flow(example(name))
    assert (found.broken, found.complete, found.untaken) == ((), True, ())
    assert (EXAMPLES / f"{name}.toml").exists()


def test_the_first_draft_of_the_appointment_flow_calls_with_the_service_unset() -> None:
    """What the analysis of unset values says, the search shows."""
    broken = example("appointment", corrected=("| day, offer, confirm ", "| service, day, offer, confirm "))

    def stops(move: Any) -> str | None:
        names = {name for effect in move.step.effects for name, _ in getattr(effect, "args", ())}
        return "find_times has no service" if getattr(move, "did", None) and "day" in names and "service" not in names else None

    found = explore_flow(broken, ["never call find_times with service unset", stops], limit=400)
    assert {one.property for one in found.broken} == {"never call find_times with service unset", "stops"}
    scene = found.broken[0].scene
    assert scene[-3].startswith("caller: ")
    assert scene[-2:] == ("agent:  Let me look.", "state:  looking")
    assert get((), "x") is None


# --- reading ---------------------------------------------------------------------------------------------------------------------------


def test_properties_are_read_with_and_without_quotes() -> None:
    """And an event as rows write it."""
    flow = flat(text(ROWS + 'c | "go on / do it", press 1 | | b |\n', BOOK))
    never = read_property("never call book without go on / do it in c", flow)
    assert isinstance(never, Never)
    assert (never.events, never.states, never.what) == (frozenset({'"go on / do it"'}), frozenset({"c"}), frozenset({"book"}))
    assert read_property('never "call book without press  1 in c"', flow) == read_property(
        "never call book without press 1 in c", flow
    )
    several = read_property("never call book without yes or press 1 in c", flow)
    assert isinstance(several, Never)
    assert several.events == {"yes", "press 1"}
    assert read_property('always "an end is reachable"', flow) is END_REACHABLE
    answers = read_property("always a answers within 1 failure", flow)
    assert answers == Answers("always a answers within 1 failure", frozenset({"a"}), 1)


def test_names_of_sub_flows_may_be_written_short() -> None:
    """``lookup`` is ``identify/lookup``; ``identify`` is its first state."""
    flow = example("appointment")
    never = read_property("never reach identify/lookup before identify", flow)
    assert isinstance(never, Never)
    assert (never.what, never.states) == (frozenset({"identify/lookup"}), frozenset({"identify/phone"}))
    short = read_property("never call find_patient with phone unset", flow)
    assert isinstance(short, Never)
    assert (short.what, short.slot) == (frozenset({"identify/find_patient"}), "identify/phone")


WRONG = {
    "sometimes it rains": "'sometimes it rains' is no property",
    "never call bok before c": "'bok' is no tool",
    "never reach d before c": "'d' is no state",
    "never reach b before d": "'d' is no state",
    "never end happy before c": "'happy' is no outcome of an end",
    "never call book with m unset": "'m' is no slot",
    "never call book without maybe in c": "no row of 'c' answers 'maybe'",
    "always d answers within 2 failures": "'d' is no state",
    "always good": "'always good' is no property",
    "": "'' is no property",
}


def test_all_that_cannot_be_read_is_told_at_once() -> None:
    """F610 each, with what is known."""
    flow = flat(text(ROWS, BOOK))
    with pytest.raises(FlowError) as raised:
        read_properties([*WRONG, "never call book before c"], flow)
    messages = sorted(problem.message.partition(":")[0] for problem in raised.value.problems)
    assert messages == sorted(WRONG.values())
    assert {problem.code for problem in raised.value.problems} == {"F610"}
    assert "did you mean 'book'?" in str(raised.value)
    assert len(read_properties(["never call book before c"], flow)) == 1
    with pytest.raises(FlowError):
        read_property("never " + "x" * 100_000, flow)


def test_checking_states_count_as_calls() -> None:
    """A tool that looks at an answer is called too."""
    body = (
        '[slots.pin]\ntype = "digits"\nlength = "4"\ncheck = "valid"\n[tools.valid]\nargs = ["pin"]\nreturns = { fine = "yesno" }\n'
        '[states.a]\nask = "pin"\nsay = "PIN?"\n' + BYE + SIZE
    )
    flow = flat(text(f"a | filled | | bye |\n{USUAL}", body))
    (one,) = explore_flow(flow, ["never call valid before bye"]).broken
    assert one.message == "valid is called before bye"
    assert one.scene[:2] == ("agent:  PIN?", "caller: five, five, five, zero") or one.scene[1].startswith("caller:")


def test_many_values_and_conditions_are_sampled_one_after_the_other() -> None:
    """More than a dozen combinations for one sentence, more than three conditions of the host; sets and times of every kind."""
    head = 'conditions = ["on0", "on1", "on2", "on3"]'
    slots = (
        "".join(f'[slots.n{at}]\ntype = "number"\n' for at in range(3)) + '[slots.t]\ntype = "time"\n[slots.d]\ntype = "date"\n'
    )
    slots += '[slots.w]\ntype = "text"\n[slots.z]\ntype = "digits"\n[slots.one]\ntype = "number"\nrange = "3..3"\n'
    slots += '[slots.sure]\ntype = "yesno"\n[slots.y]\ntype = "yesno"\n[slots.many]\ntype = "choice"\nmany = true\n[slots.many.values]\nred = "red"\nblue = "blue"\n'
    rows = f"""
a | "{{n0}} and {{n1}} and {{n2}}" | n0 > 5 and n1 > 5 and n2 > 5 | bye |
a | "at {{t}} on {{d}}" | on0 and on1 | bye |
a | "for {{w}} not {{z}}" | on2 or on3 | bye |
a | "only {{one}} {{y}}" | y | bye |
a | "really {{sure}}" | | bye |
a | "in {{many}}" | many = red | bye |
a | after 5s | on0 | bye |
{USUAL}
"""
    flow = flat(text(rows, slots + '[states.a]\nsay = "A?"\n' + BYE, head))
    found = explore_flow(flow)
    assert (found.broken, found.complete, found.untaken) == ((), True, ())


def timed_out(move: Any) -> str | None:
    return "it took too long" if str(move.event).startswith("Due") and move.after.cell("flow").state == "h" else None


def refused(move: Any) -> str | None:
    return "refused" if move.before.cell("flow").state == "p:checking" and move.after.cell("flow").state == "p" else None


def silent_model(move: Any) -> str | None:
    return "nothing came" if type(move.event).__name__ == "NotJudged" else None


def answered(move: Any) -> str | None:
    return "it answered" if type(move.event).__name__ == "Proposed" and not move.event.parses else None


def nobody(move: Any) -> str | None:
    return "nobody came" if type(move.event).__name__ == "Failed" and move.before.cell("flow").state == "h" else None


def test_every_line_of_a_scene() -> None:
    """What the caller, the model, the host, the clock and the tools do, as it is told."""
    body = (
        '[tools.look]\nargs = []\nreturns = { free = "yesno" }\n[slots.pin]\ntype = "digits"\nlength = "4"\ncheck = "valid"\n'
        '[tools.valid]\nargs = ["pin"]\nreturns = { fine = "yesno" }\n[states.a]\nsay = "A?"\n[states.p]\nask = "pin"\nsay = "PIN?"\n'
        '[states.l]\ncall = "look"\n[states.h]\nhandoff = "queue:x"\n[states.t]\ntalk = "Talk."\n' + BYE
    )
    ways = {
        "a | no_input | | {} |": "silence:", "a | press 1 | | {} |": "press:  1",
        "a | interrupted | | {} |": "cuts in: mumble", 'a | llm "it is so" | | {} |': 'model:  chooses "it is so"', "a | shut | | {} |": "event:  shut",
        "a | resumed | | {} |": "resume:", "a | after 5s | | {} |": "wait:   after 5s",
        "a | hung_up | | {} |": "hang up:", "a | yes | open | {} |": "when:   open = yes",
    }  # fmt: skip
    rest = (
        f"a | no | | p |\na | goodbye | | bye |\np | filled | | l |\nl | ok | look.free | h |\nl | ok | | t |\nl | failed, timeout | | h |\n"
        f"h | ok | | t |\nh | failed | | bye |\nh | timeout | | bye |\nt | yes | | bye |\n{USUAL}"
    )
    rows = "\n".join(f"{row.format(f'x{at}')}\nx{at} | yes | | bye |" for at, row in enumerate(ways))
    states = "".join(f'[states.x{at}]\nsay = "X."\n' for at in range(len(ways)))
    flow = flat(text(f"{rows}\n{rest}", states + body, 'events = ["shut"]\nconditions = ["open"]'))
    broken = {
        one.property: one.scene for one in explore_flow(flow, [f"never reach x{at} before bye" for at in range(len(ways))]).broken
    }
    for at, line in enumerate(ways.values()):
        assert line in broken[f"never reach x{at} before bye"]
    found = explore_flow(
        flow, ["never reach t before bye", "never end done without timeout in h", "never end done without failed in h"]
    )
    assert len(found.broken) == 3
    scene = next(one.scene for one in found.broken if one.property == "never reach t before bye")
    assert "tool:   valid ok fine=yes" in scene
    assert "tool:   look ok free=no" in scene
    told = {one.property: one.scene for one in explore_flow(flow, [timed_out, refused, silent_model, answered, nobody]).broken}
    assert "tool:   look timeout" in told["timed_out"]
    assert any(line.startswith("tool:   valid") for line in told["refused"])
    assert "model:  fails" in told["silent_model"]
    assert 'model:  says "Let me see."' in told["answered"]
    assert "hand off: queue:x failed" in told["nobody"]
