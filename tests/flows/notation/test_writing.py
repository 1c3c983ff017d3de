"""A flow written and read again is the same flow; a file formatted means the same, and formatting it again changes nothing."""

from __future__ import annotations

import tomllib
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsm_agents.flows.notation.fmt import format_text
from fsm_agents.flows.notation.folder import read_text
from fsm_agents.flows.notation.rawrows import RawRow
from fsm_agents.flows.notation.rows import flow_of
from fsm_agents.flows.notation.schema import included, schema
from fsm_agents.flows.notation.write import to_toml, without_places
from fsm_agents.flows.problems import FlowError
from tests.flows.notation import made
from tests.flows.notation.small import EXAMPLES, NAMES, SMALL, changed, read

VALIDATOR = jsonschema.Draft202012Validator(schema())


@pytest.mark.parametrize("name", NAMES)
def test_an_example_survives_being_written_and_formatted(name: str) -> None:
    spec = read(name).spec
    text = to_toml(spec)
    again = read_text(text, folder=EXAMPLES).spec
    assert without_places(again) == without_places(spec)
    assert to_toml(again) == text
    assert format_text(text) == text
    raw = (EXAMPLES / f"{name}.toml").read_text("utf-8")
    aligned = format_text(raw)
    assert format_text(aligned) == aligned
    assert without_places(read_text(aligned, folder=EXAMPLES).spec) == without_places(spec)


