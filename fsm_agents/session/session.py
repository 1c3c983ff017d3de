"""The session: one agent in one meeting. The object users hold; every decision is a row in a table.

``AgentSession`` is the front: it checks what it is given, turns calls into events and waits for outcomes. What the tables ask for is
done by :mod:`fsm_agents.session.host`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import anyio

from fsm_agents.chat.history import ChatContext
from fsm_agents.errors import MisuseError, ProviderError, nearest, strict_keywords
from fsm_agents.machines.events import AbortAsked, CloseAsked, Connected, InterruptAsked, LeaveAsked, Say, SayAsked, StartAsked
from fsm_agents.machines.joined import CONVERSATION, new_talk
from fsm_agents.machines.label import Label, label
from fsm_agents.pipelines.base import Pipeline
from fsm_agents.rooms.base import Room
from fsm_agents.runtime.driver import Driver, Watcher
from fsm_agents.runtime.owner import Owner, current_owner
from fsm_agents.runtime.perform import performer
from fsm_agents.session.agent import Agent
from fsm_agents.session.flow import ConversationFlow
from fsm_agents.session.handle import SpeechHandle
from fsm_agents.session.handoff import HandOffs, Keep
from fsm_agents.session.host import SessionHost, inside
from fsm_agents.session.own import OwnGroup, join_room, leave_room

if TYPE_CHECKING:
    from fsm_agents.session.flows.voice import FlowVoice

__all__ = ["AgentSession", "State"]

State = Literal["created", "connected", "started", "running", "left", "closing", "closed"]


@strict_keywords
class AgentSession:
    """One agent in one conversation.

    Args:
        agent: Who speaks.
        pipeline: How hearing, thinking and speaking are wired; one pipeline serves one session.
        conversation_flow: What the agent answers; without one, the pipeline's model does.
        wake_up: Seconds of silence after which ``on_wake_up`` is called, again and again; above 0. ``None``: never. Measured from the
            end of the agent's speech, and only while nobody speaks and nothing is owed. In a conversation that a flow's table leads, silence
            is the table's ``no_input`` wherever a state listens, and this holds in the others only (while a tool is at work, say).
        room: Where sound comes from and goes to; without one, the room of the job.

    Attributes:
        on_wake_up: Called when the caller was silent for ``wake_up`` seconds; sync or async, set it whenever you like.

    Raises:
        MisuseError: an argument cannot be used; the message says what could.
    """

    def __init__(
        self,
        agent: Agent,
        pipeline: Pipeline,
        conversation_flow: ConversationFlow | None = None,
        wake_up: float | None = None,
        *,
        room: Room | None = None,
    ) -> None:
        _check(agent, pipeline, conversation_flow, room)
        self.agent, self.pipeline, self.wake_up = agent, pipeline, wake_up
        self.conversation_flow = conversation_flow or ConversationFlow(agent)
        self.on_wake_up: Callable[[], Any] | None = None
        self._talk = new_talk(wake_up=wake_up, final_ends_turn=pipeline.turn.final_ends_turn, **pipeline.turn.delays())
        self._driver = Driver(CONVERSATION, self._talk, performer(self))
        self.host: SessionHost = SessionHost(self, self._driver, room)
        self.handles: dict[int, SpeechHandle] = {}
        self._says = 0
        self.voice: FlowVoice | None = None
        self._owner: Owner | None = current_owner.get()
        self.hand_offs = HandOffs(self)
        agent._session = self  # noqa: SLF001 - one object in two classes
        pipeline.__dict__["_session"] = self  # no field of the protocol: a pipeline knows no session
        self.conversation_flow._session = self  # noqa: SLF001 - as above
        self.conversation_flow.agent = agent
        self.voice = self.conversation_flow._joined(self)  # noqa: SLF001 - as above
        if self._owner is not None:
            self._owner.adopt(self)

    # --- what it is ----------------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Where the session is in its life."""
        name: Any = self._talk.cell("session").node.name.lower()
        return "closing" if name in ("exiting", "alone", "aborting") else name

    @property
    def label(self) -> Label:
        """What the agent does now, in one word."""
        return label(self._talk)

    @property
    def close_reason(self) -> str:
        """Why the session closes or closed; empty before."""
        return self._talk.reason

    @property
    def history(self) -> ChatContext:
        """What was said and heard."""
        return self.agent.chat_context

    @property
    def ear(self) -> Any:
        """The hearing part of the running pipeline."""
        return self.host.ear

    @property
    def mouth(self) -> Any:
        """The speaking part of the running pipeline."""
        return self.host.mouth

    @property
    def room(self) -> Room | None:
        """The room the session is in."""
        return self.host.room

    def watch(self, watcher: Watcher) -> None:
        """Have every step told to ``watcher`` (time in µs of the loop's clock, step). It may look, not post."""
        self._driver.watchers.append(watcher)

    # --- what it does --------------------------------------------------------------------------------------------------------------

    async def start(self, **kwargs: Any) -> None:
        """Start: the pipeline is opened, stages and tool servers get ready, and ``on_enter`` runs.

        Returns when ``on_enter`` has returned; the session then goes on by itself.

        Raises:
            MisuseError: the session was started before, is closed, or nobody owns its tasks.
            Exception: what ``on_enter`` raised, or what keeps a stage or a tool server from working at all (a missing or wrong key, an
                unknown model, a server that cannot be reached); the session is closing then.
        """
        for name in kwargs:
            msg = f"start() has no option {name!r}; {nearest(name, ())}"
            raise MisuseError(msg)
        owner = self._owner or current_owner.get()
        if self.state not in ("created", "connected"):
            msg = f"start() was called in state {self.state!r}; a session starts once, from 'created' or 'connected'"
            raise MisuseError(msg)
        if owner is None:
            msg = (
                "nobody owns this session's tasks: start it in the entrypoint of a WorkerJob, inside `async with JobContext(…)`, or as "
                "`async with AgentSession(…) as session:`"
            )
            raise MisuseError(msg)
        await self.host.begin(owner)
        self.post(StartAsked())
        await self.host.entered.wait()
        if self.host.failed is not None:
            raise self.host.failed
        if self.close_reason.startswith("error: "):
            raise ProviderError(self.close_reason.removeprefix("error: "))

    def say(self, message: str, *, interruptible: bool = True) -> SpeechHandle:
        """Have the agent say something; await the handle to wait until it has sounded or was cut.

        It is queued and spoken by whoever may speak: at once when nobody speaks, inside a running reply ahead of what has not sounded,
        after the caller otherwise. In a state in which the agent cannot speak the handle is over at once, and says why.

        Args:
            message: The words.
            interruptible: Whether the caller's words end it.

        Raises:
            MisuseError: ``message`` is not text, or is empty.
        """
        if not isinstance(message, str) or not message.strip():
            msg = f"say({message!r}): give the words to say, as text"
            raise MisuseError(msg)
        return self._driver.in_loop(self._say, message, interruptible)

    def _say(self, message: str, interruptible: bool) -> SpeechHandle:  # noqa: FBT001 - private, and handed over by position
        self._says += 1
        handle = self.handles[self._says] = SpeechHandle(message, interruptible=interruptible)
        self.post(SayAsked(Say(self._says, message, firm=not interruptible)))
        return handle

    def say_line(
        self, text: str, *, interruptible: bool, answer: bool = False, audio: str = "",
        pieces: tuple[tuple[str, str], ...] = (), over: Callable[[SpeechHandle], object] | None = None,
    ) -> int:  # fmt: skip
        """Say a line of a flow; returns the number of the say. For :mod:`fsm_agents.session.flows.says`.

        Args:
            text: The words.
            interruptible: Whether the caller's words end it.
            answer: It answers what the caller said last.
            audio: The name of a recording of the words; empty: none.
            pieces: If there is a secret in it: its parts as they are kept, and as they are spoken.
            over: Told when it is over.
        """
        self._says += 1
        number = self._says
        self.handles[number] = SpeechHandle(text, interruptible=interruptible, pieces=pieces, over=over)
        self.post(SayAsked(Say(number, text, firm=not interruptible, answer=answer, audio=audio)))
        return number

    def interrupt(self, *, force: bool = False) -> None:
        """End what the agent says; with ``force`` also what cannot be interrupted."""
        self.post(InterruptAsked(force))

    def hand_off(self, agent: Agent, keep: Keep = "all") -> None:
        """Have another agent go on with the conversation; from a tool, a flow, a hook or outside. A tool may also return the agent.

        Its instructions and tools hold from the next request to the model on. ``on_exit`` of the agent that has the conversation and then
        ``on_enter`` of the new one run as soon as no tool is at work, each once. The history goes with the conversation: the agent that
        leaves keeps its instructions only, and can come back, here or in another session.

        Args:
            agent: Who goes on; in no session. What its own ``chat_context`` holds comes before what is kept.
            keep: What of the history the new agent is shown: ``"all"``, ``"none"`` (then its ``on_enter`` speaks first), or how many of the
                newest items. Calls of tools stay together with their results.

        Raises:
            MisuseError: it is no agent, or is in a session; ``keep`` is not possible; the session is closing or closed.
        """
        self._driver.in_loop(self.hand_offs.ask, agent, keep)

    def expect(self, phrases: Sequence[str]) -> None:
        """Say what the caller is expected to say from now on: a grammar for local speech-to-text, a hint for others."""
        if isinstance(phrases, str):
            msg = f"expect({phrases!r}): give a list of phrases"
            raise MisuseError(msg)
        self._driver.in_loop(self.host.expect, phrases)

    async def close(self, reason: str = "closed by the host") -> None:
        """Close: what sounds is cut, ``on_exit`` runs and may say goodbye, everything ends. Safe to call again, from anywhere.

        Returns when the session is closed, within 5 s whatever hooks and providers do. From inside the session's own hooks, flow and
        tools it asks and returns at once: waiting there would be waiting for itself.
        """
        self._check_reason("close", reason)
        self.host.spare_current_hook()
        self.post(CloseAsked(reason or "closed by the host"))
        if inside.get() is not self:
            await self.host.closed.wait()

    async def abort(self, reason: str = "aborted by the host") -> None:
        """Close without a goodbye: what sounds is cut, everything is cancelled, ``on_exit`` does not run. Over within 0.5 s.

        Raises:
            MisuseError: the reason is not text.
        """
        self._check_reason("abort", reason)
        self.post(AbortAsked(reason or "aborted by the host"))
        if inside.get() is not self:
            await self.host.closed.wait()

    @staticmethod
    def _check_reason(what: str, reason: object) -> None:
        if not isinstance(reason, str):
            msg = f"{what}({reason!r}): give the reason as text"
            raise MisuseError(msg)

    async def leave(self) -> None:
        """Leave the meeting and keep the session's state; ``connect()`` of the job returns, ``close()`` ends it."""
        self.post(LeaveAsked())
        await self.host.away()

    async def wait_closed(self) -> str:
        """Wait until the session is closed; returns why."""
        await self.host.closed.wait()
        return self.close_reason

    def connected(self) -> None:
        """The room was joined. Called by the job."""
        self.post(Connected())

    def process_with_llm(self) -> AsyncIterator[str]:
        """The answer of the pipeline's model to the history, in pieces; tools are run as the model calls them."""
        return self.host.process_with_llm()

    def in_loop(self, fn: Callable[..., Any], *args: object) -> Any:
        """Call ``fn`` in the thread of the session's event loop: here, or from its own sync tools by handing it over."""
        return self._driver.in_loop(fn, *args)

    def post(self, event: object) -> Any:
        """Tell the tables that something happened. For pipelines, rooms and tests."""
        return self._driver.in_loop(self._driver.post, event)

    # --- as a context manager: the session owns its tasks itself -------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Own the session's tasks, join the room and start."""
        if self.host.begun or self.state not in ("created", "connected"):
            msg = f"`async with` was used in state {self.state!r}; a session starts once, from 'created' or 'connected'"
            raise MisuseError(msg)
        self._own = OwnGroup(self.host.room)
        await self._own.__aenter__()
        self._owner = self._own
        try:
            if self.host.room is not None:
                await join_room(self.host.room)
                self.connected()
            await self.start()
        except BaseException as broken:
            await self.__aexit__(type(broken), broken, broken.__traceback__)
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close, and leave the room."""
        with anyio.CancelScope(shield=True):
            await self.close()
            if self.host.room is not None:
                await leave_room(self.host.room)
        await self._own.__aexit__(None, None, None)


def _check(agent: object, pipeline: object, flow: object, room: object) -> None:
    if not isinstance(agent, Agent):
        msg = f"AgentSession(agent={type(agent).__name__}): give an Agent"
        raise MisuseError(msg)
    if not hasattr(agent, "chat_context"):
        msg = f"{type(agent).__name__}.__init__ does not call super().__init__(instructions=…)"
        raise MisuseError(msg)
    if agent._session is not None:  # noqa: SLF001 - one object in two classes
        msg = f"this {type(agent).__name__} is in another session: make one agent for each session"
        raise MisuseError(msg)
    if not hasattr(pipeline, "open") or not hasattr(pipeline, "turn"):
        msg = f"AgentSession(pipeline={type(pipeline).__name__}): give a CascadingPipeline or a RealTimePipeline"
        raise MisuseError(msg)
    if getattr(pipeline, "_session", None) is not None:
        msg = f"this {type(pipeline).__name__} is in another session, which closes its stages: make one pipeline for each session"
        raise MisuseError(msg)
    if room is not None and (isinstance(room, type) or not isinstance(room, Room)):
        given = repr(room) if isinstance(room, str | type) else type(room).__name__
        msg = f"AgentSession(room={given}): give a room, for example MemoryRoom() or WavRoom('in.wav')"
        raise MisuseError(msg)
    if flow is not None and not isinstance(flow, ConversationFlow):
        msg = f"AgentSession(conversation_flow={type(flow).__name__}): give a ConversationFlow"
        raise MisuseError(msg)
    if flow is None and getattr(pipeline, "llm", pipeline) is None:
        msg = "there is nothing that answers: give the pipeline an llm=…, or the session a conversation_flow=…"
        raise MisuseError(msg)
