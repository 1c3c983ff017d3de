"""A real browser for tests: Chromium without a window, driven through the DevTools protocol over its pipe; no library between.

A pipe and not a WebSocket: no port that another process may take or reach, and no proxy settings that might apply. Everything it
loads are files of this machine. It ends with the process group that was started here.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = ["Browser", "BrowserError", "Page", "browser", "chromium"]

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage", "--disable-default-apps",
    "--proxy-server=127.0.0.1:9", "--remote-debugging-pipe", "--window-size=1280,900",
)  # fmt: skip
"""The proxy is nobody: a page that asks the network for anything fails, in a test too."""

_START = "import os, sys; os.dup2(int(sys.argv[1]), 93); os.dup2(int(sys.argv[2]), 94); os.dup2(93, 3); os.dup2(94, 4); os.execvp(sys.argv[3], sys.argv[3:])"
"""DevTools reads file 3 and writes file 4; both are put there in the new process, over high numbers so that neither covers the other."""

LIMIT = 20
"""Seconds that an answer may take before the browser is taken for dead. A busy machine is allowed to be slow."""


class BrowserError(AssertionError):
    """The page threw, or the browser is gone."""


def chromium() -> str | None:
    """The program, if there is one."""
    return next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)


class Browser:
    """A running browser.

    Attributes:
        asked: What pages asked for that is no file and no data: should stay empty.
    """

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = to, back
        self._rest, self._count = b"", 0
        self.errors: list[str] = []
        self.asked: list[str] = []

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Ask for something, and wait for the answer."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def until(self, method: str) -> None:
        """Wait for an event."""
        while self._next().get("method") != method:
            pass

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            if not select.select([self._back], [], [], LIMIT)[0]:
                raise BrowserError(f"the browser says nothing for {LIMIT} seconds")
            piece = os.read(self._back, 1 << 20)
            if not piece:
                raise BrowserError("the browser is gone")
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\0")
        said: dict[str, Any] = json.loads(line)
        self._note(said.get("method", ""), said.get("params", {}))
        return said

    def _note(self, method: str, about: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Log.entryAdded" and about["entry"]["level"] == "error":
            self.errors.append(about["entry"]["text"])
        elif method == "Network.requestWillBeSent" and not about["request"]["url"].startswith(("file:", "data:", "about:")):
            self.asked.append(about["request"]["url"])

    def page(self, path: Path) -> Page:
        """A new tab with a file of this machine, loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable", session)
        self.errors.clear()
        self.asked.clear()
        self.call("Page.navigate", session, url=path.resolve().as_uri())
        self.until("Page.loadEventFired")
        return Page(self, target, session)


class Page:
    """A tab."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self.browser, self.target, self.session = browser, target, session

    def run(self, script: str) -> Any:
        """What an expression of JavaScript is worth; a promise is waited for.

        Raises:
            BrowserError: it threw.
        """
        found = self.browser.call("Runtime.evaluate", self.session, expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            details = found["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description") or details["text"])
        return found["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until an expression is true; it is looked at before each frame."""
        self.run(f"new Promise((done) => {{ const look = () => ({condition}) ? done() : requestAnimationFrame(look); look() }})")

    def key(self, key: str, code: int = 0, text: str = "") -> None:
        """Press a key and let it go, as a keyboard does."""
        for kind in ("keyDown", "keyUp"):
            shown = {"text": text} if text and kind == "keyDown" else {}
            self.browser.call("Input.dispatchKeyEvent", self.session, type=kind, key=key, windowsVirtualKeyCode=code, **shown)

    def click(self, selector: str) -> None:
        """Click into the middle of an element, as a mouse does."""
        box = self.run(
            f"(() => {{ const found = document.querySelector({json.dumps(selector)}); found.scrollIntoView({{block: 'center', inline: 'center'}});"
            " const b = found.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.browser.call(
                "Input.dispatchMouseEvent", self.session, type=kind, x=box[0], y=box[1], button="left", clickCount=1
            )

    def picture(self) -> bytes:
        """The whole page as PNG."""
        found = self.browser.call("Page.captureScreenshot", self.session, captureBeyondViewport=True)
        return base64.b64decode(found["data"])

    def dark(self, *, on: bool) -> None:
        """Whether the reader prefers dark pages."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if on else "light"}]
        self.browser.call("Emulation.setEmulatedMedia", self.session, features=features)

    def close(self) -> None:
        """Close the tab."""
        self.browser.call("Target.closeTarget", targetId=self.target)


@contextmanager
def browser(program: str, folder: Path) -> Iterator[Browser]:
    """A browser with a profile of its own in ``folder``, until the block is left."""
    theirs_in, to = os.pipe()
    back, theirs_out = os.pipe()
    home = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    command = [
        sys.executable,
        "-c",
        _START,
        str(theirs_in),
        str(theirs_out),
        program,
        *FLAGS,
        f"--user-data-dir={folder / 'profile'}",
    ]
    process = subprocess.Popen(
        command, pass_fds=(theirs_in, theirs_out), env=home, start_new_session=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        made = Browser(to, back)
        yield made
        with suppress(BrowserError, OSError):
            made.call("Browser.close")
            process.wait(LIMIT)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the group that was started here, and nobody else
        process.wait()
        os.close(to)
        os.close(back)
