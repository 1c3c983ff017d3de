"""The steps of a session's flow, beside those of the session: ``flow.jsonl``, and one more for each flow that it hands over to."""

from __future__ import annotations

import datetime
import logging
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from fsm_agents.fsm.joint import Step
from fsm_agents.observe.flow_calls import CLASSES, FlowLog

if TYPE_CHECKING:
    from fsm_agents.observe.page import Beside
    from fsm_agents.session.flows.run import FlowRun

__all__ = ["FlowLogs"]

log = logging.getLogger("fsm_agents")


class FlowLogs:
    """The logs of the flows of one session. No secret is in them; what was said is.

    Args:
        folder: Where they go.
        start: The time of the recording's beginning, in µs of the loop's clock.
    """

    def __init__(self, folder: Path, start: int) -> None:
        self._folder, self._start = folder, start
        self._files: list[tuple[TextIO, FlowRun]] = []

    def begin(self, run: FlowRun, now: int) -> None:
        """A conversation in a flow begins; ``now`` in µs of the loop's clock."""
        name = "flow.jsonl" if not self._files else f"flow-{len(self._files) + 1}.jsonl"
        file = (self._folder / name).open("w", encoding="utf-8")
        self._files.append((file, run))
        began = run.now() - datetime.timedelta(microseconds=now - self._start)
        written = FlowLog(run.flow, file.write, began=began)
        written.begin(run.data)
        run.driver.watchers.append(lambda at, step: self._add(file, written, run, at, step))

    def _add(self, file: TextIO, written: FlowLog, run: FlowRun, at: int, step: Step) -> None:
        if file.closed:
            return
        try:
            written.add(at - self._start, step, run.data)
        except Exception as broken:
            log.error("the log of the flow in %s stops here, and the conversation goes on: %s", self._folder, broken)
            file.close()

    def close(self) -> None:
        """Finish the files."""
        for file, _ in self._files:
            file.close()

    def beside(self) -> list[Beside]:
        """How the page of the recording shows the first of them."""
        from fsm_agents.flows.machine.data import FlowData
        from fsm_agents.observe.page import Beside

        return [
            Beside(Path(file.name).name, run.flow.joint, FlowData, "flow", f"Where {run.flow.id} is", classes=CLASSES)
            for file, run in self._files[:1]
        ]
