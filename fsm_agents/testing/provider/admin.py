"""``/_provider/…``: how a test tells the running provider what to do, and reads what it was asked. No key is needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from fsm_agents.errors import MisuseError
from fsm_agents.testing.provider.faults import Fault
from fsm_agents.testing.provider.script import read_script
from fsm_agents.testing.provider.state import ProviderState

__all__ = ["routes"]

Endpoint = Callable[[Request], Awaitable[JSONResponse]]


def routes(state: ProviderState) -> list[Route]:
    """The paths of this file."""

    async def faults(request: Request) -> JSONResponse:
        state.faults.arm(Fault(**await request.json()))
        return JSONResponse({})

    async def reset(request: Request) -> JSONResponse:
        given: Any = await request.json()
        state.reset(None if given is None else read_script(given))
        return JSONResponse({})

    async def requests(request: Request) -> JSONResponse:
        if "idle" in request.query_params:
            await state.idle()
        return JSONResponse([attrs.asdict(asked, filter=lambda field, _value: field.name != "key") for asked in state.asked])

    return [
        Route("/_provider/faults", _told(faults), methods=["POST"]),
        Route("/_provider/reset", _told(reset), methods=["POST"]),
        Route("/_provider/requests", _told(requests), methods=["GET"]),
    ]


def _told(endpoint: Endpoint) -> Endpoint:
    """What was wrong with the order goes back to who gave it."""

    async def told(request: Request) -> JSONResponse:
        try:
            return await endpoint(request)
        except (MisuseError, TypeError) as wrong:
            return JSONResponse({"error": str(wrong)}, 400)

    return told
