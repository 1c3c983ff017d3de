"""What the scanner says of a text is what tomllib says of it, or nothing."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fsm_agents.flows.notation import scan as scanning
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.scan import scan
from fsm_agents.testing.big_flow import big_flow
from tests.flows.notation.small import EXAMPLES, NAMES, SMALL

TEXTS = [(EXAMPLES / f"{name}.toml").read_text("utf-8") for name in NAMES] + [SMALL, big_flow(3)]
KEYS = ["a", "b", "a-b", "1", '"a"', "'b'", '"#"', '"\\u0061"', '""', "a.b", 'a . "b"', '"a\nb"']
VALUES = [
    '"x"', '""', "'x'", "''", '"a\\tb"', '"a\\qb"', '"\'"', "'\"'", '"é 😀"', '"a" "b"', '"a"b', '"a', '"""x"""', '"""\n"x"\\\n y"""', '""""x"""""', '"""',
    "'''x'''", "'''\nx\n'''", "'''\n\nit's'''", "''''x'''''", "'''", "1", "-1", "1_000", "01", "0x1f", "1.5", "1e3", "inf", "nan", "true", "True", "1 2",
    "2020-01-01", "2020-01-01 10:00:00", "10:00", "[]", "[ ]", "[,]", '["x"]', '[ "x", "y" ]', '["x",]', '["x",,]', '["x" "y"]', '[\n"x",\n # c\n"y"\n]', '["x", 1]',
    '["a\\"b"]', '[["x"], ["y",]]', '["""x"""]', '["x"', "{}", '{ a = "x" }', '{ a = "x", }', '{ a = "x", a = "y" }', "{ a.b = 1 }", "{\na = 1 }", '{ a = ["x"] }', "",
]  # fmt: skip
ENDS = [
    "\n",
    "\n\n",
    "",
    " ",
    " # c\n",
    "#c\n",
    "\t\n",
    "\r\n",
    "\n# c\n  ",
    "\n\t",
    "# \0\n",
    "# \x7f\n",
    "\n \x0b\n",
    "\u2028\n",
    " x\n",
    "\n,",
]
lines = st.one_of(
    st.tuples(st.sampled_from(KEYS[:4]), st.sampled_from(["=", " = ", "  =", "\t= "]), st.sampled_from(VALUES), st.sampled_from(ENDS[:2])),
    st.tuples(st.sampled_from(KEYS), st.sampled_from(["=", " = ", ": ", " =\n"]), st.sampled_from(VALUES), st.sampled_from(ENDS)),
    st.tuples(
        st.sampled_from(["[", "[", "[", "[[", "[ "]), st.sampled_from([*KEYS, "a.b", "a.b.c", "b.a", "b.1"]),
        st.sampled_from(["]", "]", "]", "]]", " ]", ""]), st.sampled_from([*ENDS[:2] * 6, *ENDS]),
    ),
).map("".join)  # fmt: skip
documents = st.lists(lines, max_size=6).map("".join)


def agree(text: str) -> None:
    """It says nothing, or the same, values and their order, and every place is one of the text."""
    try:
        spans, said = scan(text)
    except Fault:
        return
    if said is not None:
        assert repr(said) == repr(tomllib.loads(text))
    for key, width, value, first in spans.values():
        assert 0 <= key < key + width <= len(text)
        assert key <= value <= len(text)
        assert -1 <= first <= len(text)


@given(documents)
@example('a = "x"\na = "y"\n')
@example('a = ["x"]\na = "y"\n')
@example('a = "x"\n[a]\n')
@example('a = "x"\n[a.b]\n')
@example("[a]\n[a]\n")
@example("a = {}\n[a.b]\n")
@example('[a.b]\n[a]\nb = "x"\n')
@example('[a]\nx = "1"\n[a.b]\ny = 2\n[c]\n')
@example('[a.b]\nx = "1"\n[c]\n[a]\ny = ["2"]\n')
@example("[[a]]\nx = 1\n[[a]]\n")
@example("a = \"\"\"x\n\"\"\"\nb = '''\n\nit's''''\n")
@example("a = 1\r\n")
@example('a = "x"\r')
@example('a = "\x00"')
@example('a = "x" # \x7f\n')
@example('a = "x" b = "y"\n')
@example('a = 1 b = "y"\n')
@example("[a] b = 1\n")
@example('[a] b = "y"\n')
@example('a = [1\n, 2] "x"\n')
@example("a = [\n1 # ]\n]\nb = 2020-01-01 10:00:00 # x\n")
@settings(max_examples=300, deadline=None)
def test_what_it_says_is_what_tomllib_says(text: str) -> None:
    agree(text)


@given(st.sampled_from(TEXTS), st.data())
@settings(max_examples=100, deadline=None)
def test_what_it_says_of_a_flow_with_something_odd_in_it_is_what_tomllib_says(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    more = data.draw(st.integers(0, 3))
    agree(text[:at] + data.draw(lines | st.sampled_from(VALUES) | st.sampled_from(ENDS)) + text[at + more :])


@pytest.mark.parametrize("text", TEXTS)
def test_flows_are_read_in_one_go(text: str) -> None:
    said = scan(text)[1]
    assert said is not None
    assert repr(said) == repr(tomllib.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        "a.b = 1", "[[a]]\nx = 1", "a = 1\na = 2", "a = 1\n[a]", "[a]\n[a]", "a = 01", "a = {x = 1,}", "a", "[a", "a = \x01", "# \x7f", 'a = "\\q"',
        'a = "x" b = "y"', "a = 1 b = 2", "a = 1 2", "a = [1 2]", "[a] b = 1", "a = '''x", "a = 1\rb = 2",
    ],
)  # fmt: skip
def test_it_says_nothing_of_what_it_could_mistake(text: str) -> None:
    assert scan(text)[1] is None


@pytest.mark.parametrize(
    ("text", "at"),
    [('a = "x"\nb = "y"\nc = "z"\n', 16), ('a = ["x", "y",\n"z"]\n', 15), ("[a]\n[b]\n[c]\n", 8), ("a = [1, 2, 3]", 11)],
)
def test_too_many_entries_are_found_where_the_last_one_stands(text: str, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "MAX_ENTRIES", 2)
    with pytest.raises(Fault) as raised:
        scan(text)
    assert (raised.value.code, raised.value.at) == ("F004", at)


def test_where_keys_texts_and_elements_stand() -> None:
    text = '# c\n[t.u] # d\n  key  =  "text"\nmore = [ "one",\n  "two" ]\n'
    spans, said = scan(text)
    assert said == {"t": {"u": {"key": "text", "more": ["one", "two"]}}}
    shown = {
        path: (text[key : key + width], text[value], text[first] if first >= 0 else "")
        for path, (key, width, value, first) in spans.items()
    }
    assert shown == {
        ("t", "u"): ("[t.u]", "[", ""), ("t",): ("[t.u]", "[", ""), ("t", "u", "key"): ("key", '"', "t"), ("t", "u", "more"): ("more", "[", ""),
        ("t", "u", "more", 0): ('"one"', '"', "o"), ("t", "u", "more", 1): ('"two"', '"', "t"),
    }  # fmt: skip
