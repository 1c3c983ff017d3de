"""Values that stand for all others in a search: on each side of every boundary that some condition of the flow draws, else one. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any, Final

from fsm_agents.flows.machine.data import FlowData, get
from fsm_agents.flows.machine.events import Facts
from fsm_agents.flows.machine.flat import FlatFlow, Scope
from fsm_agents.flows.proof.cases import OTHER, Condition, constants, values_of
from fsm_agents.flows.proof.sentences import TODAY
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.syntax import Ref

__all__ = ["MOST", "Samples", "combined"]

MOST: Final = 12
"""Most combinations of values for one event; what has more is tried one value after the other."""
DAY: Final = (TODAY + datetime.timedelta(1)).isoformat()
"""A date, where no condition names one."""
_FIELDS: Final[Mapping[str, Any]] = {"number": 1, "yesno": True, "date": DAY, "time": "09:30", "list": ("one", "two")}


class Samples:
    """The values of one flow.

    Args:
        flat: The flow.

    Attributes:
        facts: What the host's conditions may be: every combination of those that some row asks for, up to three; more: all, none, each.
    """

    def __init__(self, flat: FlatFlow) -> None:
        self.flat = flat
        self._named: dict[tuple[str, str], list[Any]] = {}
        asked: dict[str, None] = {}
        tests = [
            Condition(edge.row.when, edge.scope)
            for edge in flat.edges.values()
            if edge.row is not None and edge.row.when is not None
        ]
        for scope, ref, named in constants(tests).values():
            if ref.field:
                self._named.setdefault((scope.full(ref.name), ref.field), []).extend(named)
            elif ref.name in scope.spec.slots:
                self._named.setdefault((scope.full(ref.name), ""), []).extend(named)
            elif ref.name in scope.spec.conditions:
                asked[ref.name] = None
        self.facts: tuple[Facts, ...] = tuple(_facts(list(asked)))
        self._results: dict[str, list[tuple[tuple[str, Any], ...]]] = {}

    def slot(self, name: str, data: FlowData) -> list[Any]:
        """The values of a slot that are tried; none: nothing can be said for it now."""
        slot, scope = self.flat.slots[name], self._scope(name)
        if slot.values_from is not None:
            offered = get(get(data.results, scope.full(slot.values_from.name)) or (), slot.values_from.field) or ()
            return [(value,) if slot.many else value for value in offered[:2]]
        named = self._named.get((name, ""))
        if named is None:
            return [_default(slot)]
        found = values_of(scope, Ref(slot.name), named)
        return [_default(slot) if value == OTHER and not slot.many else value for value in found]

    def results(self, tool: str) -> list[tuple[tuple[str, Any], ...]]:
        """The results of a tool that are tried, by its full name."""
        found = self._results.get(tool)
        if found is None:
            spec, scope = self.flat.tools[tool], self._scope(tool)
            fields = []
            for field, kind in spec.returns.items():
                named = self._named.get((tool, field))
                default = _field(kind, spec.example.get(field))
                fields.append([default] if named is None else _natural(values_of(scope, Ref(spec.name, field), named), named))
            found = self._results[tool] = [tuple(zip(spec.returns, values, strict=True)) for values in combined(fields)]
        return found

    def _scope(self, name: str) -> Scope:
        path, slash, _ = name.rpartition("/")
        return self.flat.scopes[path + slash]


def combined(choices: list[list[Any]]) -> Iterable[tuple[Any, ...]]:
    """Every combination, or where that is too much, each value once beside the first of the others, and all first, second … together."""
    count = 1
    for some in choices:
        count *= len(some)
    if count <= MOST:
        return product(*choices)
    first = [some[0] for some in choices]
    singly = [(*first[:at], value, *first[at + 1 :]) for at, some in enumerate(choices) for value in some]
    together = [tuple(some[min(at, len(some) - 1)] for some in choices) for at in range(max(map(len, choices)))]
    return tuple(dict.fromkeys([*singly, *together]))


def _facts(names: list[str]) -> Iterable[Facts]:
    if len(names) <= 3:  # noqa: PLR2004 - eight combinations
        return (tuple(zip(names, values, strict=True)) for values in product((False, True), repeat=len(names)))
    every: list[Facts] = [tuple((name, value) for name in names) for value in (False, True)]
    return [*every, *(tuple((name, name == one) for name in names) for one in names)]


def _default(slot: SlotSpec) -> Any:
    match slot.type:
        case "choice":
            first = next(iter(slot.values), OTHER)
            return (first,) if slot.many else first
        case "number":
            return slot.range[0] + 1 if slot.range and slot.range[0] < slot.range[1] else (slot.range or (2, 2))[0]
        case "digits":
            return ("5550123" * 8)[: slot.length[0] if slot.length else 7]
        case "date":
            return "1982-05-04" if slot.past else DAY
        case "time":
            least = slot.between[0] if slot.between else 570
            return f"{least // 60:02d}:{least % 60:02d}"
        case "yesno":
            return True
        case _:
            return OTHER


def _natural(values: list[Any], named: list[Any]) -> list[Any]:
    """Without numbers below zero, unless a condition names one: tools count and price."""
    below = any(isinstance(value, int | float) and value < 0 for value in named)
    return [value for value in values if below or not isinstance(value, int | float) or value >= 0]


def _field(kind: str, example: Any) -> Any:
    value = _FIELDS.get(kind, OTHER) if example is None else example
    return tuple(value) if isinstance(value, list) else value
