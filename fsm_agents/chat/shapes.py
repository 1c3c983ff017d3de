"""Shapes: for one kind of value, the JSON schema a model is shown and the reader that checks and converts what it sends.

This file knows plain JSON data and Python values; it knows no annotations (annotations.py finds the shape of one) and no tools.
Both halves of a shape are made in one place, so that what a model is promised is what is checked.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import attrs

from fsm_agents.errors import nearest

__all__ = [
    "ANYTHING",
    "SCALARS",
    "Field",
    "Problems",
    "Shape",
    "array",
    "described",
    "fields_schema",
    "fixed_array",
    "mapping",
    "one_of",
    "read_fields",
    "record",
    "union",
]

Problems = list[str]
"""What is wrong with a value: one line each, beginning with the place ("items[2].size must be …")."""

_Read = Callable[[Any, str, Problems], Any]

_MOST_PROBLEMS = 20  # enough to correct everything a model gets wrong; a hostile list of a million is not read to its end
_LONGEST_REFUSAL = 200  # characters of what a validator says
_LONGEST_QUOTE = 40  # characters of a wrong value that a complaint repeats


@attrs.frozen
class Shape:
    """One kind of value.

    Args:
        schema: Its JSON schema.
        label: What a complaint calls it: "an integer".
        read: ``read(value, where, problems)`` gives the Python value of JSON data, or adds to the problems (what it gives is of
            no use then).
        nullable: Whether ``null`` is such a value.
        hashable: Whether the Python values can be members of a set.
    """

    schema: dict[str, Any]
    label: str
    read: _Read
    nullable: bool = False
    hashable: bool = True


@attrs.frozen
class Field:
    """A named value of a record, or a parameter of a tool; one that is not required has a default elsewhere."""

    shape: Shape
    required: bool


def fields_schema(fields: Mapping[str, Field]) -> dict[str, Any]:
    """The JSON schema of an object with exactly these fields."""
    return {
        "type": "object",
        "properties": {name: field.shape.schema for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.required],
        "additionalProperties": False,
    }


def read_fields(fields: Mapping[str, Field], value: Mapping[str, Any], where: str, problems: Problems) -> dict[str, Any]:
    """The values of an object with exactly these fields; of optional ones only those that are given.

    ``null`` for an optional field that cannot be null counts as not given: models write it in place of leaving a field out.
    """
    prefix = f"{where}." if where else ""
    unknown = [key for key in value if key not in fields]
    problems += [f"{prefix}{key[:_LONGEST_QUOTE]} is not known; {_known(key, fields)}" for key in unknown[:_MOST_PROBLEMS]]
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in value:
            if value[name] is not None or field.required or field.shape.nullable:
                values[name] = field.shape.read(value[name], prefix + name, problems)
        elif field.required:
            problems.append(f"{prefix}{name} is missing; give {field.shape.label}")
    return values


def record(build: Callable[..., Any], fields: Mapping[str, Field], *, hashable: bool) -> Shape:
    """An object with exactly these fields, made by calling ``build`` with them by name.

    What ``build`` refuses with a ``ValueError`` (a validator) becomes a problem in its words: they are written for whoever gives values.
    The words of any other exception are not: of those the model learns only that the object was not accepted.
    """

    def read(value: Any, where: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            return _refuse(shape, value, where, problems)
        before = len(problems)
        values = read_fields(fields, value, where, problems)
        if len(problems) > before:
            return None
        try:
            return build(**values)
        except ValueError as error:
            said = str(error.args[0]) if error.args else "it was not accepted"
            problems.append(f"{where}: {said[:_LONGEST_REFUSAL]}")
        except Exception:  # noqa: BLE001 - a user's class may raise anything, and a model may send anything
            problems.append(f"{where}: these values together were not accepted")
        return None

    shape = Shape(fields_schema(fields), f"an object with {', '.join(fields) or 'nothing in it'}", read, hashable=hashable)
    return shape


def one_of(members: Sequence[tuple[str | int | bool | None, Any]]) -> Shape:
    """One of some scalars, each with the Python value that it stands for."""
    known = {(type(key), key): value for key, value in members}  # with the type: True == 1 in Python, not in JSON
    keys = [key for key, _ in members]

    def read(value: Any, where: str, problems: Problems) -> Any:
        if isinstance(value, list | dict) or (type(value), value) not in known:
            return _refuse(shape, value, where, problems)
        return known[type(value), value]

    schema: dict[str, Any] = {"enum": keys}
    for kind, name in ((str, "string"), (int, "integer")):
        if all(type(key) is kind for key in keys):
            schema = {"type": name, **schema}
    shape = Shape(schema, "one of " + ", ".join(map(_quote, keys)), read, nullable=None in keys)
    return shape


def array(item: Shape, build: Callable[[list[Any]], Any], *, unique: bool = False, hashable: bool = False) -> Shape:
    """A list of any length; ``build`` makes the Python value of it."""

    def read(value: Any, where: str, problems: Problems) -> Any:
        if not isinstance(value, list):
            return _refuse(shape, value, where, problems)
        values = []
        for at, member in enumerate(value):
            values.append(item.read(member, f"{where}[{at}]", problems))
            if len(problems) >= _MOST_PROBLEMS:
                return None
        return None if problems else build(values)

    schema = {"type": "array", "items": item.schema} | ({"uniqueItems": True} if unique else {})
    shape = Shape(schema, "a list", read, hashable=hashable)
    return shape


def fixed_array(items: Sequence[Shape]) -> Shape:
    """A list of exactly these, read as a tuple."""

    def read(value: Any, where: str, problems: Problems) -> Any:
        if not isinstance(value, list) or len(value) != len(items):
            return _refuse(shape, value, where, problems)
        return tuple(
            item.read(member, f"{where}[{at}]", problems) for at, (item, member) in enumerate(zip(items, value, strict=True))
        )

    schema = {
        "type": "array",
        "prefixItems": [item.schema for item in items],
        "minItems": len(items),
        "maxItems": len(items),
    }
    label = f"a list of {len(items)}: {', '.join(item.label for item in items)}"
    shape = Shape(schema, label, read, hashable=all(item.hashable for item in items))
    return shape


def mapping(item: Shape) -> Shape:
    """An object with any keys, each holding the same shape."""

    def read(value: Any, where: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            return _refuse(shape, value, where, problems)
        values = {}
        for key, member in value.items():
            values[key] = item.read(member, f"{where}.{key[:_LONGEST_QUOTE]}", problems)
            if len(problems) >= _MOST_PROBLEMS:
                return None
        return values

    shape = Shape({"type": "object", "additionalProperties": item.schema}, "an object", read, hashable=False)
    return shape


def union(options: Sequence[Shape]) -> Shape:
    """Whichever fits first."""

    def read(value: Any, where: str, problems: Problems) -> Any:
        inner: list[Problems] = []
        for option in options:
            tried: Problems = []
            result = option.read(value, where, tried)
            if not tried:
                return result
            if not tried[0].startswith(f"{where} must be "):
                inner.append(tried)  # the kind of value was right, something in it was not
        if len(inner) != 1:
            return _refuse(shape, value, where, problems)
        problems += inner[0]
        return None

    shape = Shape(
        {"anyOf": [option.schema for option in options]},
        " or ".join(option.label for option in options),
        read,
        nullable=any(option.nullable for option in options),
        hashable=all(option.hashable for option in options),
    )
    return shape


def described(shape: Shape, description: str) -> Shape:
    """The same shape, with a description for the model."""
    return attrs.evolve(shape, schema={**shape.schema, "description": description})


def _refuse(shape: Shape, value: Any, where: str, problems: Problems) -> None:
    problems.append(f"{where} must be {shape.label}, not {_quote(value)}")


def _quote(value: Any) -> str:
    """A value as a complaint repeats it: as in JSON, and short."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    text = json.dumps(value[: _LONGEST_QUOTE + 1] if isinstance(value, str) else value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"


