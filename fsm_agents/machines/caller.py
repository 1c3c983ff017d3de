"""The caller: what the person does, as the ear tells it. Raises ``WordsHeard`` and ``TurnTaken``; knows nothing of replies.

The hangover of the voice detector is a timer here (``TRAILING``), and so is the end of the turn (``PAUSING``): no stage counts silence.
Words belong to numbered segments, so a late or repeated transcript is known as such and one utterance never becomes two turns.
"""

from __future__ import annotations

from enum import Enum

from fsm_agents.fsm.rows import STAY, Timer, after, drop, never, owes, row
from fsm_agents.fsm.table import StateTable
from fsm_agents.machines.events import (
    Ended,
    FinalTranscript,
    InterimTranscript,
    Opened,
    Parted,
    SpeechStarted,
    SpeechStopped,
    TranscriptLost,
    TurnCompleted,
)  # fmt: skip
from fsm_agents.machines.hearing import (
    again,
    all_in,
    all_is_lost,
    any_heard,
    any_words,
    begin,
    collect,
    covered,
    discard,
    discard_held,
    ends_turn,
    finish,
    forget,
    is_complete,
    is_fresh,
    is_last,
    is_news,
    is_noise,
    last_words,
    late_words,
    lose,
    lose_overdue,
    missed_words,
    new_words,
    note,
    nothing_said,
    rearm,
    rest_is_lost,
    settle_empty,
    take,
    take_final,
    take_rest,
    turn_away,
)  # fmt: skip
from fsm_agents.machines.talk import Talk

__all__ = ["CALLER", "COMPLETE", "ENDPOINT", "HANGOVER", "TRANSCRIPT", "TURN_LIMIT", "UNHEARD", "Caller"]


class Caller(Enum):
    """What the caller does."""

    ABSENT = "not in the meeting"
    QUIET = "says nothing"
    TALKING = "speaks"
    TRAILING = "no speech is heard; it may be a gap between words"
    PAUSING = "fell silent, may go on"
    TRANSCRIBING = "the turn is over, its words are not in yet"
    GONE = "the session is over"


C = Caller
PRESENT = (C.QUIET, C.TALKING, C.TRAILING, C.PAUSING, C.TRANSCRIBING)

COMPLETE = Timer(
    "complete", 0.06, "a whole sentence may end the turn 100 to 150 ms after the voice: the detector's tail and this"
)
HANGOVER = Timer(
    "hangover", 0.2, "shorter gaps stand between words; 200 ms split one or two of 40 phrases in noise, none in quiet"
)
ENDPOINT = Timer("endpoint", 0.3, "0.5 s of silence together with the hangover: the least delay that is usual in the field")
TRANSCRIPT = Timer("transcript", 2.0, "how long a last transcript is usually waited for; then interim words are used")
UNHEARD = Timer(
    "unheard",
    5.0,
    "with all that went before, below the 8 s after which callers hang up on silence",
    lambda talk: bool(talk.overdue),
)
TURN_LIMIT = Timer("turn_limit", 30.0, "longer speech without one gap is a detector stuck on noise")

