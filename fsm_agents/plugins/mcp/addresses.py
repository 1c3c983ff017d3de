"""Which addresses a server on the network may have, and looking them up. It connects to nobody."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import anyio

from fsm_agents.errors import MisuseError, ProviderError

__all__ = ["is_public", "literal", "look_up"]

_NAT64 = IPv6Network("64:ff9b::/96")
_METADATA = (IPv4Network("168.63.129.16/32"),)  # Azure's; those of the others are link-local or private, and refused as that


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is somebody's on the internet: not private, loopback, link-local, shared, reserved or a cloud's metadata.

    An IPv6 address that stands for an IPv4 address (mapped, NAT64, 6to4, Teredo) is judged by that one too.

    >>> is_public(ip_address("::ffff:169.254.169.254"))
    False
    """
    if isinstance(address, IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
        if any(one is not None and not is_public(one) for one in inner):
            return False
        if address.ipv4_mapped is not None or address in _NAT64:
            return True
    elif any(address in network for network in _METADATA):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is written as, or ``None`` for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


async def look_up(who: str, host: str, port: int, *, allow_private: bool, secure: bool) -> list[str]:
    """The addresses of a host, each of them checked.

    Args:
        who: The server, for messages.
        host: A name or an address.
        port: The port.
        allow_private: Whether it may be in our own network.
        secure: Whether the connection is encrypted; without that it must be in our own network.

    Raises:
        MisuseError: One of its addresses is not allowed.
        ProviderError: It has none.
    """
    try:
        found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ProviderError(f"{who}: the host {host!r} was not found: {error}", retryable=True) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        public = is_public(ip_address(address))
        if not public and not allow_private:
            raise MisuseError(f"{who}: {host!r} has the private address {address}; if that is meant, say allow_private=True")
        if public and not secure:
            raise MisuseError(f"{who}: {host!r} has the public address {address}, and http is not encrypted; use https")
    if not addresses:
        raise ProviderError(f"{who}: the host {host!r} has no address", retryable=True)
    return addresses
