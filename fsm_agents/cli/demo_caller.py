"""The demo's caller: recordings of a voice, played when the agent has asked. A script that reacts, as a person would.

It hears the agent as one hears a person: it knows when the agent speaks and when it listens, nothing else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

import anyio

from fsm_agents.audio.frame import AudioFrame
from fsm_agents.audio.wav import read_wav
from fsm_agents.rooms.wav import Caller

__all__ = ["LINES", "DemoCaller", "recordings"]

REACTION = 0.4
"""Seconds between the end of a question and the answer: what people take between turns."""
BARGE_IN = 2.2
"""Seconds of the read-back after which the caller interrupts: the number and the size of the pizzas have been said."""
LINES = ("order", "name", "stop", "make_three", "yes")
"""The recordings of one call, in order."""


def recordings() -> dict[str, tuple[AudioFrame, str]]:
    """What the caller says: sound and words by the name of the line."""
    folder = Path(str(files("fsm_agents.cli"))) / "demo_voice"
    lines = tomllib.loads((folder / "transcript.toml").read_text(encoding="utf-8"))["lines"]
    return {name: (AudioFrame(*read_wav(folder / line["file"])), line["text"]) for name, line in lines.items()}


class DemoCaller:
    """Orders pizza, keeps silent once, interrupts once, and agrees.

    Args:
        voice: The recordings.
        saying: Told the name of each line when it begins.
    """

    def __init__(self, voice: Mapping[str, tuple[AudioFrame, str]], saying: Callable[[str], object] = lambda _line: None) -> None:
        self._voice = voice
        self._saying = saying
        self._agent = "away"
        self._news = anyio.Event()

    def notice(self, label: str) -> None:
        """The agent speaks, listens, …: its label."""
        if label != self._agent:
            self._agent = label
            self._news.set()
            self._news = anyio.Event()

    async def __call__(self, caller: Caller) -> None:
        """Hold the conversation."""
        await self._asked()
        await self._say(caller, "order")
        await self._asked()
        await self._asked()  # says nothing to the first question, and is asked again
        await self._say(caller, "name")
        await self._until("speaking")
        await anyio.sleep(BARGE_IN)
        await self._say(caller, "stop")
        for line in ("make_three", "yes"):
            await self._asked()
            await self._say(caller, line)

    async def _asked(self) -> None:
        """Wait until the agent has spoken, and think for a moment."""
        await self._until("speaking")
        await self._until("listening")
        if REACTION:
            await anyio.sleep(REACTION)

    async def _say(self, caller: Caller, line: str) -> None:
        self._saying(line)
        await caller.speak(self._voice[line][0])

    async def _until(self, label: str) -> None:
        while self._agent != label:
            await self._news.wait()
