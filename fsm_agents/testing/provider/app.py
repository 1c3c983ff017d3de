"""The provider as an ASGI application. The one place that lists its interfaces."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette

from fsm_agents.testing.provider import admin, chat, models, realtime, responses, speech, transcriptions
from fsm_agents.testing.provider.script import Script
from fsm_agents.testing.provider.state import ProviderState

__all__ = ["make_app"]

_INTERFACES = (transcriptions, speech, chat, responses, models, realtime, admin)


def make_app(script: Script | None = None, tell: Callable[[str, str], None] | None = None) -> Starlette:
    """The application, with a state of its own. For use in a process of ours; ``provider_process`` runs it in its own.

    The fault ``drop`` needs the provider's own server: ASGI has no word for closing a connection unanswered.

    Args:
        script: What to answer.
        tell: Takes what is said, by whom ("caller", "agent") and in which words.
    """
    state = ProviderState(script or Script(), tell)
    return Starlette(routes=[route for interface in _INTERFACES for route in interface.routes(state)])
