"""The line to a realtime model, for one session: one connection after another, one conversation.

It keeps the connection (the link table says how), restores the conversation on a new one, hands each event to whom it concerns, and drops
those of responses that nobody wants any more. When to answer, and what is cut, is none of its business.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

import anyio
import attrs

from fsm_agents.chat.tool import FunctionTool
from fsm_agents.machines.events import CloseAsked
from fsm_agents.machines.turn import Turn
from fsm_agents.pipelines.base import Seat
from fsm_agents.pipelines.composer import closing
from fsm_agents.pipelines.realtime_mirror import Mirror
from fsm_agents.pipelines.realtime_response import CancelResponse, Leftover, Lost, Responding, Response, StopAsked
from fsm_agents.pipelines.realtime_words import Words
from fsm_agents.runtime.link import LinkDriver, plain
from fsm_agents.stages.realtime import (
    InputCommitted,
    InputStarted,
    InputStopped,
    InputUnread,
    InputWords,
    RealtimeEvent,
    RealtimeModel,
    RealtimeRefused,
    RealtimeRequest,
    RealtimeSession,
    RealtimeSettings,
    ResponseAudio,
    ResponseCalled,
    ResponseCreated,
    ResponseEnded,
    ResponseText,
)  # fmt: skip

__all__ = ["FREE_AFTER", "InputEvent", "RealtimeLine"]

log = logging.getLogger("fsm_agents")

InputEvent = InputStarted | InputStopped | InputCommitted | InputWords | InputUnread
FREE_AFTER = 2.0
"""Seconds after which a cancelled response that never ends is not waited for any more: a provider needs well under one."""
RENEW_FROM, RENEW_AT = 0.9, 0.98
"""Parts of a connection's life after which it is renewed: at the first quiet moment, and then in any case."""


