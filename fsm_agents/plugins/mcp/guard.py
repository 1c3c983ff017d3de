"""HTTP to one checked server, and to nobody else.

A name is looked up and checked once for each connection to a server, and requests then go to the address that was checked, whatever the name
means by then. Encryption still asks for the certificate of the name. Proxies of the environment are not used: through one, the address that
was checked is not the one that is reached.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
from mcp.client.streamable_http import streamable_http_client

from fsm_agents.errors import FSMAgentsError, ProviderError
from fsm_agents.plugins.mcp.addresses import look_up
from fsm_agents.plugins.mcp.failures import leaf
from fsm_agents.plugins.mcp.plan import LARGEST
from fsm_agents.runtime.threads import real_work, run_in_thread

__all__ = ["http_streams"]

_GOODBYE = 0.5
_REFUSED = 400
_SESSION = "mcp-session-id"
_PORTS = {"http": 80, "https": 443}


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends with an error when it is larger than a message may be."""

    def __init__(self, body: httpx2.AsyncByteStream, most: int) -> None:
        self._body, self._most = body, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        try:
            async for part in self._body:
                size += len(part)
                if size <= self._most:
                    yield part
                else:  # not left here: generators that nobody finishes would stay below. Closed, the next read ends them all with an error
                    await self._body.aclose()
        except Exception:
            if size <= self._most:
                raise
        if size > self._most:
            raise httpx2.ReadError(f"the answer has more than {self._most} bytes")

    async def aclose(self) -> None:
        await self._body.aclose()


class _Guard(httpx2.AsyncBaseTransport):
    """Sends requests to the checked addresses of one origin. Made in a thread: it may read the machine's certificates.

    Args:
        url: The server's address.
    """

    def __init__(self, url: str) -> None:
        self._origin = httpx2.URL(url)
        self._inner = httpx2.AsyncHTTPTransport(verify=self._origin.scheme == "https", trust_env=False)
        self.addresses: list[str] = []
        self.status = 200
        """The last status of an answer to a message."""
        self.session: str | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url, origin = request.url, self._origin
        if (url.scheme, url.host, url.port) != (origin.scheme, origin.host, origin.port):
            raise httpx2.UnsupportedProtocol("only the server that was named is asked; redirects to another are not followed")
        response = await self._first(request)
        if request.method == "POST":
            self.status = response.status_code
        self.session = response.headers.get(_SESSION, self.session)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.DecodingError("the answer is packed, although that was not asked for")
        body = response.stream
        # a stream of events has no end, and each event a limit of its own
        if isinstance(body, httpx2.AsyncByteStream) and not response.headers.get("content-type", "").startswith(
            "text/event-stream"
        ):
            response.stream = _Bounded(body, LARGEST)
        return response

    async def _first(self, request: httpx2.Request) -> httpx2.Response:
        """The answer of the first address that can be connected to. What is not connected has got nothing."""
        name = request.url.host
        for last, address in ((address == self.addresses[-1], address) for address in self.addresses):
            aimed = httpx2.Request(
                request.method, request.url.copy_with(host=address), headers=request.headers, stream=request.stream,
                extensions={**request.extensions, "sni_hostname": name},
            )  # fmt: skip
            try:
                return await self._inner.handle_async_request(aimed)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if last:
                    raise
        raise httpx2.ConnectError("it has no address")

    async def aclose(self) -> None:
        await self._inner.aclose()


@asynccontextmanager
async def http_streams(
    who: str, url: str, headers: Mapping[str, str], lost: Callable[[], None], *, allow_private: bool
) -> AsyncGenerator[tuple[Any, Any]]:
    """Messages to and from a server that speaks streamable HTTP.

    Args:
        who: The server, for messages.
        url: Its address.
        headers: Sent with each request.
        lost: Called when it can no longer be talked to.
        allow_private: Whether it may be in our own network.

    Raises:
        MisuseError: Its address is not allowed.
        ProviderError: It cannot be found or reached, or refuses.
    """
    guard = await run_in_thread(_Guard, url)
    parts = httpx2.URL(url)
    guard.addresses = await look_up(
        who, parts.host, parts.port or _PORTS[parts.scheme], allow_private=allow_private, secure=parts.scheme == "https"
    )
    timeout = httpx2.Timeout(30.0, connect=10.0, read=300.0)  # as the mcp package's own; a call has its own deadline
    given = {**headers, "accept-encoding": "identity"}
    async with httpx2.AsyncClient(transport=guard, headers=given, timeout=timeout, trust_env=False) as http:
        try:
            async with streamable_http_client(
                url, http_client=http, terminate_on_close=False, max_sse_event_size=LARGEST
            ) as streams:
                yield streams
        except Exception as broken:
            if guard.status >= _REFUSED and not isinstance(leaf(broken), FSMAgentsError):
                raise ProviderError(f"{who} answered HTTP {guard.status}") from broken
            raise
        finally:
            lost()
            await _say_goodbye(http, url, guard)


async def _say_goodbye(http: httpx2.AsyncClient, url: str, guard: _Guard) -> None:
    """End the session that an older server keeps for us, if it takes no time."""
    if guard.session is not None:
        with anyio.move_on_after(_GOODBYE, shield=True), real_work():
            try:
                await http.delete(url, headers={_SESSION: guard.session})
            except httpx2.HTTPError:
                return
