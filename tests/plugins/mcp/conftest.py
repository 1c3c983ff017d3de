"""Servers that run while a test does: as children, and on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest

from fsm_agents.chat.tool import FunctionTool
from fsm_agents.plugins.mcp import MCPServerHTTP, MCPServerStdio

DEMO = str(Path(__file__).with_name("demo_server.py"))
CHILD = str(Path(__file__).with_name("demo_child.py"))
CLOSED_WITHIN = 0.8


ANSWERS = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    if asked["method"] == "initialize":
        answer = {"protocolVersion": asked["params"]["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": {"name": "x", "version": "1"}}
    elif asked["method"] == "tools/list":
        answer = LIST
    elif asked["method"] == "tools/call":
        answer = CALL
    else:
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "no"}}), flush=True)
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": answer}), flush=True)
"""
ONE = '{"tools": [{"name": "t", "inputSchema": {"type": "object"}}]}'


def old_server(listed: str = ONE, called: str = '{"content": []}') -> str:
    """A server of 2025, by hand, that lists and answers what a test wants. It starts ten times faster than a real one."""
    return ANSWERS.replace("LIST", listed).replace("CALL", called)


def stdio(**settings: Any) -> MCPServerStdio:
    """The demo server as a child."""
    return MCPServerStdio(sys.executable, [DEMO, "stdio"], **{"name": "demo", **settings})


@pytest.fixture(scope="session")
def forked() -> Iterator[list[str]]:
    """The arguments of a child that is the fork of a server that has loaded; how it serves is to be added."""
    with tempfile.TemporaryDirectory() as folder:  # a short path: the name of a socket has 100 characters at the most
        path = f"{folder}/forks"
        process = subprocess.Popen([sys.executable, DEMO, path], stderr=subprocess.DEVNULL, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"listening\n"
            yield ["-I", "-S", CHILD, path]
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def loaded(forked: list[str]) -> Callable[..., MCPServerStdio]:
    """As ``stdio``, but a fork: for tests that are not about the process."""
    return lambda **settings: MCPServerStdio(sys.executable, [*forked, "stdio"], **{"name": "demo", **settings})


def script(code: str, **settings: Any) -> MCPServerStdio:
    """A child that is no real server."""
    return MCPServerStdio(sys.executable, ["-c", code], **{"name": "odd", "start_limit": 2.0, **settings})


@attrs.frozen
class Running:
    """A server that is running: its tools by the names the model sees."""

    tools: Mapping[str, FunctionTool]

    async def __call__(self, tool: str, **arguments: Any) -> Any:
        """Call a tool of it as the session does."""
        return await self.tools[f"demo_{tool}"].call(**arguments)


@asynccontextmanager
async def running(server: Any) -> AsyncIterator[Running]:
    """Run a server as a session does, and require that it ends in time."""
    offered: list[tuple[FunctionTool, ...]] = []
    up, failures = anyio.Event(), list[Exception]()

    def ready(tools: tuple[FunctionTool, ...]) -> None:
        offered.append(tools)
        up.set()

    async def run() -> None:
        try:
            await server.run(ready)
        except Exception as failure:  # noqa: BLE001 - raised below
            failures.append(failure)
            up.set()

    raised: list[Exception] = []
    left_at = 0.0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await up.wait()
        if not failures:
            try:
                yield Running({tool.name: tool for tool in offered[0]})
            except Exception as error:  # noqa: BLE001 - raised below
                raised.append(error)
        left_at = anyio.current_time()
        tasks.cancel_scope.cancel()
    if failures:
        raise failures[0]
    if raised:
        raise raised[0]
    assert len(offered) == 1
    assert anyio.current_time() - left_at < CLOSED_WITHIN + 0.5  # a busy machine is slow; the bound itself is test_child's


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc").is_dir()
    return state != "Z"


@attrs.define
class Web:
    """The demo server on loopback."""

    port: int
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/mcp"

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.process = subprocess.Popen(
            [sys.executable, *self.arguments, str(self.port)],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"listening\n"

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    def client(self, **settings: Any) -> MCPServerHTTP:
        """Who asks it."""
        return MCPServerHTTP(self.url, **{"name": "demo", "allow_private": True, **settings})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def _shared_web(forked: list[str]) -> Iterator[Web]:
    server = Web(_free_port(), forked)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def web(_shared_web: Web) -> Web:
    """One server for all tests that leave it as it is."""
    return _shared_web


@pytest.fixture
def own_web(forked: list[str]) -> Iterator[Web]:
    """A server that the test may change and end."""
    server = Web(_free_port(), forked)
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["stdio", "http"])
def demo(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """``demo(**settings)``: the demo server, over both transports."""
    made: Callable[..., Any] = (
        request.getfixturevalue("loaded") if request.param == "stdio" else request.getfixturevalue("web").client
    )
    return made


@pytest.fixture
def mcp() -> Any:
    """What the tests share, without importing it from a folder that is no package."""
    return Shared


class Shared:
    """See the functions."""

    running = staticmethod(running)
    stdio = staticmethod(stdio)
    script = staticmethod(script)
    old_server = staticmethod(old_server)
    alive = staticmethod(alive)
