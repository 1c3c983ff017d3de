"""From type annotations to shapes: which Python types a model can fill in, and how.

This file looks at types; it calls nothing of the user's and knows no tools. What it takes:

    str int float bool None Any        themselves; a whole number is fine for a float, 3.0 for an int; never "3" for 3
    Literal[...], Enum                 one of; an Enum by its values if they are all text, else by its names
    list tuple set frozenset           arrays; so are Sequence, Iterable and Collection, read as lists
    dict[str, X] Mapping[str, X]       objects with any keys
    X | Y, Optional[X]                 the first that fits
    Annotated[X, "text"]               X with a description
    attrs, dataclass, TypedDict        objects with exactly these keys; so is a NamedTuple
    date, time, datetime               text in ISO 8601
    NewType, `type X = …`              what they stand for
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

import attrs

from fsm_agents.chat.shapes import ANYTHING, SCALARS, Field, Shape, array, described, fixed_array, mapping, one_of, record, union
from fsm_agents.errors import MisuseError

__all__ = ["Annotations"]


@attrs.frozen
class Annotations:
    """Reads the annotations of one parameter.

    Args:
        where: What is annotated, for messages: "order_pizza: parameter 'size'".
        names: Called when a name in an annotation is not known where the annotated thing is defined; gives the names that are
            visible at the decorator (classes that are defined in a function or in a class body).
        inside: The types whose fields are being read, to find those that contain themselves.
    """

    where: str
    names: Callable[[], Mapping[str, Any]]
    inside: tuple[Any, ...] = ()

    def resolve(self, annotation: Any, function: Callable[..., Any]) -> Any:
        """The type that an annotation of ``function`` means, which may be written as text.

        Raises:
            MisuseError: A name in it is not known, or the text is no annotation.
        """

        def holder() -> None: ...

        holder.__annotations__ = {"it": annotation}
        return self._hints(holder, function.__globals__)["it"]

    def shape(self, annotation: Any) -> Shape:
        """The shape of a type.

        Raises:
            MisuseError: There is no JSON for it.
        """
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            text = [note for note in args[1:] if isinstance(note, str)]
            return described(self.shape(args[0]), text[0]) if text else self.shape(args[0])
        if origin in (Union, UnionType):
            return union([self.shape(arg) for arg in args])
        if origin is Literal:
            return one_of([(self._literal(arg), arg) for arg in args])
        for kind, scalar in SCALARS.items():
            if annotation is kind:
                return scalar
        if annotation is Any or annotation is object:
            return ANYTHING
        shape = self._container(origin or annotation, args) or self._named(annotation)
        if shape is None:
            raise MisuseError(
                f"{self.where}: the type {_name(annotation)} cannot be described to a model; use str, int, float, bool, None, "
                "Literal, an Enum, list, tuple, set, dict[str, …], a union of these, date, time, datetime, an attrs class, a "
                "dataclass, a TypedDict or a NamedTuple"
            )
        return shape

    def _container(self, kind: Any, args: tuple[Any, ...]) -> Shape | None:
        if kind in (dict, Mapping, MutableMapping):
            if args and args[0] is not str:
                raise MisuseError(
                    f"{self.where}: the keys of a JSON object are text; use dict[str, …], not {_name(args[0])} for the keys"
                )
            return mapping(self.shape(args[1]) if args else ANYTHING)
        if kind is tuple and args and args[-1] is not Ellipsis:
            return fixed_array([self.shape(arg) for arg in args])
        lists = (list, Sequence, MutableSequence, Iterable, Collection)
        item = self.shape(args[0]) if args and kind in (*lists, tuple, set, frozenset) else ANYTHING
        if kind in lists:
            return array(item, list)
        if kind is tuple:
            return array(item, tuple, hashable=item.hashable)
        if kind is set or kind is frozenset:
            if not item.hashable:
                raise MisuseError(f"{self.where}: the members of a set must be hashable, and {item.label} is not; use a list")
            return array(item, kind, unique=True, hashable=kind is frozenset)
        return None

    def _named(self, kind: Any) -> Shape | None:
        """The shape of a class or of an alias."""
        if any(kind is outer for outer in self.inside):
            raise MisuseError(
                f"{self.where}: {_name(kind)} contains itself, and what a model fills in cannot; use a list, or text"
            )
        deeper = attrs.evolve(self, inside=(*self.inside, kind))
        meant = getattr(kind, "__supertype__", None) or getattr(kind, "__value__", None)
        if meant is not None:
            return deeper.shape(meant)
        if not isinstance(kind, type):
            return None
        if issubclass(kind, Enum):
            if not len(kind):
                raise MisuseError(f"{self.where}: the Enum {_name(kind)} has no members to choose from; give it some")
            return one_of([(self._literal(member), member) for member in kind])
        fields = deeper._fields(kind)
        if fields is None:
            return None
        return record(kind, fields, hashable=kind.__hash__ is not None)

    def _fields(self, kind: type) -> dict[str, Field] | None:
        """The fields of an attrs class, dataclass or TypedDict, by the names its constructor takes."""
        taken = _constructor(kind)
        if taken is None:
            return None
        self._check_constructor(kind, [alias for alias, _ in taken.values()])
        hints = self._hints(kind, None)
        fields = {}
        for name, (alias, required) in taken.items():
            if name not in hints:
                raise MisuseError(f"{self.where}: the field {name!r} of {_name(kind)} has no annotation; say what it is")
            hint = hints[name]
            if get_origin(hint) in (Required, NotRequired):
                # Said here only: where annotations are text, the class itself overlooks it.
                fields[alias] = Field(self.shape(get_args(hint)[0]), get_origin(hint) is Required)
            else:
                fields[alias] = Field(self.shape(hint), required)
        return fields

    def _check_constructor(self, kind: type, names: list[str]) -> None:
        """Refuse a class that cannot be made from its fields alone: every call of the tool would fail."""
        if issubclass(kind, dict):
            return
        parameters = inspect.signature(kind).parameters.values()
        open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        by_name = {
            parameter.name: parameter
            for parameter in parameters
            if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        }
        unknown = [] if open_ended else [name for name in names if name not in by_name]
        extra = [name for name, parameter in by_name.items() if parameter.default is parameter.empty and name not in names]
        if unknown or extra:
            raise MisuseError(
                f"{self.where}: {_name(kind)} cannot be made from its fields alone: its constructor "
                + (f"does not take {unknown[0]!r}" if unknown else f"also asks for {extra[0]!r}")
                + "; use a class without a constructor of its own"
            )

    def _literal(self, value: Any) -> str | int | bool | None:
        """How a member of a Literal or an Enum is written in JSON."""
        if isinstance(value, Enum):
            texts = all(isinstance(member.value, str) for member in type(value))
            return str(value.value) if texts else value.name
        if value is None or isinstance(value, str | int):
            return value
        raise MisuseError(
            f"{self.where}: {value!r} in a Literal cannot be written in JSON; use text, whole numbers, True, False or None"
        )

    def _hints(self, thing: Any, namespace: dict[str, Any] | None) -> dict[str, Any]:
        try:
            try:
                return get_type_hints(thing, namespace, include_extras=True)
            except NameError:
                return get_type_hints(thing, namespace, dict(self.names()), include_extras=True)
        except (NameError, AttributeError, SyntaxError, TypeError) as error:
            raise MisuseError(
                f"{self.where}: the annotation cannot be understood ({error}); what it names must be imported where the tool is "
                "defined, and not only under TYPE_CHECKING"
            ) from error


def _name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")


def _constructor(kind: type) -> dict[str, tuple[str, bool]] | None:
    """What a class of records takes: its fields, each with its name as an argument and whether it is required."""
    if attrs.has(kind):
        return {
            field.name: (field.alias or field.name, field.default is attrs.NOTHING) for field in attrs.fields(kind) if field.init
        }
    if dataclasses.is_dataclass(kind):
        nothing = dataclasses.MISSING
        return {
            field.name: (field.name, field.default is nothing and field.default_factory is nothing)
            for field in dataclasses.fields(kind)
            if field.init
        }
    if issubclass(kind, tuple) and hasattr(kind, "_field_defaults"):
        defaults: dict[str, Any] = getattr(kind, "_field_defaults")  # noqa: B009 - only a NamedTuple has it
        return {name: (name, name not in defaults) for name in kind.__annotations__}
    if issubclass(kind, dict) and hasattr(kind, "__total__"):
        always: frozenset[str] = getattr(kind, "__required_keys__", frozenset())
        return {name: (name, name in always) for name in kind.__annotations__}
    return None
