"""What an exception of the ``mcp`` package, or of what is below it, means: one line, without anything secret."""

from __future__ import annotations

from fsm_agents.errors import FSMAgentsError, ProviderError
from fsm_agents.plugins.mcp.plan import Plan
from fsm_agents.plugins.mcp.result import clean

__all__ = ["leaf", "start_failure"]

_LONGEST = 200


def leaf(error: BaseException) -> BaseException:
    """The exception that a group is about: one of ours if there is one, else the first."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [leaf(inner) for inner in error.exceptions]
    return next((one for one in leaves if isinstance(one, FSMAgentsError)), leaves[0])


def start_failure(error: BaseException, plan: Plan) -> FSMAgentsError:
    """Why a server could not be started or reached."""
    inner = leaf(error)
    if isinstance(inner, FSMAgentsError):
        return inner
    said = " ".join(clean(str(inner)).split())[:_LONGEST]
    kind = type(inner).__name__
    return ProviderError(f"{plan.who} could not be started: {kind}{f': {said}' if said else ''}", retryable=True)
