"""Did the caller say what the grammar made of it? The rejection of what is outside the grammar.

A grammar forces a match: whatever sounds, the engine answers with the nearest expected sentence. How near is told by the acoustic
cost: for each frame of 10 ms, how much less likely the sound is under the phoneme it was matched with than under the best
phoneme in play, averaged over the frames of the words, and separately over the frames that were taken for silence between and
around them (a grammar of few sentences swallows strange words as "silence").

Sound without a voice never counts as words, however well it fits, and a voice outside of the words spoils them: see
:mod:`fsm_agents.plugins.local.voicing`.

Rejected, after measuring on voices and phrases that chose no threshold: a second decoder with a loop over all phonemes beside
the first, as textbooks advise. It costs 5 MB and twice the time per caller, and its difference told foreign sentences apart no
better (area under the curve 0.997 against 0.996 in quiet, 0.948 against 0.947 at 20 dB). The posterior that the engine reports
does not separate at all.

Pure: this file sees the engine's segments only as (word, first frame, last frame, likelihood).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Protocol

import attrs

__all__ = ["FRAME_SECONDS", "ODDEST_COST", "SILENCE_COST", "WORD_COST", "Fit", "Segment", "fit"]

FRAME_SECONDS = 0.01

WORD_COST = 4.5
"""Most nats per frame that words may cost. The cost is against the best phoneme in play, so it is higher in a large grammar. Chosen on the
states of the pizza flow with two voices (rms, slt): of 218 sentences drawn from the grammar the words of 192 were right, and 186 of those
are kept; 44 of 260 strange ones are taken."""

SILENCE_COST = 4.0
"""Most nats per frame that silence may cost. Chosen together with WORD_COST."""

WIDE = 60
"""A grammar of fewer different words is a menu: fewer phonemes are in play, everything costs less, and the limits are smaller."""

NARROWER = 3.2 / 4.5
"""So much of the limit for words counts in a menu. Chosen earlier, as SILENCE_COST_NARROW, on two voices and 23 sentences; checked on 17
others in other menus with two more voices: 100 % of 68 expected ones exact, and 0.4 % of 264 strange ones taken."""

SILENCE_COST_NARROW = 2.4

ODDEST_COST = 7.0
"""Most nats per frame that a single word may cost. A strange sentence often has words that fit and one that does not at all. Chosen on 352
sentences of two voices (rms, slt) in the states of two flows, and as many strange ones: 95 % right and 87 % rejected; with 8.0 it would be
98 and 81 %, with 6.0 93 and 93 % (the engine then counted 2 Gaussians of a mixture, and now 4). With other sentences, as it is now: 95 and
84 % for these voices; 98 and 78 % for one that had no say in it (awb); of 264 recordings of a person 87 % rejected."""

# The engine gives a likelihood whose logarithm to the base 1.0001 is in units of 1024 (SENSCR_SHIFT in its sources).
_NATS = 1024.0


class Segment(Protocol):
    """What the engine tells about one word (or silence) of its best path."""

    word: str
    start_frame: int
    end_frame: int
    ascore: float


@attrs.frozen
class Fit:
    """How well the sound fitted.

    Args:
        words: Nats per frame over the words; infinite if there were none.
        silence: Nats per frame over what was taken for silence; 0 if there was none.
        quiet_for: Seconds of silence at the end.
        spans: Begin and end of each word, in seconds from the start of the segment.
        until: Where the path ends, in seconds.
        oddest: Nats per frame of the word that fits worst.
    """

    words: float
    silence: float
    quiet_for: float
    spans: tuple[tuple[float, float], ...] = ()
    until: float = 0.0
    oddest: float = 0.0

    def good(self, limit: float, words: int = WIDE) -> bool:
        """Whether to believe it, with at most ``limit`` nats per frame of the words, in a grammar of so many different words."""
        if words < WIDE:
            return self.words <= limit * NARROWER and self.silence <= SILENCE_COST_NARROW
        return self.words <= limit and self.silence <= SILENCE_COST and self.oddest <= ODDEST_COST


def fit(segments: Iterable[Segment]) -> Fit:
    """Look at the best path."""
    cost = {True: 0.0, False: 0.0}
    frames = {True: 0, False: 0}
    quiet = until = 0
    oddest = 0.0
    spans = []
    for segment in segments:
        if segment.word.startswith("("):
            continue  # the grammar's own step from one state to another: "(NULL)"
        filler = segment.word.startswith(("<", "["))
        length = segment.end_frame - segment.start_frame + 1
        costs = -_NATS * math.log(segment.ascore) if segment.ascore > 0 else math.inf
        cost[filler] += costs
        frames[filler] += length
        until = segment.end_frame + 1
        quiet = quiet + length if filler else 0
        if not filler:
            oddest = max(oddest, costs / length)
            spans.append((segment.start_frame * FRAME_SECONDS, until * FRAME_SECONDS))
    return Fit(
        words=cost[False] / frames[False] if frames[False] else math.inf,
        silence=cost[True] / frames[True] if frames[True] else 0.0,
        quiet_for=quiet * FRAME_SECONDS,
        spans=tuple(spans),
        until=until * FRAME_SECONDS,
        oddest=oddest,
    )
