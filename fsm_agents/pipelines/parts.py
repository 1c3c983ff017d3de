"""What every pipeline does with the stages it is given: check them, ask them early whether they can work, and close them at the end."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio

from fsm_agents.audio.frame import check_rate
from fsm_agents.errors import MisuseError

__all__ = ["FRAMES_MS", "all_at_once", "check_early", "checked", "close_all", "warm_up"]

log = logging.getLogger("fsm_agents")

FRAMES_MS = (10, 20, 30, 40, 60)
"""What voice detectors are built for."""


def checked(pipeline: str, name: str, stage: Any, kind: type[Any]) -> Any:
    """The stage, if it is one and its sound can be used.

    Raises:
        MisuseError: it is none, or its sample rate or frame length is not possible; the message names the argument.
    """
    given = f"{pipeline}({name}={type(stage).__name__})"
    if not isinstance(stage, kind):
        wanted = [n for n in (*kind.__annotations__, *vars(kind)) if not n.startswith("_")]
        lacking = ", ".join(n for n in dict.fromkeys(wanted) if not hasattr(stage, n))
        raise MisuseError(f"{given}: that is no {kind.__name__}; it lacks {lacking}")
    if hasattr(stage, "rate"):
        try:
            check_rate(stage.rate)
        except MisuseError as wrong:
            raise MisuseError(f"{given}: {wrong}") from None
    frame = getattr(stage, "frame_ms", FRAMES_MS[0])
    if frame not in FRAMES_MS:
        raise MisuseError(f"{given}: frames of {frame!r} ms; give one of {FRAMES_MS}")
    return stage


def check_early(stages: Mapping[str, Any]) -> None:
    """Ask each stage that can tell without waiting whether it can ever work (no key, no such file)."""
    for stage in stages.values():
        if hasattr(stage, "check"):
            stage.check()


async def warm_up(stages: Mapping[str, Any]) -> None:
    """Have the stages that can do so get ready at once: connect, load, ask whether the key is taken.

    Raises:
        Exception: What the first of them raised that could not; in the order of the stages, not of time.
    """
    await all_at_once({name: stage.warm_up for name, stage in stages.items() if hasattr(stage, "warm_up")})


async def all_at_once(steps: Mapping[str, Callable[[], Awaitable[object]]]) -> None:
    """Take all steps at once, each to its end.

    Raises:
        Exception: What the first of those raised that failed; in the order they are given, not of time.
    """
    failed: dict[str, Exception] = {}

    async def take(name: str, step: Callable[[], Awaitable[object]]) -> None:
        try:
            await step()
        except Exception as broken:
            failed[name] = broken

    async with anyio.create_task_group() as group:
        for name, step in steps.items():
            group.start_soon(take, name, step, name=name)
    for name in steps:
        if name in failed:
            raise failed[name]


async def close_all(stages: Mapping[str, Any]) -> None:
    """Close what can be closed, at once: one that fails or takes long does not keep the others open."""
    async with anyio.create_task_group() as group:
        for name, stage in stages.items():
            if hasattr(stage, "aclose"):
                group.start_soon(_close, name, stage, name=f"close {name}")


async def _close(name: str, stage: Any) -> None:
    try:
        result = stage.aclose()
        if inspect.isawaitable(result):
            await result
    except Exception:
        log.exception("%s did not close cleanly", name)
