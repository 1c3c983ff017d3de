"""Rows in Python: the same cells as in files, each a text, and names for the words that stand in them.

    rows = [
        says("count", "{count} {size} [pizzas]", to=NEXT),
        on("count", FILLED, when="count > 6", to="many"),
        on(ANY, OUT_OF_TRIES, to="human"),
    ]
    pizza = flow_of({"flow": "pizza", "start": "welcome", "states": {…}}, rows).spec

A row remembers the line it is written on. ``when`` and ``do`` may be Python functions of the slots; such a flow has no file form.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from fsm_agents.errors import MisuseError
from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.folder import Folder, Reading
from fsm_agents.flows.notation.layout import MAX_ROWS
from fsm_agents.flows.notation.rawrows import RawRow
from fsm_agents.flows.notation.sheet import Sheet
from fsm_agents.flows.notation.source import source_of_tree
from fsm_agents.flows.notation.troubles import Troubles
from fsm_agents.flows.problems import Place, Spot
from fsm_agents.flows.spec import FlowSpec
from fsm_agents.flows.syntax import AGAIN, BACK, NEXT, STAY, Act, Function, Move, Visit

__all__ = [
    "AGAIN", "ANY", "BACK", "FAILED", "FILLED", "HUNG_UP", "INTERRUPTED", "INVALID", "NEXT", "NO_INPUT", "NO_MATCH", "OK", "OUT_OF_TRIES",
    "RESUMED", "SAID", "STAY", "TIMEOUT", "after", "any_but", "ended", "flow_of", "llm", "on", "press", "says", "visit",
]  # fmt: skip

ANY: Final = "any"
FILLED: Final = "filled"
INVALID: Final = "invalid"
NO_INPUT: Final = "no_input"
NO_MATCH: Final = "no_match"
OUT_OF_TRIES: Final = "out_of_tries"
SAID: Final = "said"
INTERRUPTED: Final = "interrupted"
OK: Final = "ok"
FAILED: Final = "failed"
TIMEOUT: Final = "timeout"
RESUMED: Final = "resumed"
HUNG_UP: Final = "hung_up"

When: TypeAlias = "str | Callable[[dict[str, Any]], Any]"
"""The cell ``when``, or a function of the slots to yes or no."""
Do: TypeAlias = "str | Callable[[dict[str, Any]], Any] | Iterable[str | Callable[[dict[str, Any]], Any]]"
"""The cell ``do``, or a function of the slots to those that change, or several of both."""


def any_but(*names: str) -> str:
    """Every state but these states and groups."""
    return f"any but ({', '.join(names)})" if len(names) != 1 else f"any but {names[0]}"


def visit(state: str) -> Visit:
    """Go there and come back."""
    return Visit(state)


def press(key: str) -> str:
    """The caller presses a key."""
    return f"press {key}"


def after(duration: str) -> str:
    """So long after the state was entered: ``after("40s")``."""
    return f"after {duration}"


def ended(outcome: str) -> str:
    """The sub-flow ended so."""
    return f"ended {outcome}"


def llm(text: str, sets: str | Iterable[str] = ()) -> str:
    """The model judges that this is so; it may fill the slots in ``sets``."""
    names = (sets,) if isinstance(sets, str) else tuple(sets)
    return f'llm "{text}"' + (f" sets {', '.join(names)}" if names else "")


def says(
    state: str | tuple[str, ...], phrase: str | tuple[str, ...], *, to: str | Move | Visit, when: When = "", do: Do = ""
) -> RawRow:
    """In ``state``, when the caller says ``phrase`` (or one of them).

    Args:
        state: A state, a group, several, :data:`ANY` or :func:`any_but`.
        phrase: Words as callers say them, without the quotes.
        to: A state, ``NEXT STAY AGAIN BACK`` or :func:`visit`.
        when: The condition.
        do: What is done on the way.
    """
    words = (phrase,) if isinstance(phrase, str) else phrase
    return _row(state, ", ".join(f'"{text}"' for text in words), to, when, do)


def on(
    state: str | tuple[str, ...], event: str | tuple[str, ...], *, to: str | Move | Visit, when: When = "", do: Do = ""
) -> RawRow:
    """In ``state``, on ``event`` (or one of them): a built-in event, one of the host, a named phrase, :func:`press` and the like.

    Args:
        state: A state, a group, several, :data:`ANY` or :func:`any_but`.
        event: What stands in the cell ``on``.
        to: A state, ``NEXT STAY AGAIN BACK`` or :func:`visit`.
        when: The condition.
        do: What is done on the way.
    """
    events = [event] if isinstance(event, str) else sorted(event, key=lambda text: text.startswith("llm ") and " sets " in text)
    return _row(state, ", ".join(events), to, when, do)


def _row(state: str | tuple[str, ...], cell: str, to: str | Move | Visit, when: When, do: Do) -> RawRow:
    frame = sys._getframe(2)  # noqa: SLF001 - the line the row is written on; inspect.stack costs 1000 times more
    inside = ", ".join(map(str, state)) if isinstance(state, tuple | list) else state
    target = to.value if isinstance(to, Move) else f"visit {to.state}" if isinstance(to, Visit) else to
    guard = None if isinstance(when, str) else _function(when)
    acts: list[str | Act] | None = None
    if not isinstance(do, str):
        acts = [part if isinstance(part, str) else _function(part) for part in ([do] if callable(do) else do)]
    test = guard.name if guard is not None else when
    done = do if acts is None else "; ".join(part.name if isinstance(part, Function) else str(part) for part in acts)
    a, b, c, d, e = (text.strip() if isinstance(text, str) else _refuse(text) for text in (inside, cell, test, target, done))
    return RawRow((a, b, c, d, e), "main", Spot(frame.f_code.co_filename, frame.f_lineno), guard, acts)


def _refuse(value: object) -> str:
    raise MisuseError(f"a cell is a text, not {value!r}")


def _function(call: Any) -> Function:
    if not callable(call):
        raise MisuseError(f"when and do are texts or functions, not {call!r}")
    return Function(_name(call), call)


def _name(call: Any) -> str:
    return str(getattr(call, "__qualname__", None) or type(call).__name__)


def flow_of(
    tree: Mapping[str, Any],
    rows: Iterable[RawRow],
    *,
    flows: Mapping[str, FlowSpec | Reading] | None = None,
    folder: Path | None = None,
    files: Mapping[str, str] | None = None,
) -> Reading:
    """A flow of settings and rows.

    Args:
        tree: The settings, as a file has them: ``{"flow": "pizza", "start": "welcome", "states": {"welcome": {"say": "…"}}, …}``.
        rows: Made by :func:`says` and :func:`on`, in order.
        flows: Sub-flows that are read already, by the name that ``run`` uses.
        folder: Where the files are that ``flows`` and ``include`` in ``tree`` name; ``None``: nowhere.
        files: Texts by name, asked before the folder.

    Raises:
        FlowError: something is wrong; it carries every problem.
        MisuseError: ``rows`` holds something else than rows.
    """
    frame = sys._getframe(1)  # noqa: SLF001 - as above
    file, line = frame.f_code.co_filename, frame.f_lineno
    troubles = Troubles()
    given = {name: flow.spec if isinstance(flow, Reading) else flow for name, flow in (flows or {}).items()}
    try:
        plain = _tree(tree, 0)
    except Fault as fault:
        plain = {}
        troubles.fault(fault, Place(file, line))
    raw = list(rows)
    for row in raw:
        if not isinstance(row, RawRow):
            raise MisuseError(f"{row!r} is no row: rows are made by says(…) and on(…)")
    if "rows" in plain:
        troubles.add("F010", "rows in the tree and rows in Python", Place(file, line), fix="leave one of them out")
    if given:
        plain["flows"] = {**plain.get("flows", {}), **{name: f"{name}.toml" for name in given}}
    if len(raw) > MAX_ROWS:
        troubles.add("F004", f"more than {MAX_ROWS:,} rows", Place(file, line), fix="make a part of it a sub-flow")
    spec = None
    if not troubles.errors:
        spec = Folder(troubles, folder, files).build("", Sheet(source_of_tree(plain, file, line), troubles), raw, given)
    problems = troubles.done()
    assert spec is not None  # noqa: S101 - without a problem there is a flow
    return Reading(spec, problems)


def _tree(value: Any, depth: int) -> Any:
    """Settings as tomllib would give them."""
    if depth > 8:  # noqa: PLR2004 - deeper than any setting
        raise Fault("F004", "settings nest too deep")
    if isinstance(value, Mapping):
        odd = next((key for key in value if not isinstance(key, str)), None)
        if odd is not None:
            raise Fault("F007", f"names are texts, not {odd!r:.40}")
        return {key: _tree(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tree(item, depth + 1) for item in value]
    if isinstance(value, str | int | float) or hasattr(value, "isoformat"):
        return value
    raise Fault("F007", f"settings are what a file can hold, not {type(value).__name__}")
