"""One connection to OpenAI's realtime interface: what is told goes out in order, what comes is read. It decides nothing."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import anyio

from fsm_agents.chat.message import ChatItem
from fsm_agents.plugins.openai._socket import SocketClosed, WebSocket
from fsm_agents.plugins.openai.account import Account
from fsm_agents.plugins.openai.failures import OpenAIProviderError, clean
from fsm_agents.plugins.openai.realtime_say import RATE, Options, append, create_item, create_response, session_update
from fsm_agents.plugins.openai.realtime_wire import Reader
from fsm_agents.stages.realtime import (
    InputCommitted,
    InputStarted,
    InputStopped,
    InputUnread,
    InputWords,
    RealtimeEvent,
    RealtimeRefused,
    RealtimeRequest,
    RealtimeSettings,
    ResponseCreated,
    ResponseEnded,
)  # fmt: skip

__all__ = ["BACKLOG", "PING_EVERY", "PONG_WITHIN", "OpenAIRealtimeSession"]

BACKLOG = 30.0
"""Seconds of sound that wait to be sent; more, and the oldest is forgotten: nobody answers half a minute late."""
PING_EVERY, PONG_WITHIN = 2.5, 2.5
"""Seconds: a dead connection is known within 5, whoever speaks; a new one is there before the 8 s of silence that callers bear."""
_PIECE = RATE // 5 * 2  # bytes of one event: sound that waited is sent in pieces of 200 ms
_MOST_NONSENSE = 10


class OpenAIRealtimeSession:
    """One connection; made by :meth:`OpenAIRealtime.connect`.

    Args:
        account: Who asks, for messages.
        options: Of the model.
        settings: What the connection is for.
        socket: The connection.

    Attributes:
        dropped: Bytes of sound that were forgotten because they could not be sent in time.
    """

    def __init__(self, account: Account, options: Options, settings: RealtimeSettings, socket: WebSocket) -> None:
        self._account, self._options, self._settings, self._socket = account, options, settings, socket
        self._reader = Reader(self._clean, spoken=settings.speaks)
        self._out: deque[dict[str, Any] | bytes] = deque()
        self._waiting = 0  # bytes of sound in there
        self._work = anyio.Event()
        self._early: deque[dict[str, Any]] = deque()  # what came while the connection was set up
        self._numbers = 0
        self._nonsense = 0
        self._awaited: dict[str, str] = {}  # responses that were asked for: our name, and the server's when it is known
        self._wanted = anyio.Event()
        self._news = 0.0  # when, on the loop's clock, one of them was last heard of
        self.dropped = 0

    # --- what it is told -------------------------------------------------------------------------------------------------------------

    def send_audio(self, pcm: bytes) -> None:
        """The caller's next sound."""
        self._waiting += len(pcm)
        while self._waiting > BACKLOG * RATE * 2:
            oldest = next(at for at, told in enumerate(self._out) if isinstance(told, bytes))
            self._waiting -= len(self._out[oldest])
            self.dropped += len(self._out[oldest])
            del self._out[oldest]
        self._tell(pcm)

    def commit(self) -> None:
        """The sound since the last commit is an item."""
        self._commit("")

    def _commit(self, name: str) -> None:
        self._reader.commits(name)
        self._tell({"type": "input_audio_buffer.commit"})

    def update(self, settings: RealtimeSettings) -> None:
        """Other settings; nothing, if they are the same."""
        if settings != self._settings:
            self._settings = settings
            self._tell(self._update())

    def add_item(self, item: ChatItem, pcm: bytes = b"") -> str:
        """One more item.

        Sound goes through the input buffer, because only there its words are read; the server's detector is turned off meanwhile, or it
        would take it for a turn.
        """
        name = self._name()
        if not pcm:
            self._tell(create_item(name, item))
            return name
        detects = self._options.detection is not None
        if detects:
            self._tell(self._update(detecting=False))
        for at in range(0, len(pcm), _PIECE):
            self._tell(append(pcm[at : at + _PIECE]))
        self._commit(name)
        if detects:
            self._tell(self._update())
        return name

    def delete_item(self, item: str) -> None:
        """One item less."""
        self._tell({"type": "conversation.item.delete", "item_id": self._reader.theirs(item)})

    def truncate(self, item: str, audio_end_ms: int) -> None:
        """Only this much of the sound was heard."""
        self._tell({"type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": audio_end_ms})

    def create_response(self, request: RealtimeRequest) -> None:
        """Answer, or say something."""
        if not self._awaited:
            self._news = anyio.current_time()
        self._awaited[request.tag] = ""
        self._wanted.set()
        self._tell(create_response(request, self._settings))

    def cancel(self, response: str) -> None:
        """Stop making a response."""
        self._forget(response)
        event: dict[str, Any] = {"type": "response.cancel", "event_id": self._name()}
        if response:
            event["response_id"] = response
            self._reader.cancels(event["event_id"], response)
        self._tell(event)

    # --- the connection --------------------------------------------------------------------------------------------------------------

    async def set_up(self) -> None:
        """Wait for the server's greeting, tell the settings, and wait until they are taken.

        Raises:
            OpenAIProviderError: They are refused, or it breaks.
        """
        while (said := await self._receive()).get("type") != "session.created":
            self._fail_on_error(said, "")
        first = self._update()
        await self._send(first)
        while (said := await self._receive()).get("type") != "session.updated":
            self._fail_on_error(said, first["event_id"])
            self._early.append(said)

    async def events(self) -> AsyncIterator[RealtimeEvent]:
        """What the server says.

        Raises:
            OpenAIProviderError: The connection broke, or was ended.
        """
        while True:
            said = self._early.popleft() if self._early else await self._receive()
            for event in self._reader.read(said):
                self._note(event)
                yield event

    # --- whether it still answers ----------------------------------------------------------------------------------------------------

    def _note(self, event: RealtimeEvent) -> None:
        """What was asked for is on its way, or over."""
        if isinstance(event, InputStarted | InputStopped | InputCommitted | InputWords | InputUnread):
            return
        self._news = anyio.current_time()
        if isinstance(event, ResponseCreated) and event.tag in self._awaited:
            self._awaited[event.tag] = event.response
        elif isinstance(event, ResponseEnded):
            self._forget(event.tag or (event.response if event.response in self._awaited.values() else ""))
        elif isinstance(event, RealtimeRefused) and (event.failed or event.tag):
            self._forget("" if event.failed else event.tag)

    def _forget(self, name: str) -> None:
        """Nothing is expected any more of the response that we, or the server, call this; without a name, of none."""
        for tag, theirs in list(self._awaited.items()):
            if not name or name in (tag, theirs):
                del self._awaited[tag]

    async def _watch_answers(self) -> None:
        """See that a response which was asked for goes on: an open connection with nothing on it is made anew.

        Raises:
            OpenAIProviderError: Nothing of it came for as long as the account allows.
        """
        stall = self._account.stall
        while True:
            if not self._awaited:
                self._wanted = anyio.Event()
                await self._wanted.wait()
            await anyio.sleep_until(self._news + stall)
            if self._awaited and anyio.current_time() >= self._news + stall:
                line = f"{self._account.who}: {self._account.where} stopped answering: nothing of a response for {stall:g} s"
                raise OpenAIProviderError(line, "stall")

    async def pump(self) -> None:
        """Send what was told, and see that the other side is there.

        Raises:
            OpenAIProviderError: The connection broke.
        """
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep_alive, name="realtime ping")
            tasks.start_soon(self._watch_answers, name="realtime answers")
            while True:
                while self._out:
                    told = self._out.popleft()
                    await self._send(append(self._more(told)) if isinstance(told, bytes) else told)
                self._work = anyio.Event()
                await self._work.wait()

    async def aclose(self) -> None:
        """Close the connection."""
        await self._socket.aclose()

    def _more(self, pcm: bytes) -> bytes:
        """This sound and what waits right behind it, as one event."""
        pieces = [pcm]
        while self._out and isinstance(self._out[0], bytes) and sum(map(len, pieces)) < _PIECE:
            pieces.append(self._out.popleft())  # type: ignore[arg-type]  # it is sound, as was just asked
        sound = b"".join(pieces)
        self._waiting -= len(sound)
        return sound

    def _tell(self, event: dict[str, Any] | bytes) -> None:
        """Queue an event; it gets a name, so that an error about it is known from one of the server's own."""
        self._out.append(event if isinstance(event, bytes) else {"event_id": self._name(), **event})
        self._work.set()

    def _update(self, *, detecting: bool = True) -> dict[str, Any]:
        return session_update(self._options, self._settings, event=self._name(), detecting=detecting)

    def _name(self) -> str:
        self._numbers += 1
        return f"fsm_{self._numbers}"

    async def _keep_alive(self) -> None:
        try:
            await self._socket.keep_alive(PING_EVERY, PONG_WITHIN)
        except SocketClosed as gone:
            raise self._broken(gone) from None

    async def _send(self, event: dict[str, Any]) -> None:
        try:
            await self._socket.send(json.dumps(event, ensure_ascii=False))
        except SocketClosed as gone:
            raise self._broken(gone) from None

    async def _receive(self) -> dict[str, Any]:
        """The next event. One that is no JSON is left out; many are a server that is none of this kind."""
        while True:
            try:
                text = await self._socket.receive()
            except SocketClosed as gone:
                raise self._broken(gone) from None
            try:
                said = json.loads(text)
            except ValueError:
                said = None
            if isinstance(said, dict):
                self._nonsense = 0
                return said
            self._nonsense += 1
            if self._nonsense >= _MOST_NONSENSE:
                line = f"{self._account.who}: {self._account.where} says what cannot be read, {_MOST_NONSENSE} times in a row"
                raise OpenAIProviderError(line, "malformed")

    def _fail_on_error(self, said: dict[str, Any], about: str) -> None:
        """While the connection is set up, an error is the end of it."""
        if said.get("type") != "error":
            return
        given = said.get("error")
        error: dict[str, Any] = given if isinstance(given, dict) else {}
        code = str(error.get("code"))
        refused = f"{self._account.who}: {self._account.where} refused"
        if code.endswith("invalid_api_key"):
            raise OpenAIProviderError(f"{refused} the API key; check api_key=… or OPENAI_API_KEY", "key")
        line = f"{refused} {'the settings' if about else 'the session'}"
        kind = "model" if code == "model_not_found" else "server" if error.get("type") == "server_error" else "refused"
        raise OpenAIProviderError(f"{line}: {self._clean(error.get('message'))}", kind)  # type: ignore[arg-type]  # three of its kinds

    def _broken(self, gone: SocketClosed) -> OpenAIProviderError:
        code = f" (code {gone.code})" if gone.code else ""
        return OpenAIProviderError(f"{self._account.who}: {self._account.where}: {self._clean(gone)}{code}", "broken")

    def _clean(self, text: object) -> str:
        return clean(text, self._account.secret())
