"""One cell of the matrix: a fault, a stage, a moment. It runs the call, and says in the words of ``outcomes.py`` what came of it."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio
import attrs

from fsm_agents.errors import FSMAgentsError
from fsm_agents.machines import effects as do
from fsm_agents.machines import events as on
from fsm_agents.machines.link import BACKOFF, COOL_DOWN, DIAL_LIMIT, STEADY
from fsm_agents.pipelines import realtime_line
from fsm_agents.pipelines.composer import APOLOGY
from fsm_agents.plugins.openai import asking
from fsm_agents.runtime.link import LinkDriver
from fsm_agents.testing.provider import ProviderServer
from tests.faults.calls import SPEED, Call, call_of
from tests.faults.moments import MOMENTS, SCRIPT, Waiting, greet

__all__ = ["PATHS", "Cell", "Result", "play", "quick_retries"]

PATHS = {
    "stt": "/v1/audio/transcriptions", "events": "/v1/audio/transcriptions", "chat": "/v1/chat/completions",
    "responses": "/v1/responses", "tts": "/v1/audio/speech", "realtime": "/v1/realtime#response",
}  # fmt: skip
HANDSHAKE = "/v1/realtime"
SPEAKS = ("stt", "events", "chat", "responses")
"""Stages that are only asked when the caller says something."""
LIMIT = 30.0
"""Real seconds after which a call is stuck."""
SILENCE = 8.0
"""Seconds of life: no silence is longer."""
NOISE = 1.0 * SPEED
"""Seconds of life that a busy machine may add to a silence: a real one. What is left is computed in ``test_deadlines.py``."""


@attrs.frozen
class Cell:
    """What strikes, where, and when.

    Args:
        fault: A name in ``FAULTS``, or an HTTP status.
        stage: One of ``STAGES``.
        moment: One of ``TURN_STATES``.
        lasts: It stays; else it falls on one request.
        fallback: The stage has a second provider.
    """

    fault: str
    stage: str
    moment: str = "first turn"
    lasts: bool = True
    fallback: bool = False

    def __str__(self) -> str:
        """In a line."""
        return (
            f"{self.fault} × {self.stage} × {self.moment}" + ("" if self.lasts else " × once") + (" × fallback" * self.fallback)
        )


@attrs.define
class Result:
    """What came of it, what must never be, and the longest silence in seconds of life."""

    cell: Cell
    outcome: str = ""
    wrong: list[str] = attrs.field(factory=list)
    silence: float = 0.0


def quick_retries() -> None:
    """Divide the pauses between tries, too."""
    asking._FIRST_WAIT = 0.5 / SPEED
    realtime_line.FREE_AFTER = 2.0 / SPEED
    delays = {timer.name: (timer.seconds or 0) / SPEED for timer in (DIAL_LIMIT, BACKOFF, STEADY, COOL_DOWN)}
    vars(realtime_line)["LinkDriver"] = partial(LinkDriver, delays=delays)


def arm(cell: Cell, server: ProviderServer) -> None:
    """Have the provider misbehave from now on; a cell without a fault is there to compare."""
    if not cell.fault:
        return
    how: dict[str, Any] = {"times": None if cell.lasts else 1}
    special: dict[str, dict[str, Any]] = {
        "slow": {"seconds": 12.0 / SPEED},
        "huge": {"size": 20},
        "429": {"retry_after": 0.4 / SPEED},
    }
    how |= special.get(cell.fault, {})
    if cell.stage == "realtime" and (cell.fault.isdigit() or cell.fault in ("quota", "wrong_type")):
        server.misbehave(
            HANDSHAKE, cell.fault, **how
        )  # nothing of a response can be so: the connection breaks, and is not made again
        server.misbehave(PATHS["realtime"], "drop", times=1)
    else:
        server.misbehave(PATHS[cell.stage], cell.fault, **how)


async def play(cell: Cell, server: ProviderServer, good: ProviderServer | None = None) -> Result:
    """Run one call."""
    result = Result(cell)
    server.reset(SCRIPT | _words(cell))
    waiting = Waiting()
    call = call_of(cell.stage, server, good if cell.fallback else None, [waiting.tool()], wakes=cell.moment == "wake-up")
    call.hooks["tool"] = waiting
    speaks = cell.stage in SPEAKS
    came = _Coming(cell, call, server)
    if cell.moment == "greeting":
        call.hooks["on_enter"] = lambda: greet(call, came.arm, speaks)
    with anyio.move_on_after(LIMIT) as limit:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call.frames)
            try:
                async with call.session:
                    await MOMENTS[cell.moment](call, came.arm, speaks)
                    came.turn()
                    await _more_turns(cell, call, came)
            except FSMAgentsError as refused:  # the greeting of a session that cannot go on
                came.wrong(f"start() raised {refused}" if "error" not in call.session.close_reason else "")
            tasks.cancel_scope.cancel()
    if limit.cancelled_caught:
        result.wrong.append(f"stuck in {call.labels[-1:]}: {call.session._talk}")
    result.outcome = came.outcome()
    result.wrong += [*call.wrong, *came.problems(server)]
    result.silence = call.silence()
    return result


def _words(cell: Cell) -> dict[str, Any]:
    first = {"barge-in held": "story", "after a barge-in": "story", "tool round": "look"}.get(cell.moment, "alpha")
    return {"transcripts": [first, "bravo", "charlie", "delta", "echo"]}


async def _more_turns(cell: Cell, call: Call, came: _Coming) -> None:
    """What lasts ends the session where it makes the agent deaf or mute: the caller tries again."""
    if not cell.lasts or cell.fallback or cell.moment != "first turn" or cell.stage not in ("stt", "events", "tts", "realtime"):
        return
    while not call.closed and came.turns[-1] in ("asked again", "mute") and len(came.turns) < 4:
        came.next()
        await call.turn()
        came.turn()


class _Coming:
    """What comes of a fault, turn by turn."""

    def __init__(self, cell: Cell, call: Call, server: ProviderServer) -> None:
        self.cell, self.call, self.server = cell, call, server
        self.turns: list[str] = []
        self._wrong: list[str] = []
        self._struck = False
        self.next()

    def arm(self) -> None:
        """It strikes from now on."""
        arm(self.cell, self.server)
        self._struck = True
        self.next()

    def next(self) -> None:
        """What counts comes from now on."""
        call = self.call
        self._apologies, self._lost, self._effects = call.apologies(), len(call.got(on.TranscriptLost)), len(call.effects)
        self._said = len(call.said())

    def wrong(self, what: str) -> None:
        """Something that must not be."""
        if what:
            self._wrong.append(what)

    def turn(self) -> None:
        """A turn is over: what came of it."""
        self.turns.append(self._now())

    def _now(self) -> str:
        call, cell = self.call, self.cell
        if call.session.close_reason.startswith("error"):
            return "closed"
        if any(isinstance(effect, do.GiveUp) for effect in call.effects[self._effects :]):
            return "mute"
        if call.apologies() > self._apologies:
            return "asked again" if len(call.got(on.TranscriptLost)) > self._lost else "apology"
        if call.closed and cell.moment == "closing":
            return "as asked"
        stage = {"stt": "stt", "events": "stt", "tts": "tts"}.get(cell.stage, "llm")
        chosen = getattr(call.session.pipeline, stage, None)
        if cell.fallback and chosen is not None and chosen.serving is not chosen.members.all[0].stage:
            return "fallback"
        fresh = [text for text in call.said()[self._said :] if APOLOGY not in text]
        if cell.stage in ("chat", "responses") and fresh and not fresh[-1].startswith(("You said:", "It returned:", "Once")):
            return "garbled"
        if len(call.got(on.TranscriptLost)) > self._lost:  # other words are there, or the beginning of these
            return "answered"
        return "retried" if self._repeated() else "answered"

    def _repeated(self) -> bool:
        """Whether a request that failed was made again; of a realtime model: whether there is another connection."""
        requests = self.server.requests(PATHS[self.cell.stage].partition("#")[0])
        if self.cell.stage == "realtime":
            return len([each for each in requests if each["method"] == "GET"]) > 1
        first = next((place for place, each in enumerate(requests) if each["fault"]), len(requests))
        return any(each["body"] == requests[first]["body"] for each in requests[first + 1 :])

    def outcome(self) -> str:
        """Of all turns."""
        return " → ".join(self.turns) or self._now()

    def problems(self, server: ProviderServer) -> list[str]:
        """What must never be."""
        call = self.call
        wrong = list(self._wrong)
        if not self._struck:
            wrong.append("the fault was never armed")
        if not call.closed:
            wrong.append(f"it is {call.session.state}")
        mute = any(isinstance(effect, do.GiveUp) for effect in call.effects)  # it takes a reply and an apology to find that out
        if call.silence() > SILENCE * (1 + mute) + NOISE:
            wrong.append(f"{call.silence():.1f} s of silence")
        if server.key in call.session.close_reason:
            wrong.append("the key is in the reason of the close")
        waiting = [handle for handle in call.session.handles.values() if not handle.done()]
        if waiting:
            wrong.append(f"{len(waiting)} says are neither over nor refused")
        return wrong + self._lost_words()

    def _lost_words(self) -> list[str]:
        """Every transcript was answered, or discarded with a reason."""
        call = self.call
        done = " ".join(
            [text for effect in call.did(do.Answered) for text in effect.texts]
            + [each.text for each in call.did(do.Discard) if each.reason]
        )
        heard = [event.text for event in call.got(on.FinalTranscript) if event.text]
        return [f"{text!r} is neither answered nor discarded" for text in heard if text not in done]
