"""Slot types that only a flow's host has: who asks about such a flow without its host is told what to type. Runs nothing of the host's."""

from __future__ import annotations

import ast
from pathlib import Path

from fsm_agents.errors import MisuseError
from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.words.pack import pack
from fsm_agents.flows.words.types import slot_types

__all__ = ["host_beside", "need_types"]

LARGEST = 500_000
"""Characters of a program at the most: one that is larger is nobody's host of a flow."""


def need_types(flat: FlatFlow, path: Path, command: str) -> None:
    """See that each slot is of a type that is known now.

    Args:
        flat: The flow.
        path: Its file, as it was typed.
        command: What was typed before it: ``check``.

    Raises:
        MisuseError: one is not; says what to type, with the host that stands beside the flow if there is one.
    """
    known = slot_types(pack(flat.spec.lang))
    for scope in flat.scopes.values():
        for slot in scope.spec.slots.values():
            if slot.type not in known:
                msg = (
                    f"{slot.place.file}:{slot.place.line}: no slot type is called {slot.type!r}; known: {', '.join(sorted(known))}; "
                    f"one of the host's comes with the host: fsm-agents {command} {path} --bind {host_beside(path)}"
                )
                raise MisuseError(msg)


def host_beside(path: Path) -> str:
    """``module:function`` of the program that is called like the flow, as ``--bind`` wants it here; else ``MODULE:FUNCTION``.

    The function is the first one of the program that takes one thing and calls its ``bind``.
    """
    program = path.with_suffix(".py")
    try:
        module = ".".join(program.resolve().relative_to(Path.cwd().resolve()).with_suffix("").parts)
        tree = ast.parse(program.read_text(encoding="utf-8")[:LARGEST])
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return "MODULE:FUNCTION"
    binding = (part.name for part in tree.body if isinstance(part, ast.FunctionDef) and _binds(part))
    function = next(binding, "FUNCTION")
    return f"{module}:{function}" if all(map(str.isidentifier, module.split("."))) else f"MODULE:{function}"


def _binds(function: ast.FunctionDef) -> bool:
    taken = [one.arg for one in function.args.args]
    return len(taken) == 1 and any(
        isinstance(part, ast.Attribute) and part.attr == "bind" and isinstance(part.value, ast.Name) and part.value.id == taken[0]
        for part in ast.walk(function)
    )
