"""Whether a model's arguments fit a server's JSON schema, without trusting the schema.

The schema comes from the server, so what could be used against us does nothing: regular expressions are not run (one can stand still for
years), references lead nowhere outside the schema and are counted, and a message shows only the beginning of a value. The server checks
the rest, as it must anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from jsonschema import SchemaError  # type: ignore[import-untyped]
from jsonschema.validators import Draft202012Validator, extend, validator_for  # type: ignore[import-untyped]
from referencing import Registry
from referencing.exceptions import Unresolvable

__all__ = ["Check", "checker"]

Check = Callable[[dict[str, Any]], list[str]]
"""Arguments in, problems out, one line each."""

_MOST_PROBLEMS = 21
_MOST_REFERENCES = 1_000
_LONGEST_PROBLEM = 200
_NOT_RUN = ("pattern", "patternProperties", "unevaluatedProperties", "format")
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class _TooMany(Exception):  # noqa: N818 - it leaves no further than checker()
    """References were followed more often than any honest schema needs."""


def checker(schema: dict[str, Any]) -> Check:
    """What checks arguments against a schema (of the draft it names; 2020-12 if it names none).

    Raises:
        ValueError: It is no JSON schema.
    """
    base = validator_for(schema, default=Draft202012Validator)
    try:
        base.check_schema(schema)
    except (SchemaError, RecursionError) as wrong:
        raise ValueError(f"no JSON schema: {str(wrong).splitlines()[0][:_LONGEST_PROBLEM]}") from None
    followed = [0]
    validator = extend(base, _careful(base, followed))(schema, registry=Registry())

    def check(arguments: dict[str, Any]) -> list[str]:
        followed[0] = 0
        try:
            return [_line(error) for error in islice(validator.iter_errors(arguments), _MOST_PROBLEMS)]
        except (RecursionError, Unresolvable, _TooMany):
            return ["they cannot be checked: the schema of this tool leads nowhere"]

    return check


def _careful(base: Any, followed: list[int]) -> dict[str, Any]:
    """The keywords that do something else here than in ``base``."""
    known = base.VALIDATORS

    def ignore(validator: Any, value: Any, instance: Any, schema: Any) -> None:
        """Leave it to the server."""

    def additional(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if "patternProperties" not in schema:
            yield from known["additionalProperties"](validator, value, instance, schema) or ()

    def counted(keyword: str) -> Callable[..., Iterator[Any]]:
        def follow(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
            followed[0] += 1
            if followed[0] > _MOST_REFERENCES:
                raise _TooMany
            yield from known[keyword](validator, value, instance, schema) or ()

        return follow

    careful: dict[str, Any] = {word: ignore for word in _NOT_RUN if word in known}
    careful |= {word: counted(word) for word in _REFERENCES if word in known}
    return careful | {"additionalProperties": additional}


def _line(error: Any) -> str:
    path = ".".join(str(part) for part in error.absolute_path)
    text = f"{path}: {error.message}" if path else str(error.message)
    return " ".join(text.split())[:_LONGEST_PROBLEM]
