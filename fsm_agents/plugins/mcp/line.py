"""One session's use of one server: connected at the start, and again when a connection is lost and a tool is called.

**Lost connections.** A call whose connection breaks has failed and is never repeated: it may have been carried out. The next call connects
again. A session lasts minutes, and a server that was restarted should not be missing for the rest of it; a server that is really gone
costs each call one try, within the call's own time.

**What was listed at the start stays.** The model keeps the descriptions and schemas of the start. When the server says that its list has
changed, or was connected again, the list is read before the next call, and a tool that is no longer what it was is not called.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from importlib.metadata import version
from typing import Any, TypeVar

import anyio
import attrs
import mcp_types as wire
from anyio.abc import TaskGroup, TaskStatus
from mcp import Client, MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from fsm_agents.chat.result import fitted
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.errors import FSMAgentsError, ProviderError
from fsm_agents.plugins.mcp.failures import leaf, start_failure
from fsm_agents.plugins.mcp.listing import Listed, choose, make_tools, read_listing
from fsm_agents.plugins.mcp.plan import Plan
from fsm_agents.plugins.mcp.result import MOST_ERROR, MCPToolError, clean, result_text
from fsm_agents.runtime.threads import real_work, run_in_thread

__all__ = ["Line"]

log = logging.getLogger("fsm_agents")

T = TypeVar("T")

_AGREES_WITHIN = 1.0  # seconds in which a server says that it will tell of changes; it may say so later


@attrs.define(eq=False)
class _Connection:
    """A connection that is up, until ``lost`` is set.

    Args:
        client: Who speaks the protocol.
        lost: Set when it is of no more use.
        listed: What the server listed when it was last asked.
        stale: Whether that may no longer be true.
        told: Whether the server is asked to say when it changes (where that has to be asked for).
        agreed: Set when it has agreed to that, or has not.
    """

    client: Client
    lost: anyio.Event
    listed: dict[str, Listed]
    stale: bool = False
    told: bool = False
    agreed: anyio.Event = attrs.field(factory=anyio.Event)


@attrs.frozen
class _Shown:
    """A tool as the server listed it at the start, and the name the model has for it."""

    listed: Listed
    name: str


class Line:
    """The server of one session.

    Args:
        plan: Which server, and its limits.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._tasks: TaskGroup | None = None
        self._connection: _Connection | None = None
        self._connecting, self._listing = anyio.Lock(), anyio.Lock()

    async def run(self, ready: Callable[[tuple[FunctionTool, ...], dict[str, str]], None]) -> None:
        """Connect, hand the tools and their pins to ``ready``, and serve calls until cancelled.

        Raises:
            ProviderError: The server does not start, or is not what was pinned.
            MisuseError: It cannot be used as it was described here.
        """
        failure: Exception | None = None
        try:
            async with anyio.create_task_group() as self._tasks:
                failure = await self._tasks.start(self._serve)
                if failure is None:
                    try:
                        ready(*await self._offer())
                        await anyio.sleep_forever()
                    except Exception as broken:  # noqa: BLE001 - raised below, where no group is put around it
                        failure = broken
                self._tasks.cancel_scope.cancel()
        finally:
            self._tasks = None
        if failure is not None:
            raise failure

    async def _offer(self) -> tuple[tuple[FunctionTool, ...], dict[str, str]]:
        if self._connection is None:
            raise ProviderError(f"{self._plan.who} was lost as soon as it had started")
        chosen = await run_in_thread(choose, self._connection.listed, self._plan)
        tools = make_tools(chosen, self._plan, self._caller)
        return tools, {one.name: one.pin for one, _ in chosen}

    # --- calls -----------------------------------------------------------------------------------------------------------------------

    def _caller(self, tool: Listed, name: str) -> Callable[..., Awaitable[str]]:
        async def call(**arguments: Any) -> str:
            return await self._call(_Shown(tool, name), arguments)

        return call

    async def _call(self, tool: _Shown, arguments: dict[str, Any]) -> str:
        """Call a tool.

        Raises:
            MCPToolError: There is no result; it says what the model may know.
        """
        limit = self._plan.timeout
        with anyio.move_on_after(limit), real_work():
            connection = await self._connected(tool)
            await self._unchanged(tool, connection)
            result = await self._ask(tool, arguments, connection)
            text = result_text(result, self._plan.max_result)
            if result.is_error:
                raise self._failed(tool, "the server says that it failed", f"failed: {fitted(text, MOST_ERROR)}")
            return text
        raise self._failed(
            tool, "it took too long", f"did not answer within {limit:g} s. It is not known whether it was carried out"
        )

    async def _connected(self, tool: _Shown) -> _Connection:
        async with self._connecting:
            if (connection := self._current()) is not None:
                return connection
            if self._tasks is None:
                raise self._failed(tool, "the session is over", "was not called: the session is over")
            failure = await self._tasks.start(self._serve)
            if failure is None and (connection := self._current()) is not None:
                log.info("%s is connected again", self._plan.who)
                return connection
        raise self._failed(tool, f"no connection: {failure}", "was not called: its server cannot be reached now")

    async def _unchanged(self, tool: _Shown, connection: _Connection) -> None:
        async with self._listing:
            if connection.stale:
                connection.stale = False  # not after: it may change again while it is read
                try:
                    await self._watch(connection)
                    connection.listed = await self._apart(lambda: read_listing(connection.client, self._plan))
                except BaseException as broken:
                    connection.stale = True
                    if isinstance(broken, Exception):
                        raise self._broken(tool, broken, connection) from None
                    raise
        now = connection.listed.get(tool.listed.name)
        if now is None or now.pin != tool.listed.pin:
            why = "the server has changed it since the session started" if now else "the server no longer has it"
            raise self._failed(
                tool, why, "was not called: its server has changed it during this conversation. Do not call it again"
            )

    async def _ask(self, tool: _Shown, arguments: dict[str, Any], connection: _Connection) -> wire.CallToolResult:
        # Not Client.call_tool: that checks what comes back against a schema of the server's own, with its regular expressions, here.
        request = wire.CallToolRequest(params=wire.CallToolRequestParams(name=tool.listed.name, arguments=arguments))
        try:
            return await self._apart(lambda: connection.client.session.send_request(request, wire.CallToolResult))
        except Exception as broken:  # noqa: BLE001 - it is sorted there
            raise self._broken(tool, broken, connection) from None

    async def _apart(self, fn: Callable[[], Awaitable[T]]) -> T:
        """Await ``fn()`` in a task of the line's: whoever is cancelled here leaves at once, and the client takes its time to say so."""
        results: list[T] = []
        failures: list[Exception] = []
        done, scope = anyio.Event(), anyio.CancelScope()

        async def work() -> None:
            try:
                with scope:
                    results.append(await fn())
            except Exception as broken:  # noqa: BLE001 - it is handed to who asked
                failures.append(broken)
            finally:
                done.set()

        if self._tasks is None:
            raise anyio.ClosedResourceError
        self._tasks.start_soon(work)
        try:
            await done.wait()
        finally:
            scope.cancel()
        if results:
            return results[0]
        raise failures[0] if failures else anyio.ClosedResourceError()

    def _broken(self, tool: _Shown, broken: Exception, connection: _Connection) -> MCPToolError:
        """What an exception in the middle of a call means."""
        if isinstance(broken, MCPError) and broken.code != wire.CONNECTION_CLOSED and broken.message != "Session terminated":
            return self._failed(
                tool, f"the server refused with code {broken.code}", f"failed: {fitted(clean(broken.message), MOST_ERROR)}"
            )
        if isinstance(broken, ValidationError):
            return self._failed(tool, "the answer is none that the protocol knows", "failed: its server answered nonsense")
        if isinstance(broken, FSMAgentsError):
            return self._failed(tool, str(broken), "was not called: its server is not what it was")
        self._lose(connection)
        return self._failed(
            tool,
            f"the connection was lost ({type(broken).__name__})",
            "failed: the connection to its server was lost. It is not known whether it was carried out",
        )

    def _failed(self, tool: _Shown, why: str, told: str) -> MCPToolError:
        log.warning("%s: %s: %s", self._plan.who, tool.name, why)
        return MCPToolError(f"{tool.name} {told}", why)

    # --- the connection --------------------------------------------------------------------------------------------------------------

    def _current(self) -> _Connection | None:
        return self._connection

    def _lose(self, connection: _Connection) -> None:
        if self._connection is connection:
            self._connection = None
        connection.lost.set()

    async def _serve(self, *, task_status: TaskStatus[FSMAgentsError | None]) -> None:
        """Connect, report (``None``, or why not), and stay connected until the connection is lost or the session is over."""
        plan, lost, up = self._plan, anyio.Event(), False
        limit = anyio.CancelScope(deadline=anyio.current_time() + plan.start_limit)
        failure: FSMAgentsError | None = None
        connection: _Connection | None = None

        def changed() -> None:
            if connection is not None:
                self._changed(connection)

        try:
            with limit, ExitStack() as starting:
                starting.enter_context(real_work())
                async with self._client(lost, changed) as client:
                    connection = _Connection(client, lost, {})
                    await self._watch(connection)
                    connection.listed = await read_listing(client, plan)
                    limit.deadline = float("inf")
                    starting.close()
                    self._connection, up = connection, True
                    task_status.started(None)
                    await lost.wait()
        except Exception as broken:  # noqa: BLE001 - whatever the client raises is sorted
            failure = start_failure(broken, plan)
        finally:
            if connection is not None:
                self._lose(connection)
        if limit.cancelled_caught:
            failure = ProviderError(f"{plan.who} did not answer within {plan.start_limit:g} s", retryable=True)
        if not up:
            task_status.started(failure or ProviderError(f"{plan.who} ended while it was starting", retryable=True))
        else:
            log.warning("%s is lost%s; the next call connects again", plan.who, f": {failure}" if failure else "")

    def _client(self, lost: anyio.Event, changed: Callable[[], None]) -> Client:
        async def hear(message: Any) -> None:
            if isinstance(message, wire.ToolListChangedNotification):
                changed()

        return Client(
            self._plan.open(lost.set), cache=None, message_handler=hear,
            client_info=wire.Implementation(name="fsm_agents", version=version("fsm_agents")),
        )  # fmt: skip

    def _changed(self, connection: _Connection) -> None:
        if not connection.stale:
            log.info("%s says that its tools have changed: what this session was shown stays", self._plan.who)
        connection.stale = True

    async def _watch(self, connection: _Connection) -> None:
        """Ask to be told of changes, where the protocol wants to be asked (from 2026 on). Before a list is read: none is missed."""
        client = connection.client
        tells = client.server_capabilities.tools
        if connection.told or tells is None or not tells.list_changed or client.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            return
        if self._tasks is not None:
            connection.told, connection.agreed = True, anyio.Event()
            self._tasks.start_soon(self._listen, connection)
            with anyio.move_on_after(_AGREES_WITHIN):
                await connection.agreed.wait()

    async def _listen(self, connection: _Connection) -> None:
        try:
            async with connection.client.listen(tools_list_changed=True) as changes:
                connection.agreed.set()
                async for _ in changes:
                    self._changed(connection)
        except Exception as broken:  # noqa: BLE001 - nobody tells us of changes now, so we ask before the next call
            log.debug("%s does not tell of changes: %s", self._plan.who, type(leaf(broken)).__name__)
        connection.told, connection.stale = False, True
        connection.agreed.set()
