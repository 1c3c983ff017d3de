"""Recording a session: what was decided, what sounded and what was said, into a folder. It watches, and decides nothing.

    steps.jsonl          every step of the session, and between them what was said
    conversation.wav     the sound: caller left, agent right
    flow.jsonl           every step of its flow, if a flow's table leads it (``fsm-agents show FLOW --html --calls flow.jsonl`` plays it)
    conversation.html    all of it as a page: timeline, diagram, every decision (written by :meth:`Recording.write_page`)

These files hold what people said. Nothing is recorded unless somebody asks for it: ``JobContext(record=DIR)``, or ``FSM_AGENTS_RECORD``.
A recording that cannot go on (a full disk) is one line in the log; the conversation goes on.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from fsm_agents import __version__
from fsm_agents.audio.frame import AudioFrame
from fsm_agents.chat.message import ChatMessage
from fsm_agents.fsm.joint import Step
from fsm_agents.fsm.record import StepLog
from fsm_agents.fsm.replay import RETIMED
from fsm_agents.jobs.choose import RECORD as VARIABLE
from fsm_agents.jobs.tape import CallTape
from fsm_agents.machines.effects import CancelReply, ReportClosed
from fsm_agents.machines.events import ReplyPlayed
from fsm_agents.machines.joined import CONVERSATION
from fsm_agents.observe.dialogue import Dialogue
from fsm_agents.observe.turns import Spoken
from fsm_agents.rooms.base import Listener, Room, Speaker
from fsm_agents.runtime.threads import run_in_thread
from fsm_agents.runtime.timers import micros
from fsm_agents.session.session import AgentSession

if TYPE_CHECKING:
    from fsm_agents.jobs.flow_log import FlowLogs
    from fsm_agents.observe.page import Beside
    from fsm_agents.session.flows.run import FlowRun

__all__ = ["VARIABLE", "RecordedRoom", "Recording", "free_folder"]

log = logging.getLogger("fsm_agents")

STEPS, SOUND, PAGE = "steps.jsonl", "conversation.wav", "conversation.html"


def free_folder(folder: Path) -> Path:
    """A folder to record one session in: this one, or if it holds a recording ``folder/2``, ``folder/3`` and so on.

    It is there then, with an empty log in it, so that nobody else takes it.

    Raises:
        OSError: Nothing can be written there.
    """
    for number in itertools.count(1):
        found = folder if number == 1 else folder / str(number)
        found.mkdir(mode=0o700, parents=True, exist_ok=True)  # it is nobody else's business what was said
        with suppress(FileExistsError), (found / STEPS).open("x"):
            return found
    raise AssertionError  # numbers do not end


class Recording:
    """Records one session, from now until it is closed. Make it inside the event loop, before the session starts.

    Args:
        session: The session. A room of its own is recorded with it; for the room of a job see :class:`RecordedRoom`.
        folder: Where the files go; it is there. Older files are replaced.
        told: Called with each thing that is said, when history has it, and again when it is known better.

    Attributes:
        page: Where the page is, when it is written.

    Raises:
        OSError: The log cannot be written.
    """

    def __init__(self, session: AgentSession, folder: Path, told: Callable[[Spoken], object] = lambda _spoken: None) -> None:
        self.session, self.folder, self.page = session, folder, folder / PAGE
        self._told = told
        self._start = micros()
        self._dialogue = Dialogue(session.history.items)
        self._spoken: dict[int, Spoken] = {}
        self._over = 0  # the reply that is over, and whose words are in history now
        self._tape: CallTape | None = None
        self._file = (folder / STEPS).open("w", encoding="utf-8")
        self._log = StepLog(CONVERSATION, self._file.write)
        talk = session.host.driver.talk
        with self._guarded():
            self._log.begin(talk, {
                "version": __version__, "agent": type(session.agent).__name__, "pipeline": type(session.pipeline).__name__,
            })  # fmt: skip
        self._flows: FlowLogs | None = None
        if session.voice is not None:
            from fsm_agents.jobs.flow_log import FlowLogs  # here: most conversations have no table

            self._flows = FlowLogs(folder, self._start, session)
            session.voice.on_run.append(self._flow_begins)
        session.watch(self._step)
        session.host.driver.on_retimed.append(self._retimed)
        if session.host.room is not None:
            session.host.room = RecordedRoom(session.host.room, lambda: self)

    def now(self) -> int:
        """The time of the recording, in µs."""
        return micros() - self._start

    # --- what it is told -----------------------------------------------------------------------------------------------------------

    def _step(self, now: int, step: Step) -> None:
        """One step of the session."""
        if not self._going:
            return
        at = now - self._start
        with self._guarded():
            if isinstance(step.event, ReplyPlayed) and not step.stale:
                self._over = step.event.reply  # its words are in history already; those of a cut are when this step is performed
            self._look(at)
            self._log.add(at, step, self.session.host.driver.talk)
            if self._flows is not None:
                self._flows.look(at, step)
            for effect in step.effects:
                if isinstance(effect, CancelReply):
                    self._over = effect.reply
                elif isinstance(effect, ReportClosed):
                    self._finish(at)

    def _flow_begins(self, run: FlowRun) -> None:
        """A flow begins to lead the conversation."""
        if self._going and self._flows is not None:
            with self._guarded():
                self._flows.begin(run, micros())

    def _retimed(self, now: int, delays: Mapping[str, float | None]) -> None:
        """Timers have other delays from here on: without it, a replay would arm them as before."""
        if self._going:
            with self._guarded():
                self._log.note(now - self._start, RETIMED, delays)

    def opens(self, rate: int) -> None:
        """Sound comes from here on, at that rate."""
        if self._going and self._tape is None:
            with self._guarded():
                self._tape = CallTape(self.folder / SOUND, rate)

    def hears(self, frame: AudioFrame) -> None:
        """One frame of the caller."""
        if self._going and self._tape is not None:
            with self._guarded():
                at = self.now()
                self._look(at)
                if self._tape.left(at, frame):
                    self._file.flush()

    def sounds(self, pcm: bytes) -> None:
        """One frame of the agent."""
        if self._going and self._tape is not None:
            with self._guarded():
                self._tape.right(self.now(), pcm)

    def unsaid(self, samples: int) -> None:
        """So many samples of the agent, the last, did not sound."""
        if self._tape is not None:
            self._tape.unsaid(samples)

    def _look(self, at: int) -> None:
        """What is new in the history was said, or is known better."""
        for number, message in self._dialogue.look(self.session.history.items):
            before = self._spoken.get(number)
            spoken = self._spoken[number] = self._as_spoken(at, number, message, before)
            values = {"number": number, "who": spoken.who, "text": spoken.text, "reply": spoken.reply}
            self._log.note(at, "said", values | {"interrupted": spoken.interrupted})
            self._told(spoken)
        self._over = 0

    def _as_spoken(self, at: int, number: int, message: ChatMessage | None, before: Spoken | None) -> Spoken:
        if before is not None:
            text, cut = (message.text, message.interrupted) if message else ("", before.interrupted)
            return attrs.evolve(before, text=text, interrupted=cut, known=at)
        if message is None or message.role == "user":
            return Spoken(number, "caller", at, message.text if message else "", known=at)
        reply = self._over or self.session.host.driver.talk.reply
        return Spoken(number, "agent", at, message.text, reply, message.interrupted, at)

    # --- its end -------------------------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Finish the files. It finishes by itself when the session is closed."""
        if self._going:
            with self._guarded():
                self._finish(self.now())

    @property
    def _going(self) -> bool:
        """Whether anything is still written."""
        return not self._file.closed

    def _finish(self, at: int) -> None:
        self._look(at)
        if self._tape is not None:
            self._tape.close(at)
        if self._flows is not None:
            self._flows.close()
        self._file.close()

    async def write_page(self, *, title: str = "A call, as it went", beside: Sequence[Beside] = ()) -> bool:
        """Write the page, in a worker thread. Returns whether there is one; if not, the log says why."""
        self.finish()
        try:
            shown = beside or (self._flows.beside() if self._flows is not None else ())
            await run_in_thread(self._write_page, title, shown)
        except Exception as broken:
            log.error("no page of the recording in %s: %s", self.folder, broken)
            return False
        return True

    def _write_page(self, title: str, beside: Sequence[Beside]) -> None:
        from fsm_agents.observe.page import page  # what draws is loaded when something is drawn

        self.page.write_text(page(self.folder, title=title, beside=beside), encoding="utf-8")

    @contextmanager
    def _guarded(self) -> Generator[None]:
        """What goes wrong here ends the recording, and nothing else."""
        try:
            yield
        except Exception as broken:
            log.error("the recording in %s stops here, and the conversation goes on: %s", self.folder, broken)
            with suppress(Exception):
                if self._tape is not None:
                    self._tape.close(0)
            with suppress(Exception):
                self._file.close()


