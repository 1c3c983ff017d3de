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
