"""Results of tools as text: whatever is returned, a model can be sent it, and it is not longer than told."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections import OrderedDict
from enum import Enum
from types import MappingProxyType
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.chat.result import fitted, result_text


class Size(Enum):
    """By its values."""

    LARGE = "large"


@attrs.frozen
class Order:
    """An attrs class; what it does not show is not shown."""

    size: Size
    made: datetime.date
    card: str = attrs.field(default="4111", repr=False)


@dataclasses.dataclass
class Basket:
    """A dataclass."""

    orders: list[Order]
    code: str = dataclasses.field(default="secret", repr=False)


class Plain:
    """Something that says of itself what it is."""

    def __str__(self) -> str:
        """Say it."""
        return "plain"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is, é", "as it is, é"),
        ("", ""),
        (None, "null"),
        (True, "true"),
        (3.5, "3.5"),
        ([1, "é"], '[1, "é"]'),
        ((1, 2), "[1, 2]"),
        ({"a": {1}}, '{"a": [1]}'),
        (frozenset({"a"}), '["a"]'),
        (Size.LARGE, '"large"'),
        (Order(Size.LARGE, datetime.date(2026, 11, 23)), '{"size": "large", "made": "2026-11-23"}'),
        (Basket([Order(Size.LARGE, datetime.date(2026, 1, 2))]), '{"orders": [{"size": "large", "made": "2026-01-02"}]}'),
        (datetime.datetime(2026, 11, 23, 18, 30, tzinfo=datetime.UTC), '"2026-11-23T18:30:00+00:00"'),
        (datetime.time(18, 30), '"18:30:00"'),
        (b"\x00" * 9, '"<9 bytes>"'),
        (MappingProxyType({"a": 1}), '{"a": 1}'),
        (OrderedDict(b=1, a=2), '{"b": 1, "a": 2}'),
        (Plain(), '"plain"'),
    ],
)
def test_what_is_returned_is_told_as_text_or_json(value: Any, text: str) -> None:
    """Each kind that is promised."""
    assert result_text(value, 1000) == text


def test_what_contains_itself_cannot_be_told() -> None:
    """It is for the caller to say that the tool failed."""
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(ValueError, match="Circular"):
        result_text(circle, 100)


def test_what_is_too_long_says_so_at_its_end() -> None:
    """The model must not take the beginning for all of it; where there is no room for that, it is only cut."""
    assert fitted("x" * 1000, 200).endswith("x … (cut: this is the beginning of 1000 characters)")
    assert fitted("x" * 1000, 5) == "xxxxx"
    assert fitted("x" * 5, 5) == "xxxxx"


@given(st.text(st.characters()), st.integers(1, 300))
def test_any_text_fits_and_can_be_sent(text: str, limit: int) -> None:
    """Halves of surrogate pairs too."""
    got = fitted(text * 20, limit)
    assert len(got) <= limit
    assert got.encode().decode() == got


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON.filter(lambda value: not isinstance(value, str)))
def test_json_comes_back_as_it_was(value: Any) -> None:
    """But for what cannot be encoded."""
    told = json.loads(result_text(value, 10**6))
    assert told == json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
