"""Whether conditions leave a gap, and whether one holds only where others did: decided by trying a value on each side of every boundary.

A condition compares slots, fields and tries with constants, so a handful of values for each tells all cases apart. What would take more
than :data:`MOST_CASES` combinations is not decided (``None``). Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final, TypeAlias

import attrs

from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.flat import Scope
from fsm_agents.flows.machine.view import View
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import All, AnyOf, Comparison, Function, Not, OneOf, Ref, Test, Truth

__all__ = [
    "MOST_CASES", "OTHER", "Condition", "Key", "constants", "covered", "gap", "holds", "known", "possible", "refs_of", "values_of",
]  # fmt: skip

MOST_CASES: Final = 2_048
"""Most combinations of values that are tried for the conditions of one cell."""
OTHER: Final = "something else"
"""A text that no condition names."""

Key: TypeAlias = "tuple[str, str, str]"


@attrs.frozen
class Condition:
    """A test, and whose names it uses; no test always holds."""

    test: Test | None
    scope: Scope


class _Assigned(View):
    """A view in which names stand for chosen values, and Python functions hold or not as chosen."""

    def __init__(self, chosen: Mapping[Key, Any]) -> None:
        super().__init__(None, FlowData())  # type: ignore[arg-type]  # nothing is spoken here
        self.chosen = chosen

    def value(self, ref: Ref, scope: Scope) -> Any:
        """The value chosen for a name."""
        return self.chosen[_key(ref, scope)]

    def holds(self, test: Test | None, scope: Scope) -> bool:
        """Whether a test holds."""
        if isinstance(test, Function):
            return bool(self.chosen["", test.name, ""])
        return super().holds(test, scope)


def _key(ref: Ref, scope: Scope) -> Key:
    return ("", ref.name, "") if not ref.field and _global(ref, scope) else (scope.path, ref.name, ref.field)


def _global(ref: Ref, scope: Scope) -> bool:
    return ref.name == "tries" or ref.name in scope.spec.conditions


def _leaves(test: Test | None) -> Iterator[Test]:
    match test:
        case None:
            return
        case Not(inner):
            yield from _leaves(inner)
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _leaves(part)
        case _:
            yield test


def refs_of(test: Test | None) -> tuple[Ref, ...]:
    """The references in a test, in order."""
    return tuple(leaf.ref for leaf in _leaves(test) if isinstance(leaf, Truth | Comparison | OneOf))


def constants(tests: Iterable[Condition]) -> dict[Key, tuple[Scope, Ref, list[Any]]]:
    """What each reference is compared with; a function has a reference of its name."""
    found: dict[Key, tuple[Scope, Ref, list[Any]]] = {}
    for told in tests:
        for leaf in _leaves(told.test):
            if isinstance(leaf, Function):
                found["", leaf.name, ""] = told.scope, Ref(leaf.name), []
                continue
            assert isinstance(leaf, Truth | Comparison | OneOf)  # noqa: S101 - the other tests are made of these
            _, _, named = found.setdefault(_key(leaf.ref, told.scope), (told.scope, leaf.ref, []))
            named += [leaf.value] if isinstance(leaf, Comparison) else leaf.values if isinstance(leaf, OneOf) else []
    return found


def values_of(scope: Scope, ref: Ref, named: Iterable[Any]) -> list[Any]:
    """Values of a reference that tell apart what conditions with these constants can tell apart; ``None`` (unset) not among them."""
    spec = scope.spec
    if ref.field:
        slot = (
            SlotSpec("", spec.tools[ref.name].returns.get(ref.field, "text")) if ref.name in spec.tools else SlotSpec("", "text")
        )
    elif ref.name == "tries":
        slot = SlotSpec("", "number", range=(1, 99))
    else:
        slot = spec.slots.get(ref.name, SlotSpec("", "yesno"))  # a condition of the host, or a function
    if slot.type == "number" and slot.range is None and not ref.field:
        slot = attrs.evolve(slot, range=(0, 10**9))  # callers say no number below zero
    return list(_values(slot, tuple(dict.fromkeys(named))))


def _values(slot: SlotSpec, named: Sequence[Any]) -> Iterator[Any]:
    if slot.type == "yesno":
        yield from (True, False)
    elif slot.type == "number":
        numbers = [value for value in named if isinstance(value, int | float)]
        near = {n for value in numbers for n in (math.ceil(value) - 1, value, math.floor(value) + 1)} | (
            {0} if numbers else {0, 1}
        )
        least, most = slot.range or (min(near), max(near))
        yield from sorted(value for value in near if least <= value <= most) or [least]
    elif slot.type == "list":
        yield from ((), ("one", "two"))
    elif slot.type == "choice" and slot.values and not slot.values_from:
        some = [value for value in slot.values if value in named]
        rest = [value for value in slot.values if value not in named][:1]
        yield from ([(value,) for value in some + rest] + [tuple(slot.values)] if slot.many else some + rest)
    else:
        texts = [str(value) if slot.type in ("text", "digits", "choice", "date", "time") else value for value in named]
        yield from ((text,) for text in (*texts, OTHER)) if slot.many else (*texts, OTHER)


def _assignments(tests: Sequence[Condition], sure: frozenset[Key]) -> list[dict[Key, Any]] | None:
    found = constants(tests)
    choices: list[list[Any]] = []
    for key, (scope, ref, named) in found.items():
        surely = key in sure or not _is_value(ref, scope)
        choices.append(values_of(scope, ref, named) + ([] if surely else [None]))
        if math.prod(map(len, choices)) > MOST_CASES:
            return None
    return [dict(zip(found, chosen, strict=True)) for chosen in product(*choices)]


def _is_value(ref: Ref, scope: Scope) -> bool:
    return bool(ref.field) or ref.name in scope.spec.slots


def holds(test: Condition, chosen: Mapping[Key, Any]) -> bool:
    """Whether a condition holds for chosen values."""
    return _Assigned(chosen).holds(test.test, test.scope)


def known(scope: Scope, *names: Ref) -> frozenset[Key]:
    """References that are surely set, for :func:`gap` and :func:`covered`."""
    return frozenset(_key(ref, scope) for ref in names)


def gap(tests: Sequence[Condition], sure: frozenset[Key] = frozenset()) -> dict[Key, Any] | None:
    """A case in which none of ``tests`` holds; ``None``: there is none. What is too large to decide has a gap (an empty one)."""
    cases = _assignments(tests, sure)
    if cases is None:
        return {}
    return next((case for case in cases if not any(holds(test, case) for test in tests)), None)


def covered(test: Condition, earlier: Sequence[Condition]) -> bool:
    """Whether ``test`` holds only where one of ``earlier`` does. What is too large to decide is not."""
    cases = _assignments((test, *earlier), frozenset())
    return cases is not None and all(any(holds(other, case) for other in earlier) for case in cases if holds(test, case))


def possible(wanted: Sequence[Condition], refused: Sequence[Condition]) -> bool:
    """Whether all of ``wanted`` can hold while none of ``refused`` does. What is too large to decide can."""
    cases = _assignments((*wanted, *refused), frozenset())
    return cases is None or any(
        all(holds(test, case) for test in wanted) and not any(holds(test, case) for test in refused) for case in cases
    )
