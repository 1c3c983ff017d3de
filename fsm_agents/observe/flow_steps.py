"""The steps of a recorded call in a flow that is at hand: where the conversation stood, and which events came."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.fsm.codec import Codec
from fsm_agents.fsm.record import fingerprint
from fsm_agents.fsm.replay import Entry, replay
from fsm_agents.observe.flow_calls import CLASSES, FlowCall, damage_told

__all__ = ["codec_of", "events_of", "same_tables", "standing_at"]


def same_tables(flow: Flow, call: FlowCall) -> bool:
    """Whether a call was held in exactly these tables, so that its rows and edges are the flow's."""
    return call.header.tables == fingerprint(flow.joint)


def codec_of(flow: Flow) -> Codec:
    """What reads the events of a flow's logs."""
    codec = Codec(flow.joint, CLASSES)
    codec.learn(FlowData)
    return codec


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
    renamed = (states or {}).get(state, state)
    head = {"format": 1, "joint": flow.joint.name, "tables": header.tables, "redacted": header.redacted, "settings": {}}
    head |= {"cells": {**header.cells, "flow": [renamed, *rest]}, "delays": {}, "data": dict(header.data)}
    with damage_told(lambda: "the header"):
        return replay(flow.joint, FlowData, [json.dumps(head)], classes=CLASSES).data


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
