"""One chat: lines in, lines out. What begins with a colon is a command; all else the caller says."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs

from fsm_agents.cli.chat_host import HELP, ToolAnswers, ask_person
from fsm_agents.cli.printing import say
from fsm_agents.errors import FSMAgentsError, MisuseError, nearest
from fsm_agents.flows.binding import Binding
from fsm_agents.flows.flow import Flow
from fsm_agents.fsm.joint import Step
from fsm_agents.runtime.threads import run_in_thread
from fsm_agents.session.flows.said import Emitted, Ended, HandedOver, Out, Said
from fsm_agents.session.flows.text import FlowSession

__all__ = ["Chat"]

WIDTH = 26
"""Columns for the states."""


class Chat:
    """One conversation at the keys.

    Args:
        flow: The flow.
        stored: A conversation to go on with, as JSON values; ``None``: a new one.

    Attributes:
        begun: Whether anything was said: only then is there something to keep.
    """

    def __init__(self, flow: Flow, stored: Any = None) -> None:
        self.conditions = dict.fromkeys((name for scope in flow.flat.scopes.values() for name in scope.spec.conditions), True)
        asked: dict[str, Callable[[], bool]] = {name: lambda name=name: self.conditions[name] for name in self.conditions}  # type: ignore[misc]
        self.flow = attrs.evolve(flow, binding=Binding({}, asked, {}))
        self.tools = ToolAnswers(self.read)
        options: dict[str, Any] = {
            "judge": lambda question: ask_person(question, self.read),
            "examples": self.tools.stand_in,
            "clock": False,
        }
        self.session = FlowSession(self.flow, **options) if stored is None else FlowSession.restore(self.flow, stored, **options)
        self.session.watch(self._note)
        self.tools.session = self.session
        self.begun = False
        self._before = self.session.state
        self._slots = self.session.slots
        self._row = ""
        self._open = True

    # --- lines ----------------------------------------------------------------------------------------------------------------------------

    async def read(self, prompt: str) -> str | None:
        """The next line; ``None``: there are no more. On a terminal it is asked for, else it is shown."""
        shown = sys.stdin.isatty()
        if shown:
            print(prompt, end="", flush=True)
        line: str = await run_in_thread(sys.stdin.readline, abandon_on_cancel=True)
        if not line:
            self._open = False
            return None
        text = line.strip()
        if not shown and text:
            say(f"{'':<{WIDTH}} {'caller' if prompt == '> ' else 'you':<7} {text}")
        return text

    async def run(self) -> None:
        """Hold it, until it ends or there are no more lines."""
        await self._tell(self.session.begin())
        while self._open and not self.session.ended:
            line = await self.read("> ")
            if line is None:
                return
            if not line:
                continue
            try:
                if line.startswith(":"):
                    await self._command(*line[1:].split(maxsplit=1))
                else:
                    await self._tell(self.session.send(line))
            except FSMAgentsError as wrong:
                say(f"  {wrong}")

    def save(self, path: Path) -> None:
        """Write the conversation to a file."""
        try:
            path.write_text(json.dumps(self.session.save(), indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            msg = f"{path} cannot be written ({(error.strerror or str(error)).lower()}); give a file in a folder that exists"
            raise MisuseError(msg) from None

    # --- what is shown ------------------------------------------------------------------------------------------------------------------

    def _note(self, _time: int, step: Step) -> None:
        """The row that took the last event, for who writes the flow."""
        wheres = [taken.row.where for machine, taken in step.trail if machine == 0 and taken.row.where.line]
        if wheres and not self._row:
            self._row = f"{Path(wheres[0].file).name}:{wheres[0].line}"

    async def _tell(self, call: Awaitable[list[Out]]) -> None:
        self._row = ""
        try:
            outs = await call
        finally:
            self.begun = True
        self._changes()
        for out in outs:
            self._out(out)
        if self.session.state != self._before:  # nothing was said there
            self._line("", "")

    def _changes(self) -> None:
        slots = self.session.slots
        new = [f"{name}={_short(value)}" for name, value in slots.items() if self._slots.get(name) != value]
        gone = [f"{name}=" for name in self._slots if name not in slots]
        if new or gone:
            say(f"{'':<{WIDTH}}         {' '.join([*new, *gone])}   {self._row}".rstrip())
        self._slots = slots

    def _out(self, out: Out) -> None:
        match out:
            case Said(text, state):
                self._line("agent", text or out.audio, state)
            case Emitted(name):
                self._line("emitted", name)
            case HandedOver(to, carry):
                self._line("handed", f"over to {to}" + (f" with {', '.join(carry)}" if carry else ""))
            case Ended(outcome):
                self._line("end:", outcome)

    def _line(self, who: str, text: str, state: str = "") -> None:
        now = state or self.session.state
        label = f"[{self._before} → {now}]" if self._before and now and now != self._before else f"[{now or self._before}]"
        self._before = now or self._before
        say(f"{label:<{WIDTH}} {who:<7} {text}".rstrip())

    # --- commands -----------------------------------------------------------------------------------------------------------------------

    async def _command(self, name: str = "", rest: str = "") -> None:
        session = self.session
        calls: dict[str, Callable[[], Awaitable[list[Out]]]] = {
            "press": lambda: session.press(rest), "event": lambda: session.event(rest), "silence": session.silence,
            "after": session.after, "hangup": session.hang_up,
        }  # fmt: skip
        acts: dict[str, Callable[[], None]] = {
            "ok": lambda: self._prepare(name, rest), "failed": lambda: self._prepare(name, rest),
            "timeout": lambda: self._prepare(name, rest), "condition": lambda: self._condition(*rest.split()),
            "state": lambda: say(f"  {session.state}"), "slots": self._show_slots, "save": lambda: self._save(rest),
            "quit": self._quit, "help": lambda: say(HELP),
        }  # fmt: skip
        if name in calls:
            await self._tell(calls[name]())
        elif name in acts:
            acts[name]()
        else:
            raise MisuseError(f"there is no command ':{name}'; {nearest(name, [*calls, *acts])}; :help says what each does")

    def _prepare(self, how: str, rest: str) -> None:
        self.tools.prepare(how, rest)
        say("  the next tool answers so")

    def _show_slots(self) -> None:
        say("  " + (" ".join(f"{slot}={_short(value)}" for slot, value in self.session.slots.items()) or "none are set"))

    def _save(self, path: str) -> None:
        if not path:
            raise MisuseError("save where?  :save FILE")
        self.save(Path(path))
        say(f"  saved in {path}; go on with it by  --session {path}")

    def _quit(self) -> None:
        self._open = False

    def _condition(self, name: str = "", value: str = "", *_more: str) -> None:
        if name not in self.conditions:
            raise MisuseError(f"the flow has no condition {name!r}; {nearest(name, self.conditions)}")
        if value not in ("yes", "no"):
            raise MisuseError(f":condition {name} yes, or :condition {name} no")
        self.conditions[name] = value == "yes"
        say(f"  {name} is {value}")


def _short(value: Any) -> str:
    text = (
        ",".join(map(str, value))
        if isinstance(value, list)
        else {True: "yes", False: "no"}[value]
        if isinstance(value, bool)
        else str(value)
    )
    return text if len(text) <= 60 else text[:60] + "…"  # noqa: PLR2004 - a line
