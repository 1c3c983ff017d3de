"""What is drawn of a flow: every state once, every row somewhere, what holds in many states once, and Mermaid's text for it."""

from __future__ import annotations

import re

import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.flows.draw.mermaid import mermaid
from fsm_agents.flows.draw.names import Ids
from fsm_agents.flows.draw.picture import Box, Picture, picture
from fsm_agents.flows.machine.flat import FlatFlow
from tests.flows.draw.small import EXAMPLES, bank, example, hostile, sampler, trunk

FLOWS = {"sampler": sampler, "bank": bank, "hostile": hostile}


def flow(name: str) -> FlatFlow:
    """By name."""
    return FLOWS[name]() if name in FLOWS else example(name)


every = pytest.mark.parametrize("name", [*EXAMPLES, *FLOWS])


def ways(drawn: Picture) -> set[tuple[str, str, tuple[str, ...]]]:
    """The arrows: from, to, labels."""
    return {(arrow.source, arrow.dest, tuple(line.text for line in arrow.lines)) for arrow in drawn.arrows}


@every
def test_every_state_is_drawn_once(name: str) -> None:
    flat = flow(name)
    nodes = [node.id for node in picture(flat).nodes()]
    assert len(set(nodes)) == len(nodes)
    assert set(Ids(flat).states.values()) == {node for node in nodes if not node.startswith("n_")}
    assert sum(node.start for node in picture(flat).nodes()) == 1


@every
def test_every_row_is_drawn(name: str) -> None:
    """As an arrow or as a line; and every arrow has an id of its own and two ends that are there."""
    flat = flow(name)
    drawn, ids = picture(flat), Ids(flat)
    nodes = {node.id for node in drawn.nodes()}
    shown = {line.row for arrow in drawn.arrows for line in arrow.lines} | {
        line.row for node in drawn.nodes() for line in node.lines
    }
    assert shown == {ids.row(scope, n) for scope in flat.scopes.values() for n in range(1, len(scope.spec.rows) + 1)}
    assert all({arrow.source, arrow.dest} <= nodes for arrow in drawn.arrows)
    assert len({arrow.id for arrow in drawn.arrows}) == len(drawn.arrows)


@every
def test_without_the_arrows_that_return_nothing_goes_round(name: str) -> None:
    """So a layout may put every state below those it comes from."""
    drawn = picture(flow(name))
    ahead: dict[str, set[str]] = {node.id: set() for node in drawn.nodes()}
    for arrow in drawn.arrows:
        if arrow.id not in drawn.returns:
            ahead[arrow.source].add(arrow.dest)
    while ends := [key for key, dests in ahead.items() if not dests]:
        for key in ends:
            del ahead[key]
        for dests in ahead.values():
            dests.difference_update(ends)
    assert ahead == {}


def test_what_holds_in_many_states_starts_from_one_note() -> None:
    """Forty states, and not one arrow more for a row of any state."""
    drawn = picture(bank())
    globals_ = [arrow for arrow in drawn.arrows if arrow.source == "n_any"]
    assert [(arrow.dest, [line.text for line in arrow.lines]) for arrow in globals_] == [
        ("s_human", ["operator, press 0", "out_of_tries"]),
        ("s_menu", ["start_over (not in human)"]),
        ("s_bye", ["goodbye, hung_up"]),
    ]
    (note,) = [node for node in drawn.nodes() if node.id == "n_any"]
    assert [line.text for line in note.lines] == ["repeat → stay", '"what are your opening…" (not in human) → stay']


def test_a_sub_flow_and_a_group_are_boxes() -> None:
    drawn = picture(sampler())
    boxes = {part.id: part for part in drawn.parts if isinstance(part, Box)}
    assert {key: box.title for key, box in boxes.items()} == {"g_talking": "talking", "g_ident": "ident: who"}
    assert [node.id for node in boxes["g_ident"].nodes()] == ["s_ident_phone", "s_ident_found", "s_ident_lost", "n_ident"]
    assert boxes["g_ident"].start == "s_ident_phone"
    assert [node.id for node in boxes["g_talking"].nodes()] == ["s_hello", "s_size", "n_talking"]


