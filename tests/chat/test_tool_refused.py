"""Types that no model can fill in are refused where the tool is defined, with the parameter's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from fsm_agents.errors import MisuseError
from tests.chat.test_tool_schema import TOPPING, Half, Hidden, Nothing, OwnWay, Topping, Tree, Unnamed, read, tool_for


@pytest.mark.parametrize(
    ("annotation", "says"),
    [
        (complex, "the type complex cannot be described to a model; use str, int"),
        (bytes, "the type bytes cannot"),
        (5, "the type 5 cannot"),
        (Callable[[int], str], r"the type collections\.abc\.Callable"),
        (list[complex], "the type complex"),
        (type[int], r"the type type\[int\]"),
        (Literal[b"a"], "b'a' in a Literal cannot be written in JSON"),
        (dict[int, str], r"use dict\[str, …\], not int"),
        (set[list[int]], "members of a set must be hashable, and a list is not; use a list"),
        (set[int | dict[str, int]], "must be hashable"),
        (set, "must be hashable, and anything is not"),
        (Tree, "Tree contains itself"),
        (OwnWay, "OwnWay cannot be made from its fields alone: its constructor does not take 'x'"),
        (Half, "Half cannot be made from its fields alone: its constructor also asks for 'y'"),
        (Nothing, "the Enum Nothing has no members"),
        (Unnamed, "the field 'x' of Unnamed has no annotation"),
        (Hidden, r"name 'Decimal' is not defined.*not only under TYPE_CHECKING"),
        ("Decimal", "name 'Decimal' is not defined"),
        ("datetime.dates", "no attribute 'dates'"),
        ("int +", "cannot be understood"),
        ("int | 'str'", "cannot be understood"),
    ],
)
def test_a_type_that_no_model_can_fill_in_is_refused_at_once(annotation: Any, says: str) -> None:
    """When the tool is defined; the message names tool and parameter."""
    with pytest.raises(MisuseError, match=says) as caught:
        tool_for(annotation)
    assert str(caught.value).startswith("take: parameter 'x': ")


def test_a_class_that_stands_in_two_places_does_not_contain_itself() -> None:
    """Only nesting is a circle."""
    assert tool_for(tuple[Topping, Topping]).parameters["properties"]["x"]["prefixItems"] == [TOPPING, TOPPING]


def test_an_alias_is_what_it_stands_for() -> None:
    """The `type X = …` of Python 3.12, by its one visible trait; a circle through it is found."""

    class Alias:
        __value__: Any = list[int]

    assert read(Alias(), "[1]") == [1]
    circle = Alias()
    circle.__value__ = list[circle]  # type: ignore[valid-type]
    with pytest.raises(MisuseError, match="contains itself"):
        tool_for(circle)
