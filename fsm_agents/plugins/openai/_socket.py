"""A WebSocket client over anyio's streams: text messages both ways, on asyncio and on trio. It knows nothing of what the messages say.

``wsproto`` does the protocol and anyio the sockets and TLS. The ``openai`` package brings no WebSocket layer of its own that runs on trio, and
its extra for it pins an old ``websockets``; this one is all a realtime model needs: no compression, no fragments on the way out, no server.
Proxies of the environment are not used.
"""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlsplit

import anyio
import attrs
from anyio.abc import ByteStream

__all__ = ["LARGEST", "SocketClosed", "SocketRefused", "WebSocket"]

LARGEST = 16 * 2**20
"""Bytes of a message; larger ones are no messages. A second of sound is 64 kB in base64."""
_LONGEST_REFUSAL = 65536
_CHUNK = 65536


class SocketRefused(Exception):  # noqa: N818 - an answer; whoever asked makes an error of it
    """The server answered the handshake with something else than a WebSocket.

    Args:
        status: The HTTP status.
        body: What it said.
    """

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP {status}")
        self.status, self.body = status, body


class SocketClosed(Exception):  # noqa: N818 - as above
    """The connection is gone.

    Args:
        reason: Why, in words.
        code: The code of a close in order; 0 if it just ended.
    """

    def __init__(self, reason: str, code: int = 0) -> None:
        super().__init__(reason)
        self.code = code


@attrs.define(eq=False)
class WebSocket:
    """One connection: one task may send, one may receive.

    Args:
        stream: The bytes.
        connection: The protocol's side.
    """

    _stream: ByteStream
    _connection: Any
    _sending: anyio.Lock = attrs.field(factory=anyio.Lock)
    _heard: anyio.Event = attrs.field(factory=anyio.Event)
    _events: deque[Any] = attrs.field(factory=deque)

    @classmethod
    async def connect(cls, url: str, headers: Mapping[str, str], tls: ssl.SSLContext | None = None) -> Self:
        """Connect and shake hands.

        Args:
            url: ``ws://`` or ``wss://`` (or ``http``, ``https``), with path and query.
            headers: What is sent besides what the protocol needs.
            tls: How servers are trusted; ``None``: by the certificates of the machine. Only for ``wss``.

        Raises:
            SocketRefused: The server answers, and not with a WebSocket.
            SocketClosed: It went away while shaking hands, or talks nonsense.
            OSError: It cannot be reached, or its certificate is not good.
        """
        from wsproto import ConnectionType, WSConnection
        from wsproto.events import Request

        parts = urlsplit(url)
        host, secure = parts.hostname or "", parts.scheme in ("wss", "https")
        port = parts.port or (443 if secure else 80)
        stream: ByteStream
        if secure:
            stream = await anyio.connect_tcp(host, port, ssl_context=tls, tls_hostname=host, tls_standard_compatible=False)
        else:
            stream = await anyio.connect_tcp(host, port)
        socket = cls(stream, WSConnection(ConnectionType.CLIENT))
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            request = Request(
                host=parts.netloc, target=target, extra_headers=[(n.encode(), v.encode()) for n, v in headers.items()]
            )
            await socket._send(request)
            await socket._accepted()
        except BaseException:
            await socket.aclose()
            raise
        return socket

    async def send(self, text: str) -> None:
        """Send a message.

        Raises:
            SocketClosed: The connection is gone.
        """
        from wsproto.events import TextMessage

        await self._send(TextMessage(text))

    async def receive(self) -> str:
        """The next message.

        Raises:
            SocketClosed: The connection is gone, or the message is no text, or too large.
        """
        from wsproto import events

        parts: list[str] = []
        size = 0
        while True:
            event = await self._next()
            if isinstance(event, events.TextMessage):
                parts.append(event.data)
                size += len(event.data)
                if size > LARGEST:
                    raise SocketClosed(f"a message has more than {LARGEST} characters")
                if event.message_finished:
                    return "".join(parts)
            elif isinstance(event, events.BytesMessage):
                raise SocketClosed("a message is no text")
            elif isinstance(event, events.CloseConnection):
                raise SocketClosed(event.reason or "the server closed the connection", event.code)

    async def keep_alive(self, every: float, within: float) -> None:
        """Ping again and again, until cancelled: an open socket with nobody behind it is found out.

        Args:
            every: Seconds between pings.
            within: Seconds in which something must be heard, an answer or anything else.

        Raises:
            SocketClosed: Nothing was.
        """
        from wsproto.events import Ping

        while True:
            await anyio.sleep(every)
            self._heard = anyio.Event()
            try:
                with anyio.fail_after(within):
                    await self._send(Ping())
                    await self._heard.wait()
            except TimeoutError:
                raise SocketClosed(f"nothing was heard for {within:g} s, not even an answer to a ping") from None

    async def aclose(self) -> None:
        """Say goodbye if that is possible at once, and close. Nobody waits for the other side."""
        from wsproto.events import CloseConnection
        from wsproto.utilities import LocalProtocolError

        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(0.1):
                gone = (LocalProtocolError, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.BusyResourceError)
                with suppress(*gone):  # it is closed, or was never open
                    await self._stream.send(self._connection.send(CloseConnection(1000)))
            await anyio.aclose_forcefully(self._stream)

    # --- the protocol ----------------------------------------------------------------------------------------------------------------

    async def _send(self, event: Any) -> None:
        from wsproto.utilities import LocalProtocolError

        async with self._sending:
            try:
                await self._stream.send(self._connection.send(event))
            except LocalProtocolError as closed:
                raise SocketClosed("the connection is closed") from closed
            except (anyio.BrokenResourceError, anyio.ClosedResourceError) as broken:
                raise SocketClosed("the connection broke") from broken

    async def _next(self) -> Any:
        """The next event that is none of the protocol's own."""
        from wsproto import events
        from wsproto.utilities import ProtocolError

        while True:
            while self._events:
                event = self._events.popleft()
                if not isinstance(event, events.Ping | events.Pong):
                    return event
                if isinstance(event, events.Ping):
                    await self._send(event.response())
            try:
                data = await self._stream.receive(_CHUNK)
            except anyio.EndOfStream:
                raise SocketClosed("the connection ended without a word") from None
            except (anyio.BrokenResourceError, anyio.ClosedResourceError) as broken:
                raise SocketClosed("the connection broke") from broken
            self._heard.set()
            try:
                self._connection.receive_data(data)
                self._events += self._connection.events()
            except ProtocolError as nonsense:
                raise SocketClosed(f"the server does not speak WebSocket: {nonsense}") from nonsense

    async def _accepted(self) -> None:
        from wsproto import events

        status, body = 0, b""
        while True:
            event = await self._next()
            if isinstance(event, events.AcceptConnection):
                return
            if isinstance(event, events.RejectConnection):
                status = event.status_code
                if not event.has_body:
                    raise SocketRefused(status, b"")
            elif isinstance(event, events.RejectData):
                body += event.data
                if event.body_finished or len(body) > _LONGEST_REFUSAL:
                    raise SocketRefused(status, body)
