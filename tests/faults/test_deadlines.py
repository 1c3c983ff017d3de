"""The longest silence that a fault makes with the default deadlines, computed and not waited for: callers bear eight seconds.

One fault at a time; what stands before and after it takes as long as it usually does in the field. A voice that stays away cannot be
apologised for by itself: that takes a second one (``FallbackTTS``), or ends the session.
"""

from __future__ import annotations

import pytest

from fsm_agents.machines.caller import ENDPOINT, HANGOVER, TRANSCRIPT, UNHEARD
from fsm_agents.machines.link import BACKOFF
from fsm_agents.machines.reply import DEAD_AIR
from fsm_agents.plugins.openai import OpenAILLM, OpenAIRealtime, OpenAISTT, OpenAITTS
from fsm_agents.plugins.openai.account import Account
from fsm_agents.plugins.openai.realtime_session import PING_EVERY, PONG_WITHIN

BEARABLE = 8.0
WORDS, TOKEN, SOUND, CONNECTED = 0.8, 0.7, 0.5, 0.5
"""Seconds until the words of an utterance, the first of an answer, the first sound and a connection are there, where nothing is wrong."""


def seconds(timer: object) -> float:
    """Of a timer of the tables."""
    return float(timer.seconds)  # type: ignore[attr-defined]


PAUSE = seconds(HANGOVER) + seconds(ENDPOINT)


def beginning(account: Account) -> float:
    """Seconds until the last try has failed, if none of them begins to answer."""
    return min(account.patience, account.timeout * (account.max_retries + 1) + 10)


ear, mind, voice = OpenAISTT().account, OpenAILLM()._account, OpenAITTS()._account
model = OpenAIRealtime()
link = model._account
TAIL = model.tail or 0.0

SILENCES = {
    "stt, whatever it does": min(seconds(HANGOVER) + beginning(ear), PAUSE + seconds(TRANSCRIPT) + seconds(UNHEARD)) + SOUND,
    "llm, no beginning": PAUSE + WORDS + beginning(mind) + SOUND,
    "llm, a stall in its answer": PAUSE + WORDS + TOKEN + mind.stall + SOUND,
    "tts, no beginning": PAUSE + WORDS + TOKEN + beginning(voice) + SOUND,
    "tts, a stall in its sound": voice.stall + SOUND,
    "realtime, no response": TAIL + link.stall + seconds(BACKOFF) + CONNECTED + SOUND,
    "realtime, a stall in its sound": link.stall + seconds(BACKOFF) + CONNECTED + SOUND,
    "realtime, an open line to nobody": TAIL + PING_EVERY + PONG_WITHIN + seconds(BACKOFF) + CONNECTED + SOUND,
    "realtime, a broken line and one connection that hangs": TAIL
    + seconds(BACKOFF)
    + link.timeout
    + 2 * seconds(BACKOFF)
    + CONNECTED
    + SOUND,
}


@pytest.mark.parametrize("what", SILENCES)
def test_no_fault_makes_a_silence_of_more_than_eight_seconds(what: str) -> None:
    assert SILENCES[what] <= BEARABLE, f"{what}: {SILENCES[what]:.1f} s"


@pytest.mark.parametrize("account", [ear, mind, voice], ids=lambda account: account.who)
def test_retries_are_inside_of_the_deadline(account: Account) -> None:
    """All tries together take no longer than one may: a second one begins only if there is time left."""
    assert account.patience == account.timeout


def test_the_reason_of_a_failure_is_known_before_the_table_gives_up() -> None:
    """The line in the log says which server did what, and not only that nothing sounded."""
    assert max(mind.patience, TOKEN + voice.patience, TOKEN + mind.stall, link.stall) < seconds(DEAD_AIR)
