"""What every room must do, as functions that a test runs: one suite for all of them, those of users too.

    @pytest.mark.parametrize("promise", ROOM_PROMISES)
    async def test_my_room(promise):
        await promise(make_rig)

``make_rig(pcm)`` makes a :class:`Rig`: a room whose caller says ``pcm`` (16 kHz mono) and then, after at least :data:`PATIENCE` seconds of
silence, is gone. Run the promises on a virtual clock: they wait for seconds, and compare every byte.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import attrs

from fsm_agents.audio.frame import AudioFrame, check_rate
from fsm_agents.rooms.base import Room

__all__ = [
    "PATIENCE",
    "ROOM_PROMISES",
    "MakeRig",
    "Promise",
    "Rig",
    "agent_sound",
    "caller_sound",
    "can_be_cancelled_and_joined_again",
    "can_be_left_at_any_time",
    "carries_the_agent",
    "carries_the_caller",
    "forgets_what_is_cleared",
    "goes_on_after_silence",
    "is_a_room",
    "is_not_started_by_joining",
    "plays_in_real_time",
]  # fmt: skip

PATIENCE = 2.0
"""Seconds for which the caller of a rig stays after having spoken."""
LIMIT = 60.0
"""Seconds after which a room that should have come to an end has not."""
_FRAME = 0.02


@attrs.frozen
class Rig:
    """A room under test.

    Args:
        room: The room.
        caller: What the caller does beside ``room.run``, if the room does not bring one: says its sound, waits, hangs up.
        heard: What the caller has heard so far, PCM at the room's rate; asked after ``disconnect``. Silence may be in it or not.
        paced: Whether it plays in real time.
    """

    room: Room
    heard: Callable[[], bytes]
    caller: Callable[[], Coroutine[Any, Any, None]] | None = None
    paced: bool = True


MakeRig = Callable[[bytes], Rig]
Promise = Callable[[MakeRig], Coroutine[Any, Any, None]]


class _Agent:
    """An agent that notes what it hears, and sounds what it is given."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.frames: list[AudioFrame] = []
        self.queue: deque[bytes] = deque()
        self.pulled: list[float] = []

    def hear(self, frame: AudioFrame) -> None:
        self.frames.append(frame)

    def pull(self) -> bytes | None:
        if not self.queue:
            return None
        self.pulled.append(anyio.current_time())
        return self.queue.popleft()

    def say(self, frames: list[bytes]) -> None:
        self.queue += frames
        self.room.wake()

    @property
    def heard(self) -> bytes:
        return b"".join(frame.data for frame in self.frames)


def caller_sound(seconds: float = 0.5) -> bytes:
    """Sound of a caller that cannot be mistaken: no two samples near each other are the same, none is 0. 16 kHz."""
    return _sound(round(seconds * 16000), 0x1000)


def agent_sound(room: Room, frames: int, first: int = 0) -> list[bytes]:
    """Frames of an agent, each different from the others, none silent."""
    size = round(room.rate * _FRAME)
    return [_sound(size, 0x2000 + size * (first + number)) for number in range(frames)]


def _sound(samples: int, seed: int) -> bytes:
    return b"".join((1 + (seed + at) % 0x7FFE).to_bytes(2, "little") for at in range(samples))


