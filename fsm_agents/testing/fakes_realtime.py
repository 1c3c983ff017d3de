"""A realtime model by script: speech in, speech out, without a provider or a network, on whatever clock the loop has.

It keeps a conversation as a provider does, with its own voice detector, makes responses piece by piece, and misbehaves on request. It is
strict where providers are: what they would refuse (a second response at once, truncating beyond the sound, an item that is not there) is
noted in ``wrong``. Sound is symbolic: input whose samples are 1 is speech; output samples number the text they are of.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from enum import Enum
from typing import Any

import anyio
import attrs
from anyio.abc import TaskGroup

from fsm_agents.chat.message import ChatItem, ChatMessage, ToolCall, ToolResult
from fsm_agents.errors import ProviderError
from fsm_agents.stages.base import Usage
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
    ResponseAudio,
    ResponseCalled,
    ResponseCreated,
    ResponseEnded,
    ResponseText,
)  # fmt: skip

__all__ = ["Cue", "FakeItem", "FakeRealtime", "FakeRealtimeSession", "Part"]


class Cue(Enum):
    """What goes wrong where it stands in an answer."""

    BREAK = "the connection breaks"
    STALL = "nothing more comes"
    FAIL = "the response fails"
    INCOMPLETE = "the response is broken off at its limit"


Part = str | ToolCall | Cue


@attrs.define
class FakeItem:
    """Something in the model's conversation."""

    name: str
    item: ChatItem
    sound_ms: int = 0
    heard_ms: int | None = None