@given(made.trees(), st.lists(made.rows(), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None)
def test_a_flow_of_python_rows_survives_being_written(tree: dict[str, Any], rows: list[RawRow]) -> None:
    spec = flow_of(tree, rows).spec
    text = to_toml(spec)
    again = read_text(text).spec
    assert without_places(again) == without_places(spec)
    assert format_text(text) == text
    assert list(VALIDATOR.iter_errors(tomllib.loads(text))) == []


PADS = st.sampled_from(["", " ", "   "])


@st.composite
def untidy(draw: Any) -> str:
    """The small flow with blanks, comments and empty lines where they mean nothing, and columns in another order."""
    lines = SMALL.split("\n")
    order = draw(st.permutations(range(5)))
    done = []
    for written in lines:
        line = written
        if line.startswith("|"):
            cells = [cell.strip() for cell in line[1:-1].split("|")]
            shuffled = [cells[number] for number in order]
            line = "|" + "|".join(draw(PADS) + cell + draw(PADS) for cell in shuffled) + "|"
            if set(line) <= set("|- ") and draw(st.booleans()):
                continue
            line = draw(PADS) + line + draw(PADS)
        done.append(line)
        if line.strip().startswith("|") and draw(st.integers(0, 5)) == 0:
            done.append(draw(st.sampled_from(["", "  # a comment | with a pipe", "|---|", "   "])))
    return "\n".join(done)


@given(untidy())
@settings(max_examples=30, deadline=None)
def test_formatting_changes_blanks_only_and_once(text: str) -> None:
    aligned = format_text(text)
    assert format_text(aligned) == aligned
    assert (
        without_places(read_text(aligned).spec) == without_places(read_text(text).spec) == without_places(read_text(SMALL).spec)
    )
    comments = [line for line in text.split("\n") if "#" in line or not line.strip()]
    assert [line for line in aligned.split("\n") if "#" in line or not line.strip()] == comments


def test_formatting_aligns_and_orders_columns() -> None:
    text = changed(
        SMALL[SMALL.index("[rows]") : SMALL.index("[phrases]")],
        "[rows]\nr = '''\n|to|in|on|\n|end|any|\"日本\"|\n'''\nx = 3 # kept\n",
    )
    assert "| in  | on     | to  |\n|-----|--------|-----|\n| any | \"日本\" | end |\n'''\nx = 3 # kept" in format_text(text)
    accents = text.replace("日本", "cafe\u0301")
    assert '| any | "cafe\u0301" | end |' in format_text(accents)


def test_a_very_wide_cell_does_not_widen_the_others() -> None:
    text = changed('say "Sorry."', f'say "{"so " * 60}sorry."')
    assert max(map(len, format_text(text).split("\n"))) < 300
    assert all(len(line) < 110 for line in format_text(text).split("\n") if line.startswith("| ask"))
    assert format_text(format_text(text)) == format_text(text)


def test_line_ends_and_marks_are_kept() -> None:
    assert format_text("\ufeff" + SMALL.replace("\n", "\r\n")) == "\ufeff" + format_text(SMALL).replace("\n", "\r\n")
    assert format_text("") == ""
    assert format_text("x = 1") == "x = 1"


def test_a_block_with_escapes_is_left_alone() -> None:
    text = 'x = 1\n[rows]\na = """\n|in|on|to|\n|a|"\\u0062"|c|\n"""\nb = \'\'\'|in|on|to|\n|a|b|c|\'\'\'\n'
    assert '|in|on|to|\n|a|"\\u0062"|c|' in format_text(text)
    assert "'''| in | on | to |\n|----|----|----|\n| a  | b  | c  |'''" in format_text(text)


@pytest.mark.parametrize(
    ("old", "new", "code"), [("| next |", "|", "F101"), ("[prompts]", "[prompts", "F001"), ("| when ", "| wen ", "F102")]
)
def test_what_has_no_layout_is_not_formatted(old: str, new: str, code: str) -> None:
    with pytest.raises(FlowError) as raised:
        format_text(changed(old, new))
    assert [p.code for p in raised.value.problems] == [code]


def test_writing_odd_things() -> None:
    text = changed('say = "Bye."', 'say = "A \\"quote\\", a \\\\, a tab\\t, a line\\nbreak."').replace("'''", '"""')
    text = (
        text.replace("never mind", "it'''s me")
        .replace('"[a] {size} cup" ', "\"it'''s {size}\" ")
        .replace('say "Sorry."', 'say "So\\\\rry."')
    )
    text = text.replace(
        "[tools.tea]", "[tools.tea]\nexample = { hot = true, at = 2026-05-31T10:00:00, all = [1, 2.5], none = {} }"
    )
    text = text.replace("large = ", '"ex\\u0074ra large" = "extra"\nlarge = ')
    spec = read_text(text).spec
    written = to_toml(spec)
    assert 'main = """' in written
    assert without_places(read_text(written).spec) == without_places(spec)


def test_empty_tables_are_written() -> None:
    spec = read_text(SMALL + "[defaults]\n").spec
    assert "[defaults]" in to_toml(spec)
    empty = (
        'flow = "x"\nstart = "a"\n[rows]\nr = """\n| in | on | to |\n| a | repeat | stay |\n"""\n[states.a]\nend = "e"\n[slots]\n'
    )
    assert without_places(read_text(to_toml(read_text(empty).spec)).spec) == without_places(read_text(empty).spec)


# --- schema ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_takes_the_examples(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert list(VALIDATOR.iter_errors(tomllib.loads((EXAMPLES / f"{name}.toml").read_text("utf-8")))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('flow = "small"', 'flow = "Small"'), ("version = 2", "version = 0"), ("version = 2", "versoin = 2"), ('start = "ask"', ""),
        ('type = "number"', 'type = "date"'), ('range = "1..20"', "range = 3"), ('call = "tea"', 'call = "tea"\nask = "size"'),
        ('call = "tea"', 'call = "tea"\ntimeout = "8 s"'), ('retry = ["Small or large?"]', 'retry = "x"'), ('hot = "yesno"', 'hot = "bool"'),
        ('type = "digits"', 'type = "choice"'), ('states = ["tool"]\n', ""), ('1 = "small"', 'A = "small"'), ("[migrate.1]", "[migrate.x]"),
        ('say = "Bye."', 'say = { text = "x" }'), ('barge_in = "match"', 'barge_in = "no"'), ("[states.end]", "[states.End]"),
    ],
)  # fmt: skip
def test_the_schema_refuses_what_the_reader_refuses(old: str, new: str) -> None:
    assert list(VALIDATOR.iter_errors(tomllib.loads(changed(old, new)))) != []


def test_the_schema_of_a_file_that_others_include() -> None:
    validator = jsonschema.Draft202012Validator(included())
    validator.check_schema(included())
    assert list(validator.iter_errors(tomllib.loads('[phrases]\na = "b"\n[slots.n]\ntype = "number"\n'))) == []
    assert list(validator.iter_errors(tomllib.loads("[states.a]\n"))) != []


def test_a_slot_type_of_the_host_may_have_any_setting_in_the_schema() -> None:
    assert list(VALIDATOR.iter_errors(tomllib.loads(changed('type = "digits"', 'type = "postcode"\ngrid = "fine"')))) == []