def _must(held: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence; asserts would vanish under python -O
    if not held:
        raise AssertionError(otherwise)


async def _run(rig: Rig, agent: _Agent, beside: Callable[[], Coroutine[Any, Any, None]] | None = None) -> bool:
    """Carry sound until the caller is gone. Whether that happened within the limit."""
    with anyio.move_on_after(LIMIT) as scope:
        async with anyio.create_task_group() as group:
            for task in (rig.caller, beside):
                if task is not None:
                    group.start_soon(task)
            await rig.room.run(agent.hear, agent)
            group.cancel_scope.cancel()
    return not scope.cancelled_caught


async def _call(rig: Rig, beside: Callable[[_Agent], Coroutine[Any, Any, None]] | None = None) -> _Agent:
    """A whole call: join, carry sound, leave."""
    agent = _Agent(rig.room)
    await rig.room.connect()
    ended = await _run(rig, agent, None if beside is None else lambda: beside(agent))
    await rig.room.disconnect()
    _must(ended, f"run() went on for {LIMIT:.0f} s although the caller had nothing more to say")
    return agent


# --- the promises --------------------------------------------------------------------------------------------------------------------


async def is_a_room(make: MakeRig) -> None:
    """It has what a room has, and plays at a rate that speech uses, in whole samples for 20 ms."""
    room = make(caller_sound()).room
    _must(isinstance(room, Room), f"{type(room).__name__} lacks something that fsm_agents.rooms.base.Room lists")
    check_rate(room.rate)
    _must(room.rate % 50 == 0, f"20 ms at {room.rate} Hz are no whole number of samples")


async def can_be_left_at_any_time(make: MakeRig) -> None:
    """``disconnect`` is safe before ``connect``, and twice."""
    room = make(caller_sound()).room
    await room.disconnect()
    await room.connect()
    await room.disconnect()
    await room.disconnect()


async def carries_the_caller(make: MakeRig) -> None:
    """What the caller says is heard: all of it, in order, nothing doubled; ``run`` returns when the caller is gone."""
    said = caller_sound()
    agent = await _call(make(said))
    heard = b"".join(frame.data for frame in agent.frames if frame.data.strip(b"\x00"))
    _must({frame.rate for frame in agent.frames} == {16000}, "the frames do not have the rate of what the caller said")
    _must(heard.strip(b"\x00") == said.strip(b"\x00"), f"{len(said)} bytes were said, and {len(heard)} others were heard")


async def carries_the_agent(make: MakeRig) -> None:
    """What the agent sounds is heard by the caller: all of it, in order, without a gap inside."""
    rig = make(caller_sound())
    frames = agent_sound(rig.room, 10)

    async def talk(agent: _Agent) -> None:
        agent.say(frames)

    agent = await _call(rig, talk)
    _must(not agent.queue, f"{len(agent.queue)} frames of the agent were never pulled")
    _must(b"".join(frames) in rig.heard(), "what the agent sounded is not heard in one piece")


async def goes_on_after_silence(make: MakeRig) -> None:
    """When there was nothing to pull and then there is (``wake``), it sounds."""
    rig = make(caller_sound())
    first, second = agent_sound(rig.room, 3), agent_sound(rig.room, 3, first=3)

    async def talk(agent: _Agent) -> None:
        agent.say(first)
        await anyio.sleep(1)
        agent.say(second)

    await _call(rig, talk)
    heard = rig.heard()
    _must(b"".join(first) in heard, "what was there to pull first is not heard")
    _must(heard.find(b"".join(second)) > heard.find(b"".join(first)), "what was there to pull after a silence is not heard")


async def plays_in_real_time(make: MakeRig) -> None:
    """A paced room pulls no more than 60 ms ahead of the clock."""
    rig = make(caller_sound())
    if not rig.paced:
        return

    async def talk(agent: _Agent) -> None:
        agent.say(agent_sound(rig.room, 25))

    agent = await _call(rig, talk)
    _must(not agent.queue, f"{len(agent.queue)} frames of the agent were never pulled")
    ahead = [number * _FRAME - (at - agent.pulled[0]) for number, at in enumerate(agent.pulled)]
    _must(max(ahead) <= 3 * _FRAME, f"frames are pulled {max(ahead):.2f} s before they can sound")


async def forgets_what_is_cleared(make: MakeRig) -> None:
    """``clear`` says how much of what was pulled has not sounded; that never sounds, and what follows does."""
    rig = make(caller_sound())
    old, new = agent_sound(rig.room, 40), agent_sound(rig.room, 5, first=40)
    cut: list[int] = []

    async def talk(agent: _Agent) -> None:
        agent.say(old)
        await anyio.sleep(0.1)
        played = len(old) - len(agent.queue)
        agent.queue.clear()
        cut.append(played * round(rig.room.rate * _FRAME) - rig.room.clear())
        agent.say(new)

    await _call(rig, talk)
    heard, before = rig.heard(), b"".join(old)
    sounded = before[: 2 * cut[0]]
    _must(sounded in heard, "clear() counts sound that was heard as not heard")
    whole = sounded == before  # a room without pace has played all of it by then
    _must(whole or before[: 2 * cut[0] + 2] not in heard, "something sounded after clear()")
    _must(b"".join(new) in heard, "what came after clear() is not heard")


async def can_be_cancelled_and_joined_again(make: MakeRig) -> None:
    """A cancelled ``run`` ends at once; after leaving and joining again, sound is carried again."""
    rig = make(caller_sound(5))
    for number in range(2):
        agent = _Agent(rig.room)
        await rig.room.connect()
        async with anyio.create_task_group() as group:
            group.start_soon(rig.room.run, agent.hear, agent)
            await anyio.sleep(0.5)
            agent.say(agent_sound(rig.room, 3, first=3 * number))
            await anyio.sleep(0.5)
            group.cancel_scope.cancel()
        await rig.room.disconnect()
    heard = rig.heard()
    for number in range(2):
        _must(
            b"".join(agent_sound(rig.room, 3, first=3 * number)) in heard,
            f"connection {number + 1} carries no sound of the agent",
        )


async def is_not_started_by_joining(make: MakeRig) -> None:
    """Nothing is heard and nothing pulled before ``run``, or after it."""
    rig = make(caller_sound())
    agent = _Agent(rig.room)
    await rig.room.connect()
    agent.say(agent_sound(rig.room, 1))
    await anyio.sleep(1)
    _must(not agent.frames, "the caller is heard before run()")
    _must(not agent.pulled, "the agent is pulled before run()")
    await _run(rig, agent)
    count = len(agent.frames)
    await anyio.sleep(1)
    _must(len(agent.frames) == count, "the caller is heard after run() has returned")
    await rig.room.disconnect()


ROOM_PROMISES: tuple[Promise, ...] = (
    is_a_room,
    can_be_left_at_any_time,
    carries_the_caller,
    carries_the_agent,
    goes_on_after_silence,
    plays_in_real_time,
    forgets_what_is_cleared,
    can_be_cancelled_and_joined_again,
    is_not_started_by_joining,
)
"""What every room promises."""
