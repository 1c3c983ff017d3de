"""Functions and methods become tools: what the model is told, how arguments are parsed, and that a function stays one."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from enum import Enum
from functools import partial, wraps
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import pytest

from fsm_agents.chat import FunctionTool, ToolArgumentError, ToolContext, function_tool
from fsm_agents.errors import MisuseError

if TYPE_CHECKING:
    from decimal import Decimal

pytestmark = pytest.mark.anyio


@function_tool
def add(a: int, b: int = 2) -> Decimal:
    """Add two numbers.

    Slowly.

    Args:
        a: The first.
        b: The second.
    """
    return a + b  # type: ignore[return-value]


class Kitchen:
    """Something with tools."""

    class Oven(Enum):
        """A class in a class, which annotations that are text do not see from the module."""

        STONE = "stone"

    borrowed = add

    def __init__(self, name: str) -> None:
        self.name = name

    @function_tool
    async def bake(self, oven: Oven = Oven.STONE) -> str:
        """Bake it."""
        return f"{self.name}: {oven.value}"

    @function_tool(name="close-kitchen", description="Shut it.", timeout=2.5)
    def close(self) -> str:
        """Not this text."""
        return f"{self.name} closed"

    @staticmethod
    @function_tool
    def price(size: int) -> int:
        """Tell the price."""
        return size * 2

    @function_tool
    @staticmethod
    def weight(size: int) -> int:
        """Tell the weight."""
        return size * 3


class Bistro(Kitchen):
    """Overrides a tool."""

    @function_tool
    async def bake(self) -> str:
        """Fry it."""
        return "fried"


def test_a_function_becomes_a_tool_by_its_signature_and_docstring() -> None:
    """Name, description, parameters with theirs; a default makes a parameter optional, and is told."""
    assert isinstance(add, FunctionTool)
    assert (add.name, add.description, add.is_async, add.timeout, add.context_parameter) == (
        "add",
        "Add two numbers.",
        False,
        None,
        None,
    )
    assert add.parameters == {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "description": "The first."},
            "b": {"type": "integer", "description": "The second.", "default": 2},
        },
        "required": ["a"],
        "additionalProperties": False,
    }


def test_a_tool_stays_callable() -> None:
    """As if it were not decorated; and its signature can be read."""
    assert add(1, b=3) == 4
    assert add.call(1) == 3
    assert list(inspect.signature(add).parameters) == ["a", "b"]


def test_a_tool_that_stands_in_a_class_but_is_no_method_is_not_bound() -> None:
    """It takes no self."""
    assert Kitchen("A").borrowed is add


async def test_a_method_is_bound_through_its_instance() -> None:
    """Each to its own; the model is not told of self."""
    a, b = Kitchen("A"), Kitchen("B")
    assert a.bake.is_async
    assert a.bake.parameters["properties"] == {"oven": {"type": "string", "enum": ["stone"]}}
    assert await a.bake(**a.bake.parse('{"oven": "stone"}')) == "A: stone"
    assert await b.bake() == "B: stone"
    assert await b.bake.call() == "B: stone"
    assert list(inspect.signature(a.bake).parameters) == ["oven"]


async def test_a_method_through_its_class_takes_the_instance() -> None:
    """As methods do; and an override is the one that counts."""
    assert await Kitchen.bake(Kitchen("A")) == "A: stone"
    assert await Bistro("B").bake() == "fried"
    assert Bistro("B").close() == "B closed"
    tools = [name for name, _ in inspect.getmembers(Bistro("B"), lambda member: isinstance(member, FunctionTool))]
    assert tools == ["bake", "borrowed", "close", "price", "weight"]


def test_static_methods_in_either_order() -> None:
    """They have no self to take away."""
    kitchen = Kitchen("A")
    assert kitchen.price(**kitchen.price.parse('{"size": 2}')) == 4
    assert kitchen.weight(**kitchen.weight.parse('{"size": 2}')) == 6


def test_a_bound_method_can_be_made_a_tool() -> None:
    """Of an object that knows nothing of tools."""

    class Plain:
        def double(self, n: int) -> int:
            return 2 * n

    tool = function_tool(Plain().double)
    assert tool(**tool.parse('{"n": 4}')) == 8


def test_two_bindings_to_one_instance_are_the_same_tool() -> None:
    """As for methods; it lets a list of tools be searched."""
    a, b = Kitchen("A"), Kitchen("B")
    assert a.bake == a.bake
    assert a.bake != b.bake
    assert len({a.bake, a.bake, b.bake}) == 2
    assert a.bake != "bake"


def test_what_is_given_wins_over_what_is_found() -> None:
    """Name, description, timeout."""
    tool = Kitchen("A").close
    assert (tool.name, tool.description, tool.timeout) == ("close-kitchen", "Shut it.", 2.5)
    assert function_tool(description="")(add.call).description == ""


def test_the_annotation_wins_over_the_docstring() -> None:
    """It stands nearer to the parameter."""

    @function_tool
    def look(at: Annotated[str, "from the annotation"], by: str) -> None:
        """Look.

        Args:
            at: from the docstring
            by: from the docstring
        """

    properties = look.parameters["properties"]
    assert [properties[name]["description"] for name in ("at", "by")] == ["from the annotation", "from the docstring"]


def test_defaults_that_are_no_plain_json_are_not_told() -> None:
    """They are the function's own business."""

    @function_tool
    def look(
        a: str | None = None, b: float = float("inf"), c: Kitchen.Oven = Kitchen.Oven.STONE, d: float = 0.5, *, e: bool = False
    ) -> None: ...

    assert {name: schema["default"] for name, schema in look.parameters["properties"].items() if "default" in schema} == {
        "d": 0.5,
        "e": False,
    }
    assert look.parameters["required"] == []


