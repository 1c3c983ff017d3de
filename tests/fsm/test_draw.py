"""Drawings of a table: every row in each of them, the same text everywhere, and a folder that is known to be fresh or not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.errors import MissingExtra, MisuseError
from fsm_agents.fsm.draw import Marks, document, dot, drift, html, markdown, mermaid, png, sketch, svg, write_all
from fsm_agents.fsm.draw_picture import Box, picture
from fsm_agents.fsm.draw_words import identifiers
from fsm_agents.fsm.rows import STAY, Group, Row, Timer, after, always, anywhere, drop, never, row
from fsm_agents.fsm.table import StateTable
from tests.fsm.phone import HOLD_LIMIT, LINE, PHONE, VOICE


class D(Enum):
    SHUT = "can be opened"
    OPEN = 2  # no sentence


@attrs.frozen
class Opened:
    pass


@attrs.frozen
class Closed:
    pass


def squeak(event: object, data: object) -> tuple[object, ...]:
    return ()


def oiled(event: object, data: object) -> bool:
    return True


CLOSER = Timer("closer", 8.0, "fire rules")


def door() -> StateTable[D, Any]:
    # fmt: off
    return StateTable("door", D, D.SHUT, final=(D.OPEN,), rows=[
        row  (D.SHUT, Opened, D.OPEN, squeak, oiled),
        drop (D.SHUT, Opened),
        never(D.SHUT, Closed),
        row  (D.OPEN, Closed, D.SHUT),
        row  (D.OPEN, Opened, STAY,   squeak),
        after(D.OPEN, CLOSER, D.SHUT),
    ])
    # fmt: on


def test_the_markdown_of_a_door() -> None:
    """States, timers, rows in file order, and every cell of the matrix."""
    assert (
        markdown(door())
        == """## States

| state | meaning | notes |
| --- | --- | --- |
| SHUT | can be opened | start |
| OPEN |  | final |

## Timers

| timer | default | source | owned by |
| --- | --- | --- | --- |
| closer | 8s | fire rules | OPEN |

## Rows

| # | in | on | to | do | when |
| --- | --- | --- | --- | --- | --- |
| 01 | SHUT | Opened | OPEN | squeak | oiled |
| 02 | SHUT | Opened | drop |  |  |
| 03 | SHUT | Closed | never |  |  |
| 04 | OPEN | Closed | SHUT |  |  |
| 05 | OPEN | Opened | stay | squeak |  |
| 06 | OPEN | after closer | SHUT |  |  |

## Matrix

`?` guarded · `-` dropped · **n** never comes

|  | Opened | Closed | after closer |
| --- | --- | --- | --- |
| SHUT | ?OPEN / - | **n** |  |
| OPEN | stay | SHUT | SHUT |
"""
    )


def test_the_mermaid_of_a_door() -> None:
    """Front matter with a title, sanitised ids, final marks, ``after 8s``; a row that stays is a line of its state."""
    assert (
        mermaid(door())
        == """---
title: "door"
---
stateDiagram-v2
    state "SHUT" as s_shut
    state "OPEN" as s_open
    s_open: Opened / squeak
    [*] --> s_shut
    s_shut --> s_open: Opened [oiled] / squeak
    s_open --> s_shut: Closed
    s_open --> s_shut: after 8s (closer)
    s_open --> [*]
