"""Doing a recorded call again: its events through the tables, compared with the log byte for byte.

The log brings the start, the delays and the events; only what a log cannot hold comes from ``make_data``. Nothing waits and
nothing is performed: effects are compared, not done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.codec import Codec
from fsm_agents.fsm.explore import describe
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.record import FORMAT, StepLog, fingerprint

__all__ = ["RETIMED", "Entry", "Header", "Log", "Note", "Replayed", "replay", "retime", "standing"]

S = TypeVar("S", bound=Shared)

RETIMED = "retimed"
"""The kind of a note that says which timers have another delay from here on: seconds by name. The one kind that a replay heeds."""

_WORDS = {"raised": "raised", "stale": "stale", "to": "at rest", "rows": "rows", "do": "effects", "arm": "timers armed"}


@attrs.frozen
class Header:
    """The first line of a log.

    Attributes:
        joint: The name of the joined machines.
        tables: Their fingerprint.
        redacted: Whether words are hidden; such a log cannot be replayed.
        settings: What the writer added for readers.
        cells: For each machine its state, epoch and group memory.
        delays: µs by ``machine.timer``; ``None`` is off.
        data: The fields of the data as JSON; ``{"?": …}`` for one that a log cannot hold.
    """

    joint: str
    tables: str
    redacted: bool
    settings: Mapping[str, Any]
    cells: Mapping[str, Any]
    delays: Mapping[str, int | None]
    data: Mapping[str, Any]


@attrs.frozen
class Entry:
    """One step of a log: its number, its time in µs, the line as it stands, and the line as JSON."""

    n: int
    at: int
    line: str
    json: Mapping[str, Any]


@attrs.frozen
class Note:
    """A line that is no step: what a reader may want to know.

    Attributes:
        after: The number of the step it follows; 0: it comes before the first.
        at: Its time in µs.
        kind: What kind of note it is.
        values: What it says.
    """

    after: int
    at: int
    kind: str
    values: Mapping[str, Any]


class Log:
    """Reads the lines of a step log, one after the other.

    Args:
        lines: The lines, for example an open file.

    Attributes:
        header: The first line.
        notes: The notes among the lines that were read so far.
        truncated: Whether the last line was cut off, as a crash leaves it. Known when all entries were read.

    Raises:
        MisuseError: there is no header, or it is of another format.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = (line for line in (raw.rstrip("\r\n") for raw in lines) if line)
        self.truncated = False
        self.notes: list[Note] = []
        self.header = self._header()

    def __iter__(self) -> Iterator[Entry]:
        """The steps in order.

        Raises:
            MisuseError: a line that is not the last is damaged, or steps are missing.
        """
        expected = 1
        for line in self._lines:
            entry = _parsed(line, expected - 1)
            if isinstance(entry, Note):
                self.notes.append(entry)
                continue
            if entry is None:
                if next(self._lines, None) is not None:
                    msg = f"the log is damaged: the line after step {expected - 1} cannot be read, and more lines follow it"
                    raise MisuseError(msg)
                self.truncated = True
                return
            if entry.n != expected:
                msg = f"the log is damaged: step {entry.n} follows step {expected - 1}"
                raise MisuseError(msg)
            yield entry
            expected += 1

    def _header(self) -> Header:
        try:
            head = json.loads(next(self._lines, "null"))
            if not isinstance(head, dict) or "format" not in head:
                raise ValueError  # noqa: TRY301 - the same message for all that is no header
        except (ValueError, RecursionError):  # no JSON; brackets without end
            msg = "this is not a step log: its first line is no header"
            raise MisuseError(msg) from None
        if head.pop("format") != FORMAT:
            msg = f"the log has another format than {FORMAT}, the one this version reads"
            raise MisuseError(msg)
        return _checked(head)


_PARTS: Mapping[str, type[Any]] = {
    "joint": str, "tables": str, "redacted": bool, "settings": dict, "cells": dict, "delays": dict, "data": dict,
}  # fmt: skip


def _checked(head: Mapping[str, Any]) -> Header:
    """A header with all its parts, each of its kind, and nothing else.

    Raises:
        MisuseError: it is none; the first part that is wrong is named.
    """
    unknown, missing = [name for name in head if name not in _PARTS], [name for name in _PARTS if name not in head]
    if unknown or missing:
        what = f"has {unknown[0]!r:.60}, which is no part of one" if unknown else f"lacks {missing[0]!r}"
        msg = f"this is not a step log: its first line is no header: it {what}"
        raise MisuseError(msg)
    for name, kind in _PARTS.items():
        if not isinstance(head[name], kind):
            msg = f"this is not a step log: its first line is no header: {name!r} is {type(head[name]).__name__}, not {kind.__name__}"
            raise MisuseError(msg)
    return Header(**head)


@attrs.frozen
class Replayed(Generic[S]):
    """How a replay went.

    Attributes:
        steps: How many steps came out as the log says.
        same: Whether all did.
        first_difference: One sentence that names it; empty if there is none.
        changed: Whether the tables are not those of the recording. Row numbers were then left out of the comparison.
        truncated: Whether the log's last line was cut off; it was left out.
        data: The conversation where the replay left it.
    """

    steps: int
    same: bool
    first_difference: str
    changed: bool
    truncated: bool
    data: S

    def __str__(self) -> str:
        notes = ["the tables have changed since: rows were not compared"] if self.changed else []
        notes += ["the last line is cut off and was left out"] if self.truncated else []
        said = f"{self.steps} step{'' if self.steps == 1 else 's'} the same" + (f"; {'; '.join(notes)}" if notes else "")
        return said if self.same else f"{said}\n{self.first_difference}"


