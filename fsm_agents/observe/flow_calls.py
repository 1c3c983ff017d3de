"""Recorded calls of a flow: what a log says by itself, without the flow it was held in. Writing such a log, too.

The log is a step log of the flow's machines (:mod:`fsm_agents.fsm.record`) whose header says which flow that was. Nothing here reads a
log's file or a clock. What is in a log was written by nobody knows whom: a wrong one is one sentence, never half a call.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.flat import CHECKING
from fsm_agents.flows.machine.secret import Secret
from fsm_agents.fsm.joint import Step
from fsm_agents.fsm.record import StepLog
from fsm_agents.fsm.replay import Entry, Header, Log

__all__ = ["CLASSES", "CallTurn", "FlowCall", "FlowLog", "Move", "damage_told", "header_of", "is_flow_log", "read_call"]

CLASSES: Final = (Secret,)
"""What events of a flow may hold beside what their annotations name."""

HEARD: Final = "heard"
"""The kind of a note that says how long the caller spoke, and which of several ears answered; it stands before the step with the words."""

MOST_LINE: Final = 5_000_000
"""Characters of one line of a log. A step with a long sentence and many readings has some thousand."""


# --- writing ------------------------------------------------------------------------------------------------------------------------------


class FlowLog:
    """Writes the steps of one conversation in a flow.

    Args:
        flow: The flow, as it is when the conversation begins.
        write: Called with each line: ``file.write``.
        began: The date and time where the caller is, when the log's time is 0; without it no sentence with a date can be read again.
        call: What the call is called in reports; empty: the file's name.
        ears: What turned the caller's speech into words: ``whisper-1``; ``text`` if the caller writes; empty: not known.
    """

    def __init__(
        self, flow: Flow, write: Callable[[str], object], *, began: datetime.datetime | None = None, call: str = "",
        ears: str = "",
    ) -> None:  # fmt: skip
        self.flow = flow
        self.log: StepLog[FlowData] = StepLog(flow.joint, write, classes=CLASSES)
        self.settings = {
            "flow": flow.id,
            "version": flow.version,
            "digest": flow.digest,
            "file": _absolute(flow.spec.file),
            "began": began.isoformat(timespec="milliseconds") if began is not None else "",
            "call": call,
            "ears": ears,
        }

    def begin(self, data: FlowData) -> None:
        """Write the header: where the conversation stands now."""
        self.log.begin(data, self.settings)

    def add(self, at: int, step: Step, data: FlowData) -> None:
        """Write a step; ``at`` in µs since ``began``."""
        self.log.add(at, step, data)

    def heard(self, at: int, speech: float | None, ears: str = "") -> None:
        """Write before a step what is known of the words that come with it: how long the caller spoke, in seconds, and who heard them.

        Nothing is written where nothing is known: ``None`` and empty.
        """
        known = {} if speech is None else {"speech": round(speech, 3)}
        if told := known | ({"ears": ears} if ears else {}):
            self.log.note(at, HEARD, told)

    def failed(self, at: int, event: object, error: BaseException) -> None:
        """Write that a step raised."""
        self.log.failed(at, event, error)


def _absolute(file: str) -> str:
    """The file of a flow so that it is found from elsewhere too; a text that was given a name is no file."""
    path = Path(file)
    return str(path.absolute()) if file.endswith(".toml") and path.is_file() else file


# --- reading ------------------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Move:
    """Where the flow came to rest: after which step (0: at the beginning), when in µs, in which state."""

    n: int
    at: int
    state: str


@attrs.frozen
class CallTurn:
    """One turn of the caller: words, or keys.

    Args:
        number: From 1.
        n: Its step.
        at: When, in µs.
        state: Where the flow was.
        text: The words, or the keys; ``***`` for what may have been secret.
        how: What it was.
        speech: Seconds that the caller spoke; ``None``: the log does not say.
        ears: Which of several turned the speech into words; empty: the log does not say.
    """

    number: int
    n: int
    at: int
    state: str
    text: str
    how: Literal["words", "keys"] = "words"
    speech: float | None = None
    ears: str = ""


@attrs.frozen(slots=False)
class FlowCall:
    """A recorded call.

    Args:
        name: What it is called.
        header: The log's first line.
        entries: Its steps.
        moves: Where the flow came to rest, in order.
        turns: What the caller said and pressed.
        outcome: How it ended; empty: the log does not say.
        truncated: Whether its last line was cut off; it was left out.
        lines: The log as it was read.
    """

    name: str
    header: Header
    entries: tuple[Entry, ...]
    moves: tuple[Move, ...]
    turns: tuple[CallTurn, ...]
    outcome: str
    truncated: bool
    lines: Sequence[str] = attrs.field(repr=False, default=())

    @property
    def flow(self) -> str:
        """The name of its flow."""
        return str(self.header.settings.get("flow", self.header.joint))

    @property
    def version(self) -> int:
        """The version of its flow; 0: not known."""
        found = self.header.settings.get("version", 0)
        return found if isinstance(found, int) else 0

    @property
    def digest(self) -> str:
        """What told its flow's content from another's."""
        return str(self.header.settings.get("digest", ""))

    @property
    def file(self) -> str:
        """The file that its flow was read from, as the writer named it; may be empty."""
        return str(self.header.settings.get("file", ""))

    @property
    def ears(self) -> str:
        """What turned the caller's speech into words; empty: the log does not say."""
        return str(self.header.settings.get("ears", ""))

    @property
    def began(self) -> datetime.datetime | None:
        """When the log's time was 0, where the caller was."""
        try:
            return datetime.datetime.fromisoformat(str(self.header.settings.get("began", "")))
        except ValueError:
            return None

    def at(self, micros: int) -> datetime.datetime | None:
        """The date and time at a moment of the log."""
        began = self.began
        try:
            return began + datetime.timedelta(microseconds=micros) if began is not None else None
        except OverflowError:
            return None

    @property
    def path(self) -> tuple[str, ...]:
        """The states it rested in, in order."""
        return tuple(move.state for move in self.moves if not move.state.startswith("("))