def _known(key: str, fields: Collection[str]) -> str:
    return nearest(key[:_LONGEST_QUOTE], fields)


def _scalar(schema: dict[str, Any], label: str, convert: Callable[[Any], Any], *, nullable: bool = False) -> Shape:
    """A scalar; ``convert`` raises ``ValueError`` for what it is not."""

    def read(value: Any, where: str, problems: Problems) -> Any:
        try:
            return convert(value)
        except ValueError:
            return _refuse(shape, value, where, problems)

    shape = Shape(schema, label, read, nullable=nullable)
    return shape


def _exactly(kind: type) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError
        return value

    return convert


def _integer(value: Any) -> int:
    if type(value) is float and value.is_integer():  # JSON has one kind of number, and some models write 3.0
        return int(value)
    if type(value) is not int:
        raise ValueError
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(number := _float(value)):
        raise ValueError
    return number


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _iso(kind: type[datetime.date | datetime.time]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError  # noqa: TRY004 - every converter says no in the same way
        return kind.fromisoformat(value)

    return convert


ANYTHING = Shape({}, "anything", lambda value, _where, _problems: value, nullable=True, hashable=False)
"""Any JSON data, as it is."""

SCALARS: dict[Any, Shape] = {
    str: _scalar({"type": "string"}, "text", _exactly(str)),
    int: _scalar({"type": "integer"}, "an integer", _integer),
    float: _scalar({"type": "number"}, "a number", _number),
    bool: _scalar({"type": "boolean"}, "true or false", _exactly(bool)),
    type(None): _scalar({"type": "null"}, "null", _exactly(type(None)), nullable=True),
    datetime.date: _scalar({"type": "string", "format": "date"}, 'a date like "2026-11-23"', _iso(datetime.date)),
    datetime.time: _scalar({"type": "string", "format": "time"}, 'a time like "18:30"', _iso(datetime.time)),
    datetime.datetime: _scalar(
        {"type": "string", "format": "date-time"}, 'a date and time like "2026-11-23T18:30:00"', _iso(datetime.datetime)
    ),
}
"""The types that stand for themselves in JSON, and the moments, which are text in ISO 8601."""
