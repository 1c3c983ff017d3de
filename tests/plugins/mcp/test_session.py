"""A whole conversation with a server: started by ``start()``, called by the model, gone with the session; on the virtual clock."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents import Agent, MisuseError, function_tool
from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.testing.fakes import FakeLLM
from tests.session.scene import GUARD, scene

pytestmark = pytest.mark.anyio

SAYS_WHO = '{"content": [{"type": "text", "text": str(__import__("os").getpid())}]}'


async def test_a_session_starts_asks_and_ends_its_server(mcp: Any) -> None:
    """A clock that runs ahead waits for the process: no deadline passes while it starts or answers."""
    server = mcp.script(mcp.old_server(called=SAYS_WHO), name="demo", start_limit=20)
    async with scene(Agent("Use it.", mcp_servers=[server]), llm=FakeLLM([[ToolCall("1", "demo_t", "")], "Done."])) as s:
        await s.caller.wait(GUARD)
        await s.turn()
        await s.label("listening")
        (result,) = (item for item in s.session.history.items if isinstance(item, ToolResult))
        assert not result.is_error
        assert mcp.alive(int(result.output))
    assert s.said() == ["Done."]
    assert not mcp.alive(int(result.output))


async def test_a_server_that_takes_the_name_of_a_tool_of_the_agent_is_refused(mcp: Any) -> None:
    @function_tool
    def demo_t() -> None:
        """Of the agent."""

    server = mcp.script(mcp.old_server(), name="demo", start_limit=20)
    with pytest.raises(MisuseError, match="'demo_t'"):
        async with scene(Agent("Use it.", [demo_t], [server])):
            pass
