"""An answer in pieces from the first of several providers that begins one: what language models and text-to-speech have in common.

A provider is left for the next only while nothing it gave has been passed on; until then its pieces are held. What it gave is thrown
away with it, so no tool is called by an answer that was given up.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from enum import Enum
from typing import Final, Generic, TypeVar

import anyio
import attrs

from fsm_agents.errors import ProviderError
from fsm_agents.pipelines.fallback_link import Member
from fsm_agents.pipelines.fallback_members import Failure, Members
from fsm_agents.runtime.link import CLOSE_GRACE, plain

__all__ = ["STALL", "Asking", "Piece"]

log = logging.getLogger("fsm_agents")

S = TypeVar("S")
T = TypeVar("T")

STALL = 5.0
"""Seconds without any news in the middle of an answer: below the 6.5 s of silence after which a reply has failed."""


class Piece(Enum):
    """What a piece of an answer means for the waiting."""

    NOTHING = "it could have been left out"
    NEWS = "the provider works; nothing of it is heard yet"
    BEGINS = "the caller hears something of it"


class _End(Enum):
    END = "the answer is over"


_END: Final = _End.END


@attrs.frozen
class Asking(Generic[S, T]):
    """How the members of a fallback are asked.

    Args:
        members: Whom.
        ask: Asks one of them.
        piece: What a piece means.
        silent: What is wrong with an answer in which nothing began; ``""``: nothing is.
        deadline: Seconds until an answer must have begun.
        stall: Seconds between two pieces.
    """

    members: Members[S]
    ask: Callable[[Member[S]], AsyncIterator[T]]
    piece: Callable[[T], Piece]
    silent: Callable[[], str]
    deadline: float
    stall: float

    async def answer(self) -> AsyncGenerator[T]:
        """The answer of the first that begins one.

        Raises:
            ProviderError: It broke off after it had begun, or none began.
            MisuseError: None can ever work.
        """
        failures: list[Failure] = []
        for member in self.members.in_turn():
            parts: AsyncIterator[T] | None = None
            try:
                try:
                    parts = self.ask(member)
                    held, more = await self._beginning(member, parts)
                except Exception as broken:  # a provider may raise anything
                    self.members.failed(member, broken)
                    failures.append((member, broken))
                    continue
                self.members.serve(member)
                for part in held:
                    yield part
                while more and (part_ := await self._going_on(member, parts)) is not _END:
                    yield part_
                return
            finally:
                if parts is not None:
                    await _leave(parts)
        raise self.members.none_answers(failures) from (failures[-1][1] if failures else None)

    async def _beginning(self, member: Member[S], parts: AsyncIterator[T]) -> tuple[list[T], bool]:
        """The pieces until it begins, and whether there may be more."""
        held: list[T] = []
        due = anyio.current_time() + self.deadline
        while (part := await _next(parts, due - anyio.current_time())) is not _END:
            if part is None:
                raise ProviderError(f"{member.name} did not begin to answer within {self.deadline:g} s", retryable=True)
            held.append(part)
            meaning = self.piece(part)
            if meaning is Piece.BEGINS:
                return held, True
            if meaning is Piece.NEWS:
                due = anyio.current_time() + self.deadline
        if wrong := self.silent():
            raise ProviderError(f"{member.name} {wrong}", retryable=True)
        return held, False

    async def _going_on(self, member: Member[S], parts: AsyncIterator[T]) -> T | _End:
        """The next piece of an answer that has begun. It is too late for another provider: a failure goes to whoever asked."""
        try:
            part = await _next(parts, self.stall)
        except Exception as broken:
            raise self._broken_off(member, broken) from broken
        if part is None:
            late = ProviderError(f"{member.name} told nothing more for {self.stall:g} s", retryable=True)
            raise self._broken_off(member, late)
        return part

    def _broken_off(self, member: Member[S], broken: Exception) -> ProviderError:
        self.members.failed(member, broken)
        line = f"{self.members.owner}: broken off in the middle: {self.members.said(member, broken)}"
        return ProviderError(line, retryable=getattr(broken, "retryable", True))


async def _next(parts: AsyncIterator[T], limit: float) -> T | _End | None:
    """The next piece; ``None``: it did not come in time."""
    with anyio.move_on_after(limit):
        try:
            return await anext(parts)
        except StopAsyncIteration:
            return _END
    return None


async def _leave(parts: AsyncIterator[T]) -> None:
    """Close what can be closed, and do not wait for long: the caller waits for the next one."""
    aclose = getattr(parts, "aclose", None)
    if aclose is not None:
        with anyio.move_on_after(CLOSE_GRACE):
            try:
                await aclose()
            except Exception as broken:  # it is not needed any more
                log.debug("an answer did not end cleanly: %s", plain(broken))
