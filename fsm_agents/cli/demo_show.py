"""Showing a call as it happens: lines of a log, or colours and a progress line on a terminal (rich, of the extra ``[voice]``)."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Protocol, Self

from fsm_agents.cli.demo_call import Show
from fsm_agents.cli.printing import say
from fsm_agents.observe.turns import Spoken

__all__ = ["ColourShow", "PlainShow", "choose_show"]


class _Entered(Show, Protocol):
    """A show that has a beginning and an end."""

    def __enter__(self) -> Self:
        """It begins."""
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """It ends."""
        ...


class PlainShow:
    """One line for each thing that happens, with the time in seconds."""

    def spoken(self, spoken: Spoken) -> None:
        """Something was said."""
        self._line(spoken.at, spoken.who, spoken.text + ("  (interrupted: this much was heard)" if spoken.interrupted else ""))

    def happened(self, at: int, what: str) -> None:
        """Something worth a line."""
        self._line(at, "*", what)

    def moved(self, at: int, label: str, state: str) -> None:
        """The agent does something else, or the flow is in another state."""
        self._line(at, "state", f"{label}, flow {state}")

    def progress(self, at: int, line: int, lines: int) -> None:
        """The caller begins to say this line of so many."""
        self._line(at, "*", f"the caller speaks, line {line} of {lines}")

    def _line(self, at: int, who: str, what: str) -> None:
        say(f"{at / 1e6:6.2f} s  {who:<6}  {what}")

    def __enter__(self) -> Self:
        """Nothing to set up."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing to tidy up."""


class ColourShow:
    """The dialogue in colours above one line that says how far it is."""

    _COLOURS = {"agent": "yellow", "caller": "cyan"}  # noqa: RUF012 - never changed

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self.console = Console(highlight=False)
        self._live = Live(console=self.console, auto_refresh=False, transient=True)
        self._at, self._label, self._state, self._done, self._lines = 0, "", "", 0, 1

    def spoken(self, spoken: Spoken) -> None:
        """Something was said."""
        from rich.text import Text

        colour = self._COLOURS[spoken.who]
        text = Text.assemble(
            (f"{spoken.at / 1e6:6.1f} s  ", "dim"), (f"{spoken.who:<6}  ", f"bold {colour}"), (spoken.text, colour)
        )
        if spoken.interrupted:
            text.append("  interrupted: this much was heard", "red")
        self.console.print(text)

    def happened(self, at: int, what: str) -> None:
        """Something worth a line."""
        from rich.text import Text

        self.console.print(Text.assemble((f"{at / 1e6:6.1f} s  ", "dim"), ("*       ", "magenta"), (what, "magenta")))

    def moved(self, at: int, label: str, state: str) -> None:
        """The agent does something else, or the flow is in another state."""
        self._at, self._label, self._state = at, label, state
        self._refresh()

    def progress(self, at: int, line: int, lines: int) -> None:
        """The caller begins to say this line of so many."""
        self._at, self._done, self._lines = at, line, lines
        self._refresh()

    def _refresh(self) -> None:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        grid: Any = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=self._lines, completed=self._done, width=18)
        said = f"line {self._done} of {self._lines}" if self._done else "the agent begins"
        state = f"[bold]{self._label:<12}[/] flow [bold]{self._state}[/]"
        grid.add_row(f"[dim]{self._at / 1e6:6.1f} s[/]", bar, f"{said:<16}", state)
        self._live.update(grid, refresh=True)

    def __enter__(self) -> Self:
        """Take the last line of the terminal."""
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Give it back."""
        self._live.stop()


def choose_show(*, plain: bool) -> _Entered:
    """Colours on a terminal if rich is there, else lines."""
    if plain or not sys.stdout.isatty():
        return PlainShow()
    try:
        return ColourShow()
    except ImportError:
        return PlainShow()