def test_each_kind_of_row_is_drawn_where_it_belongs() -> None:
    found = ways(picture(sampler()))
    assert {
        ("s_size", "s_ident_phone", ("filled",)),  # into the sub-flow
        ("s_ident_found", "s_work", ("ended found",)),  # out of it, from its end
        ("s_ident_lost", "s_size", ("ended nobody",)),
        ("n_ident", "s_size", ('"never mind"',)),  # a row of the state that runs it
        ("n_ident", "s_ident_lost", ("out_of_tries",)),  # a row of any state of its own
        ("n_talking", "s_chat", ('"talk to me in many…", interrupted, help, +2',)),  # of a group
        ("s_work", "s_chat", ('ok [find.note = "a b"]', "ok")),  # two rows, one arrow
        ("n_any", "s_shop", ('"where is the shop"',)),
    } <= found
    assert {way[:2] for way in found if way[0].startswith("s_ident_")} == {
        ("s_ident_phone", "s_ident_found"), ("s_ident_found", "s_work"), ("s_ident_lost", "s_size"),
    }  # fmt: skip
    drawn = picture(sampler())
    assert [arrow.dest for arrow in drawn.arrows if arrow.visit] == ["s_shop"]
    lines = {node.id: [line.text for line in node.lines] for node in drawn.nodes()}
    assert lines["s_size"][1:] == ["no_input 2+ → again", "no_input → stay", "after 40s → size"]
    assert lines["s_shop"] == ['"thanks" → back']
    kinds = {node.id: (node.kind, node.about) for node in drawn.nodes()}
    assert kinds["s_work"] == ("tool", "tool find")
    assert kinds["s_person"] == ("handoff", "to queue:shop")
    assert kinds["s_chat"] == ("talk", "the model talks")
    assert kinds["s_bye"] == ("end", "ends: done")
    assert kinds["s_ident_lost"] == ("inner", "ended nobody")
    assert kinds["s_ident_found"] == ("inner", "")
    assert kinds["s_ident_phone"] == ("ask", "")
    assert kinds["s_hello"] == ("say", "")


def test_any_row_on_an_outcome_starts_at_the_end_of_every_sub_flow() -> None:
    """But not of one that is left out."""
    from fsm_agents.flows.machine.flatten import flatten
    from fsm_agents.flows.notation.folder import read_text
    from tests.flows.draw.small import ID, SAMPLER

    text = SAMPLER.replace("| ident   | ended nobody                         |", "| any but (work, talking) | ended nobody |")
    assert ("s_ident_lost", "s_size", ("ended nobody (not in work, talking)",)) in ways(
        picture(flatten(read_text(text, files={"who.toml": ID}).spec))
    )
    text = text.replace("any but (work, talking)", "clerks").replace(
        "[prompts]", '[groups.clerks]\nstates = ["ident"]\n[prompts]'
    )
    drawn = picture(flatten(read_text(text, files={"who.toml": ID}).spec))
    assert ("s_ident_lost", "s_size", ("ended nobody",)) in ways(drawn)
    assert [[inner.id for inner in part.inside] for part in drawn.parts if isinstance(part, Box) and part.id == "g_clerks"] == [
        ["g_ident"]
    ]


# --- Mermaid ----------------------------------------------------------------------------------------------------------------------------

LINE = re.compile(
    r'state "[^"\n]*" as \w+( \{)?|\}|\[\*\] --> \w+|\w+ --> \[\*\]|\w+ --> \w+(: [^:;\n"]+(?:;[^:;\n"]*)*)?'
    r"|\w+: .+|classDef \w+ [^;\"<]+|class [\w,]+ \w+"
)


@every
def test_each_line_of_mermaid_is_one_statement(name: str) -> None:
    """Ids are letters, digits and ``_``; of texts nothing is left that Mermaid would read."""
    lines = mermaid(flow(name)).splitlines()
    assert lines[0] == lines[2] == "---"
    assert lines[1].startswith("title: ")
    assert lines[3] == "stateDiagram-v2"
    for line in lines[4:]:
        assert LINE.fullmatch(line.strip()), line
        assert not re.search(r"[<>\"`$\\%]", re.sub(r'^state "|" as \w+( \{)?$|-->|<br>|stroke-.*', "", line.strip())), line


def test_mermaid_opens_and_closes_boxes() -> None:
    text = mermaid(sampler())
    assert text.count(" {\n") == len(re.findall(r"^ *\}$", text, re.MULTILINE)) == 2
    assert "    [*] --> s_hello\n" in text
    assert "    s_bye --> [*]\n" in text
    assert "    n_any --> s_shop: visit #34;where is the shop#34;\n" in text


def test_counts_and_colours_reach_mermaid() -> None:
    text = mermaid(
        sampler(), labels={"s_size": "×12", "r_02": "×3"}, colours={"s_size": "#1a7f37", "s_bye": "#1a7f37", "r_02": "red"}
    )
    assert 'state "size ×12" as s_size' in text
    assert "and…] → next ×3" in text
    assert "classDef own0 stroke:#1a7f37,stroke-width:4px" in text
    assert "class s_size,s_bye own0" in text
    assert "own1" not in text, "a row has no colour there"
    with pytest.raises(MisuseError):
        mermaid(sampler(), colours={"s_size": "}"})


def test_a_label_of_many_rows_says_how_many_more() -> None:
    import attrs

    from fsm_agents.flows.machine.flatten import flatten
    from fsm_agents.flows.spec import RowSpec
    from fsm_agents.flows.syntax import Goto, Inside, Named

    spec = trunk(3).spec
    rows = [RowSpec(Inside(("s0",)), (Named(f"event_{n}"),), Goto("s2")) for n in range(12)]
    assert "event_5<br>+6 more" in mermaid(flatten(attrs.evolve(spec, rows=(*spec.rows, *rows))))
    assert "event_6\n" in mermaid(flatten(attrs.evolve(spec, rows=(*spec.rows, *rows[:7])))), "one more is told, not counted"
