"""The argument parser of the commands: ``argparse`` whose errors are one line with the nearest known name."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from fsm_agents.errors import nearest

__all__ = ["Parser", "at_least"]


class Parser(argparse.ArgumentParser):
    """``argparse.ArgumentParser`` with errors that say what was possible."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """As in argparse; an option that is not known is told with the nearest one that is."""
        found, strangers = self.parse_known_args(args, namespace)
        if strangers:
            first = strangers[0]
            options = [option for action in self._actions for option in action.option_strings if option.startswith("--")]
            offer = nearest(first.partition("=")[0], options) if first.startswith("-") else "there are too many words"
            self.error(f"{first!r} is not known; {offer}")
        return found

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            self.error(f"{value!r} is not possible for {_named(action)}; {nearest(str(value), map(str, action.choices))}")

    def error(self, message: str) -> NoReturn:
        """One line, and exit code 2."""
        print(f"{self.prog}: {message}", file=sys.stderr)
        raise SystemExit(2)


def at_least(least: int) -> Callable[[str], int]:
    """A type for whole numbers from ``least`` on."""

    def number(text: str) -> int:
        value = int(text) if text.lstrip("-").isdigit() else least - 1
        if value < least:
            msg = f"{text!r}: give a whole number, {least} or more"
            raise argparse.ArgumentTypeError(msg)
        return value

    return number


def _named(action: argparse.Action) -> str:
    return action.option_strings[-1] if action.option_strings else str(action.metavar or action.dest).upper()