@contextmanager
def damage_told(where: Callable[[], str] = lambda: "a step") -> Generator[None]:
    """Tell what a log's values cause that are not those of a flow, as what it is: damage."""
    try:
        yield
    except MisuseError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError, RecursionError) as wrong:
        raise MisuseError(f"the log is damaged: {where()} is not what a log of a flow has there") from wrong


def is_flow_log(lines: Sequence[str]) -> bool:
    """Whether the first line is the header of a log of a flow.

    Raises:
        MisuseError: it is no step log at all.
    """
    settings = header_of(lines).settings
    return "flow" in settings and "digest" in settings


def header_of(lines: Sequence[str]) -> Header:
    """The header of a step log.

    Raises:
        MisuseError: the first line is none.
    """
    return Log(lines[:1]).header


def read_call(lines: Sequence[str], name: str) -> FlowCall:
    """A call from the lines of its log.

    Args:
        lines: The lines.
        name: What it is called if the log does not say.

    Raises:
        MisuseError: they are no log of a flow, or damaged before the last line.
    """
    if not is_flow_log(lines):
        msg = f"this is a log of {header_of(lines).joint!r}, not of a flow"
        raise MisuseError(msg)
    if any(len(line) > MOST_LINE for line in lines):
        msg = f"the log is damaged: a line has more than {MOST_LINE:,} characters"
        raise MisuseError(msg)
    header = header_of(lines)
    reader = _Reader(header)
    with damage_told(lambda: f"step {reader.n}" if reader.n else "the header"):
        log = Log(lines)
        entries = tuple(log)
        reader.heard = {note.after + 1: note.values for note in log.notes if note.kind == HEARD}
        reader.begin()
        for entry in entries:
            reader.read(entry)
    said = str(header.settings.get("call") or name)
    return FlowCall(said, header, entries, tuple(reader.moves), tuple(reader.turns), reader.outcome, log.truncated, lines)


class _Reader:
    """Follows the lines; knows no flow."""

    def __init__(self, header: Header) -> None:
        self.header, self.n = header, 0
        self.state = self.keys = self.outcome = ""
        self.moves: list[Move] = []
        self.turns: list[CallTurn] = []
        self.heard: dict[int, Mapping[str, Any]] = {}

    def begin(self) -> None:
        self.state = str(self.header.cells["flow"][0])
        self.moves.append(Move(0, 0, self.state))
        self.outcome = str(self.header.data.get("outcome") or "")

    def read(self, entry: Entry) -> None:
        self.n = entry.n
        line = entry.json
        event = line["on"]
        kind = str(event["_"]) if isinstance(event, dict) else str(event)
        before = self.state
        moved = line.get("to", {}).get("flow")
        decided = any(str(row).startswith("flow:") for row in line.get("rows", ()))
        if kind == "Heard" and not line.get("stale"):
            self._turn(entry, before, str(event["text"]), "words")
        elif kind == "KeyPressed":
            self.keys += str(event["key"])
        if self.keys and decided and (kind == "KeyPressed" or (kind == "Due" and event["machine"] == "keypad")):
            self._turn(entry, before, self.keys, "keys")
            self.keys = ""
        elif self.keys and moved:
            self.keys = ""  # the state that asked for a number was left
        if moved is not None:
            self.state = str(moved)
            self.moves.append(Move(entry.n, int(entry.at), self.state))
        for effect in line.get("do", ()):
            if effect.get("_") == "EndFlow":
                self.outcome = str(effect["outcome"])

    def _turn(self, entry: Entry, state: str, text: str, how: Literal["words", "keys"]) -> None:
        plain = state.removesuffix(CHECKING)
        known = self.heard.get(entry.n, {}) if how == "words" else {}
        speech = float(known["speech"]) if "speech" in known else None
        ears = str(known.get("ears", ""))
        self.turns.append(CallTurn(len(self.turns) + 1, entry.n, int(entry.at), plain, text, how, speech, ears))
