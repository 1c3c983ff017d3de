"""The page that shows a call: who spoke when, what was heard, which rows decided. One file that asks no network for anything.

It is made of what a recording leaves (step log, sound), for any pipeline; the script in it only shows, it computes no latency.
"""

from __future__ import annotations

import base64
import html
import json
import statistics
import wave
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from fsm_agents.fsm.draw import Marks, sketch
from fsm_agents.fsm.draw_words import identifiers, numbers, row_id, row_text
from fsm_agents.fsm.explore import describe
from fsm_agents.fsm.joint import Joint
from fsm_agents.fsm.replay import Log
from fsm_agents.fsm.table import StateTable, state_name
from fsm_agents.machines.joined import CONVERSATION
from fsm_agents.machines.talk import Talk
from fsm_agents.machines.turn import TURN
from fsm_agents.observe.recorded import Recorded, steps, timeline
from fsm_agents.observe.timeline import Timeline
from fsm_agents.observe.turns import Span, Turn

__all__ = ["MOST_AUDIO", "Beside", "page"]

MOST_AUDIO = 3_000_000
"""Bytes of sound that are put into the page; a longer recording stays beside it, and the page plays without sound."""
PEAK = 0.04
"""Seconds for each bar of the drawn sound: about one for each pixel of a call of a minute."""

_NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'  # inside a page it is implied, and the page then holds no address at all


@attrs.frozen
class Beside:
    """A table of the user's own, with a log of its own, that is shown beside the turn: the first of its machines.

    Attributes:
        log: The name of the log in the same folder.
        joint: The machines it is a log of.
        make_data: Makes their data.
        lane: What its lane in the timeline is called.
        title: What it says.
        drawn: A drawing of its own (SVG) with the ids of its states in it; ``None``: the table is drawn.
        classes: What its events may hold beside what their annotations name.
    """

    log: str
    joint: Joint[Any]
    make_data: Callable[[], Any]
    lane: str
    title: str
    drawn: tuple[str, Mapping[str, str]] | None = None
    classes: Sequence[type[Any]] = ()

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.joint.machines[0]

    @property
    def table(self) -> StateTable[Any, Any]:
        """The table."""
        return self.joint.tables[self.name]


@attrs.frozen
class _Line:
    """One step as the page shows it."""

    at: int
    on: str
    rows: tuple[tuple[str, str, str], ...]  # machine, id of the row, its text
    do: str
    states: dict[str, str]


def page(folder: Path, *, title: str = "A call, as it went", beside: Sequence[Beside] = ()) -> str:
    """The page of the call that was recorded in ``folder``.

    Args:
        folder: Where ``steps.jsonl`` is, and ``conversation.wav`` if there is sound.
        title: What stands above it.
        beside: Tables of the user's own.

    Raises:
        OSError: there is no log, or it cannot be read.
        MisuseError: it is no log of a conversation.
    """
    log = (folder / "steps.jsonl").read_text(encoding="utf-8").splitlines()
    call = timeline(log)
    lines = list(_lines(steps(log, CONVERSATION, Talk), CONVERSATION))
    for other in beside:
        own = (folder / other.log).read_text(encoding="utf-8").splitlines()
        lines += _lines(steps(own, other.joint, other.make_data, classes=other.classes), other.joint)
    lines.sort(key=lambda line: line.at)
    sound = folder / "conversation.wav"
    panels = [_Panel("turn", TURN, "turn", "Who may speak")]
    panels += [_Panel(other.name, other.table, other.lane, other.title, other.drawn) for other in beside]
    shown = _call(call, lines, sound, [panel.name for panel in panels])
    shown["facts"][:0] = _settings(Log(log[:1]).header.settings)
    shown["machines"] = [{"name": panel.name, "lane": panel.lane} for panel in panels]
    shown["ids"] = {panel.name: panel.drawn[1] if panel.drawn else _ids(panel.name, panel.table) for panel in panels}
    parts = {
        "TITLE": html.escape(title),
        "STYLE": _asset("page.css"),
        "MACHINES": "\n".join(_panel(panel, lines) for panel in panels),
        "AUDIO": _audio(sound),
        "CALL": json.dumps(shown, separators=(",", ":")).replace("<", "\\u003c"),
        "SCRIPT": _asset("page.js"),
    }
    text = _asset("page.html")
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


@attrs.frozen
class _Panel:
    """A table that is drawn."""

    name: str
    table: StateTable[Any, Any]
    lane: str
    title: str
    drawn: tuple[str, Mapping[str, str]] | None = None


