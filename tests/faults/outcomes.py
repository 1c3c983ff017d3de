"""What must come of every fault, as data: by stage while it lasts, by stage when it passes, and by the state of the turn it strikes in.

    answered     as if nothing had been, or with what was understood of it
    retried      the provider was asked again, and the caller is answered
    garbled      what came is said: nothing tells it from a good answer
    fallback     the next provider of a ``Fallback…`` answers
    apology      the caller is told that something went wrong
    asked again  the caller is told that nothing was understood, and asked to say it again
    closed       the session ends with the reason: it can never work, or does not for too long
    mute         no reply and no apology could be said; it listens on, once: see ``is_mute``
    as asked     the session was closing anyway, and closes for the reason it had

A cell of several turns joins what came of them with an arrow: the caller tries again as long as nothing was understood or said.
"""

from __future__ import annotations

__all__ = ["ALLOWED", "FALLBACK", "LASTING", "ONCE", "STAGES", "STATES", "STATE_FAULT", "TURN_STATES"]

STAGES = ("stt", "events", "chat", "responses", "tts", "realtime")
"""Speech-to-text whole (whisper-1), the same as events (gpt-4o-transcribe), chat completions, Responses, text-to-speech, realtime."""
TURN_STATES = (
    "first turn", "later turn", "barge-in held", "after a barge-in", "tool round", "inside a say", "greeting", "closing", "wake-up",
)  # fmt: skip

DEAF = "asked again → asked again → closed"
MUTE = "mute → closed"
EITHER = "retried or apology"
"""The stall is found out 5 s after it began; on a machine that is late the dead air may be over before the next try sounds."""
ALLOWED = frozenset(("answered", "retried", "garbled", "fallback", "apology", "asked again", "closed", "mute", "as asked"))

# fmt: off
LASTING: dict[str, tuple[str, ...]] = {
    #                stt            events         chat           responses      tts            realtime
    "400":          (DEAF,          DEAF,          "apology",     "apology",     "closed",      "closed"),
    "401":          ("closed",      "closed",      "apology",     "apology",     "closed",      "closed"),
    "403":          ("closed",      "closed",      "apology",     "apology",     "closed",      "closed"),
    "404":          ("closed",      "closed",      "apology",     "apology",     "closed",      "closed"),
    "429":          (DEAF,          DEAF,          "apology",     "apology",     MUTE,          "closed"),
    "500":          (DEAF,          DEAF,          "apology",     "apology",     MUTE,          "closed"),
    "quota":        ("closed",      "closed",      "apology",     "apology",     "closed",      "closed"),
    "slow":         (DEAF,          DEAF,          "apology",     "apology",     MUTE,          MUTE),
    "stall":        (DEAF,          "answered",    "apology",     "apology",     MUTE,          MUTE),        # the words until then
    "half":         (DEAF,          "answered",    "apology",     "apology",     MUTE,          "closed"),
    "drop":         (DEAF,          DEAF,          "apology",     "apology",     MUTE,          "closed"),
    "malformed":    (DEAF,          "answered",    "apology",     "apology",     "closed",      "answered"),
    "truncated":    (DEAF,          "answered",    "apology",     "apology",     "answered",    MUTE),        # nothing tells how long sound is
    "wrong_type":   ("closed",      "closed",      "apology",     "apology",     "closed",      "closed"),
    "empty":        (DEAF,          DEAF,          "apology",     "apology",     MUTE,          MUTE),
    "huge":         (DEAF,          DEAF,          "apology",     "apology",     "closed",      "closed"),
    "error_event":  (DEAF,          "answered",    "apology",     "apology",     MUTE,          MUTE),
    "duplicated":   ("answered",    "answered",    "garbled",     "answered",    "answered",    "answered"),  # chat has no numbers to see it by
    "late":         ("answered",    "answered",    "garbled",     "answered",    "answered",    "answered"),
    "reordered":    ("answered",    "answered",    "garbled",     "apology",     "answered",    "answered"),
}
"""From the caller's first turn on, every request of the stage fails. Of a realtime model what cannot happen to a response (a status, say)
happens to the connection: it breaks, and cannot be made again."""

