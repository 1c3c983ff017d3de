"""A conversation in text as plain JSON: the flow's part, the session's id, the history. No secrets are in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs

from fsm_agents.chat.history import ChatContext
from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.session.flows.signed import check_key, check_signature, signed

__all__ = ["FORMAT", "Saved", "checked_id", "read_saved", "write_saved"]

FORMAT = 1
"""The version of the form. Another one is refused."""
LONGEST_ID = 200
MOST_ITEMS = 10_000
"""Items of a history that are read back."""


@attrs.frozen(eq=False)
class Saved:
    """What was stored.

    Args:
        id: The session's.
        data: Its conversation.
        history: What was said.
        asks: Whether it goes on where a secret is asked for that was not stored, and not where it stood.
    """

    id: str
    data: FlowData
    history: ChatContext
    asks: bool = False


def checked_id(given: object) -> str:
    """The id of a session: it stands before idempotency keys.

    Raises:
        MisuseError: It is no text of 1 to 200 characters.
    """
    if not isinstance(given, str) or not given.strip() or len(given) > LONGEST_ID:
        raise MisuseError(f"the id of a session is a text of 1 to {LONGEST_ID} characters, not {str(given)[:40]!r}")
    return given


def write_saved(flow: Flow, data: FlowData, name: str, history: ChatContext, key: object = None) -> dict[str, Any]:
    """The conversation as JSON values; with a key, signed."""
    checked = check_key(key)
    saved = {"format": FORMAT, "session": name, "flow": flow.save(data), "history": history.to_dicts()}
    return saved if checked is None else signed(saved, checked)


def read_saved(flow: Flow, saved: object, key: object = None) -> Saved:
    """What :func:`write_saved` gave: foreign input, all of it is checked.

    What is well made is taken, whoever made it, unless a key says who did.

    Raises:
        MisuseError: It is no stored session of this form; or the key is none.
        FlowError: Its conversation is none of this flow, or was edited (F8).
    """
    checked = check_key(key)
    if not isinstance(saved, Mapping):
        raise MisuseError(f"a stored session is a JSON object, this is {type(saved).__name__}")
    try:
        plain = json.loads(json.dumps(dict(saved)))  # whatever it is made of, it is JSON from here on
    except (TypeError, ValueError, RecursionError) as wrong:
        raise MisuseError(f"a stored session is plain JSON; this is not: {wrong}") from None
    check_signature(plain, checked)
    if plain.get("format") != FORMAT:
        raise MisuseError(f"the form of the stored session is {str(plain.get('format'))[:40]!r}; this reads {FORMAT}")
    items = plain.get("history")
    if not isinstance(items, list) or len(items) > MOST_ITEMS:
        raise MisuseError(f"the history of a stored session is a list of at most {MOST_ITEMS} items")
    name, data = checked_id(plain.get("session")), flow.restore(plain.get("flow"))
    state = flow.state(data)
    asks = state is not None and plain["flow"].get("state") != data.cell("flow").state and flow.hears_secret(state)
    return Saved(name, data, ChatContext.from_dicts(items), asks)
