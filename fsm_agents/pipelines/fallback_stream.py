"""One session's speech-to-text by several engines: who gets which segment, and which words count.

Sound of a segment is kept until its words are there. Whoever gets a segment late gets it in a stream of its own: an engine has one
segment open at a time, and the caller may be speaking again. No task but those of the engines' streams, and one for all deadlines.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence

import anyio
import attrs

from fsm_agents.errors import ProviderError
from fsm_agents.machines.caller import UNHEARD
from fsm_agents.pipelines.fallback_link import Member
from fsm_agents.pipelines.fallback_members import Failure, Members
from fsm_agents.pipelines.fallback_uses import Use, Uses, passing
from fsm_agents.stages.base import STT, Transcript

__all__ = ["DEAF_AFTER", "GIVE_UP", "FallbackStream"]

log = logging.getLogger("fsm_agents")

DEAF_AFTER = 3
"""After so many segments in a row that nobody understood the session ends, as with one engine alone."""
GIVE_UP = UNHEARD.seconds or 0.0
"""Seconds for which engines that are all late are still listened to: about as long as the caller's table waits for late words."""


@attrs.define(eq=False)
class _Segment:
    """What the caller said, until its words are there."""

    number: int
    phrases: tuple[str, ...]
    use: Use | None = None  # who got it last, and has not failed
    sound: bytearray = attrs.field(factory=bytearray)
    due: float = math.inf
    tried: list[Member[STT]] = attrs.field(factory=list)
    failures: list[Failure] = attrs.field(factory=list)


