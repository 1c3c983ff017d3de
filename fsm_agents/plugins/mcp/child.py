"""A server as a child process: its life, and the messages on its pipes. What the messages say is not known here.

The ``mcp`` package has a transport of its own for this. It gives a child up to 6 s to go, which is longer than a session takes to close, reads
lines of any length, and leaves the child's errors on our own.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import anyio
import attrs
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from fsm_agents.errors import FSMAgentsError, MisuseError, ProviderError
from fsm_agents.plugins.mcp.failures import leaf
from fsm_agents.plugins.mcp.plan import LARGEST
from fsm_agents.plugins.mcp.result import clean
from fsm_agents.runtime.threads import real_work

__all__ = ["GRACE", "child_streams"]

log = logging.getLogger("fsm_agents")

GRACE = (0.25, 0.25, 0.2)
"""Seconds a child has to go: after its input ended, after it was asked to (SIGTERM), after it was killed."""
_WAITING = 256  # messages on their way to the child: enough that saying "cancel this" never waits for one that does not read
_MOST_LINES, _LONGEST_LINE = 200, 500
_GONE = (anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.EndOfStream, OSError)


@attrs.define(eq=False)
class _Child:
    """A child and both sides of what goes through its pipes."""

    who: str
    process: Process
    lost: Callable[[], None]
    received: MemoryObjectSendStream[SessionMessage | Exception]
    to_send: MemoryObjectReceiveStream[SessionMessage]
    messages: int = 0
    garbage: int = 0
    ended: bool = False

    async def read(self) -> None:
        """Messages of the child, one a line. Lines that are none are dropped: many servers greet on the wrong pipe."""
        stdout = _there(self.process.stdout)
        try:
            async with aclosing(_lines(stdout, LARGEST)) as lines:
                async for line in lines:
                    if line is None:
                        log.warning("%s sent a message of more than %d bytes and is cut off", self.who, LARGEST)
                        break
                    await self._take(line)
        except anyio.EndOfStream:
            self.ended = True
        except _GONE:
            pass  # we are closing
        finally:
            self.received.close()
            self.lost()
        with anyio.CancelScope(shield=True), suppress(*_GONE):  # a child that cannot write cannot end; closing the pipe ends this
            while True:
                await stdout.receive()

    async def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            message = jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError:
            self.garbage += 1
            if self.garbage <= _MOST_LINES:
                log.debug("%s wrote a line that is no message: %s", self.who, _shown(line))
            return
        self.messages += 1
        await self.received.send(SessionMessage(message))

    async def write(self) -> None:
        """Messages to the child."""
        stdin = _there(self.process.stdin)
        try:
            async for message in self.to_send:
                data = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                await stdin.send(data.encode() + b"\n")
        except _GONE:
            self.lost()

    async def log_errors(self) -> None:
        """What the child says beside its messages, as long as it is not too much."""
        number = 0
        with suppress(*_GONE):
            async with aclosing(_lines(_there(self.process.stderr), 65536)) as lines:
                async for line in lines:
                    number += 1
                    if number <= _MOST_LINES:
                        log.debug("%s: %s", self.who, _shown(line or b"(a very long line)"))
                    elif number == _MOST_LINES + 1:
                        log.debug("%s writes more than %d lines; the rest is not logged", self.who, _MOST_LINES)


@asynccontextmanager
async def child_streams(
    who: str, command: list[str], env: Mapping[str, str], cwd: str | None, lost: Callable[[], None]
) -> AsyncGenerator[tuple[Any, Any]]:
    """Start a server and exchange messages with it; afterwards it is gone, with all its children, within 0.7 s.

    Args:
        who: The server, for messages.
        command: Program and arguments.
        env: All of its environment.
        cwd: Where it runs; ``None`` for here.
        lost: Called when it can no longer be talked to.

    Raises:
        MisuseError: The program does not exist, or may not be run.
        ProviderError: It ended before it had answered anything.
    """
    try:
        # A session of its own: a signal to it reaches its children, and Ctrl+C in our terminal does not reach it.
        process = await anyio.open_process(command, env=env, cwd=cwd, start_new_session=True)
    except (OSError, ValueError) as error:
        raise MisuseError(f"{who} cannot be started: {_reason(error)}") from None
    received, for_session = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    from_session, to_send = anyio.create_memory_object_stream[SessionMessage](_WAITING)
    ended = False
    child = _Child(who, process, lost, received, to_send)
    try:
        async with anyio.create_task_group() as tasks:
            for work in (child.read, child.write, child.log_errors):
                tasks.start_soon(work)
            try:
                yield for_session, from_session
            finally:
                ended = child.ended  # by itself: in a moment every child has
                with anyio.CancelScope(shield=True), real_work():
                    for stream in (for_session, from_session, to_send):
                        stream.close()
                    await _stop(process)
                tasks.cancel_scope.cancel()
    except Exception as broken:
        if ended and not isinstance(leaf(broken), FSMAgentsError):
            raise ProviderError(
                f"{who} ended by itself, with exit code {process.returncode}; its own words are in the log at DEBUG"
            ) from broken
        raise
    finally:
        if child.garbage:
            level = logging.DEBUG if child.messages else logging.WARNING
            log.log(level, "%s wrote %d lines that are no messages, and %d messages", who, child.garbage, child.messages)


async def _stop(process: Process) -> None:
    """End a child and what it started. It is asked twice, and then nobody asks it."""

    async def wait(seconds: float) -> None:
        if process.returncode is None:
            with anyio.move_on_after(seconds):
                await process.wait()

    await _close(process.stdin)
    await wait(GRACE[0])
    _signal(process, "SIGTERM")
    await wait(GRACE[1])
    _signal(process, "SIGKILL")
    await wait(GRACE[2])
    if process.returncode is None:
        log.error("process %d does not end, although it was killed", process.pid)
    await _close(process.stdout)
    await _close(process.stderr)
    # asyncio: a process that left the group and holds a pipe would keep this open. Nothing public closes it.
    transport = getattr(getattr(process, "_process", None), "_transport", None)
    if transport is not None:
        transport.close()


def _signal(process: Process, name: str) -> None:
    """To the group, which has the child's number, also when the child itself has ended and left others behind."""
    number = getattr(signal, name, signal.SIGTERM)
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        elif process.returncode is None:
            process.terminate()


async def _close(stream: Any) -> None:
    with suppress(*_GONE):
        await stream.aclose()


async def _lines(stream: ByteReceiveStream, longest: int) -> AsyncGenerator[bytes | None]:
    """Lines without their ends; ``None`` for one that is too long, whose rest is skipped."""
    parts: list[bytes] = []
    size = 0
    while True:
        *ended, rest = (await stream.receive()).split(b"\n")
        for piece in ended:
            yield b"".join([*parts, piece]) if size + len(piece) <= longest else None
            parts, size = [], 0
        size += len(rest)
        if size <= longest:
            parts.append(rest)
        else:
            parts = []


def _there(stream: Any) -> Any:
    """A pipe, which is there because it was asked for."""
    if stream is None:
        raise ProviderError("a child process has no pipes")
    return stream


def _shown(line: bytes) -> str:
    return clean(line[:_LONGEST_LINE].decode(errors="replace"))


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{error.filename!r} was not found"
    return f"{type(error).__name__}: {error}"[:300]
