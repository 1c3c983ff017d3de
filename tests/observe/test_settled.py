"""Words that are settled after their turn was taken: notes of the log, and what a timeline makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.record import StepLog
from fsm_agents.machines.events import (
    Connected,
    Entered,
    FinalTranscript,
    InterruptAsked,
    ReplyAudible,
    ReplyPlayed,
    Say,
    SayAsked,
    SayPlayed,
    SpeechStarted,
    StartAsked,
    TurnCompleted,
)
from fsm_agents.machines.joined import CONVERSATION, new_talk
from fsm_agents.observe.recorded import notes, timeline
from fsm_agents.observe.timeline import Timeline


class Told:
    """A call with a model that tells words late, logged with what was said; times are in seconds."""

    def __init__(self) -> None:
        self.talk = new_talk(final_ends_turn=True)
        self.lines: list[str] = []
        self.log = StepLog(CONVERSATION, self.lines.append)
        self.log.begin(self.talk)
        self.at(0, Connected(), StartAsked(), Entered())

    def at(self, second: int, *events: Any) -> None:
        for event in events:
            self.log.add(second * 1_000_000, CONVERSATION.step(self.talk, event), self.talk)

    def turn(self, second: int, segment: int) -> None:
        self.at(second, SpeechStarted(), FinalTranscript(f"<speech {segment}>", segment), TurnCompleted())

    def said(self, second: int, number: int, who: str, text: str, reply: int = 0) -> None:
        values = {"number": number, "who": who, "text": text, "reply": reply, "interrupted": False}
        self.log.note(second * 1_000_000, "said", values)

    @property
    def call(self) -> Timeline:
        return timeline(self.lines)


def test_a_turn_has_the_words_that_came_late() -> None:
    told = Told()
    told.turn(1, 1)
    told.said(1, 1, "caller", "(speech)")
    told.at(2, ReplyAudible(1))
    told.said(3, 1, "caller", "tea please")
    told.at(4, ReplyPlayed(1))
    told.said(4, 2, "agent", "With pleasure.", 1)
    (turn,) = told.call.turns
    assert (turn.told, turn.text, turn.settled) == ("<speech 1>", "tea please", 3_000_000)
    caller, agent = told.call.said
    assert (caller.text, caller.at, caller.known) == ("tea please", 1_000_000, 3_000_000)
    assert (agent.who, agent.reply, agent.at, agent.known) == ("agent", 1, 4_000_000, 4_000_000)


def test_words_of_two_turns_are_not_mixed_up_when_the_later_come_first() -> None:
    told = Told()
    for number in (1, 2):
        told.turn(2 * number, number)
        told.said(2 * number, number, "caller", "(speech)")
        told.at(2 * number, ReplyAudible(number), ReplyPlayed(number))
    told.said(8, 2, "caller", "and milk")
    told.said(9, 1, "caller", "tea")
    assert [turn.text for turn in told.call.turns] == ["tea", "and milk"]


def test_two_turns_that_one_reply_answers_have_their_own_words() -> None:
    """The first was not answered yet when the caller went on: history has both, in order."""
    told = Told()
    told.at(1, SayAsked(Say(1, "read this", firm=True)), ReplyAudible(1, answer=False))
    told.turn(2, 1)
    told.turn(3, 2)
    told.at(4, SayPlayed(1, 1), ReplyPlayed(1))
    told.said(5, 1, "caller", "tea")
    told.said(5, 2, "caller", "and milk")
    assert [(turn.reply, turn.text) for turn in told.call.turns] == [(2, "tea"), (2, "and milk")]


def test_a_turn_that_was_given_up_has_no_place_in_history() -> None:
    """The words that history has next are the next turn's."""
    told = Told()
    told.at(1, InterruptAsked(force=True), SpeechStarted())
    told.turn(2, 1)
    told.at(3, InterruptAsked())
    told.turn(4, 2)
    call = told.call
    assert [turn.number for turn in call.asked] == [turn.number for turn in call.turns if turn.begun is not None]


def test_words_as_they_were_taken_are_not_late() -> None:
    told = Told()
    told.at(1, SpeechStarted(), FinalTranscript("tea", 1), TurnCompleted())
    told.said(1, 1, "caller", "tea")
    (turn,) = told.call.turns
    assert (turn.text, turn.settled) == ("tea", None)


def test_notes_of_another_kind_are_passed_over() -> None:
    told = Told()
    told.log.note(5, "weather", {"sun": True})
    assert told.call.said == []
    assert [note.kind for note in notes(told.lines)] == ["weather"]


def test_a_note_that_says_something_else_is_damage() -> None:
    told = Told()
    told.log.note(5, "said", {"text": "hello"})
    with pytest.raises(MisuseError, match="the note after step 3 cannot be read"):
        timeline(told.lines)
