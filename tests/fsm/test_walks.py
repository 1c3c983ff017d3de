"""Guided walks: only what is live, timers around their due times, a planted hole found and told in its shortest scene."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsm_agents.errors import MissingExtra
from fsm_agents.fsm.engine import Due, Set
from fsm_agents.fsm.explore import Move, Properties, World
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.rows import STAY, Row, Timer, after, anywhere, drop, never, row
from fsm_agents.fsm.table import StateTable
from fsm_agents.fsm.walks import JITTER, Stop, Walk, WalkFailed, is_live, walk, walks
from tests.fsm.phone import (
    LINE,
    PHONE,
    PROPERTIES,
    VOICE,
    Call,
    Called,
    HoldPressed,
    HungUp,
    L,
    PickedUp,
    PlayEnded,
    Spoke,
    Word,
    begin,
    world,
)  # fmt: skip

# --- A planted hole: the first draft of a turn table. In HOLDING the mouth is held; two rows leave it without letting it go. -----


class T(Enum):
    LISTENING = "nobody speaks"
    HEARING = "the caller speaks"
    ENDPOINTING = "the caller paused"
    THINKING = "an answer is composed"
    SPEAKING = "the answer sounds"
    HOLDING = "the caller speaks over it"
    CLOSED = "over"


NAMES = ("SpeechStarted", "SpeechStopped", "FinalTranscript", "ReplyAudible", "ReplyPlayed", "ReplyFailed", "Closing")
EVENTS = {name: attrs.make_class(name, [], frozen=True) for name in NAMES}
Started, Stopped, Final, Audible, Played, Failed, Closing = EVENTS.values()
ENDPOINT, BARGE_IN, WAKE_UP = Timer("endpoint", 0.5), Timer("barge_in", 0.3), Timer("wake_up", 20.0)


class Mouth(Shared):
    __slots__ = ("held",)

    def __init__(self) -> None:
        self.held = False


def hold(_event: object, _data: Mouth) -> tuple[object, ...]:
    return (Set("held", True),)


def let_go(_event: object, _data: Mouth) -> tuple[object, ...]:
    return (Set("held", False),)


def turn(*, mended: bool) -> World[Mouth]:
    cut = let_go
    end = cut if mended else None
    # fmt: off
    rows: list[Row[T, Mouth]] = [
        row  (T.LISTENING,   Started,  T.HEARING                   ),
        after(T.LISTENING,   WAKE_UP,  T.LISTENING                 ),
        drop (T.LISTENING,   Stopped, Final, Audible, Played, Failed),
        row  (T.HEARING,     Stopped,  T.ENDPOINTING               ),
        drop (T.HEARING,     Started, Final, Audible, Played, Failed),
        row  (T.ENDPOINTING, Started,  T.HEARING                   ),
        row  (T.ENDPOINTING, Final,    T.THINKING                  ),
        after(T.ENDPOINTING, ENDPOINT, T.THINKING                  ),
        drop (T.ENDPOINTING, Stopped, Audible, Played, Failed      ),
        row  (T.THINKING,    Started,  T.HEARING,   cut            ),
        row  (T.THINKING,    Final,    STAY                        ),
        row  (T.THINKING,    Audible,  T.SPEAKING                  ),
        row  (T.THINKING,    Played,   T.LISTENING                 ),
        row  (T.THINKING,    Failed,   T.LISTENING                 ),
        drop (T.THINKING,    Stopped                               ),
        row  (T.SPEAKING,    Started,  T.HOLDING,   hold           ),
        row  (T.SPEAKING,    Played,   T.LISTENING                 ),
        row  (T.SPEAKING,    Failed,   T.LISTENING                 ),
        drop (T.SPEAKING,    Stopped, Final, Audible               ),
        row  (T.HOLDING,     Stopped,  T.SPEAKING,  let_go         ),
        row  (T.HOLDING,     Final,    T.HEARING,   cut            ),
        after(T.HOLDING,     BARGE_IN, T.HEARING,   cut            ),
        row  (T.HOLDING,     Played,   T.HEARING,   end            ),   # the hole
        row  (T.HOLDING,     Failed,   T.HEARING,   end            ),   # and here
        drop (T.HOLDING,     Started, Audible                      ),
        anywhere(            Closing,  T.CLOSED,    cut, but=(T.CLOSED,)),
        drop (T.CLOSED,      Started, Stopped, Final, Audible, Played, Failed, Closing),
    ]
    # fmt: on
    table = StateTable("turn", T, T.LISTENING, rows, final=(T.CLOSED,))
    joint: Joint[Mouth] = Joint("turn", {"turn": table})
    offered = [event() for event in EVENTS.values()]
    return World(joint, lambda: joint.start(Mouth()), lambda _: offered, stop=lambda data: data.cell("turn").state is T.CLOSED)


def held_only_in_holding(data: Mouth) -> str | None:
    return "playout is held outside HOLDING" if data.held is not (data.cell("turn").state is T.HOLDING) else None


HELD = Properties(safety=(held_only_in_holding,))


@pytest.mark.parametrize("seed", [1, 3])
def test_a_planted_hole_is_found_and_told_in_its_shortest_scene(seed: int) -> None:
    """Six events: what exhaustive search would tell. Uniform draws need thousands of walks for it."""
    with pytest.raises(WalkFailed) as found:
        walk(turn(mended=False), HELD, examples=500, seed=seed)
    scene = [type(stop.event).__name__ for stop in found.value.scene]
    assert len(scene) == 6
    assert scene[:2] + scene[3:5] == ["SpeechStarted", "SpeechStopped", "ReplyAudible", "SpeechStarted"]
    assert scene[5] in {"ReplyPlayed", "ReplyFailed"}
    assert str(found.value).startswith(
        "held_only_in_holding: playout is held outside HOLDING\n    1. SpeechStarted\n    2. SpeechStopped\n"
    )


def test_the_mended_table_passes() -> None:
    """And long walks were walked."""
    assert walk(turn(mended=True), HELD, examples=30, seed=1) > 200


def test_the_telephone_passes() -> None:
    assert walk(world(), PROPERTIES, examples=30) > 0


@settings(max_examples=30)
@given(walks(world(), PROPERTIES, steps=30))
def test_walks_are_a_strategy_for_a_test_of_ones_own(done: Walk[Call]) -> None:
    """With the conversation, its time, its steps and what was found."""
    assert done.finding is None
    assert len(done.steps) == len(done.scene)
    assert [stop.at for stop in done.scene] == sorted(stop.at for stop in done.scene)


def test_most_events_of_a_walk_do_something() -> None:
    """That is the point: of uniform ones two thirds are dropped here."""
    counts = {True: 0, False: 0}

    def looked(move: Move[Call]) -> None:
        if not isinstance(move.event, Due):
            counts[is_live(PHONE, move.before, move.event)] += 1

    walk(world(), Properties(response=(looked,)), examples=50, seed=3, dead=10)
    assert counts[True] > 4 * counts[False] > 0


def test_events_fall_around_due_timers_and_classes_are_equally_likely() -> None:
    """A class with twenty candidates does not push the other aside."""
    ring = Timer("ring", 20.0)
    rows: list[Any] = [
        row("a", "go", "b"),
        after("b", ring, "a"),
        row("b", Spoke, STAY),
        row("b", "go", STAY),
        row("a", Spoke, STAY),
    ]
    joint: Joint[Any] = Joint("j", {"t": StateTable("t", ("a", "b"), "a", rows)})
    offered = [*(Spoke((), n) for n in range(20)), "go"]
    many: World[Any] = World(joint, lambda: joint.start(Shared()), lambda _: offered)
    stops: list[Stop] = []

    @settings(max_examples=40, derandomize=True, database=None)
    @given(walks(many, steps=20))
    def gather(done: Walk[Any]) -> None:
        stops.extend(stop for stop in done.scene if not isinstance(stop.event, Due))

    gather()
    assert {20_000_000 - JITTER, 20_000_000, 20_000_000 + JITTER} <= {stop.at for stop in stops}
    going = sum(stop.event == "go" for stop in stops)
    assert len(stops) / 4 < going < len(stops)


def test_live_is_what_has_a_row_that_is_no_drop() -> None:
    """Whatever its guard says: that is for the step to find out."""
    data = begin()
    assert is_live(PHONE, data, Called())
    assert not is_live(PHONE, data, PickedUp())  # a drop
    assert not is_live(PHONE, data, "nonsense")
    for event in (Called("", 1), PickedUp()):
        PHONE.step(data, event)
    assert is_live(PHONE, data, Spoke((), 1))
    assert is_live(PHONE, data, "unplugged")
    assert is_live(PHONE, data, PlayEnded())  # in the other machine


def called() -> Walk[Call]:
    here = Walk(world(), PROPERTIES)
    here.come(Called("", 1), 0)
    return here


RING = 20_000_000


def test_an_event_at_the_due_time_beats_the_timer() -> None:
    """It was queued when the timer came due."""
    here = called()
    assert here.due == RING
    here.come(PickedUp(), RING)
    assert here.data.cell("line").state is L.TALKING
    assert [str(stop) for stop in here.scene] == ["Called(call=1)", "at 20.000 s: PickedUp"]


def test_an_event_just_before_the_due_time_disarms_it() -> None:
    here = called()
    here.come(HungUp(), RING - JITTER)
    assert (here.due, here.now) == (None, RING - JITTER)


def test_an_event_just_after_the_due_time_meets_what_the_timer_left() -> None:
    here = called()
    here.come(PickedUp(), RING + JITTER)
    assert [type(stop.event) for stop in here.scene] == [Called, Due, PickedUp]
    assert [stop.at for stop in here.scene] == [0, RING, RING + JITTER]


def test_equal_timers_come_in_the_order_they_were_armed() -> None:
    """And the stale one of them not at all."""
    tick, tock = Timer("tick", 1.0), Timer("tock", 1.0)
    one = StateTable("one", ("a", "b"), "a", [after("a", tick, "b"), row("a", "go", STAY), drop("b", "go")])
    two = StateTable("two", ("a", "b"), "a", [after("a", tock, "b"), row("a", "go", "a"), drop("b", "go")])
    joint: Joint[Any] = Joint("j", {"one": one, "two": two})
    here: Walk[Any] = Walk(World(joint, lambda: joint.start(Shared()), lambda _: ["go"]))
    here.fire()
    here.fire()
    assert [stop.event for stop in here.scene] == [Due("one", "tick", 0), Due("two", "tock", 0)]
    again: Walk[Any] = Walk(World(joint, lambda: joint.start(Shared()), lambda _: ["go"]))
    again.come("go", 500_000)
    again.play([Stop(Due("", "", 0), 0)] * 3)  # timers of a scene are those of the clock; there are only two
    assert [(stop.event, stop.at) for stop in again.scene[1:]] == [
        (Due("one", "tick", 0), 1_000_000),
        (Due("two", "tock", 1), 1_500_000),
    ]


def test_a_timer_that_never_lets_an_event_come_is_a_finding() -> None:
    """A delay of nothing that restarts itself."""
    spin = Timer("spin", 0.0)
    table: StateTable[str, Any] = StateTable("t", ("a",), "a", [after("a", spin, "a"), drop("a", "go")])
    joint: Joint[Any] = Joint("j", {"t": table})
    here: Walk[Any] = Walk(World(joint, lambda: joint.start(Shared()), lambda _: ["go"]))
    here.come("go", 1)
    assert here.finding is not None
    assert "1000 timers were due before go could come" in here.finding.message


def broken(*rows: Row[Any, Any]) -> World[Any]:
    joint: Joint[Any] = Joint("j", {"t": StateTable("t", ("a", "b"), "a", rows, strict=False)})
    return World(joint, lambda: joint.start(Shared()), lambda _: ["go", "on"])


def test_what_a_step_raises_is_a_finding() -> None:
    def fails(_event: object, _data: object) -> tuple[object, ...]:
        raise ZeroDivisionError("of nothing")

    with pytest.raises(WalkFailed, match=r"raised: ZeroDivisionError: of nothing\n    1. go\n    2. on"):
        walk(broken(row("a", "go", "b"), row("b", "on", "a", fails)), Properties())


def test_an_event_that_never_comes_and_does_is_a_finding() -> None:
    """It is not live, so only a dead draw brings it."""
    with pytest.raises(WalkFailed, match=r"never t\.b\.on: on came in b, where the table says it never does"):
        walk(broken(row("a", "go", "b"), row("b", "go", "a"), never("b", "on")), Properties(), dead=3)


def test_a_response_that_fails_is_a_finding() -> None:
    def hanging_up_ends_it(move: Move[Call]) -> str | None:
        ended = move.after.cell("line").state in (L.IDLE, L.DOWN)
        return "it goes on" if isinstance(move.event, HungUp) and not ended else None

    lasting = Joint("phone", {"line": LINE.without(LINE.rows[10]), "voice": VOICE}, stale=PHONE.stale)
    with pytest.raises(WalkFailed) as found:
        walk(world(lasting), Properties(response=(hanging_up_ends_it,)), examples=500)
    assert found.value.finding.scene == ("Called(number='+420 5', call=1)", "PickedUp", "HungUp")


def test_a_walk_ends_with_its_first_finding() -> None:
    """And starts with a look at the first state."""

    def never_idle(data: Call) -> str | None:
        return "idle" if data.cell("line").state is L.IDLE else None

    here = Walk(world(), Properties(safety=(never_idle, never_idle)))
    assert here.ended
    here.play([Stop(Called(), 0)])
    here.come(Called(), 0)
    assert here.scene == []


def test_time_in_a_scene_is_told_and_shortened() -> None:
    """An event is brought forward unless it has to be late; here it does: only after the timer the hole is open."""

    def no_hold_after_ringing_twice(move: Move[Call]) -> str | None:
        return (
            "held"
            if isinstance(move.event, HoldPressed) and move.before.rings == 2 and move.after.cell("line").state is L.HELD
            else None
        )

    with pytest.raises(WalkFailed) as found:
        walk(world(), Properties(response=(no_hold_after_ringing_twice,)), examples=2_000, seed=5)
    assert found.value.finding.scene == (
        "Called(number='+420 5', call=1)",
        "at 20.000 s: after ring_limit (line)",
        "at 20.000 s: PickedUp",
        "at 20.000 s: HoldPressed",
    )


def test_payloads_are_drawn_where_the_world_offers_one() -> None:
    """Texts, numbers: what an exhaustive search has to abstract."""

    def short(data: Call) -> str | None:
        return "long" if any(len(word.text) > 3 for word in data.said) else None

    drawn = st.builds(Spoke, st.tuples(st.builds(Word, st.text("ab"))), st.just(1))
    with pytest.raises(WalkFailed) as found:
        walk(world(), Properties(safety=(short,)), examples=1_000, payloads={Spoke: drawn}, seed=1)
    assert "Spoke(words=(Word(text='aaaa'" in found.value.finding.scene[-1]


def nothing(_data: object) -> Iterable[object]:
    return ()


@pytest.mark.parametrize("stimuli", [nothing, lambda _: ["on"]])
def test_a_world_without_live_events_walks_by_timers_or_not_at_all(stimuli: Callable[[Any], Iterable[object]]) -> None:
    """Dead events are offered when there are no others."""
    tick = Timer("tick", 1.0)
    rows: list[Any] = [after("a", tick, "b"), drop("b", "on"), drop("a", "on")]
    joint: Joint[Any] = Joint("j", {"t": StateTable("t", ("a", "b"), "a", rows)})
    calm: World[Any] = World(joint, lambda: joint.start(Shared()), stimuli)
    assert walk(calm, Properties(), examples=10, seed=1) > 0


def test_without_the_extra_the_message_is_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(MissingExtra, match=r"pip install 'fsm_agents\[test\]'"):
        walks(world())
