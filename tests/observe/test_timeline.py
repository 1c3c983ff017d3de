"""The timeline of a call: scripted calls through the tables, each number checked; and a log gives the same timeline as the live call."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.record import StepLog
from fsm_agents.machines.events import (
    CloseAsked,
    Connected,
    Entered,
    Exited,
    FinalTranscript,
    InterimTranscript,
    InterruptAsked,
    ReplyAudible,
    ReplyBroke,
    ReplyDrained,
    ReplyPlayed,
    Say,
    SayAsked,
    SayPlayed,
    SpeechStarted,
    SpeechStopped,
    StartAsked,
    TornDown,
    TurnCompleted,
)
from fsm_agents.machines.joined import CONVERSATION, new_talk
from fsm_agents.observe.recorded import steps, timeline
from fsm_agents.observe.timeline import Timeline
from fsm_agents.observe.turns import Interruption, Span


class Told:
    """A call that is told event by event, logged, and watched by a timeline."""

    def __init__(self) -> None:
        self.talk = new_talk(wake_up=20)
        self.call = Timeline()
        self.lines: list[str] = []
        self.log = StepLog(CONVERSATION, self.lines.append)
        self.log.begin(self.talk)
        self.call.begin(self.talk)
        self.at(0, Connected(), StartAsked(), Entered())

    def at(self, seconds: float, *events: Any) -> None:
        """What came, and when."""
        for event in events:
            at = round(seconds * 1_000_000)
            step = CONVERSATION.step(self.talk, event)
            self.log.add(at, step, self.talk)
            self.call.add(at, step, self.talk)

    def due(self, seconds: float, machine: str, timer: str) -> None:
        """A timer of the state in which a machine rests."""
        self.at(seconds, Due(machine, timer, self.talk.cell(machine).epoch))

    def turn(self, begin: float, text: str, segment: int) -> None:
        """The caller says ``text`` for one second; the turn is taken half a second later."""
        self.at(begin, SpeechStarted())
        self.at(begin + 0.5, InterimTranscript(text.split(maxsplit=1)[0], segment))
        self.at(begin + 1, SpeechStopped())
        self.due(begin + 1.2, "caller", "hangover")
        self.at(begin + 1.25, FinalTranscript(text, segment))
        self.due(begin + 1.5, "caller", "endpoint")


def test_a_turn_and_how_long_each_part_of_it_took() -> None:
    told = Told()
    told.turn(1, "hello there", 1)
    told.at(2.6, ReplyAudible(1))
    told.at(4, ReplyPlayed(1))
    (turn,) = told.call.turns
    assert (turn.number, turn.text, turn.reply, turn.how) == (1, "hello there", 1, "played")
    assert (turn.started, turn.stopped, turn.taken, turn.audible, turn.over) == (
        1_000_000,
        2_000_000,
        2_500_000,
        2_600_000,
        4_000_000,
    )
    assert (turn.speaking, turn.endpointing, turn.thinking) == (1_000_000, 500_000, 100_000)
    assert (turn.response, turn.answering) == (600_000, 1_400_000)
    assert [(words.text, words.final) for words in turn.heard] == [("hello", False), ("hello there", True)]
    assert (turn.first, turn.last) == (4, 11)
    assert told.call.voice == [Span("speech", 1_000_000, 2_000_000)]
    assert [(part.reply, part.begin, part.end, part.how) for part in told.call.speech] == [(1, 2_600_000, 4_000_000, "played")]
    assert [span.what for span in told.call.labels] == [
        "away",
        "listening",
        "hearing",
        "endpointing",
        "thinking",
        "speaking",
        "listening",
    ]


def test_a_caller_who_goes_on_after_a_pause_has_one_turn() -> None:
    told = Told()
    told.at(1, SpeechStarted())
    told.at(2, SpeechStopped())
    told.at(2.1, SpeechStarted())
    told.at(3, InterimTranscript("two pizzas", 1), SpeechStopped())
    told.due(3.2, "caller", "hangover")
    told.at(3.3, FinalTranscript("two pizzas", 1))
    told.due(3.5, "caller", "endpoint")
    (turn,) = told.call.turns
    assert (turn.started, turn.stopped, turn.endpointing) == (1_000_000, 3_000_000, 500_000)


def test_a_turn_that_is_taken_while_the_detector_still_hears_speech_has_no_silence() -> None:
    told = Told()
    told.at(1, SpeechStarted())
    told.at(2, SpeechStopped(), SpeechStarted(), InterimTranscript("stop", 1), TurnCompleted())
    (turn,) = told.call.turns
    assert (turn.text, turn.stopped, turn.response) == ("stop", None, None)


def test_a_barge_in_ends_the_reply_with_the_first_word() -> None:
    told = Told()
    told.turn(1, "hello", 1)
    told.at(3, ReplyAudible(1))
    told.at(5, SpeechStarted())
    told.at(5.2, InterimTranscript("stop", 2))
    assert told.call.interruptions == [Interruption(1, 5_000_000, 5_200_000, "cut")]
    assert [(part.begin, part.end, part.how) for part in told.call.speech] == [(3_000_000, 5_000_000, "held")]
    (turn,) = told.call.turns
    assert (turn.over, turn.how, turn.why) == (5_200_000, "cut", "it was cut")


def test_a_cough_holds_the_reply_and_it_goes_on() -> None:
    told = Told()
    told.turn(1, "hello", 1)
    told.at(3, ReplyAudible(1))
    told.at(5, SpeechStarted())
    told.at(5.1, SpeechStopped())
    told.due(5.3, "caller", "hangover")
    told.at(8, ReplyPlayed(1))
    assert told.call.interruptions == [Interruption(1, 5_000_000, 5_300_000, "resumed")]
    spans = [(part.begin, part.end, part.how) for part in told.call.speech]
    assert spans == [(3_000_000, 5_000_000, "held"), (5_300_000, 8_000_000, "played")]
    told.at(8.5, FinalTranscript("", 2))
    assert len(told.call.turns) == 1, "a cough is no turn"


def test_speech_over_what_cannot_be_interrupted_is_told_as_such() -> None:
    told = Told()
    told.at(1, SayAsked(Say(1, "read this", firm=True)), ReplyAudible(1, answer=False))
    told.at(2, SpeechStarted())
    told.at(3, SayPlayed(1, 1), ReplyPlayed(1))
    assert told.call.interruptions == [Interruption(1, 2_000_000, 3_000_000, "over it")]
    assert [(part.begin, part.end) for part in told.call.speech] == [(1_000_000, 3_000_000)]


def test_words_over_the_agent_that_the_detector_missed_are_a_barge_in_too() -> None:
    told = Told()
    told.turn(1, "hello", 1)
    told.at(3, ReplyAudible(1))
    told.at(5, InterimTranscript("stop", 2))
    assert told.call.interruptions == [Interruption(1, 5_000_000, 5_000_000, "cut")]


def test_a_turn_that_the_detector_missed_has_words_and_no_sound() -> None:
    told = Told()
    told.at(1, FinalTranscript("out of the blue", 7))
    told.at(1.5, ReplyAudible(1))
    (turn,) = told.call.turns
    assert (turn.text, turn.started, turn.stopped, turn.taken, turn.thinking) == (
        "out of the blue",
        None,
        None,
        1_000_000,
        500_000,
    )
    assert [words.text for words in turn.heard] == ["out of the blue"]


def test_a_transcript_that_comes_after_its_turn_was_taken_is_late_and_discarded() -> None:
    told = Told()
    told.at(1, SpeechStarted(), InterimTranscript("yes", 1, complete=True))
    told.at(2, SpeechStopped())
    told.due(2.06, "caller", "complete")
    told.at(2.2, FinalTranscript("yes please", 1))
    (turn,) = told.call.turns
    assert [(words.text, words.complete, words.late) for words in turn.heard] == [
        ("yes", True, False),
        ("yes please", False, True),
    ]
    assert [(at, text) for at, text, _ in told.call.discarded] == [(2_200_000, "yes please")]


def test_a_question_whose_reply_was_cut_before_it_sounded_is_answered_by_the_next_reply() -> None:
    told = Told()
    told.turn(1, "one", 1)
    told.turn(3, "two", 2)
    first, second = told.call.turns
    assert (first.reply, second.reply) == (2, 2)
    told.at(5, ReplyAudible(2))
    told.at(6, ReplyPlayed(2))
    assert [(turn.audible, turn.how) for turn in told.call.turns] == [(5_000_000, "played")] * 2


def test_a_reply_that_was_heard_and_cut_stays_cut_when_the_next_one_plays() -> None:
    told = Told()
    told.turn(1, "same words", 1)
    told.at(3, ReplyAudible(1))
    told.turn(4, "same words", 2)
    told.at(6, ReplyAudible(2))
    told.at(7, ReplyPlayed(2))
    assert [(turn.reply, turn.how, turn.over) for turn in told.call.turns] == [(1, "cut", 4_500_000), (2, "played", 7_000_000)]


def test_a_reply_that_failed_says_why() -> None:
    told = Told()
    told.turn(1, "hello", 1)
    told.at(3, ReplyBroke(1, "the model is away"))
    (turn,) = told.call.turns
    assert (turn.audible, turn.over, turn.how, turn.why) == (None, 3_000_000, "failed", "the model is away")


def test_a_reply_that_runs_dry_and_goes_on_has_two_stretches_of_sound() -> None:
    told = Told()
    told.turn(1, "hello", 1)
    told.at(3, ReplyAudible(1))
    told.at(4, ReplyDrained(1))
    told.at(5, ReplyAudible(1))
    told.at(6, ReplyPlayed(1))
    assert [(part.begin, part.end, part.how) for part in told.call.speech] == [
        (3_000_000, 4_000_000, "waiting"),
        (5_000_000, 6_000_000, "played"),
    ]
    assert told.call.turns[0].audible == 3_000_000


def test_a_say_before_the_answer_is_not_the_answer() -> None:
    told = Told()
    told.turn(1, "hello", 1)
    told.at(3, SayAsked(Say(1, "one moment")), ReplyAudible(1, answer=False))
    assert told.call.turns[0].audible is None
    told.at(4, ReplyAudible(1, answer=True))
    assert told.call.turns[0].audible == 4_000_000


def test_an_interrupted_reply_whose_question_is_given_up_is_cut() -> None:
    told = Told()
    told.turn(1, "hello", 1)
    told.at(3, InterruptAsked())
    assert (told.call.turns[0].how, told.call.turns[0].audible) == ("cut", None)
    assert [reason for _, _, reason in told.call.discarded] == ["the host interrupted the reply"]
    told.turn(4, "again", 2)
    assert [turn.reply for turn in told.call.turns] == [1, 2], "what was given up is not answered later"


def test_wake_ups_and_the_end_are_told() -> None:
    told = Told()
    told.due(20, "turn", "wake_up")
    told.at(21, CloseAsked("enough"), Exited(), TornDown())
    assert told.call.wake_ups == [20_000_000]
    assert (told.call.closed, told.call.reason) == (21_000_000, "enough")
    assert told.call.labels[-1] == Span("closed", 21_000_000)


def test_what_is_stale_changes_nothing_but_the_count() -> None:
    told = Told()
    before = list(told.call.labels)
    told.at(5, ReplyPlayed(77))
    assert (told.call.labels, told.call.end, told.call.steps) == (before, 5_000_000, 4)


def test_a_log_gives_the_timeline_of_the_live_call() -> None:
    told = Told()
    told.turn(1, "hello there", 1)
    told.at(2.6, ReplyAudible(1))
    told.at(3, SpeechStarted(), InterimTranscript("stop", 2))
    assert timeline(told.lines) == told.call


def test_a_log_with_nothing_but_a_header_is_a_call_in_which_nothing_happened() -> None:
    told = Told()
    empty = timeline(told.lines[:1])
    assert (empty.steps, empty.turns, [span.what for span in empty.labels]) == (0, [], ["away"])


def test_a_step_that_raised_is_counted_and_left_everything_as_it_was() -> None:
    told = Told()
    told.log.failed(1_000_000, SpeechStarted(), RuntimeError())
    line = told.lines.pop().replace('"_":"SpeechStarted"', '"_":"Due","machine":"nobody","timer":"none","epoch":1')
    told.lines.append(line)
    assert [each.step is None for each in steps(told.lines, CONVERSATION, new_talk)] == [True, False, False, False, True]
    assert timeline(told.lines).steps == 4


def test_what_is_no_log_of_a_conversation_is_refused() -> None:
    with pytest.raises(MisuseError, match="not a step log"):
        timeline(["hello"])


ANY = st.sampled_from(
    [
        SpeechStarted(),
        SpeechStopped(),
        TurnCompleted(),
        InterruptAsked(),
        InterruptAsked(force=True),
        SayAsked(Say(1, "s", firm=True)),
    ]
    + [SayAsked(Say(2, "s"))]
    + [cls(text, segment) for cls in (InterimTranscript, FinalTranscript) for text in ("", "w") for segment in (1, 2, 3)]
    + [cls(reply) for cls in (ReplyAudible, ReplyDrained, ReplyPlayed) for reply in (1, 2, 3)]
    + [ReplyBroke(1, "broke"), ("caller", "hangover"), ("caller", "endpoint"), ("turn", "barge_in"), ("caller", "transcript")]
)


@given(st.lists(ANY, max_size=60))
def test_whatever_happens_the_spans_follow_each_other_and_a_log_tells_the_same(events: list[Any]) -> None:
    """Spans have no gap and no overlap, sound never overlaps sound, turns are numbered and in order of time."""
    told = Told()
    for second, event in enumerate(events, 1):
        if isinstance(event, tuple):
            told.due(second, *event)
        else:
            told.at(second, event)
    call = told.call
    for spans in (call.labels, *call.states.values()):
        assert all(one.end == other.begin and one.what != other.what for one, other in pairwise(spans))
        assert spans[-1].end is None
    assert all(one.end is not None and one.end <= other.begin for one, other in pairwise(call.speech))
    assert [turn.number for turn in call.turns] == list(range(1, len(call.turns) + 1))
    for turn in call.turns:
        times = [at for at in (turn.started, turn.taken, turn.begun, turn.audible, turn.over) if at is not None]
        assert times == sorted(times)
        assert turn.first <= turn.last <= call.steps
    assert timeline(told.lines) == call
