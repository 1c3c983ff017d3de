"""The context of a job: its room, its sessions, their recordings, and an orderly end."""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import anyio
import attrs

from fsm_agents.errors import MisuseError, strict_keywords
from fsm_agents.fsm.joint import Shared, Step
from fsm_agents.jobs.choose import RECORD, choose_room
from fsm_agents.machines.effects import LeaveRoom, ReportClosed
from fsm_agents.machines.job import (
    ENDS,
    ConnectSessions,
    DoneShutDown,
    Job,
    LeaveLateRoom,
    RoomJoined,
    RoomLeft,
    ShutDown,
    ShutdownAsked,
    job_joint,
)
from fsm_agents.rooms.base import Room
from fsm_agents.session.host import inside
from fsm_agents.session.own import OwnGroup, join_room, leave_room
from fsm_agents.session.session import AgentSession

if TYPE_CHECKING:
    from pathlib import Path

    from fsm_agents.jobs.recording import Recording

__all__ = ["CALLBACK_LIMIT", "JobContext", "RoomOptions"]

log = logging.getLogger("fsm_agents")

CALLBACK_LIMIT = 15.0
"""Seconds one shutdown callback may take: what the original allows."""

_JOINT = job_joint()

_shutting_down: ContextVar[object] = ContextVar("fsm_agents_shutting_down", default=None)
"""The job whose shutdown this code is part of; ``None`` elsewhere."""


@strict_keywords
@attrs.frozen
class RoomOptions:
    """Which room, and who we are in it.

    Args:
        room_id: The meeting.
        auth_token: The token that lets us in. It is never shown. Without one, or with a placeholder, the room is a local one.
        name: The agent's name in the meeting.
        room: Where sound comes from instead: a room object, ``"memory"``, ``"wav:IN.wav"`` or ``"wav:IN.wav:OUT.wav"``. Without it, the
            program's first argument or ``FSM_AGENTS_ROOM`` may say such a word: see :mod:`fsm_agents.jobs.choose`.
    """

    room_id: str | None = None
    auth_token: str | None = attrs.field(default=None, repr=False)
    name: str = "Agent"
    room: Room | str | None = None