def _panel(panel: _Panel, lines: Sequence[_Line]) -> str:
    title = html.escape(panel.title)
    if panel.drawn is None:
        drawn = _diagram(panel.name, panel.table, lines)
    else:
        drawn = f'<div class="{panel.name}">{panel.drawn[0].replace(_NAMESPACE, "")}</div>'
    return (
        f'    <section class="card" aria-label="{title}"><h2>{title} <small>the table <b>{panel.name}</b>, on its way through this call'
        f'</small></h2>{drawn}<p class="why" id="why-{panel.name}"></p></section>'
    )


def _settings(said: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the log's writer added that a reader of the page wants to know."""
    return [(name, str(said[name])) for name in ("agent", "pipeline") if name in said]


def _asset(name: str) -> str:
    return (files("fsm_agents.observe") / "page_files" / name).read_text(encoding="utf-8")


def _audio(sound: Path) -> str:
    if not sound.is_file() or sound.stat().st_size > MOST_AUDIO:
        return ""
    return f'<audio preload="auto" src="data:audio/wav;base64,{base64.b64encode(sound.read_bytes()).decode()}"></audio>'


# --- the steps -----------------------------------------------------------------------------------------------------------------------


def _lines(recorded: Iterable[Recorded[Any]], joint: Joint[Any]) -> Iterator[_Line]:
    counted = [numbers(table) for table in joint.tables.values()]
    for each in recorded:
        states = {machine: cell.node.name for machine, cell in zip(joint.machines, each.data.cells, strict=True)}
        if each.step is None:
            yield _Line(each.at, "", (), "", states)
            continue
        rows = tuple(
            (joint.machines[place], row_id(counted[place][taken.row]), row_text(taken.row, taken.source))
            for place, taken in each.step.trail
        )
        yield _Line(each.at, describe(each.step.event), rows, ", ".join(map(describe, each.step.effects)), states)


def _diagram(machine: str, table: StateTable[Any, Any], lines: Sequence[_Line]) -> str:
    """The table, with what this call did not use drawn faintly."""
    rows = Counter(int(row.removeprefix("r_")) for line in lines for name, row, _ in line.rows if name == machine)
    states = Counter(line.states[machine] for line in lines if machine in line.states)
    drawn = sketch(table, Marks(rows, states), prefix=f"{machine}-")
    return f'<div class="{machine}">{drawn.replace(_NAMESPACE, "")}</div>'


def _ids(machine: str, table: StateTable[Any, Any]) -> dict[str, str]:
    names = list(map(state_name, table.members))
    return {name: f"{machine}-{key}" for name, key in zip(names, identifiers(names, "s_"), strict=True)}


# --- the data ------------------------------------------------------------------------------------------------------------------------


def _call(call: Timeline, lines: Sequence[_Line], sound: Path, shown: Sequence[str]) -> dict[str, Any]:
    seconds, peaks = _peaks(sound)
    seconds = round(max(seconds, call.end / 1e6), 3)
    spans = {machine: _spans(found, seconds) for machine, found in call.states.items()}
    spans |= {machine: _spans(_resting(lines, machine), seconds) for machine in shown if machine not in spans}
    return {
        "seconds": seconds,
        "peakSeconds": PEAK,
        "peaks": peaks,
        "facts": _facts(call, seconds),
        "labels": _spans(call.labels, seconds),
        "states": spans,
        "voice": _spans(call.voice, seconds),
        "speech": [[_s(part.begin), _s(part.end) if part.end else seconds, part.reply, part.how] for part in call.speech],
        "turns": [_turn(turn) for turn in call.turns],
        "marks": list(_marks(call)),
        "dialogue": sorted(_dialogue(call, seconds), key=lambda line: line["begin"]),
        "steps": [
            {"at": _s(line.at), "on": line.on, "rows": [_row(row) for row in line.rows], "do": line.do}
            for line in lines
            if line.on
        ],
        "moves": [
            [_s(line.at), machine, [[row, text] for name, row, text in line.rows if name == machine]]
            for line in lines
            for machine in shown
            if any(name == machine for name, _, _ in line.rows)
        ],
    }


def _s(micros: int) -> float:
    return round(micros / 1e6, 3)


def _row(row: tuple[str, str, str]) -> str:
    machine, number, text = row
    return f"{machine} {number}: {text}"


def _spans(spans: Iterable[Span], seconds: float) -> list[list[Any]]:
    found: list[list[Any]] = [[_s(span.begin), seconds if span.end is None else _s(span.end), span.what] for span in spans]
    return [span for span in found if span[0] < span[1]] or found[-1:]


def _resting(lines: Sequence[_Line], machine: str) -> list[Span]:
    spans: list[Span] = []
    for line in lines:
        if machine in line.states and (not spans or spans[-1].what != line.states[machine]):
            if spans:
                spans[-1].end = line.at
            spans.append(Span(line.states[machine], line.at))
    return spans


def _turn(turn: Turn) -> dict[str, Any]:
    parts = ("speaking", "endpointing", "thinking", "response", "answering")
    times = {part: None if (value := getattr(turn, part)) is None else _s(value) for part in parts}
    return {"number": turn.number, "text": turn.text, "how": turn.how, **times}


def _facts(call: Timeline, seconds: float) -> list[tuple[str, str]]:
    waits = [turn.response / 1000 for turn in call.turns if turn.response is not None]
    return [
        ("length", f"{seconds:.1f} s"),
        ("turns of the caller", str(len(call.turns))),
        ("barge-ins", str(sum(found.outcome == "cut" for found in call.interruptions))),
        ("wake-ups", str(len(call.wake_ups))),
        ("steps", str(call.steps)),
        ("from the caller's silence to the answer, median", f"{statistics.median(waits):.0f} ms" if waits else "–"),
        ("ended because", call.reason or "it did not end"),
    ]


def _marks(call: Timeline) -> Iterator[dict[str, Any]]:
    for found in call.interruptions:
        until = found.at if found.until is None else found.until
        after = f"{(until - found.at) / 1000:.0f} ms"
        said = {
            "cut": ("barge-in", f"the caller speaks over the agent: held at once, and ended by the first word, {after} later"),
            "resumed": ("cough", f"a sound without words: the agent goes on after {after}"),
        }
        kind, text = said.get(found.outcome, ("overlap", "the caller speaks over the agent"))
        yield {"at": _s(found.at), "kind": kind, "text": text}
    for at in call.wake_ups:
        yield {"at": _s(at), "kind": "wake-up", "text": "the caller has been silent: the agent is woken up"}
    if call.closed is not None:
        yield {"at": _s(call.closed), "kind": "closed", "text": call.reason}


def _dialogue(call: Timeline, seconds: float) -> Iterator[dict[str, Any]]:
    """What was said, with where it stands in the recording."""
    asked = iter(call.asked)
    for spoken in call.said:
        begin = end = _s(spoken.at)
        wait: float | None = None
        late: float | None = None
        if spoken.who == "caller":
            turn = next(asked, None)
            if turn is not None and turn.taken is not None:
                begin, end = _heard(turn, turn.taken)
                late = None if turn.settled is None else _s(turn.settled - turn.taken)
        else:
            sounds = [part for part in call.speech if part.reply == spoken.reply]
            if sounds:
                last = sounds[-1].end
                begin, end = _s(sounds[0].begin), seconds if last is None else _s(last)
            wait = next(
                (_s(turn.response) for turn in call.turns if turn.reply == spoken.reply and turn.response is not None), None
            )
        if spoken.text:
            line = {"who": spoken.who, "begin": begin, "end": end, "text": spoken.text}
            yield line | {"interrupted": spoken.interrupted, "wait": wait, "late": late}


def _heard(turn: Turn, taken: int) -> tuple[float, float]:
    return _s(taken if turn.started is None else turn.started), _s(taken if turn.stopped is None else turn.stopped)


def _peaks(sound: Path) -> tuple[float, dict[str, list[int]]]:
    """How loud each moment was, 0 to 100, for both sides of the recording; and its length in seconds."""
    if not sound.is_file():
        return 0.0, {"caller": [], "agent": []}
    import numpy as np

    with wave.open(str(sound)) as recording:
        rate, count = recording.getframerate(), recording.getnframes()
        samples = np.frombuffer(recording.readframes(count), "<i2").reshape(-1, 2)
    if not count:
        return 0.0, {"caller": [], "agent": []}
    size = round(rate * PEAK)
    padded = np.pad(np.abs(samples.astype(np.int32)), ((0, -count % size), (0, 0))).reshape(-1, size, 2).max(axis=1)
    scaled = np.minimum(100, np.rint(100 * padded / max(1, int(padded.max())))).astype(int)
    return count / rate, {"caller": scaled[:, 0].tolist(), "agent": scaled[:, 1].tolist()}