def test_the_context_is_hidden_from_the_model() -> None:
    """And named for whoever fills it in."""

    @function_tool
    def order(size: str, ctx: ToolContext) -> str:
        return size + ctx.call_id

    @function_tool
    def ask(size: str, where: ToolContext | None = None) -> str:
        return size + str(where)

    assert order.context_parameter == "ctx"
    assert list(order.parameters["properties"]) == ["size"]
    assert order(**order.parse('{"size": "x"}'), ctx=ToolContext("1", None, None)) == "x1"
    assert ask.context_parameter == "where"
    assert list(ask.parameters["properties"]) == ["size"]
    with pytest.raises(ToolArgumentError, match="ctx is not known"):
        order.parse('{"size": "x", "ctx": {}}')


def test_classes_of_the_function_around_are_found() -> None:
    """Annotations are text here, and these names are in no module; the class body sees the function around it."""

    @attrs.frozen
    class Item:
        name: str

    class Shop:
        @attrs.frozen
        class Bag:
            item: Item

        @function_tool(timeout=1)
        def sell(self, item: Item, bag: Bag) -> str:
            return item.name + bag.item.name

    @function_tool
    def buy(item: Item) -> str:
        return item.name

    assert buy(**buy.parse('{"item": {"name": "a"}}')) == "a"
    sell = Shop().sell
    assert sell(**sell.parse('{"item": {"name": "a"}, "bag": {"item": {"name": "b"}}}')) == "ab"


def test_a_wrapped_function_is_described_by_what_it_wraps() -> None:
    """A decorator of the user's in between."""

    def louder(function: Any) -> Any:
        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs) + "!"

        return wrapper

    @function_tool
    @louder
    def greet(name: str) -> str:
        return "Hi " + name

    assert greet(**greet.parse('{"name": "Ann"}')) == "Hi Ann!"


@pytest.mark.parametrize("text", ["", "  ", "{}", " {} \n"])
def test_no_arguments_are_no_arguments(text: str) -> None:
    """Models send empty text for tools without parameters."""
    assert Kitchen("A").close.parse(text) == {}


def test_null_for_what_has_a_default_is_not_given() -> None:
    """Models write null instead of leaving it out; where null is a value it is passed."""

    @function_tool
    def look(a: int = 1, b: int | None = 2) -> tuple[int, int | None]:
        return a, b

    assert look(**look.parse('{"a": null, "b": null}')) == (1, None)


