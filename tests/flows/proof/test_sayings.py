"""Phrases that are told apart and phrases that are not; free text that nobody confirms; results that are older than their slots."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents.flows.problems import Severity
from fsm_agents.flows.proof.check import check, check_flow
from fsm_agents.flows.proof.ears import needs_open_ears
from fsm_agents.flows.words.ambiguity import Overlaps, TooLarge
from fsm_agents.flows.words.automaton import too_large
from tests.flows.proof.small import BYE, SIZE, USUAL, errors, example, flat, found, stands, text

SAY = '[states.a]\nsay = "Yes or no?"\n'
PHONES = {
    "two": ("T UW",),
    "to": ("T UW",),
    "pizzas": ("P IY T S AH Z",),
    "yes": ("Y EH S",),
    "won": ("W AH N",),
    "one": ("W AH N",),
}


def phones(word: str) -> tuple[str, ...]:
    return PHONES.get(word, ())


@pytest.mark.parametrize("name", ["pizza", "support", "identify"])
def test_the_example_flows_pass(name: str) -> None:
    """No error and no warning."""
    assert [str(p) for p in check(example(name)) if p.severity is not Severity.NOTE] == []


def test_the_appointment_flow_passes_but_for_its_tool_that_must_not_be_left() -> None:
    """As long as two of its globals can leave the booking, they are told; otherwise nothing is."""
    assert {p.code for p in errors(check(example("appointment")))} <= {"F603"}


# --- the same words -------------------------------------------------------------------------------------------------------------------


def test_two_rows_with_the_same_words_show_them_and_their_lines() -> None:
    """F503 names both rows, the second by the name of its phrase."""
    written = text(
        f'a | "[the] toppings / nothing" | | bye |\na | enough | | again |\n{USUAL}',
        '[phrases]\nenough = "nothing / fine"\n' + SAY + BYE,
    )
    (problem,) = errors(found(written))
    assert problem.trail == ('line 10: "[the] toppings / nothing"', 'line 11: enough = "nothing / fine"')
    assert stands(problem, written, '"[the] toppings'), str(problem)


def test_a_phrase_in_a_phrase_is_told_by_its_name() -> None:
    """``"<enough>"``."""
    written = text(
        f'a | "nothing" | | bye |\na | "<enough>" | | again |\n{USUAL}', '[phrases]\nenough = "nothing / fine"\n' + SAY + BYE
    )
    (problem,) = errors(found(written))
    assert problem.trail == ('line 10: "nothing"', 'line 11: enough = "nothing / fine"')


def test_a_condition_on_the_first_tells_them_apart() -> None:
    """The second is taken when it does not hold; a condition on the second alone does not help."""
    rows = 'a | "nothing" | {} | bye |\na | "nothing / fine" | {} | again |\n'
    assert errors(found(text(rows.format("tries = 1", "") + USUAL, SAY + BYE))) == []
    assert [p.code for p in errors(found(text(rows.format("", "tries = 1") + USUAL, SAY + BYE)))] == ["F503"]


def test_a_pair_that_holds_in_many_states_is_told_once() -> None:
    """Two globals."""
    rows = f'a | yes | | b |\nb | yes | | bye |\nany | "back / start" | | a |\nany | "start / over" | | a |\n{USUAL}'
    assert [p.code for p in errors(found(text(rows, SAY + SAY.replace("states.a", "states.b") + BYE)))] == ["F503"]


def test_one_row_may_say_the_same_twice() -> None:
    """Whichever of its triggers takes it, it is the same row."""
    assert errors(found(text(f'a | "stop / end", "end" | | bye |\n{USUAL}', SAY + BYE))) == []


def test_the_words_of_a_nearer_row_override_a_global() -> None:
    """A note, with the words; the state's own question overrides nothing by a note of its own."""
    written = text(f'a | "agent please / stop" | | bye |\nany | operator | | again |\n{USUAL}', SAY + BYE)
    (note,) = found(written)
    assert (note.code, note.severity) == ("F502", Severity.NOTE)
    assert note.message == "overrides operator of line 11 in 'a': \"agent please\""
    asking = text(
        f'a | filled | | bye |\nany | "small / tiny" | | again |\n{USUAL}',
        SIZE + '[states.a]\nask = "size"\nsay = "Which?"\n' + BYE,
    )
    assert found(asking) == []


def test_a_row_overrides_the_question_of_its_state() -> None:
    """A note too."""
    written = text(
        f'a | "small / tiny" | | bye |\na | filled | | bye |\n{USUAL}', SIZE + '[states.a]\nask = "size"\nsay = "Which?"\n' + BYE
    )
    (note,) = found(written)
    assert note.message == "overrides the question of 'a': \"small\""


