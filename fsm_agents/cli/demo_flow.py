"""The demo's conversation: the pizza flow of the examples, and the kitchen that takes its orders."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import anyio

from fsm_agents.flows.draw.layered import layered
from fsm_agents.flows.draw.names import Ids
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.observe.page import Beside

__all__ = ["FOLDER", "beside", "pizza", "place_order"]

FOLDER = Path(str(files("fsm_agents.cli"))) / "demo_voice"
KITCHEN = 0.6
"""Seconds that the kitchen takes to answer."""


async def place_order(count: int, size: str, toppings: list[str], name: str) -> dict[str, int]:  # noqa: ARG001 - the kitchen bakes all alike
    """The kitchen: takes an order and says when it is ready."""
    await anyio.sleep(KITCHEN)
    return {"minutes": 20 + 5 * (count > 2) + len(toppings) // 3}  # noqa: PLR2004 - an oven takes two


def pizza() -> Flow:
    """The flow, with its kitchen. Nobody takes over: a caller who asks for a person is told so."""
    return Flow.load(FOLDER / "pizza.toml").bind(tools=[place_order])


def beside(flow: Flow) -> Beside:
    """The flow on the page of a call, beside the turn."""
    drawn = layered(flow.flat), Ids(flow.flat).states
    return Beside("flow.jsonl", flow.joint, FlowData, "flow", f"Where the conversation is: {flow.id}", drawn)
