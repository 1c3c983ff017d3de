"""What a session needs of a pipeline, and what a pipeline gets from a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import attrs

from fsm_agents.audio.frame import AudioFrame
from fsm_agents.chat.history import ChatContext
from fsm_agents.errors import MisuseError, strict_keywords
from fsm_agents.machines.caller import COMPLETE, ENDPOINT, HANGOVER, TRANSCRIPT, TURN_LIMIT, UNHEARD
from fsm_agents.machines.reply import DEAD_AIR, TOOL_LIMIT
from fsm_agents.machines.talk import Talk
from fsm_agents.machines.turn import BARGE_IN
from fsm_agents.pipelines.composer import Answer, Spawn
from fsm_agents.pipelines.guide import Guide
from fsm_agents.pipelines.playback import Playback, Utterance
from fsm_agents.runtime.perform import Ear, Mouth

__all__ = ["Pipeline", "PipelineEar", "PipelineMouth", "Seat", "TurnOptions"]


def _above_zero(_options: object, field: attrs.Attribute[float], seconds: float) -> None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 3600:  # noqa: PLR2004 - an hour is nobody's pause
        msg = f"TurnOptions({field.name}={seconds!r}): give seconds above 0 and below 3600"
        raise MisuseError(msg)


def _seconds(timer: object) -> float:
    return attrs.field(default=timer.seconds, validator=_above_zero)  # type: ignore[attr-defined]


@strict_keywords
@attrs.frozen(kw_only=True)
class TurnOptions:
    """How turns are taken: the delays of the tables, in seconds. Each default has its source at the timer of that name.

    Args:
        complete: Silence that ends a turn whose words are a whole expected sentence.
        hangover: Silence that may be a gap between words.
        endpoint: Further silence that ends a turn.
        transcript: How long the last words are waited for after that.
        unheard: How long words that are overdue may still come; then the caller is asked again.
        turn_limit: Speech without a gap that is taken for noise.
        barge_in: Speech without words over the agent's that ends the agent's.
        dead_air: Silence of a reply that counts as a failure.
        tool_limit: How long tools of a reply may take.
        final_ends_turn: A final transcript in a pause ends the turn (for speech-to-text with an end-of-turn of its own).
    """

    complete: float = _seconds(COMPLETE)
    hangover: float = _seconds(HANGOVER)
    endpoint: float = _seconds(ENDPOINT)
    transcript: float = _seconds(TRANSCRIPT)
    unheard: float = _seconds(UNHEARD)
    turn_limit: float = _seconds(TURN_LIMIT)
    barge_in: float = _seconds(BARGE_IN)
    dead_air: float = _seconds(DEAD_AIR)
    tool_limit: float = _seconds(TOOL_LIMIT)
    final_ends_turn: bool = False

    def delays(self) -> dict[str, float]:
        """Seconds by the name of the timer."""
        given = attrs.asdict(self)
        del given["final_ends_turn"]
        return given


class PipelineEar(Ear, Protocol):
    """The hearing part of a pipeline."""

    def hear(self, frame: AudioFrame) -> None: ...
    def expect(self, phrases: Sequence[str]) -> None: ...
    async def run(self) -> None: ...


class PipelineMouth(Mouth, Protocol):
    """The speaking part of a pipeline."""

    async def end_round(self) -> None: ...
    def over(self, spoken: list[Utterance], unheard: int, *, cut: bool) -> None: ...
    def discarded(self) -> None: ...


@attrs.frozen
class Seat:
    """What a session gives a pipeline to work with.

    Args:
        talk: The conversation.
        post: Its door.
        context: Its history.
        playback: Where sound goes.
        answer: Where answers come from.
        said: Takes what became of a say: its number, what was heard, whether it was cut.
        spawn: Starts a task that the session owns.
        reads: The flow reads the caller's words; a realtime model does not wait for them unless it does.
        guide: Who leads the conversation by a table of its own; ``None``: nobody does.
    """

    talk: Talk
    post: Callable[[object], object]
    context: ChatContext
    playback: Playback
    answer: Answer
    said: Callable[[int, str, bool], None]
    spawn: Spawn
    reads: bool = False
    guide: Guide | None = None


class Pipeline(Protocol):
    """How stages are wired. One pipeline object serves one session."""

    turn: TurnOptions

    def open(self, seat: Seat) -> tuple[PipelineEar, PipelineMouth]:
        """The running parts for a session. Raises what its stages raise when they cannot be opened."""
        ...

    async def warm_up(self) -> None:
        """Have the stages connect and load, before ``on_enter``. Raises what keeps them from working at all."""
        ...

    async def aclose(self) -> None:
        """Close what the stages hold open."""
        ...