def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """F504: a comparison that grows too large, a reading that does, and a phrase that cannot be written out."""
    monkeypatch.setattr(Overlaps, "common", lambda *_: TooLarge(200_001))
    written = text(f'a | "stop" | | bye |\na | "go" | | again |\n{USUAL}', SAY + BYE)
    (problem,) = errors(found(written))
    assert problem.message == "what line 10 and line 11 have in common is too large to decide"
    monkeypatch.undo()
    monkeypatch.setattr(Overlaps, "two_meanings", lambda *_: TooLarge(200_001))
    (problem,) = errors(found(text(f'a | "stop" | | bye |\n{USUAL}', SAY + BYE)))
    assert problem.message == '"stop" is too large to decide'


def refuses_huge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every phrase with the word "huge" too large to be written out."""
    net = Overlaps.net

    def refusing(self: Any, edge: Any) -> Any:
        if "huge" in repr(edge.phrase):
            raise too_large("this phrase")
        return net(self, edge)

    monkeypatch.setattr(Overlaps, "net", refusing)


def test_a_phrase_that_cannot_be_written_out_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """At its row, or at the slot whose question it is."""
    refuses_huge(monkeypatch)
    written = text(f'a | "huge" | | bye |\na | "stop" | | again |\n{USUAL}', SAY + BYE)
    (problem,) = errors(found(written))
    assert (problem.code, problem.message) == ("F504", "this phrase is too large to decide")
    assert stands(problem, written, '"huge"'), str(problem)
    asking = text(
        f"a | filled | | bye |\n{USUAL}",
        '[slots.n]\ntype = "number"\nsays = "huge {}"\n[states.a]\nask = "n"\nsay = "N?"\n' + BYE,
    )
    (problem,) = errors(found(asking))
    assert stands(problem, asking, 'says = "huge'), str(problem)


def test_a_tail_that_is_too_large_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the other checks are made all the same."""

    def refusing(*_: Any, **__: Any) -> Any:
        raise too_large("a lead-in or tail")

    monkeypatch.setattr("fsm_agents.flows.proof.check.Vocabulary", refusing)
    assert [p.code for p in errors(found(text("a | yes | | bye |", SAY + BYE)))] == ["F504", "F412"]


# --- by sound -------------------------------------------------------------------------------------------------------------------------


def test_words_that_sound_alike_are_a_warning_if_asked_for() -> None:
    """F507 names both and how they sound; without phones nothing is asked."""
    written = text(f'a | "two pizzas" | | bye |\na | "to pizzas" | | again |\n{USUAL}', SAY + BYE)
    (problem,) = found(written, phones=phones)
    assert (problem.code, problem.severity) == ("F507", Severity.WARNING)
    assert problem.message == 'sounds alike in \'a\': "two pizzas" (line 10) and "to pizzas" (line 11): T UW P IY T S AH Z'
    assert found(written) == []


