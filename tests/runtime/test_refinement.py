"""The runtime is the tables: what a real session did, step by step, is what the pure tables do with the same events.

Random conversations on the virtual clock, over real stages, rooms and tasks. At every rest the safety properties hold (the scene requires
it), after a while everything is quiet and nothing is owed, and every word of the caller is in history or was discarded.
"""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings

from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.fsm.replay import replay
from fsm_agents.machines import effects as do
from fsm_agents.machines import events as on
from fsm_agents.machines.joined import CONVERSATION, new_talk
from fsm_agents.machines.talk import Talk
from fsm_agents.testing.clock import run
from tests.runtime.scripts import Played, Script, play, scripts

both = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def states(talk: Talk) -> tuple[object, ...]:
    """Where every machine stands."""
    return tuple(cell.state for cell in talk.cells)


def same_steps(script: Script, played: Played) -> None:
    """Each recorded event through fresh tables: the same rows, effects, timers and states."""
    talk = new_talk(wake_up=script.wake_up, final_ends_turn=script.final_ends_turn, **script.turn().delays())
    for taped in played.scene.steps:
        step = CONVERSATION.step(talk, taped.event)
        assert step.trail == taped.step.trail
        assert step.effects == taped.step.effects
        assert step.arms == taped.step.arms
        assert step.stale == taped.step.stale
    assert states(talk) == states(played.scene.session._talk)


def words_are_kept(played: Played) -> None:
    """Every final transcript is in history once, or was discarded with a reason, or both; no word is in history twice."""
    finals = {
        taped.event.segment: taped.event.text for taped in played.scene.steps if isinstance(taped.event, on.FinalTranscript)
    }
    said = " ".join(played.scene.said("user")).split()
    discarded = " ".join(lost.text for lost in played.scene.did(do.Discard)).split()
    for text in filter(None, finals.values()):
        for word in text.split():
            assert said.count(word) <= 1
            assert word in said or word in discarded


def tools_ran_once(played: Played) -> None:
    """Every call in history ran once, and has its result."""
    items = played.scene.session.history.items
    calls = [item.id for item in items if isinstance(item, ToolCall)]
    assert len(played.agent.ran) == len(set(played.agent.ran)) == len(set(calls))
    assert sorted(calls) == sorted(item.id for item in items if isinstance(item, ToolResult))


def history_was_heard(played: Played) -> None:
    """Of each text of the agent no more is in history than sounded, and a handle says the same."""
    sounded = {frame.text for frame in played.scene.frames}
    for text in played.scene.said():
        assert any(text.split()[0] in whole for whole in sounded)
    for handle in played.scene.session.__dict__.get("given", []):
        frames = len(played.scene.sounded(handle.text))
        assert len(handle.heard) <= frames * 0.02 / 0.0317 + 1
        assert handle.heard in handle.text


@both
@given(script=scripts)
@example(script=Script((("speak", 0.3), ("wait", 0.7)), (), "half", False, 3.0909, 0.0, 0.0, ("text",), 2, None, False))
@settings(max_examples=40)
def test_a_session_does_what_its_tables_do(backend: str, script: Script) -> None:
    """Any conversation; and when it is quiet, nothing is owed."""
    played = run(play, script, backend=backend)
    assert played.settled == ("listening", (), (), (), (), ())
    same_steps(script, played)
    words_are_kept(played)
    tools_ran_once(played)
    history_was_heard(played)


@given(script=scripts)
@settings(max_examples=15)
def test_the_log_of_a_session_replays_byte_for_byte(script: Script) -> None:
    """Written by a watcher, read by the tables."""
    played = run(play, script)
    done = replay(CONVERSATION, Talk, played.lines)
    assert (done.same, done.first_difference) == (True, "")
    assert done.steps == len(played.lines) - 1


@given(script=scripts)
@settings(max_examples=15)
def test_the_same_script_gives_the_same_log(script: Script) -> None:
    """To the byte, on the loop that keeps an order among what is simultaneous; trio shuffles that on purpose."""
    first, second = (run(play, script) for _ in range(2))
    assert first.lines == second.lines
