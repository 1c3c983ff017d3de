"""The timeline of a call, computed from its recorded steps alone: who spoke when, what was heard, how long each part took.

The one place where latencies are computed, live or from a log. It only looks: it reads the states in which a step came to rest, the events
that came and the effects that were asked for; no state of its own decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from fsm_agents.fsm.joint import Step
from fsm_agents.machines import effects as do
from fsm_agents.machines import events as on
from fsm_agents.machines.label import label
from fsm_agents.machines.talk import Talk
from fsm_agents.observe.turns import Interruption, Span, Speech, Spoken, Turn, Words

__all__ = ["Timeline"]

_OVER_US = ("HOLDING", "OVERLAPPING")
_SILENT = ("ABSENT", "QUIET", "GONE")


@attrs.define
class Timeline:
    """A call, as far as it was told. Use :meth:`add` as a session's watcher, or :func:`fsm_agents.observe.recorded.timeline` for a log.

    Attributes:
        end: The time of the last step.
        steps: How many steps there were.
        labels: What the agent did, in one word, one span after the other.
        states: For each machine, the states it rested in.
        voice: The stretches in which the detector heard the caller.
        speech: The stretches in which the agent sounded.
        turns: The caller's turns that were taken.
        interruptions: What the caller said over the agent.
        wake_ups: When the wake-up hook was called.
        discarded: Words of the caller that nobody answered: when, which, why.
        asked: The turns that a reply was begun for, in that order: as history has them.
        said: What was said, as far as history was noted (see :meth:`note`).
        closed: When the session was closed; ``None`` if it was not.
        reason: Why it closed.
    """

    end: int = 0
    steps: int = 0
    labels: list[Span] = attrs.field(factory=list)
    states: dict[str, list[Span]] = attrs.field(factory=dict)
    voice: list[Span] = attrs.field(factory=list)
    speech: list[Speech] = attrs.field(factory=list)
    turns: list[Turn] = attrs.field(factory=list)
    interruptions: list[Interruption] = attrs.field(factory=list)
    wake_ups: list[int] = attrs.field(factory=list)
    discarded: list[tuple[int, str, str]] = attrs.field(factory=list)
    asked: list[Turn] = attrs.field(factory=list)
    said: list[Spoken] = attrs.field(factory=list)
    closed: int | None = None
    reason: str = ""
    _turn: Turn | None = attrs.field(default=None, init=False)

    def begin(self, talk: Talk, at: int = 0) -> None:
        """Where the call stands before its first step."""
        self._rest(at, talk)

    def add(self, at: int, step: Step, talk: Talk) -> None:
        """One step: when it was, what it did, and where the call rests now."""
        self.end = at
        self.steps += 1
        if step.stale:
            return
        before = {machine: spans[-1].what for machine, spans in self.states.items()}
        self._rest(at, talk)
        after = {machine: spans[-1].what for machine, spans in self.states.items()}
        self._hear(at, step, before, after)
        self._take(at, step, talk)
        self._answer(at, step)
        self._sound(at, step, talk, after)
        self._interrupt(at, step, talk, before, after)
        self._note(at, step, after, talk)

    def note(self, at: int, kind: str, values: Mapping[str, Any]) -> None:
        """A note of the log: ``said`` is something that history has now, or knows better. Other kinds are passed over."""
        if kind != "said":
            return
        spoken = Spoken(at=at, known=at, **values)
        for place, before in enumerate(self.said):
            if before.number == spoken.number:
                self.said[place] = attrs.evolve(spoken, at=before.at, reply=before.reply)
                break
        else:
            self.said.append(spoken)
        if spoken.who == "caller":
            callers = [each.number for each in self.said if each.who == "caller"]
            place = callers.index(spoken.number)
            if place < len(self.asked):
                _settle(self.asked[place], at, spoken.text)

    def _rest(self, at: int, talk: Talk) -> None:
        _extend(self.labels, label(talk), at)
        for machine, place in talk.names.items():
            _extend(self.states.setdefault(machine, []), talk.cells[place].node.name, at)

    def _hear(self, at: int, step: Step, before: dict[str, str], after: dict[str, str]) -> None:
        """The detector and the transcripts."""
        event, open_turn = step.event, self._turn
        if before.get("caller") in _SILENT and after["caller"] not in _SILENT:
            open_turn = self._turn = Turn(len(self.turns) + 1, self.steps, self.steps)
        if isinstance(event, on.SpeechStarted):
            _close(self.voice, at)
            self.voice.append(Span("speech", at))
            if open_turn is not None and open_turn.started is None:
                open_turn.started = at
            if open_turn is not None:
                open_turn.stopped = None
        elif isinstance(event, on.SpeechStopped):
            _close(self.voice, at)
            if open_turn is not None:
                open_turn.stopped = at
        elif isinstance(event, on.InterimTranscript | on.FinalTranscript):
            turn = open_turn or (self.turns[-1] if self.turns and not _takes(step) else None)
            if turn is None:  # words without speech: the turn is all they are
                turn = self._turn = Turn(len(self.turns) + 1, self.steps, self.steps)
            complete = isinstance(event, on.InterimTranscript) and event.complete
            final, late = isinstance(event, on.FinalTranscript), turn.taken is not None
            turn.heard.append(Words(at, event.text, final, complete, event.segment, late))

    def _take(self, at: int, step: Step, talk: Talk) -> None:
        """The end of the caller's turn: it is taken, or it was only noise."""
        if _takes(step):
            turn = self._turn or Turn(len(self.turns) + 1, self.steps, self.steps)
            owed = (*talk.asked, *talk.pending)
            turn.text = turn.told = owed[-1] if owed else ""
            turn.taken, turn.last = at, self.steps
            self.turns.append(turn)
            self._turn = None
        elif self.states["caller"][-1].what in _SILENT:
            self._turn = None

    def _answer(self, at: int, step: Step) -> None:
        """What became of the turns that are not answered, and of their replies."""
        for reply, how, why in _ends(step):
            for turn in (turn for turn in self.turns if turn.reply == reply and turn.over is None):
                turn.over, turn.how, turn.why, turn.last = at, how, why, self.steps
        for effect in step.effects:
            if isinstance(effect, do.BeginReply):
                self._begin(at, effect)
        if isinstance(step.event, on.ReplyAudible) and any(isinstance(effect, do.Answered) for effect in step.effects):
            for turn in (turn for turn in self.turns if turn.reply == step.event.reply and turn.audible is None):
                turn.audible, turn.last = at, self.steps

    def _begin(self, at: int, effect: do.BeginReply) -> None:
        """A reply answers the latest turns, those again whose reply was cut before it sounded."""
        owed, new = list(effect.texts), list[Turn]()
        for turn in reversed(self.turns):
            if owed and turn.audible is None and turn.told == owed[-1]:
                owed.pop()
                if turn.begun is None:
                    new.append(turn)
                turn.reply, turn.begun, turn.over, turn.how, turn.why, turn.last = effect.reply, at, None, "", "", self.steps
        self.asked += reversed(new)

    def _sound(self, at: int, step: Step, talk: Talk, after: dict[str, str]) -> None:
        """When the agent's sound begins and ends."""
        sounds = after["reply"] == "AUDIBLE" and after["turn"] != "HOLDING"
        last = self.speech[-1] if self.speech and self.speech[-1].end is None else None
        if last is not None and (not sounds or last.reply != talk.reply):
            how = next((how for reply, how, _ in _ends(step) if reply == last.reply), "")
            last.end, last.how = at, how or ("held" if after["turn"] == "HOLDING" else "waiting")
            last = None
        if sounds and last is None:
            self.speech.append(Speech(talk.reply, at))

    def _interrupt(self, at: int, step: Step, talk: Talk, before: dict[str, str], after: dict[str, str]) -> None:
        """What the caller says over the agent, and what comes of it."""
        was, now = before.get("turn"), after["turn"]
        cut = any(how == "cut" for _, how, _ in _ends(step))
        over = [found for found in self.interruptions[-1:] if found.until is None]
        words = isinstance(step.event, on.InterimTranscript | on.FinalTranscript)
        if not over and (now in _OVER_US or (was == "ANSWERING" and now != "ANSWERING" and cut and words)):
            over = [Interruption(talk.reply, at)]
            self.interruptions += over
        for found in over:
            if now == "OVERLAPPING":
                found.outcome = "over it"
            if now not in _OVER_US:
                found.until = at
                found.outcome = "cut" if cut else found.outcome or ("resumed" if now == "ANSWERING" else "ended")

    def _note(self, at: int, step: Step, after: dict[str, str], talk: Talk) -> None:
        for effect in step.effects:
            if isinstance(effect, do.CallWakeUp):
                self.wake_ups.append(at)
            elif isinstance(effect, do.Discard):
                self.discarded.append((at, effect.text, effect.reason))
        self.reason = talk.reason
        if after["session"] == "CLOSED" and self.closed is None:
            self.closed = at


def _extend(spans: list[Span], what: str, at: int) -> None:
    if not spans or spans[-1].what != what:
        _close(spans, at)
        spans.append(Span(what, at))


def _close(spans: list[Span], at: int) -> None:
    if spans and spans[-1].end is None:
        spans[-1].end = at


def _settle(turn: Turn, at: int, text: str) -> None:
    """The words of a turn are known better than when it was taken."""
    if text != turn.text:
        turn.text, turn.settled = text, at


def _takes(step: Step) -> bool:
    """Whether the caller's turn was taken in this step: the turn machine answered ``TurnTaken``."""
    return any(taken.key is on.TurnTaken for _, taken in step.trail)


def _ends(step: Step) -> Iterator[tuple[int, str, str]]:
    """The replies that ended in this step: number, how, why."""
    event = step.event
    if isinstance(event, on.ReplyPlayed) and any(taken.key is on.ReplyPlayed and taken.acts for _, taken in step.trail):
        yield event.reply, "played", ""
    failed = any(taken.key is on.ReplyFailed for _, taken in step.trail)
    for effect in step.effects:
        if isinstance(effect, do.CancelReply):
            yield effect.reply, "failed" if failed else "cut", effect.reason
