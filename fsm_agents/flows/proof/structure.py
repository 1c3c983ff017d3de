"""What can be said of a flow without looking into its phrases: cheap enough to be asked at every load. Pure."""

from __future__ import annotations

from fsm_agents.flows.machine.flat import FlatFlow
from fsm_agents.flows.problems import Problem
from fsm_agents.flows.proof.answers import answers
from fsm_agents.flows.proof.moves import moves
from fsm_agents.flows.proof.order import order
from fsm_agents.flows.proof.properties import own_problems
from fsm_agents.flows.proof.safety import safety
from fsm_agents.flows.proof.told import Teller, once_each
from fsm_agents.flows.proof.ways import Ways

__all__ = ["structure"]


def structure(flat: FlatFlow, ways: Ways | None = None) -> list[Problem]:
    """The problems of states, moves, order, safety and ``[prove]``: F401 to F403, F406, F410 to F416, F501, F502, F505, F601 to F604, F610.

    Args:
        flat: The flow.
        ways: Its edges that can be taken, if they are known already.

    Returns:
        In the order of the files. Only notes: the flow may be used.
    """
    ways, tell = ways or Ways(flat), Teller()
    return once_each(
        [*answers(ways, tell), *moves(ways, tell), *order(ways, tell), *safety(ways, tell), *own_problems(flat, tell)]
    )