"""
    )


def test_the_dot_of_a_door() -> None:
    """Stable ids for states and rows; a class that finds all arrows of a row."""
    text = dot(door())
    assert '  s_shut [label="SHUT", id="s_shut", tooltip="can be opened"];' in text
    assert '  s_open [label="OPEN\\nOpened / squeak\\l", id="s_open", tooltip="OPEN", peripheries="2"];' in text
    assert '  s_shut -> s_open [label="Opened [oiled] / squeak", id="r_01", class="r_01"];' in text
    assert '  s_open -> s_shut [label="after 8s (closer)", id="r_06", class="r_06"];' in text
    assert "  start -> s_shut;" in text


def test_groups_are_boxes_and_their_rows_are_drawn_once() -> None:
    """A row of a group starts at its box; a way back leads to it; inside, an arrow marks where going to the group leads."""
    text = mermaid(LINE)
    assert '    state "live · enter / light_on · leave / light_off" as g_live {\n        [*] --> s_talking\n' in text
    assert text.count("HungUp / release") == 3  # from RINGING, from the box, from KNOCKED
    assert "    g_live --> s_knocked: Knocked\n" in text
    assert "    s_knocked --> g_live: PickedUp (back to live)\n" in text
    assert "  subgraph cluster_g_live {" in dot(LINE)
    assert 's_talking -> s_knocked [label="Knocked", id="r_12", class="r_12", ltail="cluster_g_live"];' in dot(LINE)
    assert 's_knocked -> s_talking [label="PickedUp (back to live)", id="r_21", class="r_21", lhead="cluster_g_live"];' in dot(
        LINE
    )


def test_an_anywhere_row_is_drawn_once_from_a_note() -> None:
    """Six arrows would say less than one."""
    assert '    state "anywhere but DOWN" as n_anywhere_but_down\n' in mermaid(LINE)
    assert "    n_anywhere_but_down --> s_down: unplugged / release\n" in mermaid(LINE)
    assert dot(LINE).count("unplugged") == 1
    assert 'n_anywhere_but_down [label="anywhere but DOWN"' in dot(LINE)


def test_an_always_row_has_its_level_as_label_and_a_column_in_the_matrix() -> None:
    """Level guards are data, so they can be read."""
    assert "    s_silent --> s_music: always [line in HELD] / play_music\n" in mermaid(VOICE)
    assert "always [line in IDLE DOWN and few_rings]" in mermaid(VOICE)
    assert "|  | TextGiven | PlayEnded | always | after speak_limit |" in markdown(VOICE)
    assert "| SPEAKING | **n** | SILENT | ?SILENT / ?SILENT | SILENT |" in markdown(VOICE)


def test_a_row_of_several_states_has_numbered_arrows_of_one_class() -> None:
    """So an id is unique and a row is still found."""
    assert 'id="r_01_1", class="r_01"' in dot(VOICE)
    assert 'id="r_01_2", class="r_01"' in dot(VOICE)


def test_rows_of_all_kinds_stand_in_the_markdown() -> None:
    """What no cell shows is in the list of rows."""
    text = markdown(LINE)
    assert "| 03 | IDLE | owes |  | somebody who calls |  |" in text
    assert "| 09 | live | enter |  | light_on |  |" in text
    assert "| 21 | KNOCKED | PickedUp | back to live |  |  |" in text
    assert "| 24 | anywhere but DOWN | unplugged | DOWN | release |  |" in text
    assert "| TALKING | two people hear each other | in live; owes: the two who talk |" in text
    assert "| hold_limit | off |  | HELD |" in text


def test_marks_are_drawn_in_every_form() -> None:
    """Coverage: how often a row was taken, and what was not."""
    marks = Marks({1: 3, 5: 2}, {"SHUT": 4})
    assert "| 01 | SHUT | Opened | OPEN | squeak | oiled | ×3 |" in markdown(door(), marks)
    assert "| 02 | SHUT | Opened | drop |  |  |  |" in markdown(door(), marks)
    assert "| 04 | OPEN | Closed | SHUT |  |  | none |" in markdown(door(), marks)
    assert "| SHUT | can be opened | start | ×4 |" in markdown(door(), marks)
    assert "Opened [oiled] / squeak ×3" in mermaid(door(), marks)
    assert "    class s_open missed\n" in mermaid(door(), marks)
    assert "missed" not in mermaid(door(), Marks({}, {"SHUT": 1, "OPEN": 1}))
    assert 'Opened / squeak ×2\\l", id="s_open", tooltip="OPEN", peripheries="2", color="#c0392b", style="round' in dot(
        door(), marks
    )
    assert 's_shut -> s_open [label="Opened [oiled] / squeak ×3", id="r_01", class="r_01", color="#1a7f37"]' in dot(door(), marks)
    assert 'label="Closed ×0", id="r_04", class="r_04", color="#c0392b", style="dashed"' in dot(door(), marks)
    assert 'class="row r_01 taken"' in sketch(door(), marks)
    assert 'class="row r_04 r_06 missed"' in sketch(door(), marks)
    assert '<g id="s_open" class="state final missed">' in sketch(door(), marks)
    assert "<td>×3</td>" in html(door(), marks)
    assert 'class="state note"' in sketch(LINE, marks)  # a note is no state: it is neither taken nor missed


def test_the_sketch_is_svg_that_names_every_state_and_row() -> None:
    """Without Graphviz, with the same ids; a prefix keeps two tables on one page apart."""
    text = sketch(LINE, prefix="line_")
    ids = {element.get("id") for element in ElementTree.fromstring(text).iter() if element.get("id")}
    assert {"line_s_idle", "line_s_down", "line_n_anywhere_but_down", "line_g_live"} <= ids
    for number in (1, 4, 5, 6, 7, 11, 12, 13, 14, 17, 18, 21, 22, 24):
        assert re.search(rf'class="[^"]*\bline_r_{number:02d}\b', text), number
    assert "C" in next(line for line in text.splitlines() if "line_r_06" in line)  # ringing again: a loop


def test_the_page_needs_nothing_from_outside() -> None:
    """No script, no link, no font; another drawing is put in as it stands."""
    text = html(LINE)
    assert text.count("<svg") == 1
    assert not re.search(r"<script|<link|src=|href=|url\(http", text)
    assert "<td><b>n</b></td>" in html(VOICE)
    assert "<h2>Timers</h2>" not in html(plain("x"))
    assert "<figure><svg>mine</svg></figure>" in html(LINE, drawing="<?xml version='1.0'?><svg>mine</svg>")
    assert "<figure>mine</figure>" in html(LINE, drawing="mine")


def test_pictures_are_made_by_graphviz_with_our_ids() -> None:
    """The extra brings Graphviz along."""
    pytest.importorskip("pygraphviz", reason="the extra [diagrams] is not installed")
    drawn = svg(LINE)
    for key in ("s_idle", "g_live", "r_01", "r_12", "n_anywhere_but_down"):
        assert f'id="{key}"' in drawn
    assert png(door()).startswith(b"\x89PNG")


@pytest.mark.parametrize("draw", [svg, png])
def test_without_the_extra_the_message_is_the_command(draw: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(MissingExtra, match=re.escape("pip install 'fsm_agents[diagrams]'")):
        draw(door())


def test_text_does_not_depend_on_the_hash_seed() -> None:
    """Nor on addresses: each run of Python has its own."""
    code = "from fsm_agents.fsm.draw import *; from tests.fsm.phone import *; print(document(LINE), dot(LINE), sketch(VOICE))"
    root = str(Path(__file__).parents[2])
    told = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}, cwd=root,
            capture_output=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(told) == 1


def test_text_does_not_depend_on_the_lines_rows_are_written_on() -> None:
    """Else every edit of a file would touch the diagrams of all its tables."""
    assert document(door()) == document(StateTable("door", D, D.SHUT, rows=door().rows, final=(D.OPEN,)))
    assert ".py" not in document(LINE) + dot(LINE) + sketch(LINE)


def plain(name: str, *states: str, event: str = "go") -> StateTable[str, Any]:
    names = states or ("a",)
    return StateTable(name, names, names[0], [row(state, event, names[-1]) for state in names])


NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1)


@given(st.lists(NAMES, min_size=1, max_size=5, unique=True))
def test_any_name_can_be_drawn(names: list[str]) -> None:
    """Ids are unique and plain, labels are escaped: nothing ends a line, a label or a tag."""
    table = plain("t", *names, event=names[0])
    ids = identifiers(names, "s_")
    assert len(set(ids)) == len(names)
    text = mermaid(table)
    for line in text.splitlines()[4:]:
        assert re.fullmatch(r'    (state "[^"]*" as \w+|(\w+|\[\*\]) --> (\w+|\[\*\])(: [^:]*)?)', line), line
    ElementTree.fromstring(sketch(table))
    for line in dot(table).splitlines()[1:-1]:
        assert re.fullmatch(r'  [\w> -]+( \[(\w+="([^"\\]|\\.)*"(, )?)+\])?;', line), line


def test_what_mermaid_would_read_as_a_sign_is_an_entity() -> None:
    """``;`` ends a line, a second ``:`` a label, ``%%`` begins a comment."""
    text = mermaid(plain("t", "a", event='a: b; #1 "x" <y> %%'))
    assert "s_a --> s_a: a#58; b#59; #35;1 #34;x#34; #60;y#62; #37;#37;\n" in text


@pytest.mark.parametrize(
    ("name", "escaped"),
    [("a|b", "a\\|b"), ("a*b", "a\\*b"), ("<b>", "\\<b>"), ("has_words", "has_words"), ("_own_", "\\_own\\_"), ("a\nb", "a b")],
)
def test_a_markdown_cell_stays_one_cell(name: str, escaped: str) -> None:
    assert f"| {escaped} | " in markdown(plain("t", name))


def test_groups_inside_groups_are_boxes_inside_boxes() -> None:
    """A row from the outer group to a state of its own starts at each state: a box cannot point into itself."""
    inner = Group("inner", ("a", "b"), "a")
    outer = Group("outer", (inner, "c"), inner)
    rows: list[Row[str, Any]] = [row("d", "go", outer), row(outer, "on", "c"), row(inner, "go", "d")]
    table: StateTable[str, Any] = StateTable("t", ("a", "b", "c", "d"), "d", rows, strict=False)
    drawn = picture(table)
    assert [part.id for part in drawn.parts] == ["g_outer", "s_d"]
    box = drawn.parts[0]
    assert isinstance(box, Box)
    assert [part.id for part in box.inside] == ["g_inner", "s_c"]
    assert list(drawn.boxes()) == ["g_outer", "g_inner"]
    assert [(arrow.source, arrow.dest) for arrow in drawn.arrows] == [
        ("s_d", "g_outer"), ("s_a", "s_c"), ("s_b", "s_c"), ("s_c", "s_c"), ("g_inner", "s_d"),
    ]  # fmt: skip
    assert "subgraph cluster_g_inner" in dot(table)
    assert "            [*] --> s_a" in mermaid(table)


def test_groups_that_cross_are_drawn_state_by_state() -> None:
    """A state can be in one box only."""
    one, two = Group("one", ("a", "b"), "a"), Group("two", ("b", "c"), "b")
    rows: list[Row[str, Any]] = [row(one, "go", "d"), row("d", "go", two)]
    table: StateTable[str, Any] = StateTable("t", ("a", "b", "c", "d"), "a", rows, groups=(one, two), strict=False)
    drawn = picture(table)
    assert drawn.boxes() == {}
    assert [(arrow.source, arrow.dest) for arrow in drawn.arrows] == [("s_a", "s_d"), ("s_b", "s_d"), ("s_d", "s_b")]


def test_an_anywhere_row_that_stays_is_a_line_of_its_note() -> None:
    """It may be everywhere without exception."""
    table: StateTable[str, Any] = StateTable(
        "t", ("a",), "a", [anywhere("go", STAY, squeak), always("a", "a", when=oiled)], strict=False
    )
    assert '    state "anywhere" as n_anywhere\n    n_anywhere: go / squeak\n' in mermaid(table)
    assert 'n_anywhere [label="anywhere\\ngo / squeak\\l"' in dot(table)


def test_a_fresh_folder_has_no_drift(tmp_path: Path) -> None:
    """What was written is what would be written."""
    place = tmp_path / "diagrams"
    written = write_all(place, [LINE, VOICE])
    assert [path.name for path in written] == ["line.md", "line.dot", "voice.md", "voice.dot"]
    assert (place / "line.md").read_text(encoding="utf-8") == document(LINE)
    assert drift(place, PHONE.tables) == []
    assert write_all(place, [LINE, VOICE]) == []


def test_drift_names_what_differs_is_missing_or_is_a_stranger(tmp_path: Path) -> None:
    write_all(tmp_path, [LINE, VOICE])
    (tmp_path / "line.md").write_text("old", encoding="utf-8")
    (tmp_path / "voice.dot").unlink()
    for name in ("ghost.md", "ghost.dot", "README.md", "picture.svg"):
        (tmp_path / name).write_text("", encoding="utf-8")
    assert drift(tmp_path, [LINE, VOICE]) == [
        "line.md differs from its table", "voice.dot is missing", "ghost.dot belongs to no table", "ghost.md belongs to no table",
    ]  # fmt: skip
    assert [path.name for path in write_all(tmp_path, [LINE, VOICE])] == ["line.md", "voice.dot"]


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "a\\b"])
def test_a_table_that_cannot_be_a_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match="cannot be a file name"):
        drift(tmp_path, [plain(name)])


def test_two_tables_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match="two tables are called 'line'"):
        write_all(tmp_path, [LINE, LINE])


def test_a_cell_ends_with_the_row_that_always_wins() -> None:
    """What stands below it is never tried there."""
    rows: list[Row[str, Any]] = [row("a", "go", "b", when=oiled), row("a", "go", "a"), anywhere("go", "b")]
    table: StateTable[str, Any] = StateTable("t", ("a", "b"), "a", rows)
    assert "| a | ?b / a |\n| b | b |" in markdown(table)


def test_a_timer_that_is_off_says_so() -> None:
    assert f"after off ({HOLD_LIMIT.name})" in mermaid(LINE)
    assert "after 0.25s (speak_limit)" in mermaid(VOICE)
