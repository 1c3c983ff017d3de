"""Floor 9, public tools for tests, ours and yours: a virtual clock, fakes, scenes, conformance suites.

Import what you need from its file, for example ``from fsm_agents.testing.clock import run``. What tests of flows need is here by name:
``from fsm_agents.testing import FlowMachine, flow_test``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fsm_agents.lazily import lazily

if TYPE_CHECKING:
    from fsm_agents.testing.flows.coverage import Coverage
    from fsm_agents.testing.flows.machine import FlowMachine
    from fsm_agents.testing.flows.player import Player
    from fsm_agents.testing.flows.scene import Scene, SceneFailed
    from fsm_agents.testing.flows.seen import Seen
    from fsm_agents.testing.flows.suite import flow_test
    from fsm_agents.testing.flows.walks import WalkFailed, walk_flow

__all__ = ["Coverage", "FlowMachine", "Player", "Scene", "SceneFailed", "Seen", "WalkFailed", "flow_test", "walk_flow"]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Coverage": "flows.coverage", "FlowMachine": "flows.machine", "Player": "flows.player", "Scene": "flows.scene",
        "SceneFailed": "flows.scene", "Seen": "flows.seen", "WalkFailed": "flows.walks", "flow_test": "flows.suite",
        "walk_flow": "flows.walks",
    },
)  # fmt: skip
