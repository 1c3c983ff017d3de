"""How the machines of a conversation are joined, as a Markdown file with a diagram: who tells whom what, who reads whom, who asks for what.

Computed from the tables: *reads* are the levels in guards; *tells* and *asks* are the events and effects that the actions of a table (and
the functions they call) construct, read from their source, since what a function may return cannot be listed otherwise.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import attrs

from fsm_agents.fsm.draw import NOTE
from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.joint import Joint
from fsm_agents.fsm.rows import All, Level
from fsm_agents.fsm.table import StateTable, key_name

__all__ = ["overview"]


@attrs.frozen
class _Machine:
    """What one machine has to do with the others."""

    name: str
    hears: tuple[str, ...]
    makes: tuple[str, ...]
    reads: tuple[str, ...]


def overview(joint: Joint[Any], effects: Container[str]) -> str:
    """The file ``<joint>.md``.

    Args:
        joint: The machines.
        effects: The names of everything they can ask the runtime for.
    """
    machines = [_machine(name, table) for name, table in joint.tables.items()]
    inner = {event for machine in machines for event in machine.makes if any(event in other.hears for other in machines)}
    lines = [
        f"# {joint.name}",
        "",
        NOTE,
        "",
        f"{', '.join(joint.tables)}: {len(machines)} machines that make one conversation.",
        "",
    ]
    lines += ["```mermaid", *_diagram(machines, inner), "```", "", "## Who is told what", ""]
    lines += ["| machine | from outside | by which machine | reads where these rest | asks the runtime for |"]
    lines += ["| --- | --- | --- | --- | --- |"]
    for machine in machines:
        outside = [event for event in machine.hears if event not in inner]
        told = [f"{_list(_tells(other, machine))} by {other.name}" for other in machines if _tells(other, machine)]
        asks = [made for made in machine.makes if made in effects]
        lines.append(f"| {machine.name} | {_list(outside)} | {'; '.join(told)} | {_list(machine.reads)} | {_list(asks)} |")
    return "\n".join(lines) + "\n"


def _diagram(machines: list[_Machine], inner: set[str]) -> Iterator[str]:
    yield "flowchart LR"
    yield '    outside(["host, ear, mouth"])'
    yield from (f"    {machine.name}[{machine.name}]" for machine in machines)
    for machine in machines:
        count = sum(event not in inner for event in machine.hears)
        if count:
            yield f'    outside -->|"{count} event{"s" if count > 1 else ""}"| {machine.name}'
    for machine in machines:
        for other in machines:
            told = _tells(machine, other)
            if told:
                yield f'    {machine.name} -->|"{", ".join(told)}"| {other.name}'
    for machine in machines:
        yield from (f"    {other} -. is read .-> {machine.name}" for other in machine.reads)


def _tells(machine: _Machine, other: _Machine) -> list[str]:
    return [event for event in machine.makes if event in other.hears]


def _machine(name: str, table: StateTable[Any, Any]) -> _Machine:
    made = dict.fromkeys(made for row in table.rows for action in row.do for made in _constructed(action))
    read = dict.fromkeys(level for row in table.rows for level in _levels(row.when))
    return _Machine(name, tuple(map(key_name, table.events)), tuple(made), tuple(read))


def _levels(guard: object) -> Iterator[str]:
    if isinstance(guard, All):
        for part in guard.guards:
            yield from _levels(part)
    elif isinstance(guard, Level):
        yield guard.machine


@cache
def _constructed(action: Callable[..., Any]) -> tuple[str, ...]:
    """The attrs classes that a function, or one it calls, makes objects of, in the order in which its source names them."""
    return tuple(dict.fromkeys(_walk(action, set())))


def _walk(function: Callable[..., Any], seen: set[object]) -> Iterator[str]:
    if function in seen or not inspect.isfunction(function):
        return
    seen.add(function)
    names = function.__globals__
    for node in _nodes(ast.parse(textwrap.dedent(inspect.getsource(function))), names):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = names.get(node.func.id)
            if isinstance(called, type) and attrs.has(called):
                yield called.__name__
            elif inspect.isfunction(called):
                yield from _walk(called, seen)
        elif isinstance(node, ast.Name):  # an object that is made once, because it is always the same
            value = names.get(node.id)
            parts = value if isinstance(value, tuple) else (value,)
            yield from (type(part).__name__ for part in parts if attrs.has(type(part)))


def _nodes(node: ast.AST, names: Mapping[str, Any]) -> Iterator[ast.AST]:
    """The nodes below ``node``, without what goes into the data (``Set``) and what only types say."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and names.get(node.func.id) is Set:
        return
    yield node
    for name, child in ast.iter_fields(node):
        for part in child if isinstance(child, list) else [child]:
            if isinstance(part, ast.AST) and name not in ("annotation", "returns"):
                yield from _nodes(part, names)


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)
