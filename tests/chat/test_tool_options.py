"""What a tool declares besides its parameters: limits, what an interruption does, and whether it runs beside others."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents.chat import ToolArgumentError, ToolError, function_tool
from fsm_agents.errors import MisuseError


@function_tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"max_result": 0}, "max_result=0 cannot be; give a number of characters above 0"),
        ({"max_result": True}, "max_result=True cannot be"),
        ({"max_result": 1.5}, "max_result=1.5 cannot be"),
        ({"on_interruption": "stop"}, "on_interruption='stop' is not known; give 'run_on' or 'cancel'"),
        ({"on_interruption": "cancel"}, "needs an async function: a sync one runs in a thread, which nobody can stop"),
    ],
)
def test_what_cannot_be_kept_is_refused_where_the_tool_is_defined(option: dict[str, Any], says: str) -> None:
    """And not when the caller interrupts."""
    with pytest.raises(MisuseError, match=says):
        function_tool(**option)(add.call)


def test_what_a_tool_declares_is_told_by_the_tool() -> None:
    """And goes with it when it is bound."""

    class Shop:
        @function_tool(max_result=9, on_interruption="cancel", parallel=False)
        async def look(self) -> str:
            return ""

    tool = Shop().look
    assert (tool.max_result, tool.on_interruption, tool.parallel) == (9, "cancel", False)
    assert (add.max_result, add.on_interruption, add.parallel) == (None, "run_on", True)


def test_an_error_for_the_model_is_one_of_ours() -> None:
    """A wrong argument is told like anything a tool says on purpose."""
    assert issubclass(ToolArgumentError, ToolError)
    assert not issubclass(ToolError, ValueError)
