"""How rows, events and values of a flow are written in reports. Words only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fsm_agents.flows.draw.cells import clean
from fsm_agents.flows.machine.events import (
    CheckDue,
    Failed,
    Filled,
    GivenInvalid,
    HostSent,
    NotMatched,
    OutOfTries,
    Pressed,
    PromptHeard,
    Proposed,
    SilenceLasted,
    SubFlowEnded,
    Succeeded,
)  # fmt: skip
from fsm_agents.flows.machine.flat import Edge
from fsm_agents.flows.machine.secret import Secret
from fsm_agents.flows.machine.takes import Take
from fsm_agents.flows.spec import RowSpec
from fsm_agents.flows.syntax import All, AnyOf, Comparison, Not, OneOf, Ref, Test, Truth
from fsm_agents.fsm.codec import HIDDEN
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.rows import Row

__all__ = ["edge_of", "event_name", "pairs_text", "place_text", "refs_of", "row_text", "short", "value_text"]

LONGEST: Final = 200
"""Characters of what was said or heard that are shown."""

_NAMES: Final[Mapping[type[Any], str]] = {
    Filled: "filled", NotMatched: "no_match", OutOfTries: "out_of_tries", PromptHeard: "said", CheckDue: "the tool checks it",
    SilenceLasted: "no_input", Succeeded: "ok", Failed: "failed", Proposed: "the model answered",
}  # fmt: skip


def edge_of(row: Row[Any, Any]) -> Edge | None:
    """The edge that a row of a flow's table was made of; ``None``: it says what a state does by itself."""
    act = row.do[0] if row.do else None
    found = act.edge if isinstance(act, Take) else getattr(row.when, "edge", None)
    return found if isinstance(found, Edge) else None


def row_text(row: RowSpec) -> str:
    """A row as it is written, and where."""
    cells = " | ".join(row.cells).rstrip()
    return f"| {cells} |  {place_text(row)}".replace("|  |", "| |")


def place_text(row: RowSpec) -> str:
    """Where a row is written: file and line."""
    return f"{row.place.file}:{row.place.line}" if row.place.line else row.place.file


def event_name(event: object) -> str:
    """An event as flow files name it."""
    match event:
        case SubFlowEnded(outcome):
            return f"ended {outcome}"
        case GivenInvalid(slot):
            return f"invalid ({slot})"
        case HostSent(name):
            return name
        case Due(_, timer):
            return str(timer)
        case Pressed(keys):
            return f"keys {keys}"
        case _:
            pass
    return _NAMES.get(type(event), type(event).__name__)


def short(text: str, most: int = LONGEST) -> str:
    """A text on one line, cut where that must end; what a terminal cannot show, or would obey, is replaced."""
    text = clean(text)
    return text if len(text) <= most else text[: most - 1] + "…"


def value_text(value: Any) -> str:
    """A value as it is read; of a secret one only that there is one."""
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, tuple):
        return ", ".join(map(value_text, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f'"{short(value)}"' if isinstance(value, str) and (" " in value or not value) else short(str(value))


def pairs_text(pairs: Sequence[tuple[str, Any]]) -> str:
    """Names and values: ``count = 2, size = large``."""
    return ", ".join(f"{name} = {value_text(value)}" for name, value in pairs)


def refs_of(test: Test | None) -> list[Ref]:
    """What a condition asks for, each once."""
    match test:
        case Truth(ref) | Comparison(ref) | OneOf(ref):
            return [ref]
        case Not(inner):
            return refs_of(inner)
        case All(parts) | AnyOf(parts):
            return list(dict.fromkeys(ref for part in parts for ref in refs_of(part)))
        case _:
            return []