def test_every_problem_is_named_at_once() -> None:
    """So that the model corrects all of them in one go."""
    with pytest.raises(ToolArgumentError) as caught:
        add.parse('{"aa": 1, "b": "two"}')
    assert caught.value.tool == "add"
    assert str(caught.value) == (
        "add was not run, its arguments are wrong:\n"
        "- aa is not known; did you mean 'a'?\n"
        "- a is missing; give an integer\n"
        '- b must be an integer, not "two"\n'
        "Correct this and call add again."
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1', "not valid JSON: Expecting"),
        ("a=1", "not valid JSON"),
        ('{"a": NaN}', "NaN is not a number in JSON"),
        ('{"a": -Infinity}', "-Infinity is not a number"),
        ('{"a": ' + "[" * 100_000, "not valid JSON"),
        ('{"a": ' + "1" * 5000 + "}", "not valid JSON"),
        ("[1]", "must be a JSON object, not list"),
        ("null", "must be a JSON object, not NoneType"),
    ],
)
def test_what_is_no_json_object_is_refused(text: str, says: str) -> None:
    """Broken, nested without end, or something else."""
    with pytest.raises(ToolArgumentError, match=says):
        add.parse(text)


def test_a_thousand_problems_are_told_shortly() -> None:
    """The answer to a hostile call is not as long as the call."""
    text = "{" + ",".join(f'"{"k" * 1000}{n}": 1' for n in range(1000)) + "}"
    with pytest.raises(ToolArgumentError, match="and 1 more") as caught:
        add.parse(text)
    assert len(str(caught.value)) < 2500


def test_a_tool_described_elsewhere_takes_any_object() -> None:
    """A server's own schema: the server checks."""
    tool = FunctionTool(name="far", description="Far away.", parameters={"type": "object"}, call=lambda **given: given)
    assert tool(**tool.parse('{"a": [1]}')) == {"a": [1]}
    assert not tool.is_async


def _yields() -> Iterator[int]:
    yield 1


async def _yields_async() -> AsyncIterator[int]:
    yield 1


def _no_annotation(a: int, b) -> None: ...  # type: ignore[no-untyped-def]


def _many(*numbers: int) -> None: ...


def _any(**numbers: int) -> None: ...


def _by_place(a: int, /) -> None: ...


def _two_contexts(a: ToolContext, b: ToolContext) -> None: ...


def _takes_self(self, a: int) -> None: ...  # type: ignore[no-untyped-def]


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (_no_annotation, "_no_annotation: parameter 'b' has no annotation; say what it is, for example b: str"),
        (_takes_self, "parameter 'self' has no annotation"),
        (_many, r"parameter '\*numbers: .int.' cannot be given by name"),
        (_any, r"parameter '\*\*numbers: .int.' cannot be given by name"),
        (_by_place, "cannot be given by name"),
        (_two_contexts, "'a' and 'b' are both a ToolContext"),
        (_yields, "it yields; return one result"),
        (_yields_async, "it yields; return one result"),
        (partial(add.call, 1), "it is a partial; decorate a function"),
        (classmethod(add.call), "it is a classmethod; decorate a function or a plain method"),
        (int, "it is a type"),
        (5, "it is a int"),
        (lambda: 1, "'<lambda>' cannot be a tool's name"),
    ],
)
def test_what_cannot_be_a_tool_is_refused_where_it_is_defined(function: Any, says: str) -> None:
    """The message names the function, the parameter, and what to do."""
    with pytest.raises(MisuseError, match=says):
        function_tool(function)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "größe"])
def test_a_name_that_providers_refuse_is_refused_at_once(name: str) -> None:
    """And not in the middle of a call."""
    with pytest.raises(MisuseError, match="1 to 64 letters"):
        FunctionTool(name=name, description="", parameters={}, call=add.call)


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_a_timeout_is_some_seconds(timeout: float) -> None:
    """None is the way to say nothing about it."""
    with pytest.raises(MisuseError, match="seconds above 0, or None"):
        function_tool(timeout=timeout)(add.call)


def test_a_method_without_any_parameter_is_no_method() -> None:
    """A mistake in a class body, which Python itself reports when it is called."""

    class Odd:
        @function_tool
        def nothing() -> int:
            return 1

    assert Odd().nothing() == 1
