"""What the names in a cell stand for while a row is tried or taken: slots, fields of results, conditions, ``tries``.

A view is a working copy: the acts of a row change it one after the other, and what came of it is committed as a whole.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from fsm_agents.flows.machine.data import FlowData, get
from fsm_agents.flows.machine.effects import Line
from fsm_agents.flows.machine.flat import Scope
from fsm_agents.flows.machine.secret import Secret, open_secret, stands_for_secret
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.syntax import (
    All,
    AnyOf,
    Comparison,
    Not,
    OneOf,
    Prompt,
    PromptPart,
    Ref,
    Test,
    Text,
    Truth,
    Value,
)  # fmt: skip
from fsm_agents.fsm.codec import HIDDEN

__all__ = ["View", "truth"]

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class View:
    """The names of one scope.

    Args:
        world: The flow.
        data: The conversation, as it was before the step.
        facts: The host's conditions.
        given: Values that the event brings, by full name: they count as if they were slots already.

    Attributes:
        slots: By full name; changed by the acts of a row.
        results: The fields of each tool's last result, by full name.
        tries: Failures in a row, this one included.
    """

    def __init__(
        self,
        world: World,
        data: FlowData,
        facts: tuple[tuple[str, bool], ...] = (),
        given: tuple[tuple[str, Any], ...] = (),
    ) -> None:
        self.world = world
        self.slots: dict[str, Any] = dict(data.slots) | dict(given)
        self.results: dict[str, tuple[tuple[str, Any], ...]] = dict(data.results)
        self.facts = dict(facts)
        self.tries = data.failures.tries

    def value(self, ref: Ref, scope: Scope) -> Any:
        """What a reference stands for; ``None`` if it is unset."""
        if ref.field:
            return get(self.results.get(scope.full(ref.name), ()), ref.field)
        if ref.name == "tries":
            return self.tries
        if ref.name in scope.spec.conditions:
            return self.facts.get(ref.name, False)
        return open_secret(self.slots.get(scope.full(ref.name)))

    def holds(self, test: Test | None, scope: Scope) -> bool:
        """Whether a condition holds. A comparison with something unset never does."""
        match test:
            case None:
                return True
            case Truth(ref):
                return truth(self.value(ref, scope))
            case Not(inner):
                return not self.holds(inner, scope)
            case All(parts):
                return all(self.holds(part, scope) for part in parts)
            case AnyOf(parts):
                return any(self.holds(part, scope) for part in parts)
            case OneOf(ref, values):
                return _member(self.value(ref, scope), values)
            case Comparison(ref, sign, value):
                return _compare(self.value(ref, scope), sign, value)
            case _:
                return bool(test.call(self.own(scope)))

    def own(self, scope: Scope) -> dict[str, Any]:
        """The slots of a scope by their own names, as far as they are set."""
        slots = {name: open_secret(self.slots.get(scope.full(name))) for name in scope.spec.slots}
        return {name: value for name, value in slots.items() if value is not None}

    def line(self, prompt: Prompt, scope: Scope) -> Line:
        """A prompt's words, with its values as they are spoken; which of them are secret is known from the template, not from the values."""
        parts = [piece for part in prompt.parts for piece in self._pieces(part, scope)]
        if not any(isinstance(piece, Secret) for piece in parts):
            return Line(_tidy("".join(parts)), prompt.audio)
        shown = "".join(HIDDEN if isinstance(piece, Secret) else piece for piece in parts)
        return Line(_tidy(shown), prompt.audio, _tidy_parts(parts))

    def _pieces(self, part: PromptPart, scope: Scope) -> Iterator[Any]:
        match part:
            case Text(text):
                yield text
            case Value(ref, form):
                text = self._spoken(ref, form, scope)
                yield Secret(_tidy(text)) if text and stands_for_secret(ref, scope) else text
            case _:
                if self._all_set(part.parts, scope):
                    for inner in part.parts:
                        yield from self._pieces(inner, scope)

    def _all_set(self, parts: tuple[PromptPart, ...], scope: Scope) -> bool:
        return all(self.value(part.ref, scope) is not None for part in parts if isinstance(part, Value))

    def _spoken(self, ref: Ref, form: str, scope: Scope) -> str:
        value = self.value(ref, scope)
        if value is None:
            return ""
        if form:
            return self.world.pack.forms[form](value)
        if ref.field:
            return self.world.field_spoken(value, scope.spec.tools[ref.name].returns.get(ref.field, "text"))
        slot = scope.spec.slots.get(ref.name)
        return str(value) if slot is None else self.world.spoken(value, slot)


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _tidy_parts(parts: list[Any]) -> tuple[str | Secret, ...]:
    """The parts with single spaces between words, as :func:`_tidy` leaves them of a text."""
    marks = "".join("\0" if isinstance(part, Secret) else part.replace("\0", "") for part in parts)
    secrets = iter([part for part in parts if isinstance(part, Secret)])
    found: list[str | Secret] = []
    for number, text in enumerate(_tidy(marks).split("\0")):
        found += [next(secrets)] if number else []
        found += [text] * bool(text)
    return tuple(found)


def truth(value: Any) -> bool:
    """Whether a value counts as true: it is set, and not false, zero or empty."""
    return bool(open_secret(value))


def _member(value: Any, values: tuple[Any, ...]) -> bool:
    if value is None:
        return False
    if isinstance(value, tuple):
        return any(item in values for item in value)
    return value in values


def _compare(value: Any, sign: str, other: Any) -> bool:
    """A comparison; values that cannot be compared are just different."""
    if value is None:
        return False
    if isinstance(value, tuple) and sign in ("=", "!="):  # a choice of several: whether it holds the value
        return (other in value) is (sign == "=")
    try:
        return bool(_OPERATORS[sign](value, other))
    except TypeError:
        return sign == "!="