class RecordedRoom:
    """A room, and whoever is recorded in it.

    Everything is asked of the room itself; sound is shown to the recording in passing.

    Args:
        room: The room.
        find: Whose recording it is: called when the room begins to carry sound.
    """

    def __init__(self, room: Room, find: Callable[[], Recording | None]) -> None:
        self.room, self.rate = room, room.rate
        self._find = find
        self._recording: Recording | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self.room, name)

    async def connect(self) -> None:
        """Join."""
        await self.room.connect()
        self.rate = self.room.rate

    async def disconnect(self) -> None:
        """Leave."""
        await self.room.disconnect()

    async def run(self, heard: Listener, speaker: Speaker) -> None:
        """Carry sound, and show it to the recording."""
        recording = self._recording = self._find()
        if recording is None:
            await self.room.run(heard, speaker)
            return
        recording.opens(self.rate)
        hears = recording.hears

        def hear(frame: AudioFrame) -> None:
            hears(frame)
            heard(frame)

        await self.room.run(hear, _Shown(speaker, recording))

    def wake(self) -> None:
        """There is something new to pull."""
        self.room.wake()

    def clear(self) -> int:
        """Forget what was pulled and has not sounded."""
        samples = self.room.clear()
        if samples and self._recording is not None:
            self._recording.unsaid(samples)
        return samples


class _Shown:
    """A speaker whose sound a recording is shown."""

    def __init__(self, speaker: Speaker, recording: Recording) -> None:
        self._pull, self._sounds = speaker.pull, recording.sounds

    def pull(self) -> bytes | None:
        """The next frame."""
        frame = self._pull()
        if frame is not None:
            self._sounds(frame)
        return frame