def replay(
    joint: Joint[S], make_data: Callable[[], S], lines: Iterable[str], *, classes: Iterable[type[Any]] = ()
) -> Replayed[S]:
    """Run the events of a log through the tables and compare every line, byte for byte, up to the first difference.

    Args:
        joint: The machines.
        make_data: Makes a fresh data object; fields that the log holds are then set from it.
        lines: The lines of the log.
        classes: As they were given to the :class:`StepLog`.

    Raises:
        MisuseError: it is no log of this joint, it is redacted, or it is damaged before its last line.
    """
    run = _Run(joint, make_data, lines, classes)
    difference, steps = "", 0
    for entry in run.log:
        if difference := run.differs(entry):
            break
        steps += 1
    return Replayed(steps, not difference, difference, run.changed, run.log.truncated, run.data)


def standing(
    joint: Joint[S], make_data: Callable[[], S], lines: Iterable[str], step: int, *, classes: Iterable[type[Any]] = ()
) -> tuple[S, Any]:
    """The conversation as it stood before ``step``, and the event that came then: what ``explain`` needs.

    Raises:
        MisuseError: as :func:`replay`; the log has no such step; or the tables differ from it before that step.
    """
    run = _Run(joint, make_data, lines, classes)
    last = 0
    for entry in run.log:
        last = entry.n
        if entry.n == step:
            return run.data, run.codec.decode(entry.json["on"])
        if difference := run.differs(entry):
            raise MisuseError(difference)
    msg = f"the log has no step {step}: it has 1 to {last}" if last else f"the log has no step {step}: it is empty"
    raise MisuseError(msg)


def retime(joint: Joint[S], data: S, notes: Iterable[Note]) -> None:
    """Give a conversation the delays that notes of kind :data:`RETIMED` say.

    Raises:
        MisuseError: a note names a timer that is not there, or gives it no delay.
    """
    for note in notes:
        if note.kind == RETIMED:
            joint.retime(data, note.values)


class _Run(Generic[S]):
    """One replay: the conversation as far as it is done."""

    def __init__(self, joint: Joint[S], make_data: Callable[[], S], lines: Iterable[str], classes: Iterable[type[Any]]) -> None:
        self.joint = joint
        self.log = Log(lines)
        header = self.log.header
        if header.joint != joint.name:
            msg = f"this is a log of {header.joint!r}, not of {joint.name!r}"
            raise MisuseError(msg)
        if header.redacted:
            msg = "this log is redacted: its words are hidden, so it cannot be replayed"
            raise MisuseError(msg)
        self.changed = header.tables != fingerprint(joint)
        self.written: list[str] = []
        kept = tuple(classes)
        self.codec = Codec(joint, kept)
        self.data = self._begin(make_data())
        self.recorder = StepLog(joint, self.written.append, classes=kept)
        self.recorder.begin(self.data)
        self.written.clear()
        self.heeded = 0

    def differs(self, entry: Entry) -> str:
        """Do one step again: the sentence that says how it differs from the log; empty if it does not."""
        said = ""
        retime(self.joint, self.data, self.log.notes[self.heeded :])
        self.heeded = len(self.log.notes)
        try:
            event = self.codec.decode(entry.json["on"])
        except MisuseError as unknown:
            return f"step {entry.n} at {entry.at / 1_000_000:.6f} s: {unknown}"
        try:
            step = self.joint.step(self.data, event)
        except Exception as error:  # noqa: BLE001 - what the tables raise is part of what is compared
            said = f" ({error})"
            self.recorder.failed(entry.at, event, error)
        else:
            self.recorder.add(entry.at, step, self.data)
        ours = self.written.pop().rstrip("\n")
        if ours == entry.line:
            return ""
        return self._sentence(entry, json.loads(ours), f"step {entry.n} at {entry.at / 1_000_000:.6f} s, {describe(event)}", said)

    def _sentence(self, entry: Entry, ours: Mapping[str, Any], where: str, said: str) -> str:
        for key, word in _WORDS.items():
            if entry.json.get(key) != ours.get(key) and not (self.changed and key == "rows"):
                return (
                    f"{where}: {word}: the log says {_shown(entry.json.get(key))}, the tables say {_shown(ours.get(key))}{said}"
                )
        if self.changed:
            return ""
        return f"{where}: the log's line means the same but is not written as this version writes it"

    def _begin(self, data: S) -> S:
        header, joint = self.log.header, self.joint
        self.codec.learn(type(data))
        joint.start(data)
        data.delays = dict(data.delays)  # its own: the others with the same settings keep theirs
        for (machine, name), (_, timer) in joint.timers.items():
            data.delays[timer] = header.delays.get(f"{machine}.{name}", data.delays[timer])
        for field, value in header.data.items():
            if not (isinstance(value, dict) and "?" in value):
                setattr(data, field, self.codec.decode(value))
        for cell, (machine, table) in zip(data.cells, joint.tables.items(), strict=True):
            if machine in header.cells:
                state, epoch, past = header.cells[machine]
                place = table.engine.start(data, table.state(state))
                cell.restore((place.node, epoch, tuple(map(table.state, past))))
        return data


def _parsed(line: str, last: int) -> Entry | Note | None:
    try:
        found = json.loads(line)
        if isinstance(found, dict) and "note" in found:
            return Note(last, found.pop("at"), found.pop("note"), found)
        return Entry(found["n"], found["at"], line, found)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    return json.dumps(value, ensure_ascii=False)
