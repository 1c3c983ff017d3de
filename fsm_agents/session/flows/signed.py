"""Signed stored sessions: who holds the key knows that nobody else has changed them. They are signed, not hidden: anybody can read them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from fsm_agents.errors import MisuseError
from fsm_agents.flows.problems import FlowError, Place, Problem

__all__ = ["LEAST_KEY", "SIGNATURE", "check_key", "check_signature", "signed"]

SIGNATURE = "signature"
"""Where the signature stands in a stored session."""
LEAST_KEY = 16
"""Bytes of a key: 128 bits, as HMAC-SHA256 keys have at least (RFC 2104 recommends 32, ``secrets.token_bytes(32)``)."""
_KIND = "hmac-sha256:"


def check_key(key: object) -> bytes | None:
    """The key as it was given.

    Raises:
        MisuseError: It is not of bytes, or too short to keep anybody out.
    """
    if key is None:
        return None
    if not isinstance(key, bytes):
        raise MisuseError(f"the key of stored sessions is bytes, not {type(key).__name__}: secrets.token_bytes(32) makes one")
    if len(key) < LEAST_KEY:
        raise MisuseError(f"the key of stored sessions has {len(key)} bytes; give at least {LEAST_KEY}")
    return key


def signed(saved: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """A stored session with its signature: HMAC-SHA256 over its canonical JSON (names sorted, no spaces, ASCII)."""
    return {**saved, SIGNATURE: _signature(saved, key)}


def check_signature(saved: Mapping[str, Any], key: bytes | None) -> None:
    """Refuse a stored session that was not signed with this key. One that is signed is not read without it.

    Raises:
        FlowError: F808.
    """
    found = saved.get(SIGNATURE)
    if key is None:
        if found is not None:
            raise _refused(
                "the stored session is signed, and no key was given", "restore(…, key=…) with the key it was saved with"
            )
        return
    if found is None:
        raise _refused("the stored session is not signed", "store with save(key=…); an unsigned one is taken without a key only")
    right = _signature({name: value for name, value in saved.items() if name != SIGNATURE}, key)
    if not isinstance(found, str) or not hmac.compare_digest(found.encode("utf-8", "replace"), right.encode()):
        raise _refused("the signature of the stored session is not that of this key: it was edited, or saved with another key")


def _refused(message: str, fix: str = "") -> FlowError:
    return FlowError([Problem("F808", message, Place("store"), fix=fix)])


def _signature(saved: Mapping[str, Any], key: bytes) -> str:
    text = json.dumps(saved, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return _KIND + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
