"""Floor 9, public tools for tests, ours and yours: a virtual clock, fakes, scenes, conformance suites.

Import what you need from its file, for example ``from fsm_agents.testing.clock import run``. What tests of flows need is here by name:
``from fsm_agents.testing import FlowMachine, flow_test``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fsm_agents.testing.flows.coverage import Coverage
    from fsm_agents.testing.flows.machine import FlowMachine
    from fsm_agents.testing.flows.player import Player
    from fsm_agents.testing.flows.scene import Scene, SceneFailed
    from fsm_agents.testing.flows.seen import Seen
    from fsm_agents.testing.flows.suite import flow_test
    from fsm_agents.testing.flows.walks import WalkFailed, walk_flow

__all__ = ["Coverage", "FlowMachine", "Player", "Scene", "SceneFailed", "Seen", "WalkFailed", "flow_test", "walk_flow"]

_HOME = {
    "Coverage": "coverage", "FlowMachine": "machine", "Player": "player", "Scene": "scene", "SceneFailed": "scene", "Seen": "seen",
    "WalkFailed": "walks", "flow_test": "suite", "walk_flow": "walks",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOME:
        msg = f"module 'fsm_agents.testing' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(f"fsm_agents.testing.flows.{_HOME[name]}"), name)
    globals()[name] = value
    return value
