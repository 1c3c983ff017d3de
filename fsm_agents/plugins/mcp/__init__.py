"""Tools of MCP servers, over the official ``mcp`` package (the extra ``mcp``), on asyncio and on trio.

    MCPServerStdio("uvx", ["mcp-server-git"], name="git")                       a program on this machine
    MCPServerHTTP("https://mcp.example.com/mcp", headers={"Authorization": …})  a server on the network, streamable HTTP

    Agent("…", mcp_servers=[…])      started and ended with the session; its tools are called <server>_<tool>

**A server is not trusted.** What it writes is data: results are cleaned of control characters and what nobody sees, cut at ``max_result``
characters, and pictures and sound are only named; a failure it reports reaches the model as an error result, cut at 2,000. It has limits:
128 tools, 8,000 characters for a description, 64,000 for a schema, 4 MiB for a message, ``timeout`` for a call, ``start_limit`` for the start.
Arguments are checked against its schema before anything is sent.

**Pins.** A server can change what its tools say they do. ``await server.read_pins()`` gives a digest of each; given back as ``pins=``, what has
changed or is gone is refused at the start by name, and what is new is left out, with a line in the log. With or without pins, a session keeps
what was listed at its start: a later ``tools/list_changed`` only means that a tool which is no longer the same is not called. What a tool does
when it is called, nobody can pin.

**When a server dies** its tools answer with an error the model can act on, and the next call connects again. No call is repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fsm_agents.lazily import lazily

if TYPE_CHECKING:
    from fsm_agents.plugins.mcp.http import MCPServerHTTP
    from fsm_agents.plugins.mcp.result import MCPToolError
    from fsm_agents.plugins.mcp.stdio import MCPServerStdio

__all__ = ["MCPServerHTTP", "MCPServerStdio", "MCPToolError"]

_HOMES = {"MCPServerHTTP": "http", "MCPServerStdio": "stdio", "MCPToolError": "result"}

__getattr__, __dir__ = lazily(__name__, _HOMES)
