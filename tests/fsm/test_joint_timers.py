"""Timers of joined machines: only the states in which a step rests arm; staying keeps, entering again restarts, old ones are void."""

from __future__ import annotations

import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.fsm import joint as joint_module
from fsm_agents.fsm.engine import Due, Set
from fsm_agents.fsm.joint import Arm, Joint, Shared
from fsm_agents.fsm.rows import Row, Timer, after, always, drop, row
from fsm_agents.fsm.table import StateTable
from tests.fsm.voice import (
    EAR,
    FLOOR,
    MOUTH,
    PAUSE,
    VOICE,
    Ear,
    Heard,
    Started,
    Stopped,
    Talk,
    due,
    joined,
    stands,
    states,
    up_to_speaking,
)  # fmt: skip


@pytest.fixture
def talk() -> Talk:
    return VOICE.start(Talk())


class TestTimers:
    def test_entering_arms_with_the_delay_in_whole_microseconds(self, talk: Talk) -> None:
        VOICE.step(talk, Started())
        assert VOICE.step(talk, Stopped()).arms == [Arm("ear", "pause", 500_000, talk.cell("ear").epoch)]

    def test_staying_arms_nothing_and_the_old_timer_stays_good(self, talk: Talk) -> None:
        for event in (Started(), Stopped()):
            VOICE.step(talk, event)
        armed = due(talk, "ear", "pause")
        assert VOICE.step(talk, Heard("two")).arms == []
        assert VOICE.step(talk, armed).stale is False
        assert states(talk)[0] is Ear.QUIET

    def test_naming_the_state_again_restarts_its_timers(self) -> None:
        talk = VOICE.start(Talk(), {"wake": 10})
        first = due(talk, "floor", "wake")
        assert VOICE.step(talk, first).arms == [Arm("floor", "wake", 10_000_000, first.epoch + 1)]
        assert VOICE.step(talk, first).stale is True

    def test_a_stale_timer_moves_nothing(self, talk: Talk) -> None:
        for event in (Started(), Stopped()):
            VOICE.step(talk, event)
        late = due(talk, "ear", "pause")
        VOICE.step(talk, Started())
        before = stands(talk)
        step = VOICE.step(talk, late)
        assert (step.stale, step.trail, stands(talk)) == (True, [], before)

    def test_only_the_state_in_which_a_step_rests_arms(self) -> None:
        """The floor passes through LISTENING on its way to OURS: its wake-up must not be armed."""
        talk = VOICE.start(Talk(), {"wake": 10.0})
        step = up_to_speaking(talk)
        assert "LISTENING" in {taken.source for _, taken in step.trail}
        assert step.arms == []

    def test_a_state_left_and_entered_again_in_one_step_is_armed_once(self) -> None:
        timer = Timer("timer", 1.0)
        table: StateTable[str, Shared] = StateTable(
            "t", ["a", "b"], "a", [row("a", "go", "b"), always("b", "a"), after("a", timer, "a"), drop("b", "go")]
        )
        pair = Joint("pair", {"t": table})
        assert pair.step(pair.start(Shared()), "go").arms == [Arm("t", "timer", 1_000_000, 2)]

    def test_arms_of_several_machines_come_in_the_order_of_the_joint(self) -> None:
        one, two = Timer("one", 1.0), Timer("two", 2.0)

        class Go:
            pass

        low: StateTable[str, Shared] = StateTable(
            "low", ["a", "b"], "a", [row("a", Go, "b"), after("b", one, "a"), drop("b", Go)]
        )
        high: StateTable[str, Shared] = StateTable(
            "high", ["a", "b"], "a", [row("a", "go", "b", lambda _e, _d: (Go(),)), after("b", two, "a"), drop("b", "go")]
        )
        pair = Joint("pair", {"low": low, "high": high})
        step = pair.step(pair.start(Shared()), "go")
        assert [(arm.machine, arm.delay) for arm in step.arms] == [("low", 1_000_000), ("high", 2_000_000)]
        assert [place for place, _ in step.trail] == [1, 0]

    def test_delays_are_set_by_name_turned_off_or_left_at_their_default(self) -> None:
        talk = VOICE.start(Talk(), {"pause": 0.1234567, "patience": None})
        assert {timer.name: delay for timer, delay in talk.delays.items()} == {"pause": 123_457, "patience": None, "wake": None}
        up_to_speaking(talk)
        assert VOICE.step(talk, Started()).arms == []

    def test_conversations_with_the_same_settings_share_them_and_none_can_change_them(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also when more settings were used than are kept: the others are made again, and are as right."""
        voice = joined(ear=EAR, mouth=MOUTH, floor=FLOOR)
        monkeypatch.setattr(joint_module, "SETTINGS", 1)
        plain, wake = voice.start(Talk()), voice.start(Talk(), {"wake": 1.0})
        assert voice.start(Talk()).delays is plain.delays
        assert voice.start(Talk(), {"wake": 1.0}).delays is not wake.delays
        assert (voice.arms(plain), len(voice.arms(wake))) == ([], 1)
        with pytest.raises(TypeError):
            wake.delays[PAUSE] = 0  # type: ignore[index]

    def test_a_timer_may_be_due_at_once(self) -> None:
        assert VOICE.arms(VOICE.start(Talk(), {"wake": 0})) == [Arm("floor", "wake", 0, 0)]

    def test_arms_are_compared_and_collected_by_value(self) -> None:
        assert len({Arm("floor", "wake", 0, 0), Arm("floor", "wake", 0, 0), Arm("floor", "wake", 0, 1)}) == 2

    @pytest.mark.parametrize("seconds", [-0.1, float("nan"), float("inf")])
    def test_a_delay_is_a_number_of_seconds(self, seconds: float) -> None:
        with pytest.raises(MisuseError, match="the timer pause cannot be"):
            VOICE.start(Talk(), {"pause": seconds})

    def test_an_unknown_timer_is_refused_with_the_nearest(self, talk: Talk) -> None:
        with pytest.raises(MisuseError, match=r"voice: no timer is called 'puase': did you mean 'pause'\?"):
            VOICE.start(Talk(), {"puase": 1.0})
        with pytest.raises(
            MisuseError, match=r"voice: no timer 'pause' in a machine 'mouth'; timers: ear.pause, floor.patience, floor.wake"
        ):
            VOICE.step(talk, Due("mouth", "pause", 0))
        lone = Joint("lone", {"mouth": MOUTH})
        with pytest.raises(MisuseError, match="timers: none"):
            lone.step(lone.start(Talk()), Due("mouth", "pause", 0))

    def test_arms_tells_what_is_armed_where_a_conversation_rests(self) -> None:
        talk = VOICE.start(Talk(), {"wake": 1})
        assert VOICE.arms(talk) == [Arm("floor", "wake", 1_000_000, 0)]
        assert VOICE.arms(VOICE.start(Talk())) == []

    def test_a_timer_that_the_state_does_not_own_does_nothing(self) -> None:
        lines: list[Row[str, Shared]] = [after("a", PAUSE, "b"), row("b", "go", "a"), drop("a", "go")]
        table: StateTable[str, Shared] = StateTable("t", ["a", "b"], "a", lines)
        pair = Joint("pair", {"t": table})
        data = pair.start(Shared(), {})
        pair.step(data, Due("t", "pause", 0))
        assert pair.step(data, Due("t", "pause", 1)).trail == []

    def test_a_delay_may_grow_with_the_data(self) -> None:
        """A backoff: the factor is asked when the timer is armed, and a timer that is off stays off."""
        backoff = Timer("backoff", 1.0, factor=lambda talk: 2**talk.reply)
        table: StateTable[str, Talk] = StateTable(
            "t", ["a"], "a", [after("a", backoff, "a", lambda _e, d: (Set("reply", d.reply + 1),))]
        )
        link = Joint("link", {"t": table})
        talk = link.start(Talk())
        assert [arm.delay for arm in link.arms(talk)] == [1_000_000]
        delays = [link.step(talk, due(talk, "t", "backoff")).arms[0].delay for _ in range(3)]
        assert delays == [2_000_000, 4_000_000, 8_000_000]
        assert link.arms(link.start(Talk(), {"backoff": None})) == []
