"""The steps of a session's flow, beside those of the session: ``flow.jsonl``, and one more for each flow that it hands over to."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import attrs

from fsm_agents.flows.machine.events import Heard
from fsm_agents.fsm.joint import Step
from fsm_agents.observe.flow_calls import CLASSES, FlowLog
from fsm_agents.observe.timeline import Timeline
from fsm_agents.pipelines.fallback_members import Members

if TYPE_CHECKING:
    from fsm_agents.observe.page import Beside
    from fsm_agents.session.flows.run import FlowRun
    from fsm_agents.session.session import AgentSession

__all__ = ["FlowLogs", "ears_name", "ears_now"]

log = logging.getLogger("fsm_agents")


@attrs.frozen
class _Kept:
    """The log of one flow."""

    file: TextIO
    run: FlowRun
    log: FlowLog


class FlowLogs:
    """The logs of the flows of one session. No secret is in them; what was said is.

    Args:
        folder: Where they go.
        start: The time of the recording's beginning, in µs of the loop's clock.
        session: The session.
    """

    def __init__(self, folder: Path, start: int, session: AgentSession) -> None:
        self._folder, self._start, self._talk = folder, start, session.host.driver.talk
        self._pipeline = session.pipeline
        self._kept: list[_Kept] = []
        self._call = Timeline()
        self._call.begin(self._talk)
        self._told = 0  # so many turns of the caller are told

    def look(self, at: int, step: Step) -> None:
        """A step of the session, ``at`` in µs of the recording: it knows how long the caller spoke."""
        self._call.add(at, step, self._talk)

    def begin(self, run: FlowRun, now: int) -> None:
        """A conversation in a flow begins; ``now`` in µs of the loop's clock."""
        name = "flow.jsonl" if not self._kept else f"flow-{len(self._kept) + 1}.jsonl"
        file = (self._folder / name).open("w", encoding="utf-8")
        began = run.now() - datetime.timedelta(microseconds=now - self._start)
        kept = _Kept(file, run, FlowLog(run.flow, file.write, began=began, ears=ears_name(self._pipeline)))
        self._kept.append(kept)
        kept.log.begin(run.data)
        run.driver.watchers.append(lambda at, step: self._write(kept, lambda: self._add(kept, at - self._start, step)))
        run.driver.on_failed.append(
            lambda at, event, why: self._write(kept, lambda: kept.log.failed(at - self._start, event, why))
        )

    def _write(self, kept: _Kept, write: Callable[[], None]) -> None:
        """What goes wrong in writing ends the log, and nothing else."""
        if kept.file.closed:
            return
        try:
            write()
        except Exception as broken:
            log.error("the log of the flow in %s stops here, and the conversation goes on: %s", self._folder, broken)
            kept.file.close()

    def _add(self, kept: _Kept, at: int, step: Step) -> None:
        if isinstance(step.event, Heard):
            kept.log.heard(at, self._speech(), ears_now(self._pipeline))
        kept.log.add(at, step, kept.run.data)

    def _speech(self) -> float | None:
        """Seconds that the caller spoke in the turns that the flow was not told of yet; ``None``: the detector heard none."""
        turns = [turn for turn in self._call.turns[self._told :] if turn.started is not None and turn.taken is not None]
        self._told = len(self._call.turns)
        total = 0
        for turn in turns:
            begin, end = turn.started or 0, turn.taken or 0
            for span in reversed(self._call.voice):
                if span.end is not None and span.end <= begin:
                    break
                total += max(0, min(end if span.end is None else span.end, end) - max(span.begin, begin))
        return total / 1_000_000 if total else None

    def close(self) -> None:
        """Finish the files."""
        for kept in self._kept:
            kept.file.close()

    def beside(self) -> list[Beside]:
        """How the page of the recording shows the first of them."""
        from fsm_agents.flows.machine.data import FlowData
        from fsm_agents.observe.page import Beside

        return [
            Beside(
                Path(kept.file.name).name, kept.run.flow.joint, FlowData, "flow", f"Where {kept.run.flow.id} is", classes=CLASSES
            )
            for kept in self._kept[:1]
        ]


def ears_name(pipeline: Any) -> str:
    """What turns the caller's speech into words: the model's name, or else that of the class; of several ``a, else b``."""
    stage, members = _ears(pipeline)
    return ", else ".join(_name(member.stage) for member in members.all) if members is not None else _name(stage)


def ears_now(pipeline: Any) -> str:
    """Of several: which of them answered last; empty where there are not several, or nobody has answered yet.

    They belong to the pipeline: where several sessions share one, another session's answer may have been the last.
    """
    _, members = _ears(pipeline)
    return _name(members.serving.stage) if members is not None and members.serving is not None else ""


def _ears(pipeline: Any) -> tuple[Any, Members[Any] | None]:
    """The stage that hears, and its members if it is several."""
    stage = getattr(pipeline, "stt", None) or getattr(pipeline, "model", None)
    members = getattr(stage, "members", None)
    return stage, members if isinstance(members, Members) else None


def _name(stage: object) -> str:
    if stage is None:
        return ""
    model = getattr(stage, "model", "")
    return model if isinstance(model, str) and model else type(stage).__name__
