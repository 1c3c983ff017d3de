"""From the phrases that a conversation expects to what a transcribing model takes as a hint: plain words, in order, not too many."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["MOST_CHARACTERS", "MOST_KEYWORDS", "as_keywords", "as_prompt"]

MOST_CHARACTERS = 600
"""Of a prompt: whisper reads its last 224 tokens only, about 900 characters, and the user's own prompt comes first."""
MOST_KEYWORDS = 100
"""Words or phrases; more would guide towards nothing."""

_SLOT = re.compile(r"\{[^}]*\}")
_NOTATION = re.compile(r"[\[\]()|]+")


def as_keywords(phrases: Sequence[str]) -> list[str]:
    """The runs of plain words in ``phrases``, each once: ``"[a] (large | small) pizza"`` gives a, large, small, pizza.

    Slots (``{size}``) stand for words that are not known here, and are left out.
    """
    runs = (run.strip() for phrase in phrases for run in _NOTATION.split(_SLOT.sub("|", phrase)))
    return list(dict.fromkeys(run for run in runs if run))[:MOST_KEYWORDS]


def as_prompt(own: str | None, phrases: Sequence[str]) -> str:
    """The user's prompt, and the expected words as a list behind it; ``""`` for nothing to say."""
    kept, length = [], 0
    for word in as_keywords(phrases):
        length += len(word) + 2
        if length > MOST_CHARACTERS:
            break
        kept.append(word)
    return " ".join(part for part in (own or "", ", ".join(kept)) if part)
