"""The provider's own process: a socket on loopback, the line that says where, and the end when its parent is gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from fsm_agents.testing.provider.app import make_app
from fsm_agents.testing.provider.script import Script

__all__ = ["serve"]


class _Protocol(H11Protocol):
    """Gives the application its connection, so that it can be closed unanswered (the fault ``drop``)."""

    def connection_made(self, transport: Any) -> None:
        """Note the connection before the first request is read."""
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


def serve(script: Script, port: int = 0, *, with_parent: bool = False, show: bool = False) -> None:
    """Serve until the process is told to end.

    Args:
        script: What to answer.
        port: Where on loopback; 0 for any free one.
        with_parent: End when standard input is closed: whoever started this process is gone then.
        show: Write what is said on standard error, a line for each.
    """
    if script.expects or script.voice != "tone":
        from fsm_agents.testing.provider.local import load

        load(script)
    listening = socket.create_server(("127.0.0.1", port))
    print(json.dumps({"base_url": f"http://127.0.0.1:{listening.getsockname()[1]}/v1"}), flush=True)  # noqa: T201 - whoever started us reads it
    if with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    config = uvicorn.Config(
        make_app(script, _show if show else None),
        http=_Protocol,
        lifespan="off",
        log_level="critical",
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listening])


def _show(who: str, words: str) -> None:
    print(f"{who + ':':<7} {words or '(none of the words that the script expects)'}", file=sys.stderr, flush=True)  # noqa: T201 - asked for


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