class FallbackStream:
    """Speech-to-text for one session (implements :class:`fsm_agents.stages.base.STTStream`).

    Args:
        members: The engines.
        heard: Takes the transcripts.
        rate: Samples per second of what is pushed.
        deadline: Seconds from the end of a segment to its words.
        keep: Bytes of a segment that are kept.
        deaf: Told what ended ``run()``, so that no further stream is opened in vain.
    """

    def __init__(
        self, members: Members[STT], heard: Callable[[Transcript], None], rate: int, deadline: float, keep: int,
        deaf: Callable[[Exception], None],
    ) -> None:  # fmt: skip
        self._members, self._heard, self._tell = members, heard, deaf
        self._deadline, self._keep = deadline, keep
        self._phrases: tuple[str, ...] = ()
        self._current: Use | None = None  # who gets the next segment, unless a better one has cooled down
        self._open: _Segment | None = None
        self._owed: dict[int, _Segment] = {}  # segments without their words
        self._uses = Uses(rate, self._take, self._lost)
        self._unheard: list[Exception] = []  # of segments in a row
        self._news = anyio.Event()

    # --- what the ear asks -----------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Have an engine ready.

        Raises:
            Exception: There is none.
        """
        failures: list[Failure] = []
        for member in self._members.in_turn():
            try:
                self._current = self._uses.open(member, self._phrases)
            except Exception as broken:  # an engine may raise anything
                self._members.failed(member, broken)
                failures.append((member, broken))
            else:
                return
        raise self._members.none_answers(failures)

    def begin(self, segment: int) -> None:
        """The caller starts to speak. Nothing is raised: the sound is kept for an engine that works."""
        if self._open is not None:
            self.finish(self._open.number)
        begun = self._owed[segment] = self._open = _Segment(segment, self._phrases)
        self._give(begun)

    def push(self, pcm: bytes) -> None:
        """More sound; beyond what is kept, an engine that gets it later misses it."""
        segment = self._open
        if segment is None:
            return
        if segment.number in self._owed and len(segment.sound) < self._keep:
            segment.sound += pcm
        use = segment.use
        if use is not None:
            try:
                use.push(pcm)
            except Exception as broken:  # as above
                self._failed(use, segment, broken)
                self._give_on(segment)

    def finish(self, segment: int) -> None:
        """The words are wanted."""
        ended = self._open
        if ended is None or ended.number != segment:
            return
        self._open = None
        if ended.use is None:  # all have failed while the caller spoke: once more, with all of it
            ended.tried.clear()
            self._give_on(ended)
            return
        use = ended.use
        self._wait_for(ended)
        try:
            use.finish(segment)
        except Exception as broken:  # as above
            self._failed(use, ended, broken)
            self._give_on(ended)
        self._sweep()

    def expect(self, phrases: Sequence[str]) -> None:
        """What is expected from the next segment on, by whoever gets it."""
        self._phrases = tuple(phrases)
        use = self._current
        if use is not None:
            try:
                use.stream.expect(self._phrases)
            except Exception as broken:  # as above; a phrase that one engine cannot read is no reason to lose it for good
                self._current = None
                self._members.failed(use.member, passing(broken))
                self._sweep()

    async def run(self) -> None:
        """Run the engines' streams and watch the deadlines, until cancelled.

        Raises:
            ProviderError: Nobody hears any more.
        """
        async with anyio.create_task_group() as tasks:
            self._uses.run_in(tasks)
            try:
                while len(self._unheard) < DEAF_AFTER:
                    self._news = anyio.Event()
                    with anyio.CancelScope(deadline=min((each.due for each in self._owed.values()), default=math.inf)):
                        await self._news.wait()
                    for segment in [each for each in self._owed.values() if each.due <= anyio.current_time()]:
                        self._late(segment)
            finally:
                self._uses.run_in(None)
                tasks.cancel_scope.cancel()
        raise self._unheard[-1]

    # --- who gets a segment ------------------------------------------------------------------------------------------------------------

    def _give(self, segment: _Segment) -> None:
        """Give a segment to the next engine that takes it, all of it so far; ``segment.use`` says who that is."""
        segment.use, segment.due = None, math.inf
        for member in self._members.in_turn(segment.tried):
            use = self._current_of(member) if segment is self._open else None
            try:
                use = segment.use = use or self._uses.open(member, segment.phrases)
                if segment is self._open:
                    self._current = use
                else:
                    self._wait_for(segment)
                use.begin(segment.number)
                if segment.sound:
                    use.push(bytes(segment.sound))
                if segment is not self._open:
                    use.finish(segment.number)
            except Exception as broken:  # an engine may raise anything
                if use is None:
                    segment.failures.append((member, broken))
                    self._members.failed(member, broken)
                else:
                    self._failed(use, segment, broken)
                continue
            break
        self._sweep()

    def _current_of(self, member: Member[STT]) -> Use | None:
        return self._current if self._current is not None and self._current.member is member else None

    def _failed(self, use: Use, segment: _Segment, broken: Exception) -> None:
        """It did not take a segment, or has no words of it. It gets nothing new; what else it owes it may still tell."""
        use.given.discard(segment.number)
        segment.failures.append((use.member, broken))
        self._members.failed(use.member, broken)
        if segment.use is use:
            segment.use, segment.due = None, math.inf
        if self._current is use:
            self._current = None

    def _give_on(self, segment: _Segment) -> None:
        """Give it to the next, or give it up if there is none and the caller has ended it."""
        if segment.number not in self._owed:
            return
        self._give(segment)
        if segment.use is not None or segment.number not in self._owed or segment is self._open:
            return
        if self._uses.owing(segment.number):
            segment.due = anyio.current_time() + GIVE_UP
            self._news.set()
        else:
            self._give_up(segment)

    def _late(self, segment: _Segment) -> None:
        """Its words are not there. Whoever owes them may still tell them first, but gets nothing new."""
        if segment.number not in self._owed:
            return
        use = segment.use
        if use is None:
            self._give_up(segment)
            return
        line = f"{use.member.name} told no words within {self._deadline:g} s"
        late = ProviderError(line, retryable=True)
        segment.failures.append((use.member, late))
        self._members.failed(use.member, late)
        self._give_on(segment)
        if self._current is use:
            self._current = None
        if self._open is not None and self._open.use is use:  # what is being said goes to one that works
            use.given.discard(self._open.number)
            self._give_on(self._open)
        self._sweep()

    def _lost(self, use: Use, broken: Exception) -> None:
        """A stream is dead: what it owes is given on."""
        if self._current is use:
            self._current = None
        self._members.failed(use.member, broken)
        if self._open is not None and self._open.use is use:
            self._open.use = None
        for number in sorted(use.given):
            segment = self._owed.get(number)
            if segment is not None:
                segment.failures.append((use.member, broken))
                if segment.use in (use, None):
                    self._give_on(segment)

    def _give_up(self, segment: _Segment) -> None:
        """No engine has its words: the caller is asked again."""
        failure = self._members.none_answers(segment.failures)
        log.error("the words of segment %d are lost (%d in a row): %s", segment.number, len(self._unheard) + 1, failure)
        self._unheard.append(failure)
        self._settled(segment)
        if len(self._unheard) >= DEAF_AFTER:
            self._tell(failure)
            self._news.set()
        self._heard(Transcript(segment.number, "", final=True, lost=True))

    # --- which words count ---------------------------------------------------------------------------------------------------------------

    def _take(self, use: Use, told: Transcript) -> None:
        segment = self._owed.get(told.segment)
        if segment is None or told.segment not in use.given:
            return  # it has its words
        if not told.final:
            if use is segment.use:
                self._heard(told)
            return
        if told.lost:
            self._failed(use, segment, ProviderError(f"{use.member.name} lost the words", retryable=True))
            if segment is not self._open and segment.use is None:
                self._give_on(segment)
            return
        if not told.text and any(other is not use for other in self._uses.owing(segment.number)):
            use.given.discard(told.segment)  # somebody else may have words
            return
        self._unheard.clear()
        self._settled(segment)
        self._members.serve(use.member)
        self._heard(told)

    def _settled(self, segment: _Segment) -> None:
        self._owed.pop(segment.number, None)
        segment.sound.clear()
        self._uses.settle(segment.number)
        self._sweep()

    def _wait_for(self, segment: _Segment) -> None:
        if segment.number in self._owed:
            segment.due = anyio.current_time() + self._deadline
            self._news.set()

    def _sweep(self) -> None:
        self._uses.sweep((self._current, self._open.use if self._open is not None else None))