# fmt: off
CALLER: StateTable[Caller, Talk] = StateTable("caller", Caller, start=C.ABSENT, final=(C.GONE,), rows=[
    #     in               on                 to               do                      when
    row  (C.ABSENT,        Opened,            C.QUIET                                               ),
    row  (C.ABSENT,        FinalTranscript,   STAY,            turn_away,              any_words    ),
    drop (C.ABSENT,        SpeechStarted, SpeechStopped, InterimTranscript, FinalTranscript, TranscriptLost, TurnCompleted),
    owes (C.ABSENT,        "the session: it lets the caller in, or ends"),
    never(C.ABSENT,        Parted),

    row  (C.QUIET,         SpeechStarted,     C.TALKING,       begin                                ),
    row  (C.QUIET,         InterimTranscript, C.TRANSCRIBING,  note,                   missed_words ),   # overdue, or the detector missed it
    row  (C.QUIET,         FinalTranscript,   C.QUIET,         take_final,             is_news      ),   # as above
    row  (C.QUIET,         FinalTranscript,   STAY,            discard,                late_words   ),
    row  (C.QUIET,         TranscriptLost,    C.QUIET,         lose,                   is_fresh     ),
    after(C.QUIET,         UNHEARD,           C.QUIET,         lose_overdue                         ),   # armed if something is overdue
    owes (C.QUIET,         "the caller: speaks, or is silent until the wake-up"),
    drop (C.QUIET,         SpeechStopped, InterimTranscript, FinalTranscript, TranscriptLost, TurnCompleted),
    never(C.QUIET,         Opened),

    row  (C.TALKING,       SpeechStopped,     C.TRAILING                                            ),
    row  (C.TALKING,       InterimTranscript, STAY,            note,                   new_words    ),
    row  (C.TALKING,       FinalTranscript,   STAY,            discard,                late_words   ),
    row  (C.TALKING,       FinalTranscript,   STAY,            collect,                new_words    ),
    row  (C.TALKING,       FinalTranscript,   STAY,            settle_empty,           is_fresh     ),
    row  (C.TALKING,       TranscriptLost,    STAY,            lose,                   is_fresh     ),
    row  (C.TALKING,       TurnCompleted,     C.QUIET,         (finish, rearm, take),  covered      ),   # the detector may still say speech
    after(C.TALKING,       TURN_LIMIT,        C.PAUSING,       (finish, rearm)                      ),
    drop (C.TALKING,       SpeechStarted, InterimTranscript, FinalTranscript, TranscriptLost, TurnCompleted),
    never(C.TALKING,       Opened),

    row  (C.TRAILING,      SpeechStarted,     C.TALKING                                             ),
    row  (C.TRAILING,      InterimTranscript, STAY,            note,                   new_words    ),
    row  (C.TRAILING,      FinalTranscript,   STAY,            discard,                late_words   ),
    row  (C.TRAILING,      FinalTranscript,   STAY,            collect,                new_words    ),
    row  (C.TRAILING,      FinalTranscript,   STAY,            settle_empty,           is_fresh     ),
    row  (C.TRAILING,      TranscriptLost,    STAY,            lose,                   is_fresh     ),
    row  (C.TRAILING,      TurnCompleted,     C.QUIET,         (finish, take),         covered      ),
    after(C.TRAILING,      COMPLETE,          C.QUIET,         (finish, take),         is_complete  ),
    after(C.TRAILING,      COMPLETE,          STAY                                                  ),
    after(C.TRAILING,      HANGOVER,          C.PAUSING,       finish                               ),
    drop (C.TRAILING,      SpeechStopped, InterimTranscript, FinalTranscript, TranscriptLost, TurnCompleted),
    never(C.TRAILING,      Opened),

    row  (C.PAUSING,       SpeechStarted,     C.TALKING,       again                                ),
    row  (C.PAUSING,       InterimTranscript, STAY,            note,                   new_words    ),
    row  (C.PAUSING,       FinalTranscript,   STAY,            discard,                late_words   ),
    row  (C.PAUSING,       FinalTranscript,   C.QUIET,         take_final,             ends_turn    ),
    row  (C.PAUSING,       FinalTranscript,   C.QUIET,         forget,                 is_noise     ),
    row  (C.PAUSING,       FinalTranscript,   STAY,            collect,                new_words    ),
    row  (C.PAUSING,       FinalTranscript,   STAY,            settle_empty,           is_fresh     ),
    row  (C.PAUSING,       TranscriptLost,    C.QUIET,         lose,                   all_is_lost  ),
    row  (C.PAUSING,       TranscriptLost,    STAY,            lose,                   is_fresh     ),
    row  (C.PAUSING,       TurnCompleted,     C.QUIET,         take,                   covered      ),
    after(C.PAUSING,       ENDPOINT,          C.QUIET,         take,                   all_in       ),
    after(C.PAUSING,       ENDPOINT,          C.QUIET,         None,                   nothing_said ),
    after(C.PAUSING,       ENDPOINT,          C.TRANSCRIBING                                        ),
    drop (C.PAUSING,       SpeechStopped, InterimTranscript, FinalTranscript, TranscriptLost, TurnCompleted),
    never(C.PAUSING,       Opened),

    row  (C.TRANSCRIBING,  SpeechStarted,     C.TALKING,       again                                ),
    row  (C.TRANSCRIBING,  InterimTranscript, STAY,            note,                   new_words    ),
    row  (C.TRANSCRIBING,  FinalTranscript,   STAY,            discard,                late_words   ),
    row  (C.TRANSCRIBING,  FinalTranscript,   C.QUIET,         take_final,             last_words   ),
    row  (C.TRANSCRIBING,  FinalTranscript,   C.QUIET,         forget,                 is_last      ),   # all of it was noise
    row  (C.TRANSCRIBING,  FinalTranscript,   STAY,            collect,                new_words    ),
    row  (C.TRANSCRIBING,  FinalTranscript,   STAY,            settle_empty,           is_fresh     ),
    row  (C.TRANSCRIBING,  TranscriptLost,    C.QUIET,         take_rest,              rest_is_lost ),   # the rest of it is better than none
    row  (C.TRANSCRIBING,  TranscriptLost,    C.QUIET,         lose,                   all_is_lost  ),
    row  (C.TRANSCRIBING,  TranscriptLost,    STAY,            lose,                   is_fresh     ),
    row  (C.TRANSCRIBING,  TurnCompleted,     C.QUIET,         take,                   covered      ),
    after(C.TRANSCRIBING,  TRANSCRIPT,        C.QUIET,         take,                   any_heard    ),   # interim words, if there are no others
    after(C.TRANSCRIBING,  TRANSCRIPT,        C.QUIET,         forget                               ),
    drop (C.TRANSCRIBING,  SpeechStopped, InterimTranscript, FinalTranscript, TranscriptLost, TurnCompleted),
    never(C.TRANSCRIBING,  Opened),

    row  (PRESENT,         Parted,            C.ABSENT,        discard_held                         ),
    row  (C.ABSENT,        Ended,             C.GONE                                                ),
    never(PRESENT,         Ended),

    row  (C.GONE,          FinalTranscript,   STAY,            turn_away,              any_words    ),
    drop (C.GONE,          SpeechStarted, SpeechStopped, InterimTranscript, FinalTranscript, TranscriptLost, TurnCompleted),
    never(C.GONE,          Opened, Parted, Ended),
])
# fmt: on
