"""Flow files and their logs, as commands are given them: what cannot be read at all is one line, what is wrong in a flow is its problems."""

from __future__ import annotations

import importlib
import os
import re
import sys
import tomllib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsm_agents.cli.logs import naming, read_log
from fsm_agents.errors import FSMAgentsError, MisuseError

if TYPE_CHECKING:
    from fsm_agents.flows.flow import Flow
    from fsm_agents.flows.problems import FlowError
    from fsm_agents.observe.flow_calls import FlowCall

__all__ = [
    "bound",
    "cache_folder",
    "flow_of_call",
    "holds_flow",
    "host_function",
    "is_flow",
    "load_flow",
    "print_error",
    "read_flow_log",
    "read_text",
    "write_text",
]

_USUAL = re.compile(r"flow(-\d+)?")
LARGEST = 5_000_000
"""Bytes of a flow file at the most, as reading it says too."""


def is_flow(word: str | Path) -> bool:
    """Whether a word of the command line means a flow file."""
    return str(word).endswith(".toml")


def read_text(path: Path) -> str:
    """The text of a flow file.

    Raises:
        MisuseError: it cannot be read, is no text, or larger than any flow.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            msg = f"{path}: is no flow file: it has more than {LARGEST:,} bytes"
            raise MisuseError(msg)
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        msg = f"{path}: is no flow file: it is not text (UTF-8); give the path of one, for example flow.toml"
        raise MisuseError(msg) from error
    except (OSError, ValueError) as error:
        if isinstance(error, MisuseError):
            raise
        what = (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
        msg = f"{path}: cannot be read ({what}); give the path of a flow file, for example flow.toml"
        raise MisuseError(msg) from error


def holds_flow(text: str) -> bool:
    """Whether a TOML file is meant as a flow. One that is no TOML may be a broken flow; then its tables tell."""
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return any(line.startswith("[rows]") for line in text.splitlines())
    return "flow" in tree and "rows" in tree


def write_text(path: Path, data: bytes, option: str = "--out") -> None:
    """Write a file that the user asked for.

    Raises:
        MisuseError: it cannot be written.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        msg = (
            f"{option} {path}: cannot be written ({(error.strerror or str(error)).lower()}); give a file in a folder that exists"
        )
        raise MisuseError(msg) from error


def load_flow(path: Path) -> Flow:
    """The flow in a file.

    Raises:
        MisuseError: there is no such file, or it is no text.
        FlowError: what is wrong with it.
    """
    from fsm_agents.flows.flow import Flow

    read_text(path)
    return Flow.load(path)


def bound(flow: Flow, word: str) -> Flow:
    """The flow with what ``module:function`` gives it: the function takes the flow, and returns it bound.

    Raises:
        MisuseError: there is no such function, it fails, or returns something else.
    """
    from fsm_agents.flows.flow import Flow

    with _told(word):
        made = host_function(word)(flow)
    if not isinstance(made, Flow):
        msg = f"--bind {word}: it gave {type(made).__name__}; a function that takes the flow and returns flow.bind(…) is meant"
        raise MisuseError(msg)
    return made


def host_function(word: str) -> Callable[[Flow], Any]:
    """``module:function``, imported: a module may register slot types, which the flow needs before anything is asked of it.

    Raises:
        MisuseError: there is no such function, or importing it fails.
    """
    module, _, name = word.partition(":")
    if not module or not name:
        msg = f"--bind {word!r}: give module:function, a function that takes the flow and returns flow.bind(…)"
        raise MisuseError(msg)
    if "" not in sys.path and os.getcwd() not in sys.path:  # noqa: PTH109 - sys.path holds texts
        sys.path.insert(0, os.getcwd())  # noqa: PTH109 - as above
    with _told(word):
        function: Any = importlib.import_module(module)
        for part in name.split("."):
            function = getattr(function, part)
    made: Callable[[Flow], Any] = function
    return made


@contextmanager
def _told(word: str) -> Generator[None]:
    """What a host raises is one line that says whose it is."""
    try:
        yield
    except FSMAgentsError:
        raise
    except Exception as broken:
        msg = f"--bind {word}: {type(broken).__name__}: {broken}"
        raise MisuseError(msg) from broken


def cache_folder() -> Path | None:
    """Where proofs are kept: ``$XDG_CACHE_HOME/fsm_agents`` or ``~/.cache/fsm_agents``; ``None``: this user has no such place."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if Path(given).is_absolute():
        return Path(given, "fsm_agents")
    try:
        return Path.home() / ".cache" / "fsm_agents"
    except RuntimeError:
        return None


def print_error(error: FlowError) -> None:
    """Every problem of a flow, on stderr."""
    print(error, file=sys.stderr)


# --- logs ---------------------------------------------------------------------------------------------------------------------------------


def read_flow_log(path: Path, lines: Sequence[str] | None = None) -> FlowCall:
    """The call in a log.

    Raises:
        MisuseError: the file cannot be read, or is no log of a flow.
    """
    from fsm_agents.observe.flow_calls import read_call

    text = read_log(path) if lines is None else lines  # it names the path itself
    with naming(path):
        call = read_call(text, _name(path))
    if call.truncated:
        print(f"{path}: the last line is cut off and was left out", file=sys.stderr)
    return call


def _name(path: Path) -> str:
    """A call by its file: logs of one name each have a folder of their own."""
    return path.resolve().parent.name if _USUAL.fullmatch(path.stem) else path.stem


def flow_of_call(call: FlowCall, path: Path, given: Path | None) -> Flow | None:
    """The flow that a call was held in: the file that was ``given``, else the one that the log names, if it is still that flow.

    Args:
        call: The call.
        path: Its log.
        given: What ``--flow`` says.

    Returns:
        ``None``: the log names a file that is not there, or that has changed since.

    Raises:
        MisuseError: the flow that was given is not that of the call.
        FlowError: the file that was given has errors.
    """
    from fsm_agents.observe.flow_steps import same_tables

    if given is not None:
        flow = load_flow(given)
        if flow.id != call.flow:
            msg = f"{path}: is a log of the flow {call.flow!r}, and {given} is the flow {flow.id!r}"
            raise MisuseError(msg)
        return flow
    for place in (Path(call.file), path.parent / Path(call.file).name) if call.file.endswith(".toml") else ():
        try:
            flow = load_flow(place)
        except (FSMAgentsError, OSError):
            continue
        if flow.id == call.flow and same_tables(flow, call):
            return flow
    return None
