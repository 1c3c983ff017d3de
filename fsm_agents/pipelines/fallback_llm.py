"""``FallbackLLM``: the first of several language models that answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ToolCall
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.errors import strict_keywords
from fsm_agents.pipelines.fallback_asking import STALL, Asking, Piece
from fsm_agents.pipelines.fallback_link import LEFT_OUT
from fsm_agents.pipelines.fallback_members import Fallback, Members, seconds
from fsm_agents.stages.base import LLM, LLMChunk, TextDelta

__all__ = ["FIRST_TOKEN", "FallbackLLM"]

FIRST_TOKEN = 2.5
"""Seconds until a model must have begun. In the field nine of ten *whole* turns have their first sound within 3 s; and together with the
same for text-to-speech it leaves two seconds and more for those that answer, of the 6.5 s after which a silent reply has failed."""


@strict_keywords
class FallbackLLM(Fallback[LLM]):
    """Several language models as one (implements :class:`fsm_agents.stages.base.LLM`).

    The preferred one that is not left out is asked. If it fails, or has not begun within ``deadline``, the next one is, as long as
    nothing of its text was passed on: tools that it called until then are not called. **After the first word it is too late**: a failure
    comes through as a ``ProviderError``, and the session apologises. Asking the next one to go on from the words that were said
    was rejected: it begins its own sentence, and a caller hears two halves that do not fit, or a promise that nobody keeps.

    An answer without text is an answer: tools alone, or silence.

    Args:
        providers: The models, the preferred one first.
        deadline: Seconds until one must have begun, with text or a tool call; each next tool call has as long.
        stall: Seconds between two pieces of its answer.
        cool_down: Seconds for which one that failed is left out; twice as long each time it fails again before it has worked for 30 s.

    Raises:
        MisuseError: There is no model, one is none, or a number is out of range.
    """

    def __init__(
        self, providers: Sequence[LLM], *, deadline: float = FIRST_TOKEN, stall: float = STALL, cool_down: float = LEFT_OUT
    ) -> None:
        self.members: Members[LLM] = Members("FallbackLLM", providers, LLM, cool_down)
        self.deadline, self.stall = seconds("FallbackLLM", "deadline", deadline), seconds("FallbackLLM", "stall", stall)

    async def chat(self, context: ChatContext, tools: Sequence[FunctionTool]) -> AsyncIterator[LLMChunk]:
        """The answer of the first that begins one.

        Raises:
            ProviderError: It broke off, or none began; the message names each and what it did.
            MisuseError: None can ever work.
        """
        asking: Asking[LLM, LLMChunk] = Asking(
            self.members, lambda member: member.stage.chat(context, tools), _meaning, lambda: "", self.deadline, self.stall
        )
        async with aclosing(asking.answer()) as chunks:
            async for chunk in chunks:
                yield chunk


def _meaning(chunk: LLMChunk) -> Piece:
    if isinstance(chunk, TextDelta):
        return Piece.BEGINS if chunk.text.strip() else Piece.NOTHING
    return Piece.NEWS if isinstance(chunk, ToolCall) else Piece.NOTHING