class FakeRealtime:
    """A realtime model by script.

    Args:
        answers: One answer for each response to the conversation: text, or a sequence of text, tool calls and cues. The last is repeated.
        words: What each item of the caller says, in order; ``""`` is noise, ``None`` cannot be read. After the last: ``"words N"``.
        tail: Seconds of silence after which its detector says that speech stopped; ``None``: it has none.
        transcribes: Whether it tells the words.
        think: Seconds before a response begins.
        words_after: Seconds from a commit to the words; interim ones come halfway.
        per_character: Seconds of sound for each character.
        chunk: Seconds of sound in one event.
        pause: Seconds before each such event; 0 still waits once for the event loop.
        connects: What happens to each connection in turn: an exception is raised; seconds are waited; ``None`` is fine.
        spoils: Cues for given texts that it is to say exactly.
        limit: Seconds after which the provider ends a connection; it does so.
        tags: Whether it tells which request a response is for.
    """

    def __init__(  # noqa: PLR0913 - a script has many lines
        self, answers: Sequence[str | Sequence[Part]] = ("Very well.",), *, words: Sequence[str | None] = (), tail: float | None = 0.5,
        transcribes: bool = True, think: float = 0.1, words_after: float = 0.2, per_character: float = 0.06, chunk: float = 0.1,
        pause: float = 0.0, connects: Sequence[Exception | float | None] = (), spoils: Mapping[str, Cue] | None = None,
        limit: float | None = None, tags: bool = True,
    ) -> None:  # fmt: skip
        self.rate = 24000
        self.answers, self.words, self.tail, self.transcribes = tuple(answers), tuple(words), tail, transcribes
        self.think, self.words_after, self.per_character, self.chunk, self.pause = think, words_after, per_character, chunk, pause
        self.connects, self.spoils, self.limit, self.tags = list(connects), dict(spoils or {}), limit, tags
        self.checked: Exception | None = None
        self.sessions: list[FakeRealtimeSession] = []
        self.settings: list[RealtimeSettings] = []
        self.spoken: list[str] = []
        self.asked: list[RealtimeRequest] = []
        self.wrong: list[str] = []
        self.last_words: str | None = None
        self.items = 0
        self.answered = 0

    @property
    def now(self) -> FakeRealtimeSession:
        """The latest connection."""
        return self.sessions[-1]

    def check(self) -> None:
        """Raise ``checked``, if it is set."""
        if self.checked is not None:
            raise self.checked

    async def connect(self, settings: RealtimeSettings) -> FakeRealtimeSession:
        """A new connection with an empty conversation."""
        self.settings.append(settings)
        outcome = self.connects.pop(0) if self.connects else None
        if isinstance(outcome, Exception):
            raise outcome
        await anyio.sleep(outcome or 0)
        self.sessions.append(FakeRealtimeSession(self, settings))
        return self.now

    def next_answer(self) -> Sequence[Part]:
        """What it answers now."""
        answer = self.answers[min(self.answered, len(self.answers) - 1)]
        self.answered += 1
        return [answer] if isinstance(answer, str) else answer

    def text_of(self, frame: bytes) -> str:
        """Which text a frame is of: what its middle sample says (resampling blurs the ends)."""
        number: int = struct.unpack_from("<h", frame, len(frame) // 4 * 2)[0] - 2
        return self.spoken[number] if 0 <= number < len(self.spoken) else ""


class FakeRealtimeSession:
    """One connection to it, with the conversation as the provider has it.

    Attributes:
        conversation: Its items, in order.
        told: What it was told, by name, with what matters of it.
    """

    def __init__(self, model: FakeRealtime, settings: RealtimeSettings) -> None:
        self.model, self.settings = model, settings
        self.conversation: list[FakeItem] = []
        self.told: list[tuple[Any, ...]] = []
        self._gone = anyio.Event()
        self._events: deque[RealtimeEvent | Exception] = deque()
        self._news = anyio.Event()
        self._waiting: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._tasks: TaskGroup | None = None
        self._scopes: dict[str, anyio.CancelScope] = {}
        self._responding: str | None = None
        self._ended: set[str] = set()
        self._speaking: str | None = None
        self._silence = 0.0
        self._buffered = 0

    # --- what it is told -----------------------------------------------------------------------------------------------------------

    def send_audio(self, pcm: bytes) -> None:
        """Sound: heard in pieces of 20 ms."""
        for at in range(0, len(pcm), 960):
            piece = pcm[at : at + 960]
            self._buffered += len(piece)
            if self.model.tail is not None and self.settings.hears:
                self._detect(piece[len(piece) // 4 * 2] == 1, len(piece) / 48000)

    def commit(self) -> None:
        """Make an item of what was heard."""
        self.told.append(("commit",))
        if not self._buffered:
            self._refuse("", "there is no sound to commit")
            return
        self._commit(self._speaking or self._name("item"))
        self._speaking = None

    def update(self, settings: RealtimeSettings) -> None:
        """Other settings."""
        self.told.append(("update", settings))
        self.settings = settings

    def add_item(self, item: ChatItem, pcm: bytes = b"") -> str:
        """One more item."""
        name = self._name("added")
        self.told.append(("add_item", name, item, len(pcm)))
        words = self.model.last_words
        said = ChatMessage("user", words or "") if pcm else item
        self.conversation.append(FakeItem(name, said, len(pcm) // 48))
        if pcm and self.model.transcribes:
            self._spawn(lambda: self._read(name, words))
        return name

    def delete_item(self, item: str) -> None:
        """One item less."""
        self.told.append(("delete_item", item))
        found = self._find(item)
        if found is None:
            self._refuse("", f"there is no item {item} to delete")
            return
        self.conversation.remove(found)

    def truncate(self, item: str, audio_end_ms: int) -> None:
        """Only so much was heard."""
        self.told.append(("truncate", item, audio_end_ms))
        found = self._find(item)
        if found is None or not found.sound_ms or audio_end_ms > found.sound_ms:
            self._refuse("", f"{item} cannot be truncated to {audio_end_ms} ms")
            return
        found.heard_ms = audio_end_ms

    def create_response(self, request: RealtimeRequest) -> None:
        """Answer, or say something."""
        self.told.append(("create_response", request))
        self.model.asked.append(request)
        name = self._name("resp")
        if not request.exactly and self._responding:
            self._refuse(request.tag, "another response is being made", busy=True)
            return
        if not request.exactly:
            self._responding = name
        scope = self._scopes[name] = anyio.CancelScope()
        self._spawn(lambda: self._make(name, request, scope))

    def cancel(self, response: str) -> None:
        """Stop."""
        self.told.append(("cancel", response))
        scope = self._scopes.get(response or self._responding or "")
        if scope is not None:
            scope.cancel()
        elif response and response not in self._ended:
            self._refuse("", f"there is no response {response} to cancel")

    # --- what it says --------------------------------------------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[RealtimeEvent]:
        """Everything that happens."""
        while True:
            while not self._events:
                self._news = anyio.Event()
                await self._news.wait()
            event = self._events.popleft()
            if isinstance(event, Exception):
                raise event
            yield event

    async def pump(self) -> None:
        """Where its work is done."""
        async with anyio.create_task_group() as self._tasks:
            for work in self._waiting:
                self._tasks.start_soon(work)
            if self.model.limit is not None:
                await anyio.sleep(self.model.limit)
                self.break_off("the provider ended the connection: it lasted too long")
            await anyio.sleep_forever()

    async def aclose(self) -> None:
        """Closed."""
        self._gone.set()

    @property
    def closed(self) -> bool:
        """Whether it was."""
        return self._gone.is_set()

    def emit(self, *events: RealtimeEvent | Exception) -> None:
        """Have these happen now, whatever the script says: late, twice, in another order."""
        self._events += events
        self._news.set()

    def break_off(self, reason: str = "the script says that the connection breaks") -> None:
        """The connection breaks."""
        self.emit(ProviderError(reason, retryable=True))

    def texts(self) -> list[tuple[str, str]]:
        """What the model would be shown: who said what, its own words as far as they were heard."""
        return [_shown(item) for item in self.conversation]

    # --- how it works --------------------------------------------------------------------------------------------------------------

    def _spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._tasks is None:
            self._waiting.append(work)
        else:
            self._tasks.start_soon(work)

    def _name(self, kind: str) -> str:
        self.model.items += 1
        return f"{kind}_{self.model.items}"

    def _find(self, name: str) -> FakeItem | None:
        return next((item for item in self.conversation if item.name == name), None)

    def _refuse(self, tag: str, reason: str, *, busy: bool = False) -> None:
        self.model.wrong.append(reason)
        self.emit(RealtimeRefused(tag, reason, busy))

    def _detect(self, speech: bool, seconds: float) -> None:  # noqa: FBT001 - yes or no, as of a detector
        if speech:
            self._silence = 0.0
            if self._speaking is None:
                self._speaking = self._name("item")
                self.emit(InputStarted(self._speaking))
            return
        self._silence += seconds
        if self._speaking is not None and self._silence >= (self.model.tail or 0):
            item, self._speaking = self._speaking, None
            self.emit(InputStopped(item))
            self._commit(item)

    def _commit(self, name: str) -> None:
        model = self.model
        number = sum(isinstance(told[0], str) and told[0] == "committed" for s in model.sessions for told in s.told)
        words = model.words[number] if number < len(model.words) else f"words {number + 1}"
        self.told.append(("committed", name))
        self.conversation.append(FakeItem(name, ChatMessage("user", words or ""), self._buffered // 48))
        self._buffered, model.last_words = 0, words
        self.emit(InputCommitted(name))
        if model.transcribes:
            self._spawn(lambda: self._read(name, words))

    async def _read(self, name: str, words: str | None) -> None:
        await anyio.sleep(self.model.words_after / 2)
        if words is not None and " " in words:
            self.emit(InputWords(name, words.partition(" ")[0], final=False))
        await anyio.sleep(self.model.words_after / 2)
        self.emit(InputUnread(name, "the script says so") if words is None else InputWords(name, words, final=True))

    async def _make(self, name: str, request: RealtimeRequest, scope: anyio.CancelScope) -> None:
        begun, ended = False, ResponseEnded(name, "completed", usage=Usage(10, 5))
        with scope:
            await anyio.sleep(self.model.think)
            begun = True
            self.emit(ResponseCreated(name, request.tag if self.model.tags else ""))
            ended = await self._answer(name, request) or ended
        if scope.cancelled_caught:
            ended = ResponseEnded(name, "cancelled", "client_cancelled")
        if self._responding == name:
            self._responding = None
        del self._scopes[name]
        self._ended.add(name)
        if not begun:
            self.emit(ResponseCreated(name, request.tag if self.model.tags else ""))
        self.emit(ended)

    async def _answer(self, name: str, request: RealtimeRequest) -> ResponseEnded | None:
        spoil = self.model.spoils.get(request.exactly)
        script = [request.exactly, *([spoil] if spoil else [])] if request.exactly else self.model.next_answer()
        for part in script:
            if part is Cue.BREAK:
                self.break_off()
                await anyio.sleep_forever()
            if part is Cue.STALL:
                await anyio.sleep_forever()
            if part is Cue.FAIL:
                return ResponseEnded(name, "failed", "the server had an error")
            if part is Cue.INCOMPLETE:
                return ResponseEnded(name, "incomplete", "max_output_tokens")
            if isinstance(part, ToolCall):
                item = self._name("call")
                self.conversation.append(FakeItem(item, part))
                self.emit(ResponseCalled(name, item, part))
            elif isinstance(part, str):
                await self._say(name, part, keep=not request.exactly, aloud=self.settings.speaks and not request.silent)
        return None

    async def _say(self, name: str, text: str, *, keep: bool, aloud: bool) -> None:
        """Make the sound of a text, a piece at a time; the words run a little ahead of it."""
        model = self.model
        item = FakeItem(self._name("answer"), ChatMessage("assistant", ""))
        if keep:
            self.conversation.append(item)
        self.emit(ResponseText(name, item.name, "", spoken=aloud))
        model.spoken.append(text)
        sample = struct.pack("<h", len(model.spoken) + 1)
        pieces = max(1, round(len(text) * model.per_character / model.chunk))
        for number in range(pieces):
            await anyio.sleep(model.pause)
            said, more = len(text) * number // pieces, len(text) * (number + 1) // pieces
            item.item = ChatMessage("assistant", text[:more])
            self.emit(ResponseText(name, item.name, text[said:more], spoken=aloud))
            if aloud:
                item.sound_ms += round(model.chunk * 1000)
                self.emit(ResponseAudio(name, item.name, sample * round(model.rate * model.chunk)))


def _shown(entry: FakeItem) -> tuple[str, str]:
    item = entry.item
    if isinstance(item, ToolCall):
        return "call", item.name
    if isinstance(item, ToolResult):
        return "result", item.output
    if entry.heard_ms is not None:
        return item.role, f"{item.text[: round(len(item.text) * entry.heard_ms / entry.sound_ms)]}|"
    return item.role, item.text
