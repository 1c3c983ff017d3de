"""Start the provider as a process of its own, and talk to it: what a test needs of it, in plain blocking calls on loopback."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fsm_agents.errors import MissingExtra, MisuseError, ProviderError

__all__ = ["ProviderServer", "provider_process"]

_PATIENCE = 30.0
_END = 5.0


class ProviderServer:
    """A running provider, seen from outside. Its calls block for some milliseconds.

    Args:
        base_url: Where it is, ending in ``/v1``.

    Attributes:
        key: A key that it takes; it takes any, unless its script names one.
    """

    key = "a-key-for-loopback"

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._host = urlsplit(base_url).netloc

    def misbehave(self, path: str, kind: str, **how: Any) -> None:
        """Arm a fault; see :class:`fsm_agents.testing.provider.faults.Fault` for ``nth``, ``times``, ``after`` and the rest.

        Args:
            path: The path it falls on, for example ``"/v1/audio/speech"``.
            kind: A name in ``FAULTS``, or an HTTP status, ``"429"``.
            how: The other fields of a ``Fault``.
        """
        self._call("POST", "faults", {"path": path, "kind": kind, **how})

    def reset(self, script: Mapping[str, Any] | None = None) -> None:
        """Behave again, forget all requests, and begin the script anew, or another one."""
        self._call("POST", "reset", None if script is None else dict(script))

    def requests(self, path: str = "", *, idle: bool = False) -> list[dict[str, Any]]:
        """What it was asked since the last reset, oldest first: the fields of ``Asked`` (state.py), but for the key.

        Args:
            path: Only requests for this path.
            idle: Wait until all of them have come to their end.
        """
        asked = self._call("GET", "requests?idle" if idle else "requests")
        return [each for each in asked if not path or each["path"] == path]

    def _call(self, method: str, what: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection(self._host, timeout=_PATIENCE)
        try:
            connection.request(method, f"/_provider/{what}", json.dumps(body) if method == "POST" else None)
            answer = connection.getresponse()
            said = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise MisuseError(f"the loopback provider: {said.get('error')}")
        return said


@contextmanager
def provider_process(script: Mapping[str, Any] | None = None, *, port: int = 0, show: bool = False) -> Generator[ProviderServer]:
    """A provider while the block runs. It takes about two seconds to start: keep one for many tests, and ``reset`` it.

    Args:
        script: What to answer, as its JSON file has it.
        port: Where on loopback; 0 for any free one.
        show: Write what callers and agents say on standard error.

    Raises:
        MissingExtra: The extra ``[web]`` is not installed.
        ProviderError: It did not start; the message has what it printed.
    """
    if find_spec("uvicorn") is None or find_spec("starlette") is None:
        raise MissingExtra("web", "the loopback provider")
    with tempfile.TemporaryDirectory(prefix="provider") as folder:
        command = [sys.executable, "-m", "fsm_agents.testing.provider", "--with-parent", "--port", str(port)]
        if script is not None:
            file = Path(folder, "script.json")
            file.write_text(json.dumps(script), encoding="utf-8")
            command += ["--script", str(file)]
        if show:
            command.append("--show")
        errors = Path(folder, "errors").open("w+b")  # noqa: SIM115 - closed below, after the process
        process = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None if show else errors,
            start_new_session=True,  # Ctrl-C is for whoever asks it, who may have something to ask until the end
        )  # fmt: skip
        try:
            yield ProviderServer(_base_url(process, errors))
        finally:
            _end(process)
            errors.close()


def _base_url(process: subprocess.Popen[bytes], errors: Any) -> str:
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        process.wait(_END)
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()[-500:]
        raise ProviderError(f"the loopback provider did not start: {said or f'exit code {process.returncode}'}")
    url: str = json.loads(line)["base_url"]
    return url


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
