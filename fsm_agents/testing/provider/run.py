"""``--run PROGRAM …``: a program that asks OpenAI's models runs against the loopback provider instead, and its dialogue is shown.

With ``--run --record DIR PROGRAM …`` it is recorded too: sound, steps, and a page that shows the call.

The provider is a process of its own; the program gets its address and a key in the environment, and needs no change. Ctrl-C ends the
program, and the provider after it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from fsm_agents.errors import MisuseError
from fsm_agents.jobs.recording import VARIABLE
from fsm_agents.testing.provider.process import ProviderServer, provider_process

__all__ = ["program_environment", "run_program"]


def run_program(words: Sequence[str], script: Mapping[str, Any], *, port: int = 0) -> int:
    """Run a program to its end. Returns its exit code; 128 and the signal's number if one ended it.

    Args:
        words: The program, a Python file (or ``-m`` and a module), and its arguments. ``--record DIR`` before it has its sessions
            recorded in that folder, as ``FSM_AGENTS_RECORD`` does.
        script: What the provider answers, as its JSON file has it.
        port: Where the provider is, on loopback; 0 for any free port.

    Raises:
        MisuseError: There is no such file.
    """
    record: dict[str, str] = {}
    if words and words[0] == "--record":
        record, words = {VARIABLE: _folder(words[1:2])}, words[2:]
    if not words or not (words[0] == "-m" or Path(words[0]).is_file()):
        raise MisuseError(f"--run {' '.join(words) or '…'}: give the path of a Python program, for example examples/cascading.py")
    with provider_process(script, port=port, show=True) as server:
        program = subprocess.Popen([sys.executable, *words], env=program_environment(server) | record)  # noqa: S603 - what the user asked for

        def end(_number: int, _frame: FrameType | None) -> None:
            program.terminate()

        before = signal.signal(signal.SIGTERM, end)
        try:
            code = _wait(program)
        finally:
            signal.signal(signal.SIGTERM, before)
    return 128 - code if code < 0 else code


def program_environment(server: ProviderServer) -> dict[str, str]:
    """The environment in which a program asks ``server``: directly, and with no key but the server's."""
    direct = ",".join(filter(None, (os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1")))
    return {
        **os.environ,
        "OPENAI_BASE_URL": server.base_url,
        "OPENAI_API_KEY": server.key,
        "NO_PROXY": direct,
        "no_proxy": direct,
        "PYTHONUNBUFFERED": "1",  # its lines and the dialogue's come in their order
    }


def _folder(words: Sequence[str]) -> str:
    if not words or words[0].startswith("-") or Path(words[0]).is_file():
        raise MisuseError("--record: give a folder, and then the program: --run --record DIR examples/realtime.py")
    return words[0]


def _wait(program: subprocess.Popen[bytes]) -> int:
    """Ctrl-C goes to the program too, and it says how it ends."""
    while True:
        try:
            return program.wait()
        except KeyboardInterrupt:
            continue
