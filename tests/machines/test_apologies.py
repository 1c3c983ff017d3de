"""A voice that stays away, told by the tables alone: which apologies may fail until nobody tries again, and what forgives."""

from __future__ import annotations

import pytest

from fsm_agents.machines import effects as do
from fsm_agents.machines.events import (
    Connected,
    Entered,
    FinalTranscript,
    ReplyAudible,
    ReplyBroke,
    ReplyPlayed,
    Say,
    SayAsked,
    StartAsked,
)  # fmt: skip
from fsm_agents.machines.joined import CONVERSATION, new_talk
from fsm_agents.machines.session import Session
from fsm_agents.machines.talk import Talk


class Call:
    """A conversation that runs, and what it did last."""

    def __init__(self) -> None:
        self.talk: Talk = new_talk()
        self.did: list[object] = []
        self.post(Connected(), StartAsked(), Entered())
        self.segment = -1

    def post(self, *events: object) -> None:
        for event in events:
            self.did = CONVERSATION.step(self.talk, event).effects

    @property
    def state(self) -> Session:
        found: Session = self.talk.cell("session").state
        return found

    def asks(self) -> None:
        """The caller says something, and a reply to it begins."""
        self.segment += 1
        self.post(FinalTranscript("well?", self.segment))

    def fails(self, *, lasting: bool = False) -> None:
        self.post(ReplyBroke(self.talk.reply, "the voice is away", lasting))

    def plays(self) -> None:
        self.post(ReplyAudible(self.talk.reply), ReplyPlayed(self.talk.reply))

    def is_not_answered(self) -> None:
        """Neither the reply nor its apology can be said."""
        self.asks()
        self.fails()
        self.fails()
        assert any(isinstance(effect, do.GiveUp) for effect in self.did)


def test_the_second_apology_in_a_row_that_fails_is_the_last() -> None:
    call = Call()
    call.is_not_answered()
    assert call.state is Session.RUNNING
    call.is_not_answered()
    assert call.state is Session.ALONE
    assert call.talk.reason == "error: nothing can be said: the voice is away"


def test_an_apology_whose_failure_will_stay_is_the_last() -> None:
    call = Call()
    call.asks()
    call.fails(lasting=True)
    assert call.state is Session.RUNNING  # what answers may be away, and the voice be there
    call.fails(lasting=True)
    assert call.state is Session.ALONE


@pytest.mark.parametrize("apologises", [False, True], ids=["an answer", "an apology"])
def test_what_sounds_to_its_end_forgives(apologises: bool) -> None:
    call = Call()
    call.is_not_answered()
    call.asks()
    if apologises:
        call.fails()
    call.plays()
    call.is_not_answered()
    assert call.state is Session.RUNNING


def test_what_begins_to_sound_or_is_silent_forgives_nothing() -> None:
    """A voice that breaks off each time is not back; nor does an answer without a word prove anything."""
    call = Call()
    call.is_not_answered()
    call.asks()
    call.post(ReplyPlayed(call.talk.reply, sounded=False))
    call.asks()
    call.post(ReplyAudible(call.talk.reply))
    call.fails()
    call.fails()
    assert call.state is Session.ALONE


def test_a_turn_that_waits_behind_the_apology_changes_nothing() -> None:
    """It is taken up in the same step in which the apology fails; that it failed is known all the same."""
    call = Call()
    for expected in (Session.RUNNING, Session.ALONE):
        call.asks()
        call.fails()
        call.post(SayAsked(Say(1, "Please wait.", firm=True)))
        call.asks()  # it cannot end the reply, and waits
        call.fails()
        assert call.state is expected
        if expected is Session.RUNNING:
            assert any(isinstance(effect, do.BeginReply) for effect in call.did)
            call.fails()
            call.post(ReplyPlayed(call.talk.reply, sounded=False))
