"""A server somewhere on the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urlsplit

from fsm_agents.errors import MisuseError, strict_keywords
from fsm_agents.plugins.mcp.addresses import is_public, literal
from fsm_agents.plugins.mcp.plan import CALL_TIMEOUT, MOST_RESULT, START_LIMIT, Plan, check_choice, check_limits, check_name
from fsm_agents.plugins.mcp.server import MCPServer

__all__ = ["MCPServerHTTP"]


@strict_keywords
class MCPServerHTTP(MCPServer):
    """A server that offers tools over streamable HTTP.

        Agent("…", mcp_servers=[MCPServerHTTP("https://mcp.example.com/mcp", headers={"Authorization": f"Bearer {token}"})])

    **Where it may be.** On the internet over ``https``. Private, loopback and link-local addresses, and those where a cloud tells its secrets,
    are refused, also as what a name means: else whoever may name a server reaches what stands behind our firewall. With
    ``allow_private=True`` they are possible, over plain ``http`` too, which is never used to a public address. Redirects to anybody
    else are not followed, and the environment's proxies are not used.

    Args:
        url: Its address.
        headers: Sent with each request, to nobody else, and shown to nobody.
        name: Stands before the names of its tools, up to 32 letters, digits, ``_`` and ``-``; the host's name unless given.
        pins: What ``pins()`` gave once. A tool that has changed since, or is gone, is refused at the start; new ones are left out.
        tools: The names, as the server has them, of the tools that are wanted; ``None`` for all.
        allow_private: Whether it may be in our own network.
        timeout: Seconds a call may take, reconnecting included.
        max_result: Characters of a result that the model is shown.
        start_limit: Seconds in which it must have answered and listed its tools.

    Raises:
        MisuseError: A value is not possible, or the address is not allowed (for a name: when the session starts).
        MissingExtra: The ``mcp`` package is not installed.
    """

    def __init__(  # noqa: PLR0913 - keywords, each documented
        self, url: str, headers: Mapping[str, str] | None = None, *, name: str | None = None, pins: Mapping[str, str] | None = None,
        tools: Sequence[str] | None = None, allow_private: bool = False, timeout: float = CALL_TIMEOUT,
        max_result: int = MOST_RESULT, start_limit: float = START_LIMIT,
    ) -> None:  # fmt: skip
        kind = "MCPServerHTTP"
        host = _check_url(kind, url, allow_private=allow_private)
        for header, value in (headers or {}).items():
            if not isinstance(header, str) or not isinstance(value, str) or not (header + value).isprintable():
                raise MisuseError(f"{kind}(headers=…): {header!r} is no header, or its value is none")
        check_limits(kind, timeout, max_result, start_limit)
        pins, wanted = check_choice(kind, pins, tools)
        parts = urlsplit(url)
        where = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self._url, self._headers, self._allow_private = _Hidden(url), _Hidden(dict(headers or {})), allow_private
        super().__init__(Plan(check_name(kind, name, host), where, pins, wanted, timeout, max_result, start_limit, self._open))

    def _open(self, lost: Callable[[], None]) -> AbstractAsyncContextManager[Any]:
        from fsm_agents.plugins.mcp.guard import http_streams

        return http_streams(self._plan.who, self._url.value, self._headers.value, lost, allow_private=self._allow_private)

    def __repr__(self) -> str:
        """Address without its query, and name."""
        return f"MCPServerHTTP({self._plan.where!r}, name={self.name!r})"


class _Hidden:
    """A value that shows itself to nobody: not in a repr, a log, or a dump of attributes."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "[hidden]"


def _check_url(kind: str, url: str, *, allow_private: bool) -> str:
    """The host of an address that is possible."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        host = "" if parts is None else parts.hostname or ""
        _ = None if parts is None else parts.port
    except ValueError:
        parts, host = None, ""
    if parts is None or parts.scheme not in ("http", "https") or not host:
        raise MisuseError(f"{kind}(url=…) is no address of a server; give for example 'https://mcp.example.com/mcp'")
    if "@" in parts.netloc:
        raise MisuseError(f"{kind}(url=…) has a user or a password in it; give headers={{'Authorization': …}} instead")
    address = literal(host)
    if address is not None and not is_public(address) and not allow_private:
        raise MisuseError(f"{kind}(url=…): {host} is a private address; if that is meant, say allow_private=True")
    if parts.scheme == "http" and not allow_private:
        raise MisuseError(f"{kind}(url=…) is not encrypted; use https (http is for your own network, with allow_private=True)")
    return host
