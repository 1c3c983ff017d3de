"""Whatever stands in a file: a flow, or a FlowError whose problems can be shown; never another exception, and in bounded time."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fsm_agents.flows.notation.fmt import format_text
from fsm_agents.flows.notation.folder import Reading, read_text
from fsm_agents.flows.problems import FlowError, render
from fsm_agents.testing.big_flow import big_flow
from tests.flows.notation.small import EXAMPLES, NAMES, SMALL

TEXTS = [(EXAMPLES / f"{name}.toml").read_text("utf-8") for name in NAMES] + [SMALL]
ODD = [
    "|", '"', "'''", '"""', "'", "[", "]", "[[", "{", "}", "{}", "{{", "<", ">", "(", ")", "/", "\\", "\\u", "#", "=", ",", ";", ".", "..", "-", "+",
    "\n", "\r", "\t", "\0", "\x7f", "\u2028", "\ufeff", "\u202e", "\ud800", "é", "日本", "чай", "😀", "²", "0", "9" * 30, "1e999", "nan", "any", "but",
    "and", "not", "stay", "visit", "llm", "sets", "say", "set", "clear", "tries", "rows", "states", "true", "2020-01-01", "__proto__", "a.b.c",
]  # fmt: skip


def read(text: str) -> Reading | None:
    """A flow or nothing; every problem can be shown, and stands in the text."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    try:
        reading = read_text(text, "flow.toml", EXAMPLES)
    except FlowError as error:
        assert error.problems
        for problem in error.problems:
            assert render(problem)
            place = problem.place
            assert place.width >= 1
            if place.file == "flow.toml" and place.line:
                assert place.line <= len(lines)
                assert 1 <= place.col <= len(lines[place.line - 1]) + 1
        return None
    return reading


@st.composite
def broken(draw: st.DrawFn) -> str:
    """A flow with a few pieces cut, doubled, swapped, or odd ones put in."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(text) - 1)))
        size = draw(st.sampled_from([1, 1, 2, 5, 20, 200]))
        piece = text[at : at + size]
        to = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(["cut", "double", "swap", "odd", "odd", "odd", "line"])):
            case "cut":
                text = text[:at] + text[at + size :]
            case "double":
                text = text[:at] + piece + text[at:]
            case "swap":
                text = text[:to] + piece + text[to:]
            case "line":
                lines = text.split("\n")
                lines.insert(draw(st.integers(0, len(lines))), lines.pop(draw(st.integers(0, len(lines) - 1))))
                text = "\n".join(lines)
            case _:
                text = text[:at] + draw(st.sampled_from(ODD)) + text[at:]
    return text


@given(broken())
@example("x = '''\\u0000'''")
@settings(max_examples=100, deadline=None)
def test_a_broken_flow_is_a_flow_error(text: str) -> None:
    read(text)


@given(st.text(max_size=200) | st.lists(st.sampled_from(ODD), max_size=30).map("".join))
@settings(max_examples=60, deadline=None)
def test_any_text_is_a_flow_error(text: str) -> None:
    assert read(text) is None


@given(broken())
@example(SMALL.replace("-|---", "-\u2028|---"))
@settings(max_examples=30, deadline=None)
def test_formatting_a_broken_flow_changes_nothing_or_is_refused(text: str) -> None:
    try:
        aligned = format_text(text)
    except FlowError:
        return
    assert format_text(aligned) == aligned
    before, after = read(text), read(aligned)
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        assert [row.cells for row in before.spec.rows] == [row.cells for row in after.spec.rows]


CELL = "\n[rows]\nr = '''\n| in | on | when | to | do |\n| a | {} | {} | stay | {} |\n'''\n[states.a]\nend = \"e\"\n"
HEAD = 'flow = "x"\nstart = "a"\n'
HOSTILE = {
    "deep arrays": HEAD + "x = " + "[" * 100_000,
    "deep tables": HEAD + "x = " + "{a=" * 100_000,
    "a long dotted key": HEAD + ".".join("a" * 100_000) + " = 1",
    "a long header": "[" + ".".join("a" * 100_000) + "]",
    "many keys": HEAD + "\n".join(f"a{n} = 1" for n in range(20_000)),
    "many elements": HEAD + "x = [" + "1," * 120_000 + "]",
    "many headers": "\n".join(f"[a{n}]" for n in range(20_000)),
    "many states": HEAD + "\n".join(f"[states.s{n}]" for n in range(5_000)),
    "many bad names": HEAD + "\n".join(f"[states.S{n}]" for n in range(5_000)),
    "many arrays of tables": "[[a]]\n" * 30_000,
    "a huge number": HEAD + "version = " + "9" * 100_000,
    "a huge text": HEAD + 'lang = "' + "x" * 1_000_000 + '"',
    "a huge key": "'" + "x" * 2_000_000 + "' = 1\n" + "'" + "x" * 2_000_000 + "' = 1",
    "a key of blanks twice": '["' + " " * 2_000_000 + '"]\n["' + " " * 2_000_000 + '"]',
    "a string that never ends": HEAD + 'x = "' + "\\\\" * 200_000,
    "a block that never ends": HEAD + 'x = """' + '""a' * 200_000,
    "too many bytes": "#" * 6_000_000,
    "blanks": " " * 4_000_000 + "x",
    "blank lines": "\n" * 500_000 + "x",
    "equal signs": "= " * 2_000_000,
    "a wide cell": HEAD + CELL.format("repeat" + " " * 1_000_000 + "x", "", ""),
    "a row of pipes": HEAD + CELL.format("|" * 200_000, "", ""),
    "dashes": HEAD + CELL.format("repeat", "", "") .replace("| a |", "-" * 1_000_000 + "x\n| a |"),
    "many quotes": HEAD + CELL.format('"' * 100_000, "", ""),
    "many rows": HEAD + CELL.format("repeat", "", "").replace("'''\n[st", "| a | repeat | | stay | |\n" * 30_000 + "'''\n[st"),
    "many bad rows": HEAD + CELL.format("repeat", "", "").replace("'''\n[st", "| x | reepat | yy | sty | syy |\n" * 3_000 + "'''\n[st"),
    "deep brackets": HEAD + CELL.format('"' + "[" * 1_900 + "x" + "]" * 1_900 + '"', "", ""),
    "a long condition": HEAD + CELL.format("repeat", "a or " * 700 + "a", ""),
    "many acts": HEAD + CELL.format("repeat", "", "clear all; " * 300 + "clear all"),
    "a long chain of phrases": HEAD + CELL.format("p0", "", "") + "[phrases]\n" + "\n".join(f'p{n} = "<p{n + 1}>"' for n in range(2_000)) + '\np2000 = "x"',
    "phrases that double": HEAD + CELL.format("p0", "", "") + "[phrases]\n" + "\n".join(f'p{n} = "<p{n + 1}> <p{n + 1}>"' for n in range(500)) + '\np500 = "x"',
    "many circles": HEAD + CELL.format("p0", "", "") + "[phrases]\n" + "\n".join(f'p{n} = "<p{(n * 7) % 2000}> <p{(n + 1) % 2000}>"' for n in range(2_000)),
    "a phrase and blanks": HEAD + CELL.format("p", "", "") + '[phrases]\np = "x' + " " * 19_000 + '"',
    "a prompt of brackets": HEAD + CELL.format("repeat", "", "") + '[prompts]\np = "' + "[" * 19_999 + '"',
    "a prompt of braces": HEAD + CELL.format("repeat", "", "") + '[prompts]\np = "' + "{a" * 9_999 + '"',
    "many values": HEAD + CELL.format("repeat", "", "") + '[slots.s]\ntype = "choice"\n[slots.s.values]\n' + "\n".join(f'v{n} = "x"' for n in range(9_000)),
    "too many values": HEAD + '[slots.s]\ntype = "choice"\n[slots.s.values]\n' + "\n".join(f'v{n} = "x"' for n in range(10_001)),
    "no comma in a list": HEAD + 'x = ["a" "b"]',
    "no comma in a table": HEAD + 'x = { a = "1" b = "2" }',
    "no such escape in a key": HEAD + '"\\q" = 1',
    "a list of the same name": HEAD + "takes = [" + '"a",' * 9_000 + "]",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_made_to_hang_or_to_fill_memory_is_told_or_read(name: str) -> None:
    read(HOSTILE[name])


def test_ten_thousand_rows_are_read() -> None:
    assert len(read_text(big_flow(400, 25)).spec.rows) == 10_007