ONCE: dict[str, tuple[str, ...]] = {
    #                stt            events         chat           responses      tts            realtime
    "400":          ("asked again", "asked again", "apology",     "apology",     "apology",     "closed"),
    "401":          ("closed",      "closed",      "apology",     "apology",     "apology",     "closed"),
    "403":          ("closed",      "closed",      "apology",     "apology",     "apology",     "closed"),
    "404":          ("closed",      "closed",      "apology",     "apology",     "apology",     "closed"),
    "429":          ("retried",     "retried",     "retried",     "retried",     "retried",     "retried"),
    "500":          ("retried",     "retried",     "retried",     "retried",     "retried",     "retried"),
    "quota":        ("closed",      "closed",      "apology",     "apology",     "apology",     "closed"),
    "slow":         ("asked again", "asked again", "apology",     "apology",     "apology",     EITHER),  # slower than its deadline
    "stall":        ("retried",     "answered",    "apology",     "apology",     "apology",     EITHER),
    "half":         ("retried",     "retried",     "retried",     "retried",     "apology",     "retried"),   # sound cannot be begun again
    "drop":         ("retried",     "retried",     "retried",     "retried",     "retried",     "retried"),
    "malformed":    ("retried",     "retried",     "retried",     "retried",     "apology",     "answered"),
    "truncated":    ("retried",     "retried",     "retried",     "retried",     "answered",    EITHER),
    "wrong_type":   ("closed",      "closed",      "apology",     "apology",     "apology",     "closed"),
    "empty":        ("retried",     "retried",     "retried",     "retried",     "retried",     EITHER),
    "huge":         ("asked again", "asked again", "apology",     "apology",     "apology",     "apology"),
    "error_event":  ("retried",     "retried",     "retried",     "retried",     "retried",     "apology"),
    "duplicated":   ("answered",    "answered",    "garbled",     "answered",    "answered",    "answered"),
    "late":         ("answered",    "answered",    "garbled",     "answered",    "answered",    "answered"),
    "reordered":    ("answered",    "retried",     "garbled",     "retried",     "answered",    "answered"),
}
"""It falls on one request, in the caller's first turn."""

FALLBACK: dict[str, tuple[str, ...]] = {
    #                stt          events       chat         responses    tts
    "400":          ("fallback",  "fallback",  "fallback",  "apology",   "apology"),
    "401":          ("fallback",  "fallback",  "fallback",  "fallback",  "fallback"),
    "403":          ("fallback",  "fallback",  "fallback",  "fallback",  "fallback"),
    "404":          ("fallback",  "fallback",  "fallback",  "fallback",  "fallback"),
    "429":          ("fallback",  "fallback",  "fallback",  "fallback",  "fallback"),
    "500":          ("fallback",  "fallback",  "fallback",  "fallback",  "fallback"),
    "quota":        ("fallback",  "fallback",  "fallback",  "fallback",  "fallback"),
    "slow":         ("fallback",  "fallback",  "fallback",  "fallback",  "fallback"),
    "stall":        ("fallback",  "fallback",  "fallback",  "fallback",  "apology"),
    "half":         ("fallback",  "fallback",  "fallback",  "fallback",  "apology"),
    "drop":         ("fallback",  "fallback",  "fallback",  "fallback",  "fallback"),
    "malformed":    ("fallback",  "fallback",  "fallback",  "fallback",  "fallback"),
    "truncated":    ("fallback",  "fallback",  "fallback",  "fallback",  "answered"),
    "wrong_type":   ("fallback",  "fallback",  "fallback",  "fallback",  "fallback"),
    "empty":        ("fallback",  "fallback",  "fallback",  "fallback",  "fallback"),
    "huge":         ("fallback",  "fallback",  "fallback",  "fallback",  "apology"),
    "error_event":  ("fallback",  "fallback",  "fallback",  "fallback",  "fallback"),
    "duplicated":   ("answered",  "answered",  "garbled",   "answered",  "answered"),
    "late":         ("answered",  "answered",  "garbled",   "answered",  "answered"),
    "reordered":    ("answered",  "fallback",  "garbled",   "fallback",  "answered"),
}
"""As ``LASTING``, where the stage is the first of two in a ``Fallback…``. Sound that had begun cannot be begun again; a request that is
refused for what it says is not put to another model or voice."""

STATE_FAULT = "error_event"
STATES: dict[str, tuple[str, ...]] = {
    #                    stt            events         chat           responses      tts            realtime
    "first turn":       (DEAF,          "answered",    "apology",     "apology",     MUTE,          MUTE),
    "later turn":       ("asked again", "answered",    "apology",     "apology",     "mute",        "mute"),
    "barge-in held":    ("asked again", "answered",    "apology",     "apology",     "mute",        "mute"),
    "after a barge-in": ("asked again", "answered",    "apology",     "apology",     "mute",        "mute"),
    "tool round":       ("answered",    "answered",    "apology",     "apology",     "mute",        "mute"),      # what was said before is answered
    "inside a say":     ("asked again", "answered",    "apology",     "apology",     "mute",        "mute"),
    "greeting":         ("asked again", "answered",    "apology",     "apology",     "mute",        "mute"),
    "closing":          ("as asked",    "as asked",    "as asked",    "as asked",    "as asked",    "as asked"),
    "wake-up":          ("asked again", "answered",    "apology",     "apology",     "mute",        "mute"),
}
"""Where ``STATE_FAULT`` begins to strike, and lasts. While something is said it strikes what says it, or the words that the caller says
over it. In the first turn the caller tries again, in the others not."""
# fmt: on
