"""What the host gives a flow: tools, conditions, and who takes over. Held against the flow before any call.

Nothing is called here, except a condition; names and parameters are compared.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from fsm_agents.chat.tool import FunctionTool, ToolContext
from fsm_agents.errors import nearest
from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.problems import FlowError, Problem
from fsm_agents.flows.spec import ToolSpec

__all__ = ["Binding", "bind", "named", "takes_context"]

MOST_TOLD = 20
"""So many known names a message lists; a host may have 100,000 tools."""


@attrs.frozen(eq=False)
class Binding:
    """What a flow was given.

    Args:
        tools: By the name that flow files use.
        conditions: By name: called before each step of a state that asks for them; sync, quick.
        hand_offs: Who takes over, by the target as it is written (``queue:shop``) or by its kind (``queue``): an async function of
            the target and of what is carried, which returns when they have taken over, and raises if nobody does.
    """

    tools: Mapping[str, Any] = attrs.field(factory=dict)
    conditions: Mapping[str, Callable[[], bool]] = attrs.field(factory=dict)
    hand_offs: Mapping[str, Callable[..., Any]] = attrs.field(factory=dict)

    def hand_off(self, target: str) -> Callable[..., Any] | None:
        """Who takes over for a target."""
        return self.hand_offs.get(target) or self.hand_offs.get(target.partition(":")[0])


def named(tools: Mapping[str, Any] | Iterable[Any]) -> dict[str, Any]:
    """Tools by name: a mapping as it is, others by the names of their functions."""
    if isinstance(tools, Mapping):
        return dict(tools)
    return {_name(tool): tool for tool in tools}


def bind(
    flat: FlatFlow,
    tools: Mapping[str, Any] | Iterable[Any],
    conditions: Mapping[str, Callable[[], bool]],
    hand_offs: Mapping[str, Callable[..., Any]],
) -> Binding:
    """Hold what the host gives against what the flow needs.

    Raises:
        FlowError: every tool, condition and hand-off that is missing or does not fit, at once (F7).
    """
    binding = Binding(named(tools), dict(conditions), dict(hand_offs))
    problems = [*_tools(flat, binding), *_conditions(flat, binding), *_hand_offs(flat, binding)]
    if problems:
        raise FlowError(problems)
    return binding


def _tools(flat: FlatFlow, binding: Binding) -> Iterator[Problem]:
    for scope in flat.scopes.values():
        for tool in scope.spec.tools.values():
            given = binding.tools.get(tool.name)
            needs = f"{scope.spec.file or scope.spec.name} needs the tool {_signature(tool)}"
            if given is None and not tool.mcp:
                known = nearest(tool.name, list(binding.tools)[:10_000]) if binding.tools else "the host gave no tools"
                yield Problem("F701", f"{needs}; {known}", tool.place, fix=f'flow.bind(tools={{"{tool.name}": …}})')
            elif given is not None and (wrong := _misfit(tool, given)):
                yield Problem("F701", f"{needs}; the host gave {_given(given)}: {wrong}", tool.place, fix="take these names")


def _misfit(tool: ToolSpec, given: Any) -> str:
    """Why a function cannot take what the flow hands over; empty: it can."""
    function = given.call if isinstance(given, FunctionTool) else given
    if not callable(function):
        return "it cannot be called"
    try:
        parts = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ""
    if any(part.kind is part.VAR_KEYWORD for part in parts):
        return ""
    names = {part.name for part in parts if part.kind in (part.POSITIONAL_OR_KEYWORD, part.KEYWORD_ONLY)}
    context = takes_context(function)
    missing = [name for name in tool.args if name not in names]
    extra = [part.name for part in parts if part.default is part.empty and part.name not in (*tool.args, context)]
    told = [f"it takes no {', '.join(missing)}"] * bool(missing)
    return "; ".join([*told, *([f"nothing gives it {', '.join(extra)}"] * bool(extra))])


def takes_context(function: Callable[..., Any]) -> str:
    """The name of the parameter that is a :class:`ToolContext`; empty if there is none."""
    for part in inspect.signature(function).parameters.values():
        if part.annotation is ToolContext or str(part.annotation).rpartition(".")[2] == "ToolContext":
            return part.name
    return ""


def _conditions(flat: FlatFlow, binding: Binding) -> Iterator[Problem]:
    for name in sorted({name for scope in flat.scopes.values() for name in scope.spec.conditions}):
        if not callable(binding.conditions.get(name)):
            said = "cannot be called" if name in binding.conditions else "is missing"
            yield Problem("F703", f"the condition {name!r} {said}", fix=f'flow.bind(conditions={{"{name}": …}})')


def _hand_offs(flat: FlatFlow, binding: Binding) -> Iterator[Problem]:
    if not binding.hand_offs:
        return  # nobody: a session hands over to its agents and flows; without any, each hand-off fails, and the flow says what then
    for state in flat.states.values():
        target = state.spec.handoff
        if target and binding.hand_off(target) is None:
            known = ", ".join(list(binding.hand_offs)[:MOST_TOLD])
            said = f"state {state.name!r} hands over to {target!r}; the host takes: {known}"
            yield Problem("F704", said, state.spec.place, fix=f'flow.bind(hand_offs={{"{target}": …}})')


def _signature(tool: ToolSpec) -> str:
    returns = f" → {', '.join(tool.returns)}" if tool.returns else ""
    return f"{tool.name}({', '.join(tool.args)}){returns}"


def _given(tool: Any) -> str:
    function = tool.call if isinstance(tool, FunctionTool) else tool
    try:
        return f"{_name(tool)}{inspect.signature(function)}"
    except (TypeError, ValueError):
        return _name(tool)


def _name(tool: Any) -> str:
    return str(getattr(tool, "name", "") or getattr(tool, "__name__", "") or tool)
