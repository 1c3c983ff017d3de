"""Is a request one that the SDK's types allow? The installed ``openai`` package is the authority, not this file.

The SDK describes requests as typed dictionaries; pydantic checks against them, and unknown fields are refused as OpenAI does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from types import GenericAlias
from typing import Any, get_args, get_type_hints

from fsm_agents.errors import nearest

__all__ = ["RefusedRequest", "check_fields", "check_model", "named"]


class RefusedRequest(Exception):  # noqa: N818 - an answer, not a failure of the provider
    """The request is answered with an error of this status."""

    def __init__(self, message: str, status: int = 400, code: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code


def check_fields(kind: Any, fields: Mapping[str, Any], *, without: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of a request, converted.

    Args:
        kind: The typed dictionary of the SDK.
        fields: What came.
        without: Fields that are not checked, and not returned: files.

    Raises:
        RefusedRequest: A field is unknown, missing, or not of its type.
    """
    import pydantic

    hints = get_type_hints(kind)
    left = set(without)
    for name in fields:
        if name not in hints:
            raise RefusedRequest(
                f"Unrecognized request argument supplied: {name}; {nearest(name, hints)}", code="unknown_parameter"
            )
    try:
        checked = _adapter(kind, frozenset(left)).validate_python({name: v for name, v in fields.items() if name not in left})
        return {name: _whole(value) for name, value in checked.items()}
    except pydantic.ValidationError as wrong:
        first = wrong.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise RefusedRequest(f"Invalid value for {place}: {first['msg']}", code="invalid_type") from None


@cache
def _adapter(kind: Any, without: frozenset[str]) -> Any:
    import pydantic
    from typing_extensions import TypedDict

    if without:
        hints = {name: hint for name, hint in get_type_hints(kind, include_extras=True).items() if name not in without}
        make: Any = TypedDict  # made from the SDK's, less its files: no checker can know its fields
        kind = make(kind.__name__, hints, total=False)
    return pydantic.TypeAdapter(kind)


def _whole(value: Any) -> Any:
    """Check what pydantic checks only when it is read: the items of an ``Iterable``."""
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    if isinstance(value, list) or type(value).__name__ == "ValidatorIterator":
        return [_whole(each) for each in value]
    return value


def named(kind: Any) -> set[str]:
    """Every string that a type names in its literals: the models that the SDK knows."""
    if isinstance(kind, str):
        return {kind}
    if isinstance(kind, GenericAlias):
        return set()
    return {name for part in get_args(kind) for name in named(part)}


def check_model(model: str, known: set[str]) -> None:
    """Refuse a model that does not exist, as OpenAI does.

    Raises:
        RefusedRequest: With status 404.
    """
    if model not in known:
        message = f"The model `{model}` does not exist or you do not have access to it."
        raise RefusedRequest(message, 404, "model_not_found")