@strict_keywords
class JobContext(OwnGroup):
    """What an entrypoint gets. Also ``async with JobContext(…) as ctx:`` in a program of your own.

    Args:
        room_options: Which room. The room itself is made when it is first needed, so a context can be made without an event loop.
        record: A folder to record the sessions of this job in: their sound, every step and what was said (see
            :mod:`fsm_agents.jobs.recording`). The first goes into the folder itself, each further one, and one that finds a recording
            there, into a folder of its own in it: ``2``, ``3`` and so on. ``None``: what the environment variable ``FSM_AGENTS_RECORD``
            says; without it, nothing is recorded.

    Attributes:
        awaited: Whether somebody waited for the end of a session that is closed: ``close()``, ``wait_closed()`` or ``shutdown()``.
    """

    def __init__(self, room_options: RoomOptions | None = None, *, record: str | os.PathLike[str] | None = None) -> None:
        given: object = room_options
        if not isinstance(given, RoomOptions | None):
            msg = f"JobContext(room_options={type(given).__name__}): give RoomOptions(…)"
            raise MisuseError(msg)
        self.room_options = room_options or RoomOptions()
        super().__init__()
        self._record = _folder(record)
        self._recordings: dict[AgentSession, Recording] = {}
        self._callbacks: list[Callable[[], Any]] = []
        self._job = _JOINT.start(Shared())
        self._joining = anyio.Lock()
        self._over = anyio.Event()
        self.argument: str | None = None  # the room that the command line names; told by the job
        self.changed = anyio.Event()  # a session came, or closed
        self.awaited = False

    @property
    def state(self) -> Job:
        """Where it is in its life."""
        state: Job = self._job.cell("job").state
        return state

    def _post(self, event: object) -> list[object]:
        """Tell the table. What it asks for takes time: whoever told it does it."""
        return _JOINT.step(self._job, event).effects

    async def connect(self) -> None:
        """Join the room; after ``leave()`` of a session, return to it. Called while another call joins, it waits for that one.

        Raises:
            ProviderError: the room could not be joined.
            MisuseError: the job has shut down, or did so meanwhile, or there is no such room.
        """
        joined_by_another = self._joining.locked()
        async with self._joining:  # two at once would each make a room, and one of them would never be left
            self._refuse_if_ended()
            if not (joined_by_another and self.state is Job.JOINED):
                await self._join()
        self._refuse_if_ended()

    async def _join(self) -> None:
        for session in self.sessions:
            await session.host.away()
        options = self.room_options
        room = self.room or self._shown(
            choose_room(options.room, name=options.name, argument=self.argument, auth_token=options.auth_token)
        )
        await join_room(room)
        self.room = room  # not before: whatever room there is, the shutdown leaves
        asked = self._post(RoomJoined())
        if ConnectSessions() in asked:
            for session in self.sessions:
                session.connected()
        elif LeaveLateRoom() in asked:
            with anyio.CancelScope(shield=True):
                await leave_room(room)

    def _refuse_if_ended(self) -> None:
        if self.state in ENDS:
            raise MisuseError("this job has shut down; a new one needs a new JobContext")

    def adopt(self, session: AgentSession) -> None:
        """A session belongs to this job; it is connected if the room is."""
        super().adopt(session)
        if self._record is not None:
            self._begin_recording(session, self._record)
        session.watch(lambda _time, step: self._saw(session, step))
        if self.state is Job.JOINED:
            session.connected()
        self._tell_change()

    def _begin_recording(self, session: AgentSession, folder: Path) -> None:
        from fsm_agents.jobs.recording import Recording, free_folder  # here: most jobs record nothing

        try:
            found = free_folder(folder)
            self._recordings[session] = Recording(session, found)
        except Exception as broken:
            log.error("nothing is recorded in %s, and the conversation goes on: %s", folder, broken)
        else:
            log.info("%s is recorded: what is said and decided is kept in %s", self.room_options.name, found)

    def _shown(self, room: Room) -> Room:
        """The room of the job, with its sound shown to the recording of the session that is in it."""
        if self._record is None:
            return room
        from fsm_agents.jobs.recording import RecordedRoom

        return RecordedRoom(room, lambda: self._recordings.get(cast(AgentSession, inside.get())))

    @property
    def over(self) -> bool:
        """Whether there were sessions, and all of them are closed."""
        return bool(self.sessions) and all(session.state == "closed" for session in self.sessions)

    def _saw(self, session: AgentSession, step: Step) -> None:
        """Note that a session leaves the room, and its end, just before it is told to whoever waits for it."""
        if any(type(effect) is LeaveRoom for effect in step.effects) and session.room is self.room:
            self._post(RoomLeft())
        if any(type(effect) is ReportClosed for effect in step.effects):
            self.awaited = self.awaited or session.host.closed.statistics().tasks_waiting > 0
            self._tell_change()

    def _tell_change(self) -> None:
        changed, self.changed = self.changed, anyio.Event()
        changed.set()

    def add_shutdown_callback(self, callback: Callable[[], Awaitable[Any] | Any]) -> None:
        """Have ``callback`` called when the job shuts down, after its sessions closed, in the order of these calls."""
        given: object = callback
        if not callable(given):
            msg = f"add_shutdown_callback({given!r}): give a function, not what it returned"
            raise MisuseError(msg)
        if self.state is Job.OVER:
            raise MisuseError("this job has shut down: nobody would call the function")
        self._callbacks.append(callback)

    async def shutdown(self) -> None:
        """Close the sessions, run the callbacks, leave the room. Safe to call again and concurrently: everyone waits for the same end.

        From inside a session of this job, or one of the callbacks, it asks and returns at once, as ``close()`` does.
        """
        part_of_it = inside.get() in self.sessions or _shutting_down.get() is self
        if ShutDown() in self._post(ShutdownAsked()):
            if not part_of_it:
                await self._shut_down()
                return
            self.start_soon(self._shut_down, "shutdown")
        if not part_of_it:
            await self._over.wait()

    async def _shut_down(self) -> None:
        token = _shutting_down.set(self)
        try:
            with anyio.CancelScope(shield=True):
                async with anyio.create_task_group() as group:
                    for session in self.sessions:
                        group.start_soon(_close, session)
                for callback in self._callbacks:
                    await _run_callback(callback)
                self._post(DoneShutDown())
                if self.room is not None:
                    await leave_room(self.room)
                for recording in self._recordings.values():
                    if await recording.write_page():
                        log.info("%s shows the call", recording.page)
        finally:
            self._over.set()
            _shutting_down.reset(token)

    async def closed(self) -> None:
        """Wait until every session of this job is closed; returns at once if there is none."""
        for session in self.sessions:
            await session.wait_closed()

    async def __aenter__(self) -> Self:
        """Own the sessions that are made from here on."""
        await super().__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Shut down, and cancel what was started here and still runs. What the block raised comes through as it is."""
        await self.shutdown()
        self.cancel()
        await super().__aexit__(None, None, None)  # what it says of its own cancellation is not what the block raised


def _folder(record: str | os.PathLike[str] | None) -> Path | None:
    """Where to record; ``None``: nowhere."""
    given: object = record
    if not isinstance(given, str | os.PathLike | None):
        raise MisuseError(f"JobContext(record={record!r}): give the path of a folder, or None")
    said = os.environ.get(RECORD, "").strip() if record is None else record
    if not said:
        return None
    from pathlib import Path  # here: most jobs record nothing

    return Path(said)


async def _run_callback(callback: Callable[[], Any]) -> None:
    with anyio.move_on_after(CALLBACK_LIMIT) as scope:
        try:
            result = callback()
            if inspect.isawaitable(result):
                await result
        except Exception:
            log.exception("a shutdown callback failed")
    if scope.cancelled_caught:
        log.error("a shutdown callback took longer than %s s and was cancelled", CALLBACK_LIMIT)


async def _close(session: AgentSession) -> None:
    await session.close("the job shut down")
    await session.wait_closed()  # close() does not wait where the shutdown was asked for inside the session
