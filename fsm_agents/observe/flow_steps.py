"""The steps of a recorded call in a flow that is at hand: where the conversation stood, and which events came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.fsm.codec import Codec
from fsm_agents.fsm.joint import Joint
from fsm_agents.fsm.record import fingerprint
from fsm_agents.fsm.replay import Entry
from fsm_agents.observe.flow_calls import CLASSES, FlowCall, damage_told

__all__ = ["codec_of", "events_of", "need_same", "same_tables", "standing_at"]

KEPT: Final = 8
"""Flows of which what their logs need is kept: a command has one or two."""
_FIELDS: Final = frozenset(field.name for field in attrs.fields(FlowData))


def same_tables(flow: Flow, call: FlowCall) -> bool:
    """Whether a call was held in exactly these tables, so that its rows and edges are the flow's."""
    return call.header.tables == _fingerprint(flow.joint)


def need_same(flow: Flow, call: FlowCall) -> None:
    """Refuse a call that was held in other tables: what is said of its rows would not be true.

    Raises:
        MisuseError: it was.
    """
    if not same_tables(flow, call):
        raise MisuseError(
            f"the call was held in {call.flow} v{call.version} ({call.digest}), and this is {flow.id} v{flow.version} ({flow.digest}):"
            f" its rows are others; give the file of that version"
        )


@lru_cache(KEPT)
def _codec(joint: Joint[FlowData]) -> Codec:
    codec = Codec(joint, CLASSES)
    codec.learn(FlowData)
    return codec


@lru_cache(KEPT)
def _fingerprint(joint: Joint[FlowData]) -> str:
    return fingerprint(joint)


def codec_of(flow: Flow) -> Codec:
    """What reads the events of a flow's logs; made once for each flow."""
    return _codec(flow.joint)


def standing_at(flow: Flow, call: FlowCall, *, states: Mapping[str, str] | None = None) -> FlowData:
    """The conversation as it stood when a log begins, in this flow and with its own delays.

    Args:
        flow: The flow.
        call: The call.
        states: Old names of states to new ones.

    Raises:
        MisuseError: the log is of another flow, redacted, or begins where this flow has no state.
    """
    header = call.header
    if call.flow != flow.id:
        msg = f"this is a log of the flow {call.flow!r}, not of {flow.id!r}"
        raise MisuseError(msg)
    with damage_told(lambda: "the header"):
        state, *rest = header.cells["flow"]
    if header.redacted:
        msg = "this log is redacted: its words are hidden, so it cannot be held again"
        raise MisuseError(msg)
    cells: dict[str, Any] = {**header.cells, "flow": [(states or {}).get(state, state), *rest]}
    codec, joint = codec_of(flow), flow.joint
    data = joint.start(FlowData())
    with damage_told(lambda: "the header"):
        for name, value in header.data.items():
            if name in _FIELDS and not (isinstance(value, dict) and "?" in value):
                setattr(data, name, codec.decode(value))
        for cell, (machine, table) in zip(data.cells, joint.tables.items(), strict=True):
            state, epoch, past = cells[machine]
            place = table.engine.start(data, table.state(state))
            cell.restore((place.node, int(epoch), tuple(map(table.state, past))))
    return data


def events_of(flow: Flow, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Any]]:
    """Each step with the event that came.

    Raises:
        MisuseError: an event is none that a flow knows.
    """
    codec = codec_of(flow)
    for entry in entries:
        with damage_told(lambda: f"step {entry.n}"):  # noqa: B023 - asked at once
            event = codec.decode(entry.json["on"])
        yield entry, event
