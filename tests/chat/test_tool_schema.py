"""Annotations become JSON schemas and readers; those that cannot are refused where the tool is defined."""

from __future__ import annotations

import dataclasses
import datetime
import typing
from collections.abc import Collection, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, Literal, NewType, NotRequired, Optional, Required, TypedDict, Union

import attrs
import pytest

from fsm_agents.chat import FunctionTool, ToolArgumentError, function_tool

if typing.TYPE_CHECKING:
    from decimal import Decimal


class Size(Enum):
    """By its values: they are text."""

    SMALL = "small"
    LARGE = "large"


class Level(IntEnum):
    """By its names: numbers would tell a model nothing."""

    LOW = 1
    HIGH = 2


class Colour(StrEnum):
    """Text that is an Enum."""

    RED = "red"


class Nothing(Enum):
    """No members."""


@attrs.frozen
class Topping:
    """An attrs class."""

    name: Annotated[str, "what it is called"]
    _grams: int = attrs.field(default=10, validator=attrs.validators.ge(1))
    made: str = attrs.field(default="", init=False)


@dataclasses.dataclass
class Pizza:
    """A dataclass, with attrs classes in it."""

    size: Size
    toppings: list[Topping] = dataclasses.field(default_factory=list)
    note: str = ""
    price: float = dataclasses.field(default=0.0, init=False)


@attrs.frozen(unsafe_hash=False)
class Empty:
    """No fields at all."""


class Base(TypedDict, total=False):
    """Optional keys."""

    street: Required[str]
    floor: int


class Address(Base):
    """Some more."""

    town: str
    code: NotRequired[str]


@attrs.frozen
class Tree:
    """Contains itself."""

    left: Tree | None


@attrs.define
class Unnamed:
    """A field without an annotation."""

    x = attrs.field()  # type: ignore[var-annotated]  # pyright: ignore[reportGeneralTypeIssues]


@dataclasses.dataclass
class Hidden:
    """A field whose type is not there at run time."""

    price: Decimal


class Point(typing.NamedTuple):
    """A tuple with names."""

    x: int
    y: int = 0


@attrs.define(init=False)
class OwnWay:
    """Made from something else than its fields."""

    x: int

    def __init__(self, text: str) -> None:
        self.x = int(text)


@dataclasses.dataclass
class Half:
    """Asks for more than its fields."""

    x: int
    y: dataclasses.InitVar[int]


@attrs.frozen
class Failing:
    """Raises what it likes."""

    why: str

    def __attrs_post_init__(self) -> None:
        """Raise it."""
        raise {
            "value": ValueError("choose\n" + "x" * 500),
            "bare": ValueError(),
            "type": TypeError("hunter2"),
            "key": KeyError("k"),
        }[self.why]


Kilometres = NewType("Kilometres", float)


def tool_for(annotation: Any) -> FunctionTool:
    """A tool with one parameter ``x`` of this type."""

    def take(x: Any) -> Any:
        return x

    take.__annotations__["x"] = annotation
    return function_tool(take)


def read(annotation: Any, json_text: str) -> Any:
    """What the reader makes of a value."""
    return tool_for(annotation).parse(f'{{"x": {json_text}}}')["x"]


def complaint(annotation: Any, json_text: str) -> str:
    """What the model is told of a wrong value."""
    with pytest.raises(ToolArgumentError) as caught:
        read(annotation, json_text)
    return "\n".join(caught.value.problems)


