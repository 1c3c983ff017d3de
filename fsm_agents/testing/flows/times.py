"""How long things take when a flow is played: the one rule of scenes, walks and coverage. µs, whole numbers.

Everybody says :data:`WORDS_A_SECOND`; a turn of the caller ends ``defaults.complete`` seconds after the last word; tools, models and those
who take over answer after :data:`ANSWERS_AFTER` unless a script says otherwise; keys come :data:`BETWEEN_KEYS` apart.
"""

from __future__ import annotations

import datetime
from typing import Final

from fsm_agents.flows.proof.sentences import TODAY

__all__ = ["ANSWERS_AFTER", "BETWEEN_KEYS", "NOW", "SECOND", "TODAY", "WORDS_A_SECOND", "lasts", "seconds"]

SECOND: Final = 1_000_000
"""µs: time is a whole number of them."""
WORDS_A_SECOND: Final = 2.5
"""150 words a minute, the usual pace of speech on the telephone."""
ANSWERS_AFTER: Final = SECOND // 2
"""µs until a tool, a model or a person has answered, if nothing else is said."""
BETWEEN_KEYS: Final = SECOND // 5
"""µs between two keys of one entry."""
NOW: Final = datetime.time(10, 0)
"""The time of day at which a conversation begins."""


def seconds(micros: int) -> str:
    """A duration as it is written: ``4s``, ``6.999s``."""
    return f"{micros / SECOND:.6f}".rstrip("0").rstrip(".") + "s"


def lasts(text: str) -> int:
    """How long a text sounds, µs."""
    return int(len(text.split()) / WORDS_A_SECOND * SECOND)
