"""A server on the network: where it may be, and what never leaves for anybody else."""

from __future__ import annotations

import logging
import socket
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

import anyio
import pytest

from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.plugins.mcp import MCPServerHTTP, MCPToolError
from fsm_agents.plugins.mcp.addresses import is_public, look_up

pytestmark = [pytest.mark.anyio, pytest.mark.real_clock]

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "0.0.0.0",
    "168.63.129.16", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00:ec2::254", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused_when_it_is_written(address: str) -> None:
    """Loopback, private, link-local, shared, metadata, and all the ways to write them in IPv6."""
    assert not is_public(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(MisuseError, match="is a private address; if that is meant, say allow_private=True"):
        MCPServerHTTP(f"https://{host}/mcp")


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_public_address_is_possible(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f000001", "2130706433"])
async def test_a_name_that_means_loopback_is_refused_at_the_start(host: str, mcp: Any) -> None:
    """Whatever the machine's own look-up makes of it is what is checked."""
    with pytest.raises(MisuseError, match="has the private address"):
        async with mcp.running(MCPServerHTTP(f"https://{host}/mcp")):
            pass


async def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch, mcp: Any) -> None:
    """A hostname that resolves to both is refused before anything is sent."""

    async def both(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, 1, 6, "", (address, port)) for address in ("8.8.8.8", "10.1.2.3")]

    monkeypatch.setattr(anyio, "getaddrinfo", both)
    with pytest.raises(MisuseError, match=r"'tools\.example\.com' has the private address 10\.1\.2\.3"):
        async with mcp.running(MCPServerHTTP("https://tools.example.com/mcp")):
            pass


async def test_a_name_that_changes_its_address_is_not_followed(monkeypatch: pytest.MonkeyPatch, mcp: Any, web: Any) -> None:
    """It is looked up once; later requests go to the address that was checked."""
    asked: list[str] = []

    async def rebinding(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, 1, 6, "", ("127.0.0.1" if len(asked) == 1 else "127.0.0.2", port))]

    monkeypatch.setattr(anyio, "getaddrinfo", rebinding)
    made = MCPServerHTTP(
        f"http://tools.example.com:{web.port}/mcp", name="demo", allow_private=True, headers={"Host": f"127.0.0.1:{web.port}"}
    )
    async with mcp.running(made) as server:
        assert [await server("add", a=1, b=n) for n in range(5)] == ["1", "2", "3", "4", "5"]
    assert asked == ["tools.example.com"]


async def test_plain_http_is_only_for_private_addresses() -> None:
    with pytest.raises(MisuseError, match="is not encrypted; use https"):
        MCPServerHTTP("http://mcp.example.com/mcp")
    with pytest.raises(MisuseError, match=r"the public address 8\.8\.8\.8, and http is not encrypted"):
        await look_up("x", "8.8.8.8", 80, allow_private=True, secure=False)


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "mcp.example.com", "https://", "https://example.com:x/", 7, "file:///etc/passwd"]
)
def test_what_is_no_address_is_refused(url: Any) -> None:
    with pytest.raises(MisuseError, match="is no address of a server"):
        MCPServerHTTP(url)


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(MisuseError) as refused:
        MCPServerHTTP("https://user:canary@example.com/mcp")
    assert "canary" not in str(refused.value)


async def test_headers_are_sent_and_never_shown(web: Any, mcp: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Not in a repr, not in any log at any level, not in an error."""
    made = web.client(headers={"Authorization": "Bearer canary-5678"})
    with caplog.at_level(logging.DEBUG):
        async with mcp.running(made) as server:
            await server("add", a=1, b=2)
            with pytest.raises(MCPToolError) as failed:
                await server("fail", text="x")
    assert "canary" not in caplog.text + repr(made) + repr(vars(made)) + str(failed.value)


async def test_a_server_that_was_restarted_is_connected_again(own_web: Any, mcp: Any) -> None:
    async with mcp.running(own_web.client()) as server:
        assert await server("add", a=1, b=2) == "3"
        own_web.stop()
        with pytest.raises(MCPToolError) as lost:
            await server("add", a=1, b=2)
        assert "connection to its server was lost" in str(lost.value)
        with pytest.raises(MCPToolError, match="cannot be reached now"):
            await server("add", a=1, b=2)
        own_web.start()
        assert await server("add", a=1, b=2) == "3"


async def test_nobody_there_is_one_clear_line(mcp: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and not listening
        with pytest.raises(ProviderError, match="could not be started: ConnectError"):
            async with mcp.running(MCPServerHTTP(f"http://127.0.0.1:{taken.getsockname()[1]}/mcp", allow_private=True)):
                pass


async def _answering(answer: bytes, work: Any) -> list[bytes]:
    """What is asked of a server that gives one HTTP answer to everything, while ``work(url)`` runs."""
    heard: list[bytes] = []

    async def serve(stream: Any) -> None:
        async with stream:
            asked = b""
            while not asked.rstrip().endswith(
                b"}"
            ):  # all of it: a socket that is closed over unread bytes takes back what it said
                asked += await stream.receive()
            heard.append(asked)
            with suppress(anyio.BrokenResourceError):
                await stream.send(answer)
                while answer.endswith(b" "):  # a body without an end
                    await stream.send(b" " * 1_000_000)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        await work(f"http://127.0.0.1:{listener.extra(anyio.abc.SocketAttribute.local_port)}/mcp?token=canary")
        tasks.cancel_scope.cancel()
    return heard


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", "answered HTTP 401"),
        (b"HTTP/1.1 307 No\r\nlocation: http://127.0.0.1:1/x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", "not followed"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n\r\n", "packed"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n ", "more than 4194304 bytes"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi",
            "Unexpected content type",
        ),
    ],
)
async def test_a_bad_answer_is_one_clear_line(answer: bytes, says: str, mcp: Any) -> None:
    """Refused, redirected away, packed, too large, and a web page."""

    async def work(url: str) -> None:
        with pytest.raises(ProviderError, match=says) as failed:
            async with mcp.running(MCPServerHTTP(url, allow_private=True, start_limit=10)):
                pass
        assert "canary" not in str(failed.value)
        assert "\n" not in str(failed.value)

    assert b"canary" in (await _answering(answer, work))[0]


async def test_a_server_that_accepts_and_says_nothing_is_given_up(mcp: Any) -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        with pytest.raises(ProviderError, match="did not answer within 1 s"):
            async with mcp.running(MCPServerHTTP(f"http://127.0.0.1:{port}/mcp", allow_private=True, start_limit=1.0)):
                pass
