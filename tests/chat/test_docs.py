"""What is read from a docstring."""

from __future__ import annotations

import pytest

from fsm_agents.chat.docs import read_docstring

FULL = """Order a pizza
    for the caller.

    It takes a while.

    Args:
        size: How large: small
            or large.

            Not medium.
        toppings (list[str], optional): What goes on it.
        **rest: Anything else.

    Returns:
        count: Not a parameter.
    """


def test_the_first_paragraph_and_the_parameters() -> None:
    """Continued lines are joined; other sections are not looked at."""
    assert read_docstring(FULL) == (
        "Order a pizza for the caller.",
        {"size": "How large: small or large. Not medium.", "toppings": "What goes on it.", "rest": "Anything else."},
    )


@pytest.mark.parametrize("title", ["Args", "Arguments", "Parameters"])
def test_all_usual_titles_are_known(title: str) -> None:
    """Also right under the first line, and at the very end."""
    assert read_docstring(f"Do it.\n{title}:\n    x: A thing.") == ("Do it.", {"x": "A thing."})


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        (None, ("", {})),
        ("", ("", {})),
        ("Do it.", ("Do it.", {})),
        ("\n    Args:\n        x: A thing.\n", ("", {"x": "A thing."})),
        ("Do it.\n\nArgs:\n    none of this is in the form", ("Do it.", {})),
        ("Do it.\n\nArgs:", ("Do it.", {})),
    ],
)
def test_what_is_not_there_is_empty(doc: str | None, expected: tuple[str, dict[str, str]]) -> None:
    """A docstring is for people: it is never wrong."""
    assert read_docstring(doc) == expected


SPHINX = """Order a pizza.
:param size: How large: small
    or large.
:param list[str] toppings: What goes on it.
:type size: str
:returns: size: not a parameter
"""

NUMPY = """Order a pizza.

It takes a while.

Parameters
----------
size : str
    How large: small
    or large.
toppings
    What goes on it.
*rest : int

Returns
-------
count
    Not a parameter.
"""


@pytest.mark.parametrize("doc", [SPHINX, NUMPY])
def test_other_styles_are_read_too(doc: str) -> None:
    """Tools are often functions that were there before."""
    summary, about = read_docstring(doc)
    assert summary == "Order a pizza."
    assert {name: text for name, text in about.items() if text} == {
        "size": "How large: small or large.", "toppings": "What goes on it.",
    }  # fmt: skip


@pytest.mark.parametrize("doc", ["Do it.\n\nParameters\n----------", "Do it.\n\n:param", "Do it.\n\n---\n:param: x"])
def test_half_of_a_style_is_nothing(doc: str) -> None:
    """It is text for people."""
    assert read_docstring(doc) == ("Do it.", {})
