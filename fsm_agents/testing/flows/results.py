"""Results of tools, drawn by the types that a flow declares: its example, what its conditions compare with, and the edges of each type."""

from __future__ import annotations

import datetime
from typing import Any, Final

from fsm_agents.flows.spec import ToolSpec
from fsm_agents.testing.flows.sentences import Choose, pick
from fsm_agents.testing.flows.times import TODAY

__all__ = ["drawn_fields", "samples"]

_TEXTS: Final = ("p-17", "Anna", "a long text with 12 words, signs & more: ¿qué? and so on")
_LISTS: Final = (("half past nine", "two fifteen"), ("nine",), (), ("one", "two", "three", "four", "five"))
_DATES: Final = tuple((TODAY + datetime.timedelta(days)).isoformat() for days in (1, 0, 30, -30))


def drawn_fields(tool: ToolSpec, compared: dict[str, list[Any]], choose: Choose) -> tuple[tuple[str, Any], ...]:
    """A result of a tool: half of them as its example says, so that walks get on.

    A list is empty only where the numbers beside it are 0: ``count = 2, times = []`` is no result of a sane tool.
    """
    if tool.example and choose(2):
        return tuple((name, samples(tool, name, compared)[0]) for name in tool.returns)
    numbers = {name: pick(choose, samples(tool, name, compared)) for name, kind in tool.returns.items() if kind == "number"}
    found = []
    for name, kind in tool.returns.items():
        values = [numbers[name]] if name in numbers else samples(tool, name, compared)
        if kind == "list" and any(numbers.values()):
            values = [value for value in values if value]
        found.append((name, pick(choose, values)))
    return tuple(found)


def samples(tool: ToolSpec, field: str, compared: dict[str, list[Any]]) -> list[Any]:
    """Values of one field, the example first.

    Args:
        tool: The tool.
        field: The field.
        compared: What conditions compare with; see :func:`~fsm_agents.testing.flows.sentences.constants`.
    """
    kind = tool.returns[field]
    near = compared.get(f"{tool.name}.{field}", [])
    example = [tool.example[field]] if field in tool.example else []
    if kind == "number":
        numbers = [value for value in (*example, *near) if isinstance(value, int | float) and not isinstance(value, bool)]
        found: list[Any] = [*example, *(number + shift for number in numbers for shift in (0, 1, -1)), 0, 1, 2]
    elif kind == "yesno":
        found = [*example, True, False]
    elif kind == "list":
        found = [*map(tuple, example), *_LISTS]
    elif kind == "date":
        found = [*map(str, example), *_DATES]
    elif kind == "time":
        found = [*map(str, example), "09:30", "18:00"]
    else:
        found = [*example, *(value for value in near if isinstance(value, str)), *_TEXTS]
    return list(dict.fromkeys(found))
