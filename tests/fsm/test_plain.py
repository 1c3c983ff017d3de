"""Events and effects compare and print by their fields, as classes of attrs do that write it themselves."""

from __future__ import annotations

import attrs
import pytest

from fsm_agents.fsm.plain import Plain


@attrs.frozen(eq=False, repr=False)
class Moved(Plain):
    """One."""

    place: str
    far: bool = False
    secret: str = attrs.field(default="", repr=False)


@attrs.frozen(eq=False, repr=False)
class Shifted(Plain):
    """Another with the same fields."""

    place: str
    far: bool = False
    secret: str = attrs.field(default="", repr=False)


@attrs.frozen(eq=False, repr=False)
class Stopped(Plain):
    """One without fields."""


def test_equal_fields_are_equal_values_and_one_key() -> None:
    assert Moved("there") == Moved("there", far=False)
    assert {Moved("there"), Moved("there"), Stopped(), Stopped()} == {Moved("there"), Stopped()}


@pytest.mark.parametrize("other", [Moved("here"), Moved("there", far=True), Shifted("there"), Stopped(), "there", None])
def test_another_field_or_another_class_is_another_value(other: object) -> None:
    assert Moved("there") != other
    assert hash(Moved("there")) != hash(other)


def test_it_prints_as_it_would_be_written() -> None:
    assert repr(Moved("there", secret="word")) == "Moved(place='there', far=False)"
    assert repr(Stopped()) == "Stopped()"


def test_it_cannot_be_changed_and_has_no_dict() -> None:
    moved = Moved("there")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        moved.place = "here"  # type: ignore[misc]
    assert not hasattr(moved, "__dict__")
    assert attrs.evolve(moved, far=True) == Moved("there", far=True)
