"""What must come of every fault, as data: by stage while it lasts, by stage when it passes, and by the state of the turn it strikes in.

    answered     as if nothing had been
    retried      the provider was asked again, and the caller is answered
    garbled      what came is said: nothing tells it from a good answer
    fallback     the next provider of a ``Fallback…`` answers
    apology      the caller is told that something went wrong
    asked again  the caller is told that nothing was understood, and asked to say it again
    closed       the session ends with the reason: it can never work
    as asked     the session was closing anyway, and closes for the reason it had

A cell of several turns joins what came of them with an arrow.
"""

from __future__ import annotations

__all__ = ["ALLOWED", "LASTING", "ONCE", "STAGES", "STATES", "TURN_STATES"]

ALLOWED = ("answered", "retried", "garbled", "fallback", "apology", "asked again", "closed", "as asked")
STAGES = ("stt", "events", "chat", "responses", "tts", "realtime")
"""Speech-to-text whole (whisper-1), the same as events (gpt-4o-transcribe), chat completions, Responses, text-to-speech, realtime."""

DEAF = "asked again → closed"
DEAFER = "asked again → asked again → closed"
MUTE = "closed"

# fmt: off
LASTING: dict[str, tuple[str, ...]] = {
    "400": ("?",) * 6,
    "401": ("?",) * 6,
    "403": ("?",) * 6,
    "404": ("?",) * 6,
    "429": ("?",) * 6,
    "500": ("?",) * 6,
    "quota": ("?",) * 6,
    "slow": ("?",) * 6,
    "stall": ("?",) * 6,
    "half": ("?",) * 6,
    "drop": ("?",) * 6,
    "malformed": ("?",) * 6,
    "truncated": ("?",) * 6,
    "wrong_type": ("?",) * 6,
    "empty": ("?",) * 6,
    "huge": ("?",) * 6,
    "error_event": ("?",) * 6,
    "duplicated": ("?",) * 6,
    "late": ("?",) * 6,
    "reordered": ("?",) * 6,
}
ONCE: dict[str, tuple[str, ...]] = {}
STATES: dict[str, tuple[str, ...]] = {}
TURN_STATES = (
    "first turn", "later turn", "barge-in held", "after a barge-in", "tool round", "inside a say", "greeting", "closing", "wake-up",
)
# fmt: on