STRING, INTEGER, NUMBER, NULL = ({"type": name} for name in ("string", "integer", "number", "null"))
TOPPING = {
    "type": "object",
    "properties": {"name": {"type": "string", "description": "what it is called"}, "grams": INTEGER},
    "required": ["name"],
    "additionalProperties": False,
}
SIZE = {"type": "string", "enum": ["small", "large"]}


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (str, STRING),
        (int, INTEGER),
        (float, NUMBER),
        (bool, {"type": "boolean"}),
        (None, NULL),
        (Any, {}),
        (object, {}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal[1, 2], {"type": "integer", "enum": [1, 2]}),
        (Literal["a", 1, True, None], {"enum": ["a", 1, True, None]}),  # noqa: PYI061 - users write it
        (Literal[Size.SMALL, Level.LOW], {"type": "string", "enum": ["small", "LOW"]}),
        (Size, SIZE),
        (Level, {"type": "string", "enum": ["LOW", "HIGH"]}),
        (Colour, {"type": "string", "enum": ["red"]}),
        (list[int], {"type": "array", "items": INTEGER}),
        (list, {"type": "array", "items": {}}),
        (typing.List[int], {"type": "array", "items": INTEGER}),  # noqa: UP006 - users write it
        (Sequence[int], {"type": "array", "items": INTEGER}),
        (Iterable[int], {"type": "array", "items": INTEGER}),
        (Collection[int], {"type": "array", "items": INTEGER}),
        (MutableSequence[int], {"type": "array", "items": INTEGER}),
        (MutableMapping[str, int], {"type": "object", "additionalProperties": INTEGER}),
        (
            Point,
            {"type": "object", "properties": {"x": INTEGER, "y": INTEGER}, "required": ["x"], "additionalProperties": False},
        ),
        (set[int], {"type": "array", "items": INTEGER, "uniqueItems": True}),
        (frozenset[Size], {"type": "array", "items": SIZE, "uniqueItems": True}),
        (tuple, {"type": "array", "items": {}}),
        (tuple[int, ...], {"type": "array", "items": INTEGER}),
        (tuple[int, str], {"type": "array", "prefixItems": [INTEGER, STRING], "minItems": 2, "maxItems": 2}),
        (dict, {"type": "object", "additionalProperties": {}}),
        (dict[str, int], {"type": "object", "additionalProperties": INTEGER}),
        (Mapping[str, Any], {"type": "object", "additionalProperties": {}}),
        (int | None, {"anyOf": [INTEGER, NULL]}),
        (Optional[int], {"anyOf": [INTEGER, NULL]}),  # noqa: UP045 - users write it
        (Union[int, str], {"anyOf": [INTEGER, STRING]}),  # noqa: UP007 - users write it
        (Annotated[int, "how many"], {"type": "integer", "description": "how many"}),
        (Annotated[int, object(), "how many"], {"type": "integer", "description": "how many"}),
        (Annotated[int, 5], INTEGER),
        (datetime.date, {"type": "string", "format": "date"}),
        (datetime.time, {"type": "string", "format": "time"}),
        (datetime.datetime, {"type": "string", "format": "date-time"}),
        (Kilometres, NUMBER),
        (Topping, TOPPING),
        (
            Pizza,
            {
                "type": "object",
                "properties": {"size": SIZE, "toppings": {"type": "array", "items": TOPPING}, "note": STRING},
                "required": ["size"],
                "additionalProperties": False,
            },
        ),
        (
            Address,
            {
                "type": "object",
                "properties": {"street": STRING, "floor": INTEGER, "town": STRING, "code": STRING},
                "required": ["street", "town"],
                "additionalProperties": False,
            },
        ),
        (Empty, {"type": "object", "properties": {}, "required": [], "additionalProperties": False}),
    ],
)
def test_a_type_is_described_to_the_model(annotation: Any, schema: dict[str, Any]) -> None:
    """Each type that is promised."""
    assert tool_for(annotation).parameters == {
        "type": "object",
        "properties": {"x": schema},
        "required": ["x"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("annotation", "json_text", "value"),
    [
        (str, '"3"', "3"),
        (int, "3", 3),
        (int, "3.0", 3),
        (float, "3", 3.0),
        (bool, "true", True),
        (None, "null", None),
        (Any, '[{"a": null}]', [{"a": None}]),
        (Literal["a", 1, None], "null", None),  # noqa: PYI061 - users write it
        (Literal[1, True], "true", True),
        (Literal[Size.SMALL], '"small"', Size.SMALL),
        (Size, '"large"', Size.LARGE),
        (Level, '"HIGH"', Level.HIGH),
        (Colour, '"red"', Colour.RED),
        (list[float], "[1, 2.5]", [1.0, 2.5]),
        (Sequence[int], "[1]", [1]),
        (Iterable[int], "[1]", [1]),
        (Point, '{"x": 1}', Point(1)),
        (set[int], "[1, 1, 2]", {1, 2}),
        (frozenset[int], "[1]", frozenset({1})),
        (tuple[int, ...], "[1, 2]", (1, 2)),
        (tuple[int, str], '[1, "a"]', (1, "a")),
        (set[tuple[int, str]], '[[1, "a"]]', {(1, "a")}),
        (set[Topping], '[{"name": "ham"}]', {Topping("ham")}),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (int | None, "null", None),
        (int | str, '"1"', "1"),
        (datetime.date | str, '"2026-11-23"', datetime.date(2026, 11, 23)),
        (datetime.date | str, '"tomorrow"', "tomorrow"),
        (datetime.time, '"18:30"', datetime.time(18, 30)),
        (datetime.datetime, '"2026-11-23T18:30:00Z"', datetime.datetime(2026, 11, 23, 18, 30, tzinfo=datetime.UTC)),
        (Topping, '{"name": "ham", "grams": 5}', Topping("ham", 5)),
        (Pizza, '{"size": "small", "toppings": [{"name": "ham"}], "note": null}', Pizza(Size.SMALL, [Topping("ham")])),
        (Address, '{"street": "High St", "town": "X", "code": "1"}', {"street": "High St", "town": "X", "code": "1"}),
        (Empty, "{}", Empty()),
    ],
)
def test_a_fitting_value_is_converted(annotation: Any, json_text: str, value: object) -> None:
    """To the very type that was asked for."""
    got = read(annotation, json_text)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("annotation", "json_text", "says"),
    [
        (str, "3", "x must be text, not 3"),
        (int, '"3"', 'x must be an integer, not "3"'),
        (int, "3.5", "x must be an integer, not 3.5"),
        (int, "true", "x must be an integer, not true"),
        (float, "false", "x must be a number, not false"),
        (float, "1e999", "x must be a number, not Infinity"),
        (float, "1" * 400, "x must be a number, not 1111111111111111111111111111111111111111…"),
        (bool, "1", "x must be true or false, not 1"),
        (None, "{}", "x must be null, not an object"),
        (Literal[1], "true", "x must be one of 1, not true"),
        (Size, '"SMALL"', 'x must be one of "small", "large", not "SMALL"'),
        (Size, "[1, 2]", 'x must be one of "small", "large", not a list of 2'),
        (list[int], '[1, "a", null]', 'x[1] must be an integer, not "a"\nx[2] must be an integer, not null'),
        (list[int], "{}", "x must be a list, not an object"),
        (tuple[int, str], "[1]", "x must be a list of 2: an integer, text, not a list of 1"),
        (tuple[int, str], '["a", "b"]', 'x[0] must be an integer, not "a"'),
        (dict[str, int], '{"a": "b"}', 'x.a must be an integer, not "b"'),
        (dict[str, int], "[]", "x must be an object, not a list of 0"),
        (int | None, '"a"', 'x must be an integer or null, not "a"'),
        (list[int] | None, '["a"]', 'x[0] must be an integer, not "a"'),
        (list[int] | list[str], "[null]", "x must be a list or a list, not a list of 1"),
        (datetime.date, '"23.11."', 'x must be a date like "2026-11-23", not "23.11."'),
        (datetime.time, "18", 'x must be a time like "18:30", not 18'),
        (Topping, '"ham"', 'x must be an object with name, grams, not "ham"'),
        (Empty, "0", "x must be an object with nothing in it, not 0"),
        (Topping, '{"name": "ham", "grams": 0}', "x: 'grams' must be >= 1: 0"),
        (Failing, '{"why": "value"}', "x: choose\n" + "x" * 193),
        (Failing, '{"why": "bare"}', "x: it was not accepted"),
        (Failing, '{"why": "type"}', "x: these values together were not accepted"),
        (Failing, '{"why": "key"}', "x: these values together were not accepted"),
        (
            Topping,
            '{"nam": "ham", "grams": "a"}',
            "x.nam is not known; did you mean 'name'?\nx.name is missing; give text\nx.grams must be an integer, not \"a\"",
        ),
        (Pizza, '{"size": "large", "toppings": [{}]}', "x.toppings[0].name is missing; give text"),
        (str, "[" + "0," * 50 + "0]", "x must be text, not a list of 51"),
        (int, '"' + "a" * 100 + '"', 'x must be an integer, not "' + "a" * 39 + "…"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_what_it_must_be(annotation: Any, json_text: str, says: str) -> None:
    """Its place, what fits there, and what was sent, in the words of JSON; all problems at once, and short."""
    got = complaint(annotation, json_text)
    assert got.replace("'_grams'", "'grams'").split(" (")[0].partition("', Attribute")[0] == says


@pytest.mark.parametrize(
    ("annotation", "json_text"),
    [
        (list[int], '["a",' + '"a",' * 100_000 + '"a"]'),
        (dict[str, int], "{" + ",".join(f'"{n}": ""' for n in range(50_000)) + "}"),
    ],
)
def test_a_hostile_value_is_not_read_to_its_end(annotation: Any, json_text: str) -> None:
    """Twenty problems are enough to know."""
    assert len(complaint(annotation, json_text).splitlines()) == 20
