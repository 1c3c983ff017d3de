"""The log of a conversation in text: what :class:`~fsm_agents.jobs.flow_log.FlowLogs` is for a spoken one. Decides nothing, opens no file."""

from __future__ import annotations

import logging
from collections.abc import Callable

from fsm_agents.fsm.explore import clone
from fsm_agents.fsm.joint import Step
from fsm_agents.observe.flow_calls import FlowLog
from fsm_agents.session.flows.run import FlowRun

__all__ = ["EARS", "TextLog"]

log = logging.getLogger("fsm_agents")

EARS = "text"
"""What is said to have heard the caller: nobody had to."""


class TextLog:
    """Writes each step of a conversation, from where it stands now. Its time begins with the first of them.

    Args:
        run: The conversation.
        write: Called with each line. What goes wrong in it ends the log, and nothing else.
        call: What the call is called in reports; empty: the name of the log's file.
    """

    def __init__(self, run: FlowRun, write: Callable[[str], object], call: str = "") -> None:
        self._run, self._write, self._call = run, write, call
        self._before = clone(run.data)  # a header says where a log begins, and its time is known with the first step
        self._log: FlowLog | None = None
        self._start = 0
        self._over = False
        run.driver.watchers.append(lambda now, step: self._try(now, lambda to, at: self._add(to, at, step)))
        run.driver.on_failed.append(lambda now, event, why: self._try(now, lambda to, at: to.failed(at, event, why)))

    def _add(self, to: FlowLog, at: int, step: Step) -> None:
        to.add(at, step, self._run.data)

    def _try(self, now: int, write: Callable[[FlowLog, int], None]) -> None:
        if self._over:
            return
        try:
            write(self._begun(now), now - self._start)
        except Exception as broken:
            self._over = True
            log.error("%s: the log stops here, and the conversation goes on: %s", self._run.flow.id, broken)

    def _begun(self, now: int) -> FlowLog:
        if self._log is None:
            self._log = FlowLog(self._run.flow, self._write, began=self._run.now(), call=self._call, ears=EARS)
            self._log.begin(self._before)
            self._start = now
        return self._log
