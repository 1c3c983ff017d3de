"""``FallbackSTT``: the first of several engines that understands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fsm_agents.errors import strict_keywords
from fsm_agents.machines.caller import TURN_LIMIT
from fsm_agents.pipelines.fallback_link import LEFT_OUT
from fsm_agents.pipelines.fallback_members import Fallback, Members, seconds
from fsm_agents.pipelines.fallback_stream import FallbackStream
from fsm_agents.stages.base import STT, STTStream, Transcript

__all__ = ["FINAL", "KEEP", "FallbackSTT"]

FINAL = 1.2
"""Seconds until the words of a segment must be there. The turn waits 2 s for them (the caller's table) before it makes do with interim
ones, which leaves 0.8 s for the next engine; where there are no interim ones it waits for longer."""
KEEP = TURN_LIMIT.seconds or 0.0
"""Seconds of a segment that are kept for the next engine: a longer one is ended by the caller's table."""


@strict_keywords
class FallbackSTT(Fallback[STT]):
    """Several engines as one (implements :class:`fsm_agents.stages.base.STT`).

    The caller's sound goes to the preferred engine that is not left out. A segment whose engine fails, or has not told its words
    within ``deadline``, is given to the next one, from its beginning, with what was expected when it began. An engine that is only
    late may still be the first to answer; of several final transcripts of a segment the first that has words counts, the others are
    dropped. What is expected of the caller goes to whichever engine is in use.

    If no engine has the words of a segment they are told as lost (the caller is asked again), with a line in the log that names each
    engine and what it did; three in a row end the session: a deaf agent must not keep a caller.

    Args:
        providers: The engines, the preferred one first. Those with another sample rate get their sound resampled.
        deadline: Seconds from the end of a segment until its words must be there.
        cool_down: Seconds for which one that failed is left out; twice as long each time it fails again before it has worked for 30 s.
        keep: Seconds of each segment that are kept until its words are there; 30 s at 16 kHz are 1 MB.

    Attributes:
        rate: Samples per second of what is pushed: those of the first engine.

    Raises:
        MisuseError: There is no engine, one is none, or a number is out of range.
    """

    def __init__(
        self, providers: Sequence[STT], *, deadline: float = FINAL, cool_down: float = LEFT_OUT, keep: float = KEEP
    ) -> None:
        self.members: Members[STT] = Members("FallbackSTT", providers, STT, cool_down)
        self.deadline, self.keep = seconds("FallbackSTT", "deadline", deadline), seconds("FallbackSTT", "keep", keep)
        self.rate = providers[0].rate
        self._deaf: Exception | None = None

    def open(self, heard: Callable[[Transcript], None]) -> STTStream:
        """A new stream for one session; its ``run()`` is needed for the deadlines.

        Raises:
            ProviderError: None can be opened; or an earlier stream found that nobody hears any more (until ``aclose()``).
            MisuseError: None can ever work.
        """
        if self._deaf is not None:
            raise self._deaf
        stream = FallbackStream(self.members, heard, self.rate, self.deadline, round(self.keep * self.rate) * 2, self._is_deaf)
        stream.open()
        return stream

    def _is_deaf(self, failure: Exception) -> None:
        self._deaf = failure

    async def aclose(self) -> None:
        """Close them all, and forget failures."""
        self._deaf = None
        await super().aclose()
