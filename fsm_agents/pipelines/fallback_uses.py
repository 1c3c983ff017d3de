"""The streams of several speech-to-text engines, in one session: opened, run, and ended when they owe nothing. They decide nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import anyio
import attrs
from anyio.abc import TaskGroup

from fsm_agents.audio.resample import Resampler
from fsm_agents.errors import ProviderError
from fsm_agents.pipelines.fallback_link import Member
from fsm_agents.stages.base import STT, STTStream, Transcript

__all__ = ["Use", "Uses", "passing"]


@attrs.define(eq=False)
class Use:
    """A stream of one engine.

    Attributes:
        member: The engine.
        stream: What it opened.
        given: The segments whose words it owes.
        scope: Cancels it.
    """

    member: Member[STT]
    stream: STTStream
    _to_its: Resampler
    given: set[int] = attrs.field(factory=set)
    scope: anyio.CancelScope = attrs.field(factory=anyio.CancelScope)

    def begin(self, number: int) -> None:
        """It gets this segment."""
        self.given.add(number)
        self.stream.begin(number)

    def push(self, pcm: bytes) -> None:
        """More sound, at the rate of the session."""
        if out := self._to_its.push(pcm):
            self.stream.push(out)

    def finish(self, number: int) -> None:
        """The words of the segment are wanted."""
        if rest := self._to_its.flush():
            self.stream.push(rest)
        self.stream.finish(number)


class Uses:
    """All of them.

    Args:
        rate: Samples per second of what they are given.
        take: Takes what a stream tells.
        lost: Told that a stream is dead, and of what.
    """

    def __init__(self, rate: int, take: Callable[[Use, Transcript], None], lost: Callable[[Use, Exception], None]) -> None:
        self._rate, self._take, self._lost = rate, take, lost
        self._all: list[Use] = []
        self._tasks: TaskGroup | None = None

    def open(self, member: Member[STT], phrases: Sequence[str]) -> Use:
        """A new stream of this engine.

        Raises:
            Exception: It cannot be opened, or cannot read the phrases.
        """
        told: list[Use] = []  # the stream is there before its use is
        stream = member.stage.open(lambda transcript: self._take(told[0], transcript))
        use = Use(member, stream, Resampler(self._rate, member.stage.rate))
        told.append(use)
        if phrases:
            try:
                stream.expect(phrases)
            except Exception as broken:  # an engine may raise anything
                raise passing(broken) from broken
        self._all.append(use)
        self._start(use)
        return use

    def run_in(self, tasks: TaskGroup | None) -> None:
        """Run those that there are, and those to come, here; ``None``: none that are to come."""
        self._tasks = tasks
        for use in self._all:
            self._start(use)

    def _start(self, use: Use) -> None:
        if self._tasks is not None:
            self._tasks.start_soon(self._run, use, name=f"{use.member.name} stream")

    async def _run(self, use: Use) -> None:
        with use.scope:
            try:
                await use.stream.run()
            except Exception as broken:  # as above
                if use in self._all:
                    self._end(use)
                    self._lost(use, broken)

    def owing(self, number: int) -> list[Use]:
        """Those that owe the words of this segment."""
        return [use for use in self._all if number in use.given]

    def settle(self, number: int) -> None:
        """Nobody owes the words of this segment any more."""
        for use in self._all:
            use.given.discard(number)

    def sweep(self, kept: Collection[Use | None]) -> None:
        """End the streams that owe nothing, but for those that get something more."""
        for use in [each for each in self._all if each not in kept and not each.given]:
            self._end(use)

    def _end(self, use: Use) -> None:
        self._all.remove(use)
        use.scope.cancel()


def passing(broken: Exception) -> Exception:
    """A failure to read a phrase: the next phrases may be readable."""
    return broken if isinstance(broken, ProviderError) else ProviderError(str(broken), retryable=True)
