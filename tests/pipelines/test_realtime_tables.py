"""The two small tables of a realtime conversation: they are sound, and each response and each item ends as it should."""

from __future__ import annotations

from typing import Any

import pytest

from fsm_agents.fsm.check import check
from fsm_agents.machines.joined import new_talk
from fsm_agents.machines.turn import Turn
from fsm_agents.pipelines.realtime_input import (
    INPUT,
    Commit,
    DeleteItem,
    FinishAsked,
    Hearing,
    Input,
    Learn,
    TellStopped,
    TellWords,
    new_input,
)  # fmt: skip
from fsm_agents.pipelines.realtime_response import (
    RESPONSE,
    CancelResponse,
    Leftover,
    Lost,
    Responding,
    Response,
    StopAsked,
)  # fmt: skip
from fsm_agents.stages.realtime import (
    InputCommitted,
    InputStopped,
    InputUnread,
    InputWords,
    RealtimeRefused,
    RealtimeRequest,
    ResponseAudio,
    ResponseCreated,
    ResponseEnded,
    ResponseText,
)  # fmt: skip

TEXT = ResponseText("x", "i", "hello", spoken=True)
SOUND = ResponseAudio("x", "i", b"\x01\x00")
CREATED = ResponseCreated("x", "r1")
ENDED = ResponseEnded("x", "completed")


@pytest.mark.parametrize("table", [RESPONSE, INPUT], ids=lambda table: table.name)
def test_the_tables_are_sound(table: Any) -> None:
    """No state without a way out, no row that cannot be taken, nobody waits for nobody."""
    assert [str(finding) for finding in check(table)] == []


def response(*events: object, exactly: str = "") -> tuple[Responding, list[Any], list[Any]]:
    """Where a response ends after these events, what its reader is told, and what the provider is."""
    asked: list[Any] = []
    made = Response(RealtimeRequest("r1", exactly), asked.append)
    for event in events:
        made.post(event)
    return made.state, list(made._told), asked


@pytest.mark.parametrize(
    ("events", "state", "told", "asked"),
    [
        ((CREATED, TEXT, SOUND, ENDED), Responding.OVER, [TEXT, SOUND, ENDED], []),
        ((CREATED, CREATED, ENDED, ENDED, TEXT, SOUND), Responding.OVER, [ENDED], []),
        ((StopAsked(), CREATED, TEXT, ENDED), Responding.OVER, [], [CancelResponse(""), CancelResponse("x"), Leftover("i")]),
        ((CREATED, TEXT, StopAsked(), StopAsked(), SOUND), Responding.STOPPING, [TEXT], [CancelResponse("x"), Leftover("i")]),
        ((RealtimeRefused("r1", "no"),), Responding.OVER, [RealtimeRefused("r1", "no")], []),
        ((StopAsked(), RealtimeRefused("r1", "no")), Responding.OVER, [], [CancelResponse("")]),
        (
            (CREATED, RealtimeRefused("", "no", failed=True)),
            Responding.OVER,
            [RealtimeRefused("", "no", failed=True)],
            [CancelResponse("x")],
        ),
        ((Lost("gone"),), Responding.OVER, [Lost("gone")], []),
        ((CREATED, TEXT, Lost("gone"), TEXT), Responding.OVER, [TEXT, Lost("gone")], []),
        ((CREATED, StopAsked(), Lost("gone")), Responding.OVER, [], [CancelResponse("x")]),
        ((TEXT, ENDED), Responding.WANTED, [], []),
    ],
)
def test_a_response(events: tuple[object, ...], state: Responding, told: list[Any], asked: list[Any]) -> None:
    """Its reader gets what counts, in order; what is given up is stopped, and leaves nothing behind."""
    assert response(*events) == (state, told, asked)


def test_a_response_outside_of_the_conversation_leaves_nothing_there() -> None:
    """Nothing is to be deleted, and without its name it cannot be stopped."""
    assert response(StopAsked(), CREATED, TEXT, exactly="Hello.") == (Responding.STOPPING, [], [CancelResponse("x")])


def item(
    *events: object, turn: Turn = Turn.LISTENING, transcribed: bool = True, read: bool = False, finished: bool = False
) -> tuple[Hearing, list[Any]]:
    """Where an item ends after these events, and what is asked."""
    talk = new_talk()
    cell = talk.cell("turn")
    cell.node = next(node for node in _turn_nodes() if node.member is turn)
    heard = new_input(Input(talk, 7, transcribed, read, finished))
    effects = [effect for event in events for effect in INPUT.engine.step(heard, event) or ()]
    return heard.state, effects


def _turn_nodes() -> list[Any]:
    from fsm_agents.machines.turn import TURN

    return list(TURN.engine.states.values())


STOPPED, COMMITTED = InputStopped("i"), InputCommitted("i")
UNREAD = TellWords("<speech 7>", final=True)


def words(text: str, *, final: bool = True) -> InputWords:
    """Words of the item."""
    return InputWords("i", text, final)


def test_an_item_counts_at_its_commit() -> None:
    """Nobody waits for words; they are learnt when they come."""
    assert item(STOPPED, COMMITTED) == (Hearing.SETTLED, [TellStopped(), UNREAD])
    assert item(STOPPED, COMMITTED, words("hi"))[1][2:] == [Learn("hi")]


@pytest.mark.parametrize("turn", [Turn.ANSWERING, Turn.HOLDING, Turn.OVERLAPPING])
def test_over_the_agent_words_decide(turn: Turn) -> None:
    """A word cuts at once, a final one ends the turn, no word is noise, and what cannot be read counts."""
    assert item(STOPPED, COMMITTED, turn=turn) == (Hearing.AWAITED, [TellStopped()])
    assert item(COMMITTED, words("st", final=False), turn=turn)[1] == [TellWords("st", final=False)]
    assert item(COMMITTED, words("stop"), turn=turn) == (Hearing.SETTLED, [Learn("stop"), TellWords("stop", final=True)])
    assert item(COMMITTED, words(""), turn=turn) == (Hearing.EMPTY, [])
    noise = [Learn(""), DeleteItem(), TellWords("", final=True)]
    assert item(COMMITTED, words(""), FinishAsked(), turn=turn) == (Hearing.SETTLED, noise)
    assert item(COMMITTED, words(" "), turn=turn, finished=True) == (Hearing.SETTLED, noise)
    assert item(COMMITTED, InputUnread("i", "why"), turn=turn) == (Hearing.SETTLED, [UNREAD])
    assert item(COMMITTED, turn=turn, transcribed=False) == (Hearing.SETTLED, [UNREAD])


def test_whoever_reads_gets_words() -> None:
    """A flow that reads the transcript waits for it."""
    assert item(COMMITTED, read=True)[0] is Hearing.AWAITED
    assert item(COMMITTED, words("hi"), read=True)[1][-1] == TellWords("hi", final=True)


def test_words_may_overtake_the_commit() -> None:
    """Then nothing more is needed."""
    assert item(words("hi"), COMMITTED, STOPPED) == (Hearing.SETTLED, [Learn("hi"), TellWords("hi", final=True)])


def test_speech_without_an_end_is_committed() -> None:
    """The table asks for the words of what goes on for too long."""
    assert item(FinishAsked()) == (Hearing.SOUNDING, [Commit()])
    assert item(STOPPED, FinishAsked()) == (Hearing.STOPPED, [TellStopped()])
