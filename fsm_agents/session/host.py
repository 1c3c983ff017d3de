"""What a running session does when the tables ask: hooks, rooms, says, and its end. It decides nothing."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import TaskGroup

from fsm_agents.audio.frame import AudioFrame, check_rate
from fsm_agents.errors import FSMAgentsError, MisuseError
from fsm_agents.fsm.engine import Fault
from fsm_agents.machines.events import CloseAsked, Entered, Exited, TornDown
from fsm_agents.pipelines.base import PipelineEar, PipelineMouth, Seat
from fsm_agents.pipelines.playback import Playback, Utterance
from fsm_agents.rooms.base import Room
from fsm_agents.runtime.driver import Driver
from fsm_agents.runtime.owner import Owner
from fsm_agents.session.answering import answer, process_with_llm
from fsm_agents.session.flow import ConversationFlow, reads_words
from fsm_agents.session.hooks import Hooks
from fsm_agents.session.own import LEAVE_LIMIT, leave_room
from fsm_agents.session.starting import Starting
from fsm_agents.session.toolbox import Toolbox

if TYPE_CHECKING:
    from fsm_agents.machines.talk import Talk
    from fsm_agents.session.session import AgentSession

__all__ = ["HOOK_GRACE", "SessionHost", "inside"]

log = logging.getLogger("fsm_agents")

HOOK_GRACE = 1.0
"""Seconds that a hook has to return after it asked for the end itself; then it is cancelled, as the others were at once."""

inside: ContextVar[object] = ContextVar("fsm_agents_inside", default=None)
"""The session whose own task this code runs in; ``None`` outside."""


class SessionHost:
    """The working side of one session."""

    def __init__(self, session: AgentSession, driver: Driver[Talk], room: Room | None) -> None:
        self.session, self.driver, self.room = session, driver, room
        self.closed, self.entered, self._torn = anyio.Event(), anyio.Event(), anyio.Event()
        self._home = anyio.Event()
        self.failed: BaseException | None = None
        self._open_turn = False
        self.hooks = Hooks(self.spawn)
        self.playback = Playback(driver.talk, driver.post, self.said, self._reply_over)
        self.playback.later = driver.timers.call
        self.toolbox = Toolbox(session, session.agent.chat_context, driver.post, self.spawn)
        self.starting, self.ready = Starting(self), anyio.Event()
        self.ear: PipelineEar | None = None
        self.mouth: PipelineMouth | None = None
        self._tasks: TaskGroup | None = None
        self._owner: Owner | None = None
        self._carrying: anyio.CancelScope | None = None
        self._carried = anyio.Event()

    @property
    def begun(self) -> bool:
        """Whether ``start()`` was called."""
        return self._owner is not None

    @property
    def host(self) -> SessionHost:
        """Itself: one of the parts that effects are performed on."""
        return self

    # --- its life ------------------------------------------------------------------------------------------------------------------

    async def begin(self, owner: Owner) -> None:
        """Start the session's own task in its owner, and wait until it is there."""
        if self._owner is not None:
            msg = "start() is running already; a session starts once"
            raise MisuseError(msg)
        room = owner.room if self.room is None else self.room
        if room is not None:
            check_rate(room.rate)
        ready = anyio.Event()
        owner.start_soon(lambda: self._live(ready), "session")
        self._owner, self.room = owner, room  # not before: closing waits for the task of a session that has an owner
        await ready.wait()

    async def _live(self, ready: anyio.Event) -> None:
        """The session's task: it owns all others. Timers outlive the rest, so that closing is bounded too.

        Shielded: an owner that is cancelled closes its sessions, and closing needs the tasks of the session.
        """
        inside.set(self.session)
        self.driver.enter(copy_context())
        try:
            with anyio.CancelScope(shield=True):
                await self._run(ready)
        finally:
            if not self.closed.is_set():
                # Torn out from under the tables (a SystemExit in a hook): nobody else is left to close it.
                for event in (CloseAsked("error: the session's own task was ended"), Exited(), TornDown()):
                    self.driver.post(event)

    async def _run(self, ready: anyio.Event) -> None:
        async with anyio.create_task_group() as outer:
            outer.start_soon(self.driver.timers.run, name="timers")
            async with anyio.create_task_group() as self._tasks:
                ready.set()
                await self._torn.wait()
                if self.session.voice is not None:
                    self.session.voice.torn_down()
                self._tasks.cancel_scope.cancel()
            self._tasks = None
            await self._close_pipeline()
            self.driver.post(TornDown())
            outer.cancel_scope.cancel()

    def spawn(self, fn: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        """Start a task that the session owns; what it raises closes the session."""
        if self._tasks is not None:
            self._tasks.start_soon(self._guarded, fn, name, name=name)

    async def _guarded(self, fn: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        try:
            await fn()
        except Exception as broken:  # it belongs to the session, not to its siblings
            log.error("%s failed", name, exc_info=broken)
            self.driver.post(CloseAsked(f"error: {name}: {type(broken).__name__}: {broken}"))
        except anyio.get_cancelled_exc_class() as stray:
            await anyio.lowlevel.checkpoint_if_cancelled()  # ours is raised here again
            # Of a task that it awaited and somebody else cancelled. Let through, it would cancel its siblings, and nobody would be told.
            log.error("%s awaited a task that was cancelled", name, exc_info=stray)
            self.driver.post(CloseAsked(f"error: {name} awaited a task that was cancelled"))

    async def _close_pipeline(self) -> None:
        with anyio.move_on_after(1, shield=True):
            try:
                await self.session.pipeline.aclose()
            except Exception:
                log.exception("the pipeline did not close cleanly")

    def tear_down(self) -> None:
        """End every task of the session."""
        if self._owner is None:  # connected, and never started: there is nothing to end
            self.driver.post(TornDown())
        self._torn.set()

    def report_closed(self, reason: str) -> None:
        """Tell everyone who waits."""
        level = logging.ERROR if reason.startswith("error") else logging.INFO
        log.log(level, "session closed: %s", reason)
        for handle in self.session.handles.values():
            handle.settle(refused=f"the session closed: {reason}")
        self.entered.set()
        self.closed.set()
        self._torn.set()  # closed while start() was on its way: there is a task, and the tables never asked to tear it down

    # --- hooks ---------------------------------------------------------------------------------------------------------------------

    def run_on_enter(self) -> None:
        """Open the pipeline, have everything get ready, and run ``on_enter``."""
        try:
            self._open()
        except Exception as broken:  # a stage may raise anything
            self._enter_failed(broken, f"{type(broken).__name__}: {broken}")
            return
        self.hooks.run("start", self.starting.run, self._started)

    def _started(self, failed: Exception | None) -> None:
        self.ready.set()
        if failed is None:
            self.hooks.run("on_enter", self.session.agent.on_enter, self._entered)
        else:
            what = str(failed) if isinstance(failed, FSMAgentsError) else f"{type(failed).__name__}: {failed}"
            self._enter_failed(failed, what)

    def _open(self) -> None:
        session = self.session
        if getattr(session.pipeline, "vad", session) is None:
            from fsm_agents.plugins.local.webrtc import WebRTCVAD

            session.pipeline.vad = WebRTCVAD()  # type: ignore[attr-defined]
        seat = Seat(
            self.driver.talk, self.driver.post, session.agent.chat_context, self.playback,
            lambda text, reply: answer(session, text, reply), self.said, self.spawn, reads_words(session.conversation_flow),
            session.voice,
        )  # fmt: skip
        if session.voice is not None:
            session.voice.check()
        self.ear, self.mouth = session.pipeline.open(seat)
        self.spawn(self.ear.run, "ear")
        if session.voice is None:
            self.expect(session.conversation_flow.expects)

    def _entered(self, failed: Exception | None) -> None:
        if failed is not None:
            self._enter_failed(failed, f"on_enter: {type(failed).__name__}: {failed}")
            return
        self.driver.post(Entered())
        if self.session.voice is not None:
            self.session.voice.begin()
        self.entered.set()

    def _enter_failed(self, broken: Exception, what: str) -> None:
        self.failed = broken
        self.driver.post(CloseAsked(f"error: {what}"))
        self.entered.set()

    def run_on_exit(self) -> None:
        """Run ``on_exit`` when no other hook runs any more, if ``on_enter`` ever ran."""
        self.spawn(self._exit, "on_exit")

    async def _exit(self) -> None:
        with anyio.move_on_after(HOOK_GRACE):
            await self.hooks.idle()
        self.hooks.stop(spared=True)
        with anyio.move_on_after(HOOK_GRACE / 2):  # what shields itself from this too does not keep the agent from its goodbye
            await self.hooks.idle()
        self.entered.set()
        if "on_enter" in self.hooks.begun:
            self.hooks.run("on_exit", self.session.hand_offs.leave, lambda _failed: self.driver.post(Exited()))
        else:
            self.driver.post(Exited())

    def stop_hooks(self) -> None:
        """Cancel hooks, but not one that asked for the end."""
        self.hooks.stop()

    def spare_current_hook(self) -> None:
        """The hook that runs this code asks for the end: it may return by itself."""
        self.hooks.spare_current()

    def call_wake_up(self) -> None:
        """The caller is silent: the flow's table takes that where it listens; else run the wake-up hook, unless it still runs."""
        if self.session.voice is not None and self.session.voice.turns.silence():
            return
        hook = self.session.on_wake_up
        if hook is None or "on_wake_up" in self.hooks:
            log.debug("nobody is woken up: on_wake_up is not set, or still runs")
            return
        self.hooks.run("on_wake_up", hook, self._woken)

    def _woken(self, failed: Exception | None) -> None:
        if failed is not None:
            self.driver.post(CloseAsked(f"error: on_wake_up: {type(failed).__name__}: {failed}"))

    # --- the room ------------------------------------------------------------------------------------------------------------------

    def join_room(self) -> None:
        """Carry sound between room and pipeline."""
        room = self.room
        if room is None:
            return
        self.playback.rate, self.playback.wake, self.playback.clear = room.rate, room.wake, room.clear
        scope, carried = self._carrying, self._carried = anyio.CancelScope(), anyio.Event()
        self.spawn(lambda: self._carry(room, scope, carried), "room")

    async def _carry(self, room: Room, scope: anyio.CancelScope, carried: anyio.Event) -> None:
        reason = "the caller left"
        try:
            with scope:
                await self.ready.wait()  # a caller who is heard before the stages are loaded is not understood
                await room.run(self._hear, self.playback)
        except Exception as broken:  # a room may raise anything
            log.error("the room failed", exc_info=broken)
            reason = f"error: the room failed: {type(broken).__name__}: {broken}"
        finally:
            carried.set()
        if not scope.cancel_called:  # some rooms answer cancellation by returning
            self.driver.post(CloseAsked(reason, alone=True))
            if self.session.voice is not None:
                self.session.voice.hung_up()

    def _hear(self, frame: AudioFrame) -> None:
        """One frame of the caller. What the ear raises is the session's, not the room's."""
        ear = self.ear
        if ear is None:
            return
        try:
            ear.hear(frame)
        except Exception as broken:  # a stage may raise anything
            if self.session.state != "closing":
                log.error("the ear failed", exc_info=broken)
            self.driver.post(CloseAsked(f"error: the ear failed: {type(broken).__name__}: {broken}"))

    def leave_room(self) -> None:
        """Stop carrying sound and leave."""
        self._home = anyio.Event()
        if self._carrying is not None:
            self._carrying.cancel()
        self.spawn(self._disconnect, "leave")

    async def _disconnect(self) -> None:
        home = self._home
        try:
            with anyio.move_on_after(LEAVE_LIMIT):  # a room that does not let itself be cancelled is left all the same
                await self._carried.wait()
            if self.room is not None:
                await leave_room(self.room)
        finally:
            home.set()

    async def away(self) -> None:
        """Wait until the room is left, if it is being left."""
        if self._carrying is not None and self._carrying.cancel_called:
            await self._home.wait()

    # --- speaking ------------------------------------------------------------------------------------------------------------------

    def said(self, say: int, heard: str, interrupted: bool) -> None:  # noqa: FBT001 - a callback of fixed shape
        """A say has sounded, or was cut."""
        handle = self.session.handles.pop(say, None)
        if handle is not None:
            handle.settle(heard, interrupted=interrupted)

    def say_over(self, say: int, reason: str) -> None:
        """A say will not be spoken."""
        handle = self.session.handles.pop(say, None)
        if handle is not None:
            log.warning("say() is not spoken: %s", reason)
            handle.settle(refused=reason)

    def turn_begins(self) -> None:
        """``on_turn_start`` is called: when this reply is over, ``on_turn_end`` will be."""
        self._open_turn = True

    def _reply_over(self, spoken: list[Utterance], unheard: int, cut: bool) -> None:  # noqa: FBT001 - a callback of fixed shape
        if self.mouth is not None:
            self.mouth.over(spoken, unheard, cut=cut)
        ends, self._open_turn = self._open_turn, False
        flow = self.session.conversation_flow
        if ends and type(flow).on_turn_end is not ConversationFlow.on_turn_end:
            self.hooks.run("on_turn_end", flow.on_turn_end, lambda _failed: None)

    def expect(self, phrases: Sequence[str]) -> None:
        """Tell the ear what may be said."""
        if self.ear is not None:
            self.ear.expect(phrases)

    def process_with_llm(self) -> AsyncIterator[str]:
        """The model's answer."""
        return process_with_llm(self.session)

    # --- what is only told ---------------------------------------------------------------------------------------------------------

    def discarded(self, text: str, reason: str) -> None:
        """Words of the caller that nobody answers. Their text stays out of the log: it is the caller's."""
        log.info("%d characters of the caller are not answered: %s", len(text), reason)
        if self.mouth is not None:
            self.mouth.discarded()

    def gave_up(self, reason: str) -> None:
        """Not even an apology could be spoken."""
        log.error("no reply and no apology could be spoken: %s", reason)

    def fault(self, fault: Fault) -> None:
        """An event came that the tables say cannot come."""
        log.error("%s came in %s.%s, where the table says it never does", fault.event, fault.machine, fault.state)
