"""A flow's machines as one: the flow, its keypad, its patience. What comes too late is dropped here, before any table."""

from __future__ import annotations

from typing import Any

from fsm_agents.flows.machine.around import keypad_table, patience_table
from fsm_agents.flows.machine.build import flow_table
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.events import Failed, NotJudged, Proposed, Succeeded
from fsm_agents.flows.machine.world import World
from fsm_agents.fsm.joint import Joint
from fsm_agents.fsm.table import StateTable

__all__ = ["flow_joint"]


def _late(event: Succeeded | Failed | Proposed | NotJudged, data: FlowData) -> bool:
    """The answer to something that nobody waits for any more."""
    return event.number != data.call


def flow_joint(world: World) -> Joint[FlowData]:
    """The machines of a flow, ready to be stepped: ``joint.start(FlowData())``, then ``Begun()``."""
    tables: dict[str, StateTable[Any, FlowData]] = {
        "flow": flow_table(world),
        "keypad": keypad_table(world),
        "patience": patience_table(world),
    }
    return Joint(world.flat.spec.name, tables, stale=dict.fromkeys((Succeeded, Failed, Proposed, NotJudged), _late))
