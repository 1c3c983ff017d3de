"""Phrases, prompts, cells and quantities by themselves: read, written, read again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsm_agents.flows import phrases
from fsm_agents.flows.notation.acts import read_do
from fsm_agents.flows.notation.cells import read_inside, read_on, read_to, read_when
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.prompts import MAX_DEPTH, read_prompt, values_of
from fsm_agents.flows.notation.quantities import days, duration, span, times, whole_span
from fsm_agents.flows.phrases import PhraseError, read_phrase
from fsm_agents.flows.problems import Place, Problem
from fsm_agents.flows.syntax import (
    Alternatives,
    Failure,
    Goto,
    Inside,
    Llm,
    Move,
    Named,
    Optional,
    PhraseRef,
    Prompt,
    Ref,
    Said,
    Sequence,
    SlotRef,
    Text,
    Value,
    Visit,
    Word,
    phrase_text,
    prompt_text,
)  # fmt: skip
from tests.flows.notation import made


@given(made.phrases)
@settings(max_examples=60, deadline=None)
def test_a_phrase_survives_being_written(text: str) -> None:
    written = phrase_text(read_phrase(text))
    assert phrase_text(read_phrase(written)) == written  # brackets that change nothing are not written


def test_what_is_remembered_of_phrases_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "_KNOWN", {})
    monkeypatch.setattr(phrases, "MOST", 3)
    text = "[one] two three four five"
    assert [phrase_text(read_phrase(text)) for _ in range(2)] == [text, text]
    assert set(phrases._KNOWN) <= {"four", "five", "[one]", "two", "three"}
    assert len(phrases._KNOWN) <= 3


def test_what_is_remembered_of_phrases_keeps_its_bound_of_nesting() -> None:
    read_phrase("[deep]")
    for text in ("[" * 20 + "[deep]" + "]" * 20, "[" * 20 + "(deep)" + "]" * 20):
        with pytest.raises(PhraseError, match="nest deeper than 20"):
            read_phrase(text)


def test_a_phrase() -> None:
    assert read_phrase("[the] Don’t / {size} (<yes> / {})") == Alternatives(
        (
            Sequence((Optional(Word("the")), Word("don't"))),
            Sequence((SlotRef("size"), Alternatives((PhraseRef("yes"), SlotRef(""))))),
        )
    )
    assert phrase_text(read_phrase("[the] size (a / b)")) == "[the] size (a / b)"
    assert read_phrase("x" * 100) == Word("x" * 100)


def test_brackets_in_a_phrase_nest_so_deep_and_no_deeper() -> None:
    assert phrase_text(read_phrase("[" * 20 + "x" + "]" * 20)) == "[" * 20 + "x" + "]" * 20
    with pytest.raises(PhraseError, match="deeper than 20") as raised:
        read_phrase("[" * 21 + "x" + "]" * 21)
    assert raised.value.at == 20


@given(st.text(st.sampled_from("ab{}[]:. \u00e9"), max_size=30))
@settings(max_examples=150, deadline=None)
def test_a_prompt_that_can_be_read_survives_being_written(text: str) -> None:
    try:
        prompt = read_prompt(text)
    except Fault as fault:
        assert fault.code == "F311"
        assert 0 <= fault.at <= len(text)
        return
    assert read_prompt(prompt_text(prompt)) == prompt


def test_a_prompt() -> None:
    prompt = read_prompt("{{{count}}} [[x]] {a.b:money}[ and [with {c}]].")
    assert prompt == Prompt(
        (
            Text("{"), Value(Ref("count")), Text("} [x] "), Value(Ref("a", "b"), "money"),
            Said((Text(" and "), Said((Text("with "), Value(Ref("c")))))), Text("."),
        )
    )  # fmt: skip
    assert [str(value.ref) for value in values_of(prompt.parts)] == ["count", "a.b", "c"]
    assert read_prompt(prompt_text(prompt)) == prompt
    assert read_prompt("") == Prompt(())
    assert read_prompt("x", "x.wav") == Prompt((Text("x"),), "x.wav")
    assert [str(value.ref) for value in values_of(read_prompt("[ " * MAX_DEPTH + "{x}" + " ]" * MAX_DEPTH).parts)] == ["x"]


def test_cells_of_one_name_and_of_more() -> None:
    assert read_inside("ask") == Inside(("ask",))
    assert read_inside("ask, Tell") == Inside(("ask", "Tell"))
    assert read_to("ask") == Goto("ask")
    assert read_to("again") is Move.AGAIN
    assert read_to("visit  ask") == Visit("ask")
    assert read_on('no_input, llm "x" sets a, b, llm "y" sets c, filled') == (
        Failure("no_input"), Llm("x", ("a", "b")), Llm("y", ("c",)), Named("filled"),
    )  # fmt: skip
    assert read_when("") is None
    assert read_do("") == ()


def test_quantities() -> None:
    assert [duration(text) for text in ("8s", "250ms", "1.5m", "0.1s")] == [8.0, 0.25, 90.0, 0.1]
    assert (span("1..20"), whole_span("6", least=1, example=""), whole_span("7..11", least=1, example="")) == (
        (1, 20),
        (6, 6),
        (7, 11),
    )
    assert (days("90d"), times("08:00..18:00"), times("00:00..24:00")) == (90, (480, 1080), (0, 1440))


@pytest.mark.parametrize("text", ["", "8", "s", "8 s", "-1s", "8h", "1e3s", "0s", "86401s", "\u0669s", "9" * 400 + "s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(Fault):
        duration(text)


@pytest.mark.parametrize("text", ["24:01..24:59", "25:00..26:00", "08:60..09:00", "08:00", "8:00..9:00", "00:00..24:30"])
def test_what_is_no_range_of_times(text: str) -> None:
    with pytest.raises(Fault):
        times(text)


def test_a_problem_is_its_text() -> None:
    assert str(Problem("F202", "x", Place("a", 1, 2))) == "a:1:2 F202 x"
    assert str(Problem("F105", "x", Place("a", 1, 1), shown="   y")) == "a:1:1 F105 x\n      y"  # before the text: no caret
