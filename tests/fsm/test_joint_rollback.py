"""Whatever raises inside a macro step, and wherever, the whole conversation is as before it."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.joint import Joint
from fsm_agents.fsm.rows import Effects, Level, row
from fsm_agents.fsm.table import StateTable
from tests.fsm.voice import (
    EAR,
    FLOOR,
    MOUTH,
    VOICE,
    Begun,
    Ear,
    Heard,
    Mouth,
    Played,
    Started,
    Stopped,
    Talk,
    due,
    is_old,
    joined,
    stands,
    states,
)  # fmt: skip


@pytest.fixture
def talk() -> Talk:
    return VOICE.start(Talk())


class BrokenError(Exception):
    pass


class TestRollback:
    @given(
        at=st.integers(1, 12),
        events=st.lists(st.sampled_from([Started(), Stopped(), Heard("a"), "pause", Played(1), "patience"]), max_size=12),
    )
    def test_whichever_call_raises_the_whole_conversation_is_as_before(self, at: int, events: list[object]) -> None:
        calls = 0

        def fused(function: Any) -> Any:
            def call(event: Any, talk: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls == at:
                    raise BrokenError
                return function(event, talk)

            return call

        def break_rows(table: StateTable[Any, Talk]) -> StateTable[Any, Talk]:
            lines = [
                attrs.evolve(
                    line,
                    when=fused(line.when) if line.when and not isinstance(line.when, Level) else line.when,
                    do=tuple(fused(act) for act in line.do),
                )
                for line in table.rows
            ]
            return attrs.evolve(table, rows=lines)

        voice = Joint("voice", {name: break_rows(table) for name, table in VOICE.tables.items()}, stale={Played: fused(is_old)})
        talk = voice.start(Talk())
        for event in events:
            happens = Due({"pause": "ear", "patience": "floor"}[event], event, 0) if isinstance(event, str) else event
            if isinstance(happens, Due):
                happens = due(talk, happens.machine, happens.timer)
            before, raised = stands(talk), None
            try:
                voice.step(talk, happens)
            except BrokenError as broken:
                raised = broken
            if raised:
                assert stands(talk) == before
                assert raised.__notes__[0].startswith("voice: in the step ")
                voice.step(talk, happens)  # the fuse is burnt: the same event is taken now
                break

    def test_a_raise_deep_inside_undoes_the_machines_that_had_already_moved(self, talk: Talk) -> None:
        def broken(event: Begun, talk: Talk) -> Effects:
            raise BrokenError(event.text)

        bad = MOUTH.without(MOUTH.rows[0], row(Mouth.STILL, Begun, Mouth.SPEAKING, broken))
        voice = joined(ear=EAR, mouth=bad, floor=FLOOR)
        talk = voice.start(Talk())
        for event in (Started(), Heard("two"), Stopped()):
            voice.step(talk, event)
        before = stands(talk)
        with pytest.raises(BrokenError, match="two") as caught:
            voice.step(talk, due(talk, "ear", "pause"))
        assert stands(talk) == before
        (note,) = caught.value.__notes__
        assert note.startswith("voice: in the step Due from ear PAUSING, mouth STILL, floor THEIRS; rows taken: ")
        assert note.endswith("States and values are as before it.")

    def test_a_step_inside_a_step_is_refused(self) -> None:
        def calls_back(event: object, talk: Talk) -> Effects:
            VOICE.step(talk, Stopped())
            return ()

        table = EAR.without(EAR.rows[0], row(Ear.QUIET, Started, Ear.TALKING, calls_back))
        voice = joined(ear=table, mouth=MOUTH, floor=FLOOR)
        talk = voice.start(Talk())
        with pytest.raises(
            MisuseError, match="voice: Stopped was posted inside a step; actions return effects, they do not call back"
        ):
            voice.step(talk, Started())
        assert (talk.stepping, states(talk)[0]) == (0, Ear.QUIET)
        VOICE.step(talk, Stopped())
