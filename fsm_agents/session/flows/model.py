"""Asking a model what the table asks it, by voice or in text. Whatever the model emits ends in exactly one answer.

Tools run only as the state allows; edges are proposed, and the order of rows decides among them. Everything is bounded: rounds, calls,
characters, and seconds.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from itertools import count

import anyio
import attrs

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.message import ChatMessage, ToolCall, ToolResult
from fsm_agents.errors import ProviderError
from fsm_agents.flows.machine.effects import AskModel
from fsm_agents.flows.machine.events import NotJudged, Proposed
from fsm_agents.flows.words.recogniser import Parse
from fsm_agents.pipelines.composer import closing
from fsm_agents.session.flows.question import Question
from fsm_agents.session.flows.run import FlowRun
from fsm_agents.session.flows.talk import arguments, legal
from fsm_agents.stages.base import LLM, LLMChunk, TextDelta

__all__ = ["LONGEST", "MOST_CALLS", "MOST_ROUNDS", "MOST_TEXT", "SILENT", "answers", "ask"]

log = logging.getLogger("fsm_agents")

MOST_ROUNDS = 8
"""Requests for one answer: each but the last may call tools."""
MOST_CALLS = 16
"""Calls of one request that are looked at; nobody waits for more of them."""
MOST_TEXT = 16_000
"""Characters of an answer: half an hour of speech."""
SILENT = 7.0
"""Seconds between two pieces of an answer: below the 8 s of silence after which callers hang up."""
LONGEST = 60.0
"""Seconds for one answer with all its tools."""
NOBODY_SPOKE = "(The caller is on the line.)"


async def ask(
    asked: AskModel,
    run: FlowRun,
    llm: LLM,
    history: ChatContext,
    instructions: str = "",
    on_text: Callable[[str], object] | None = None,
) -> Proposed | NotJudged:
    """The model's answer, to be posted to the flow.

    Args:
        asked: What the table asks.
        run: The conversation.
        llm: The model.
        history: What was said, without secrets; tools that the model uses are added to it.
        instructions: The agent's own.
        on_text: Takes the text of a ``talk`` state in pieces as it comes, sync or async; the answer is ``spoken`` then.
    """
    async with closing(answers(asked, run, llm, history, instructions, streams=on_text is not None)) as pieces:
        async for piece in pieces:
            if not isinstance(piece, str):
                return piece
            if on_text is not None:
                made = on_text(piece)
                if inspect.isawaitable(made):
                    await made
    return NotJudged(asked.number, "no answer")  # pragma: no cover - the last piece is the answer


async def answers(
    asked: AskModel, run: FlowRun, llm: LLM, history: ChatContext, instructions: str = "", *, streams: bool = False
) -> AsyncGenerator[str | Proposed | NotJudged]:
    """As :func:`ask`, in pieces: text to say at once, and at last exactly one answer.

    Text comes in a ``talk`` state, if ``streams``, until an edge was chosen. Cancelling ends the request; a tool with ``once = true``
    goes on.
    """
    heard = _Heard(spoken=streams and bool(asked.talk))
    try:
        question = Question(run, asked, instructions)
        talk = _Talk(question, history)
        chat = llm.chat if asked.talk else getattr(llm, "silently", llm.chat)  # nobody hears a model that only chooses
        until = anyio.current_time() + LONGEST
        for left in reversed(range(MOST_ROUNDS)):
            heard.begin()
            async with closing(chat(talk.context, question.tools if left else question.edges)) as chunks:
                while not heard.full and (chunk := await _next(chunks, until)) is not None:
                    piece = heard.take(chunk, question)
                    if heard.spoken and (piece or piece.__class__ is not str):  # a piece that brings its sound may have no words
                        yield piece
            if heard.parses or not heard.calls:
                break
            if left:
                with anyio.fail_after(until - anyio.current_time()):
                    await talk.work(heard)
        answer = heard.answer(question)
    except Exception as broken:
        log.error("%s: the model could not be asked in %s", run.flow.id, asked.state, exc_info=broken)
        answer = _after(broken, asked, heard)
    yield answer


async def _next(chunks: AsyncIterator[LLMChunk], until: float) -> LLMChunk | None:
    """The next piece; ``None``: that was all."""
    seconds = min(SILENT, until - anyio.current_time())
    with anyio.move_on_after(seconds):
        return await anext(chunks, None)
    raise ProviderError(f"the model said nothing for {max(0.0, seconds):.1f} s")


def _after(broken: Exception, asked: AskModel, heard: _Heard) -> Proposed | NotJudged:
    """What stands when asking failed: an edge that was chosen before."""
    if heard.parses:
        return Proposed(asked.number, tuple(heard.parses), heard.text, heard.spoken)
    return NotJudged(asked.number, type(broken).__name__)


@attrs.define(eq=False)
class _Heard:
    """What came of the model so far.

    Args:
        spoken: Whether its text is said as it comes.
        parses: The edges it chose.
        calls: Its other calls in this round.
        errors: Of these, the results that are known already, by id.
        texts: Its text, in pieces.
    """

    spoken: bool
    parses: list[Parse] = attrs.field(factory=list)
    calls: list[ToolCall] = attrs.field(factory=list)
    errors: dict[str, ToolResult] = attrs.field(factory=dict)
    texts: list[str] = attrs.field(factory=list)
    _length: int = 0
    _begun: int = 0
    _ids: set[str] = attrs.field(factory=set)

    @property
    def text(self) -> str:
        """All of its text."""
        return "".join(self.texts)

    @property
    def of_round(self) -> str:
        """Its text since the last request."""
        return "".join(self.texts[self._begun :])

    @property
    def full(self) -> bool:
        """Whether nothing more is looked at."""
        return len(self.calls) + len(self.parses) >= MOST_CALLS or self._length >= MOST_TEXT

    def begin(self) -> None:
        """A request is sent."""
        self.calls.clear()
        self._begun = len(self.texts)

    def take(self, chunk: LLMChunk, question: Question) -> str:
        """One piece; what of it is to be said."""
        if isinstance(chunk, ToolCall):
            self._call(chunk, question)
        if not isinstance(chunk, TextDelta):
            return ""
        piece = chunk.text
        if (
            piece.__class__ is str or len(piece) > MOST_TEXT - self._length
        ):  # any other class brings its sound, and is passed on as it is
            piece = piece[: MOST_TEXT - self._length].encode("utf-8", "replace").decode()
        self.texts.append(piece)
        self._length += max(1, len(piece))  # empty pieces for ever would never be enough
        return "" if self.parses else piece

    def _call(self, call: ToolCall, question: Question) -> None:
        call = attrs.evolve(call, id=self._id(call.id))
        found = question.chosen(call)
        if isinstance(found, Parse):
            self.parses += [found] * (found not in self.parses)
            return
        if found is not None:
            self.errors[call.id] = found
        self.calls.append(call)

    def _id(self, wanted: str) -> str:
        """An id that no other call has: some servers count their calls from 0 in every answer."""
        numbered = (f"{wanted or 'call'}-{number}" for number in count(2 if wanted else 1))
        found = wanted if wanted and wanted not in self._ids else next(name for name in numbered if name not in self._ids)
        self._ids.add(found)
        return found

    def answer(self, question: Question) -> Proposed | NotJudged:
        """The answer that came of it all."""
        if self.parses or self.text.strip():
            return question.answer(self.parses, self.text, spoken=self.spoken)
        if question.asked.talk or self.calls:
            return NotJudged(question.asked.number, "it called again and again" if self.calls else "it answered nothing")
        return question.answer()


class _Talk:
    """What the model is shown, and the tools it uses."""

    def __init__(self, question: Question, history: ChatContext) -> None:
        self._question, self._history = question, history
        self.context = history.copy()
        self.context.system = question.instructions
        if not any(isinstance(item, ChatMessage) and item.role == "user" for item in history.items):
            self.context.add(ChatMessage("user", NOBODY_SPOKE))  # some models answer nothing else than a user

    async def work(self, heard: _Heard) -> None:
        """Run what was called in a round, in order; what was refused is told to the model, and is not kept."""
        if heard.of_round.strip():
            self.context.add(ChatMessage("assistant", heard.of_round))
        for call in heard.calls:
            result = heard.errors.get(call.id) or await self._question.talk.run(call)
            known = call.name in self._question.talk
            shown = attrs.evolve(call, name=call.name if known else legal(call.name, ()), arguments=_sent_back(call))
            for item in (shown, attrs.evolve(result, name=shown.name)):
                self.context.add(item)
                if known:
                    self._history.add(item)


def _sent_back(call: ToolCall) -> str:
    """Arguments as a provider takes them back."""
    return call.arguments if arguments(call) is not None and len(call.arguments) <= MOST_TEXT else "{}"
