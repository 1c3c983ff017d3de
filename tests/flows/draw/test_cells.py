"""What rows are called in drawings: as they are written, or shortened so that a label stays a label."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.errors import MisuseError
from fsm_agents.flows.draw.cells import acts_text, clean, inside_text, label, on_text, short, target_text, when_text
from fsm_agents.flows.draw.names import Ids, checked_colours
from fsm_agents.flows.notation.acts import read_do
from fsm_agents.flows.notation.cells import read_inside, read_on, read_to, read_when
from fsm_agents.flows.spec import RowSpec
from fsm_agents.flows.syntax import STAY, After, Function, Inside, Named
from tests.flows.draw.small import EXAMPLES, bank, example, sampler


@pytest.mark.parametrize("name", [*EXAMPLES, "sampler", "bank"])
def test_a_row_is_told_as_it_is_written(name: str) -> None:
    """Made from what was read, and read again it is the same: blanks and brackets may differ that mean nothing."""
    flat = {"sampler": sampler, "bank": bank}.get(name, lambda: example(name))()
    for scope in flat.scopes.values():
        for row in scope.spec.rows:
            inside, on, when, to, do = row.cells
            assert read_inside(inside_text(row.inside)) == read_inside(inside)
            assert read_on(on_text(row)) == read_on(on)
            assert read_when(when_text(row)) == read_when(when) if when else when_text(row) == ""
            assert read_to(target_text(row.to)) == read_to(to)
            assert read_do(acts_text(row.do)) == read_do(do)


def test_what_has_no_form_in_a_file_is_told_by_name() -> None:
    row = RowSpec(Inside(("a",)), (After(2.5),), STAY, Function("is_open", bool), (Function("count_up", dict),))
    assert (on_text(row), when_text(row), acts_text(row.do)) == ("after 2.5s", "is_open()", "count_up()")


def test_a_label_is_short() -> None:
    flat = sampler()
    rows = flat.spec.rows
    shown = [label(row, row.on) for row in rows]
    assert shown[2] == "filled [size = small]"
    assert shown[14] == 'llm "the caller wants a…" [find.count != 2]'
    assert shown[17] == '"talk to me in many…", interrupted, help, +2'
    assert shown[20] == "goodbye, hung_up (not in chat, talking)"


def test_a_condition_alone_is_a_label() -> None:
    assert label(RowSpec(Inside(("a",)), (), STAY, Function("x", bool)), ()) == "[x()]"


@given(st.text(), st.integers(4, 60))
def test_short_text_is_short_and_printable(text: str, most: int) -> None:
    """On one line, never longer than asked, and the text itself if it fits."""
    shown = short(text, most)
    assert len(shown) <= most
    assert shown == " ".join(shown.split())
    assert short(shown, most) == shown
    if len(clean(text)) <= most:
        assert shown == clean(text)


def test_letters_that_turn_or_hide_text_are_replaced() -> None:
    assert clean("a\u202eb\x00c\n d\u2066") == "a\ufffdb\ufffdc d\ufffd"


def test_ids_are_unique_and_say_what_they_are() -> None:
    """Of two runs of one file too."""
    flat = bank()
    ids = Ids(flat)
    found = {ids.edge(edge, name) for name, state in flat.states.items() for edge in state.edges}
    assert {"r_01", "r_prove_loan_03", "r_prove_transfer_03", "q_card_which", "q_prove_loan_code"} <= found
    assert ids.states["prove_loan/code"] == "s_prove_loan_code"
    rows = {
        (edge.scope.path, ids.number(edge), ids.edge(edge, name))
        for name, s in flat.states.items()
        for edge in s.edges
        if edge.row
    }
    assert len({row[:2] for row in rows}) == len({row[2] for row in rows})
    assert {ids.number(edge) for state in flat.states.values() for edge in state.edges if edge.row is None} == {0}


@pytest.mark.parametrize("colour", ["", "red;", 'x" onload="', "#12345", "url(#a)", "RED"])
def test_what_is_no_colour_is_refused(colour: str) -> None:
    with pytest.raises(MisuseError, match="is no colour"):
        checked_colours({"s_a": colour})


def test_an_event_with_a_long_name_is_cut() -> None:
    assert len(label(RowSpec(Inside(("a",)), (Named("x" * 400),), STAY), (Named("x" * 400),))) < 60