class RealtimeLine:
    """The connection of one session to its model.

    Args:
        model: The model.
        settings: What the connection is for.
        seat: The conversation.

    Attributes:
        on_input: Takes what the model says about the caller.
        on_lost: Told that the connection is gone.
        on_restored: Told that the conversation stands on a new connection.
    """

    def __init__(self, model: RealtimeModel, settings: RealtimeSettings, seat: Seat) -> None:
        self.model, self.settings = model, settings
        self.words = Words(seat.context)
        self.mirror = Mirror(seat.context, self.words)
        self.session: RealtimeSession | None = None
        self.on_input: Callable[[InputEvent], None] = lambda _event: None
        self.on_lost: Callable[[], None] = lambda: None
        self.on_restored: Callable[[RealtimeSession], None] = lambda _session: None
        self._post, self._turn = seat.post, seat.talk.cell("turn")
        self._up, self._ended = anyio.Event(), anyio.Event()
        self._responses: list[Response] = []
        self._past: deque[str] = deque(maxlen=64)  # names of responses that are over: what still comes of them is old
        self._tags = 0
        self._renew_from = math.inf  # when the connection is old enough to be renewed
        name = type(model).__name__
        self.link = LinkDriver(self._connect, self._serve, self._given_up, name=name)

    # --- the connection ------------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        await self.link.run()

    async def warm_up(self) -> None:
        """Wait until there is a connection. One that is given up closes the session, which says why."""
        await self.ready()

    async def ready(self) -> RealtimeSession:
        """Wait until there is a connection."""
        while self.session is None:
            await self._up.wait()
        return self.session

    async def _connect(self) -> RealtimeSession:
        return await self.model.connect(self.settings)

    async def _serve(self, session: RealtimeSession) -> None:
        reason = "the connection was closed"
        try:
            self._restore(session)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(session.pump, name="realtime pump")
                if self.model.limit is not None:
                    tasks.start_soon(self._renew, self.model.limit, name="realtime renewal")
                async with closing(session.events()) as events:
                    async for event in events:
                        self._take(event)
                tasks.cancel_scope.cancel()
        except Exception as broken:
            reason = plain(broken)
            raise
        finally:
            self._lost(reason)

    def _restore(self, session: RealtimeSession) -> None:
        self.mirror.forget()
        session.update(self.settings)  # they may have changed while it was dialed
        self.mirror.sync(session)
        self.session = session
        self.on_restored(session)
        self._up.set()

    def _lost(self, reason: str) -> None:
        self.session, self._up = None, anyio.Event()
        self._renew_from = math.inf
        for response in list(self._responses):
            response.post(Lost(reason))
        self._sweep()
        self.on_lost()

    def _given_up(self, reason: str) -> None:
        self._post(CloseAsked(f"error: {reason}"))

    async def _renew(self, limit: float) -> None:
        """A provider ends connections after a while: go before, when nobody speaks."""
        start = anyio.current_time()
        self._renew_from = start + RENEW_FROM * limit
        await anyio.sleep_until(start + RENEW_AT * limit)
        self.link.renew("renewed: its time is almost over")

    # --- what the model is told ----------------------------------------------------------------------------------------------------

    def send_audio(self, pcm: bytes) -> None:
        """The caller's next sound."""
        if self._turn.state is Turn.LISTENING and anyio.current_time() >= self._renew_from:
            self._renew_from = math.inf
            self.link.renew("renewed at a quiet moment: its time is almost over")
        if self.session is not None:
            self.session.send_audio(pcm)

    def configure(
        self,
        *,
        instructions: str | None = None,
        tools: Sequence[FunctionTool] | None = None,
        expected: Sequence[str] | None = None,
    ) -> None:
        """Change what the connection is for; what is not given stays."""
        now = self.settings
        settings = attrs.evolve(
            now,
            instructions=now.instructions if instructions is None else instructions,
            tools=now.tools if tools is None else tuple(tools),
            expected=now.expected if expected is None else tuple(expected),
        )
        if settings != self.settings:
            self.settings = settings
            if self.session is not None:
                self.session.update(settings)

    @asynccontextmanager
    async def respond(self, *, exactly: str = "", tools: bool = True, silent: bool = False) -> AsyncGenerator[Response]:
        """Have the model make a response; leaving the block before it has ended stops it.

        Args:
            exactly: Words to say, outside of the conversation; empty: answer the conversation, as history has it.
            tools: Whether the model may call tools.
            silent: Whether no sound is wanted: nobody will hear the answer.
        """
        session = await self.ready()
        if not exactly:
            with anyio.move_on_after(FREE_AFTER):
                await self._free()
            session = await self.ready()
            self.mirror.sync(session)
        self._tags += 1
        response = Response(RealtimeRequest(f"r{self._tags}", exactly, tools, silent), self._perform)
        self._responses.append(response)
        session.create_response(response.request)
        try:
            yield response
        finally:
            response.post(StopAsked())

    def stop(self) -> None:
        """Stop every response, now."""
        for response in self._responses:
            response.post(StopAsked())

    async def next_end(self, seconds: float) -> None:
        """Wait until some response has ended, but not longer than this."""
        with anyio.move_on_after(seconds):
            await self._ended.wait()

    async def _free(self) -> None:
        while any(response.holds_the_conversation for response in self._responses):
            await self._ended.wait()

    def _perform(self, effect: CancelResponse | Leftover) -> None:
        if self.session is None:
            return
        if isinstance(effect, CancelResponse):
            self.session.cancel(effect.response)
        elif not self.mirror.is_decided(effect.item):
            self.mirror.decide((effect.item,))
            self.session.delete_item(effect.item)

    # --- what the model tells ------------------------------------------------------------------------------------------------------

    def _take(self, event: RealtimeEvent) -> None:
        if isinstance(event, InputStarted | InputStopped | InputCommitted | InputWords | InputUnread):
            self.on_input(event)
        elif isinstance(event, RealtimeRefused):
            self._refused(event)
        elif isinstance(event, ResponseCreated):
            self._created(event)
        elif (response := self._named(event.response, event.tag if isinstance(event, ResponseEnded) else "")) is not None:
            if response.state is Responding.RUNNING and not response.request.exactly:
                self._note(event)
            response.post(event)
            if isinstance(event, ResponseEnded):
                self._sweep()

    def _note(self, event: ResponseAudio | ResponseText | ResponseCalled | ResponseEnded) -> None:
        """The model has another item in its conversation, whether or not anybody comes to hear of it."""
        if isinstance(event, ResponseAudio):
            self.mirror.draft(event.item)
        elif isinstance(event, ResponseText):
            self.mirror.draft(event.item, event.text)
        elif isinstance(event, ResponseCalled):
            self.mirror.called(event.call, event.item)

    def _refused(self, refused: RealtimeRefused) -> None:
        about = [response for response in self._responses if refused.failed or response.request.tag == refused.tag]
        if not about:
            log.warning("%s refused something: %s", type(self.model).__name__, refused.reason)
        for response in about:
            response.post(refused)
        self._sweep()

    def _created(self, created: ResponseCreated) -> None:
        waiting = list(self._waiting())
        found = next((response for response in waiting if response.request.tag == created.tag), None)
        if found is None and not created.tag:
            found = waiting[0] if waiting else None
        if found is not None:
            found.post(created)
        elif created.response not in self._past and self._by_name(created.response) is None:
            log.warning("%s answered although nobody asked it to; cancelled", type(self.model).__name__)
            self._past.append(created.response)
            self._perform(CancelResponse(created.response))

    def _named(self, name: str, tag: str) -> Response | None:
        """The response of that name. Its events may overtake the one that tells the name; then only one response can be meant."""
        found = self._by_name(name)
        if found is None and name not in self._past:
            waiting = [response for response in self._waiting() if not tag or response.request.tag == tag]
            found = waiting[0] if len(waiting) == 1 else None
            if found is not None:
                found.post(ResponseCreated(name))
        return found

    def _by_name(self, name: str) -> Response | None:
        return next((response for response in self._responses if response.id == name), None)

    def _waiting(self) -> Iterator[Response]:
        return (each for each in self._responses if each.state in (Responding.WANTED, Responding.UNWANTED))

    def _sweep(self) -> None:
        """Forget what is over."""
        over = [response for response in self._responses if response.state is Responding.OVER]
        if over:
            self._past.extend(response.id for response in over)
            self._responses = [response for response in self._responses if response not in over]
            ended, self._ended = self._ended, anyio.Event()
            ended.set()