def test_only_rows_that_are_equally_near_are_compared_by_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what was refused as too large, or takes free text, is not."""
    written = text(f'a | "won" | | bye |\nany | "one" | | bye |\n{USUAL}', SAY + BYE)
    assert [p.code for p in found(written, phones=phones)] == []
    both = text(f'a | "won" | | bye |\na | "yes please" | | bye |\n{USUAL}', SAY + BYE)
    assert [p.code for p in found(both, phones=phones)] == []
    refuses_huge(monkeypatch)
    large = text(f'a | "huge" | | bye |\na | "won" | | bye |\n{USUAL}', SAY + BYE)
    assert [p.code for p in found(large, phones=phones)] == ["F504"]


# --- two readings ---------------------------------------------------------------------------------------------------------------------


def test_a_lead_in_that_may_be_a_digit_is_no_second_reading() -> None:
    """What a phrase says, not what may stand before it, is compared: a flow cannot help its language."""
    written = text(
        f"a | filled | | bye |\n{USUAL}",
        '[slots.phone]\ntype = "digits"\nlength = "7..11"\n[states.a]\nask = "phone"\nsay = "Number?"\n' + BYE,
    )
    assert errors(found(written)) == []


def test_choices_from_a_tool_are_compared_by_their_example() -> None:
    """A row that says the same as an offer overrides it."""
    tool = '[tools.look]\nargs = []\nreturns = { times = "list" }\nexample = { times = ["half past nine"] }\n'
    slot = '[slots.pick]\ntype = "choice"\nvalues_from = "look.times"\n[states.l]\ncall = "look"\n[states.a]\nask = "pick"\nsay = "Which?"\n'
    rows = f'l | ok | | a |\nl | failed, timeout | | bye |\na | filled | | bye |\na | "half past nine / never" | | bye |\n{USUAL}'
    (note,) = found(text(rows, tool + slot + BYE, start="l"))
    assert note.message == "overrides the question of 'a': \"half past nine\""
    assert found(text(rows, tool.replace('example = { times = ["half past nine"] }\n', "") + slot + BYE, start="l")) == []


def test_pairs_that_were_proved_different_are_counted() -> None:
    """Three phrases: three pairs."""
    assert (
        check_flow(flat(text(f'a | "stop" | | bye |\na | "go" | | again |\na | "turn" | | again |\n{USUAL}', SAY + BYE))).proved
        == 3
    )


# --- free text ------------------------------------------------------------------------------------------------------------------------

NAME = '[slots.name]\ntype = "text"\n[states.a]\nask = "name"\nsay = "Name?"\n'


def test_free_text_that_is_never_confirmed_is_a_note() -> None:
    """F408 at the slot."""
    written = text(f"a | filled | | bye |\n{USUAL}", NAME + BYE)
    (note,) = found(written)
    assert (note.code, note.severity) == ("F408", Severity.NOTE)
    assert stands(note, written, "[slots.name]"), str(note)
    assert note.fix == "say {name} in a state that answers yes and no"


@pytest.mark.parametrize(
    ("rows", "body"),
    [
        ("b | yes | | bye |\nb | no | | a | clear name", '[states.b]\nsay = "{name}?"\n'),
        ("b | filled | | bye |", '[slots.sure]\ntype = "yesno"\n[states.b]\nask = "sure"\nsay = "{name}?"\n'),
    ],
)
def test_free_text_that_is_said_back_and_answered_is_confirmed(rows: str, body: str) -> None:
    """By yes and no rows, or a question for yes or no."""
    assert found(text(f"a | filled | | b |\n{rows}\n{USUAL}", NAME + body + BYE)) == []


def test_a_state_that_says_it_and_takes_no_answer_confirms_nothing() -> None:
    """Nor one that answers yes and no to something else."""
    said = '[states.b]\nsay = "{name}."\n'
    assert [p.code for p in found(text(f"a | filled | | b |\nb | said | | bye |\n{USUAL}", NAME + said + BYE))] == ["F408"]
    other = '[states.b]\nsay = "Sure?"\n'
    assert [
        p.code for p in found(text(f"a | filled | | b |\nb | yes | | bye |\nb | no | | bye |\n{USUAL}", NAME + other + BYE))
    ] == ["F408"]


def test_other_slots_beside_free_text_need_no_confirmation() -> None:
    """Only the text does."""
    rows = f'a | "note {{name}} for {{size}}" | | bye |\n{USUAL}'
    (note,) = found(text(rows, SIZE + '[slots.name]\ntype = "text"\n' + SAY + BYE))
    assert note.message.startswith("'name' takes free text")


def test_a_sub_flows_text_may_be_confirmed_outside() -> None:
    """By the name it is given under."""
    sub = text(
        "x | filled | | good |\nany | out_of_tries | | good |", NAME.replace("states.a", "states.x") + '[states.good]\nend = "good"\n',
        head='gives = ["name"]', start="x",
    )  # fmt: skip
    outer = text(
        f"r | ended good | | b |\nb | yes | | bye |\nb | no | | r |\n{USUAL}",
        '[slots.name]\ntype = "text"\n[states.r]\nrun = "sub"\n[states.b]\nsay = "[{name}]?"\n' + BYE, 'flows = { sub = "sub.toml" }', start="r",
    )  # fmt: skip
    assert [p.code for p in found(outer, {"sub.toml": sub}) if p.code != "F502"] == []
    unsaid = outer.replace("[{name}]?", "Sure?")
    assert [p.code for p in found(unsaid, {"sub.toml": sub}) if p.code != "F502"] == ["F408"]


# --- results ---------------------------------------------------------------------------------------------------------------------------

LOOK = (
    '[tools.look]\nargs = ["size"]\nreturns = { count = "number", times = "list" }\nexample = { count = 1, times = ["one"] }\n'
    '[slots.pick]\ntype = "choice"\nvalues_from = "look.times"\n'
    + SIZE
    + '[states.a]\nask = "size"\nsay = "Which?"\n[states.l]\ncall = "look"\n'
)
ROWS = f"a | filled | | l |\nl | ok | | t |\nl | failed, timeout | | bye |\n{USUAL}\n"


def test_a_cleared_slot_whose_result_is_still_said_is_a_note() -> None:
    """F407 names the tool and where its result is used."""
    body = LOOK + '[states.t]\nsay = "{look.count}. Again?"\n[states.u]\nsay = "{look.count} it was."\n' + BYE
    rows = ROWS + "t | yes | | u | clear size\nt | no | | bye |\nu | said | | bye |"
    notes = [p for p in found(text(rows, body)) if p.code != "F418"]
    assert [(p.code, p.message) for p in notes] == [("F407", "clear size leaves what look found for it: {look.count} in 'u'")]


USES = {
    "a condition": ("t | yes | | u | clear size\nt | no | | bye |\nu | yes | look.count > 3 | bye |\nu | no | | bye |", '[states.u]\nsay = "Sure?"\n'),
    "a row that says it": ('t | yes | | u | clear size\nt | no | | bye |\nu | yes | | bye | say "{look.count}"', '[states.u]\nsay = "Sure?"\n'),
    "a slot": ("t | yes | | u | clear size\nt | no | | bye |\nu | yes | | bye | set n = look.count", '[slots.n]\ntype = "number"\n[states.u]\nsay = "Sure?"\n'),
}  # fmt: skip


@pytest.mark.parametrize("name", USES)
def test_a_result_is_used_in_rows_too(name: str) -> None:
    """In conditions and acts."""
    rows, body = USES[name]
    problems = found(text(ROWS + rows, LOOK + '[states.t]\nsay = "{look.count}. Again?"\n' + body + BYE))
    assert [p.code for p in problems if p.code != "F418"] == ["F407"]


def test_a_choice_that_is_kept_when_its_question_is_asked_anew_is_a_note() -> None:
    """It was chosen from a result for the slot that is cleared; cleared with it, nothing is told."""
    body = LOOK + '[states.t]\nask = "pick"\nsay = "Which?"\n[states.c]\nsay = "{pick}?"\n' + BYE
    rows = ROWS + "t | filled | | c |\nc | yes | | bye |\nc | no | | a | clear size{}"
    assert [(p.code, p.message) for p in found(text(rows.format(""), body))] == [
        ("F407", "clear size leaves what look found for it: {pick} in 'c'")
    ]
    assert found(text(rows.format(", pick"), body)) == []


def test_a_choice_that_is_kept_and_never_used_is_no_matter() -> None:
    """Also one that a model fills, and one that is cleared before."""
    body = LOOK + '[states.t]\nask = "pick"\nsay = "Which?"\n[states.c]\nsay = "So?"\n' + BYE
    rows = ROWS + "t | filled | | c |\nc | yes | | bye |\nc | no | | a | clear size"
    assert found(text(rows, body)) == []
    assert found(text(rows + '\nc | llm "they chose" sets pick | | again |', body)) == []
    gone = ROWS + "t | filled | | c | clear pick\nc | yes | | bye |\nc | no | | a | clear size"
    assert found(text(gone, body.replace('say = "So?"', 'say = "[{pick}]?"'))) == []


def test_a_tool_that_is_called_again_has_a_new_result() -> None:
    """Before it is used."""
    body = LOOK + '[states.t]\nsay = "{look.count}. Again?"\n' + BYE
    assert {p.code for p in found(text(ROWS + "t | yes | | a | clear size\nt | no | | bye |", body))} == {"F418"}  # nobody picks


# --- ears -----------------------------------------------------------------------------------------------------------------------------


def test_what_a_grammar_cannot_hear() -> None:
    """F409 at each model edge, talk state, text slot and phrase with free text; only if asked."""
    problems = errors(check(example("support"), ears="grammar"))
    assert {p.code for p in problems} == {"F409"}
    assert len([p for p in problems if "an llm edge" in p.message]) == 7
    assert [p.message for p in problems if "talk" in p.message] == [
        "the talk state 'fault_talk' needs open speech-to-text; these ears are grammar-only"
    ]
    (name,) = needs_open_ears(flat(text(f"a | filled | | bye |\n{USUAL}", NAME + BYE)))
    assert name.message.startswith("the text slot 'name' needs open speech-to-text")
    assert needs_open_ears(example("identify")) == []
    loose = text(f'a | "note {{name}}" | | bye |\n{USUAL}', '[slots.name]\ntype = "text"\n' + SAY + BYE)
    assert [p.message for p in needs_open_ears(flat(loose))] == [
        "free text in a phrase needs open speech-to-text; these ears are grammar-only"
    ]
