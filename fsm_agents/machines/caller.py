"""The caller: what the person does, as the ear tells it. Raises ``WordsHeard`` and ``TurnTaken``; knows nothing of replies.

The hangover of the voice detector is a timer here (``TRAILING``), and so is the end of the turn (``PAUSING``): no stage counts silence.
Words belong to numbered segments, so a late or repeated transcript is known as such and one utterance never becomes two turns.
"""

from __future__ import annotations

from enum import Enum

from fsm_agents.fsm.rows import STAY, Timer, after, drop, never, row
from fsm_agents.fsm.table import StateTable
from fsm_agents.machines.events import (
    Ended,
    FinalTranscript,
    InterimTranscript,
    Opened,
    Parted,
    SpeechStarted,
    SpeechStopped,
    TurnCompleted,
)  # fmt: skip
from fsm_agents.machines.hearing import (
    again,
    all_in,
    any_heard,
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
    is_noise,
    last_words,
    late_words,
    missed,
    new_words,
    note,
    rearm,
    settle_empty,
    take,
    take_final,
)  # fmt: skip
from fsm_agents.machines.talk import Talk

__all__ = ["CALLER", "COMPLETE", "ENDPOINT", "HANGOVER", "TRANSCRIPT", "TURN_LIMIT", "Caller"]


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
TURN_LIMIT = Timer("turn_limit", 30.0, "longer speech without one gap is a detector stuck on noise")

# fmt: off
CALLER: StateTable[Caller, Talk] = StateTable("caller", Caller, start=C.ABSENT, final=(C.GONE,), rows=[
    #     in               on                 to               do                      when
    row  (C.ABSENT,        Opened,            C.QUIET                                               ),
    row  (C.ABSENT,        FinalTranscript,   STAY,            discard,                new_words    ),
    row  (C.ABSENT,        FinalTranscript,   STAY,            discard,                late_words   ),
    drop (C.ABSENT,        SpeechStarted, SpeechStopped, InterimTranscript, FinalTranscript, TurnCompleted),
    never(C.ABSENT,        Parted),

    row  (C.QUIET,         SpeechStarted,     C.TALKING,       begin                                ),
    row  (C.QUIET,         InterimTranscript, C.TRANSCRIBING,  missed,                 new_words    ),   # the detector missed it
    row  (C.QUIET,         FinalTranscript,   STAY,            discard,                late_words   ),
    row  (C.QUIET,         FinalTranscript,   STAY,            take_final,             new_words    ),   # late, or the detector missed it
    drop (C.QUIET,         SpeechStopped, InterimTranscript, FinalTranscript, TurnCompleted),
    never(C.QUIET,         Opened),

    row  (C.TALKING,       SpeechStopped,     C.TRAILING                                            ),
    row  (C.TALKING,       InterimTranscript, STAY,            note,                   new_words    ),
    row  (C.TALKING,       FinalTranscript,   STAY,            discard,                late_words   ),
    row  (C.TALKING,       FinalTranscript,   STAY,            collect,                new_words    ),
    row  (C.TALKING,       FinalTranscript,   STAY,            settle_empty,           is_fresh     ),
    row  (C.TALKING,       TurnCompleted,     C.QUIET,         (finish, rearm, take),  covered      ),   # the detector may still say speech
    after(C.TALKING,       TURN_LIMIT,        C.PAUSING,       (finish, rearm)                      ),
    drop (C.TALKING,       SpeechStarted, InterimTranscript, FinalTranscript, TurnCompleted),
    never(C.TALKING,       Opened),

    row  (C.TRAILING,      SpeechStarted,     C.TALKING                                             ),
    row  (C.TRAILING,      InterimTranscript, STAY,            note,                   new_words    ),
    row  (C.TRAILING,      FinalTranscript,   STAY,            discard,                late_words   ),
    row  (C.TRAILING,      FinalTranscript,   STAY,            collect,                new_words    ),
    row  (C.TRAILING,      FinalTranscript,   STAY,            settle_empty,           is_fresh     ),
    row  (C.TRAILING,      TurnCompleted,     C.QUIET,         (finish, take),         covered      ),
    after(C.TRAILING,      COMPLETE,          C.QUIET,         (finish, take),         is_complete  ),
    after(C.TRAILING,      COMPLETE,          STAY                                                  ),
    after(C.TRAILING,      HANGOVER,          C.PAUSING,       finish                               ),
    drop (C.TRAILING,      SpeechStopped, InterimTranscript, FinalTranscript, TurnCompleted),
    never(C.TRAILING,      Opened),

    row  (C.PAUSING,       SpeechStarted,     C.TALKING,       again                                ),
    row  (C.PAUSING,       InterimTranscript, STAY,            note,                   new_words    ),
    row  (C.PAUSING,       FinalTranscript,   STAY,            discard,                late_words   ),
    row  (C.PAUSING,       FinalTranscript,   C.QUIET,         take_final,             ends_turn    ),
    row  (C.PAUSING,       FinalTranscript,   C.QUIET,         forget,                 is_noise     ),
    row  (C.PAUSING,       FinalTranscript,   STAY,            collect,                new_words    ),
    row  (C.PAUSING,       FinalTranscript,   STAY,            settle_empty,           is_fresh     ),
    row  (C.PAUSING,       TurnCompleted,     C.QUIET,         take,                   covered      ),
    after(C.PAUSING,       ENDPOINT,          C.QUIET,         take,                   all_in       ),
    after(C.PAUSING,       ENDPOINT,          C.TRANSCRIBING                                        ),
    drop (C.PAUSING,       SpeechStopped, InterimTranscript, FinalTranscript, TurnCompleted),
    never(C.PAUSING,       Opened),

    row  (C.TRANSCRIBING,  SpeechStarted,     C.TALKING,       again                                ),
    row  (C.TRANSCRIBING,  InterimTranscript, STAY,            note,                   new_words    ),
    row  (C.TRANSCRIBING,  FinalTranscript,   STAY,            discard,                late_words   ),
    row  (C.TRANSCRIBING,  FinalTranscript,   C.QUIET,         take_final,             last_words   ),
    row  (C.TRANSCRIBING,  FinalTranscript,   C.QUIET,         forget,                 is_last      ),   # all of it was noise
    row  (C.TRANSCRIBING,  FinalTranscript,   STAY,            collect,                new_words    ),
    row  (C.TRANSCRIBING,  FinalTranscript,   STAY,            settle_empty,           is_fresh     ),
    row  (C.TRANSCRIBING,  TurnCompleted,     C.QUIET,         take,                   covered      ),
    after(C.TRANSCRIBING,  TRANSCRIPT,        C.QUIET,         take,                   any_heard    ),   # interim words, if there are no others
    after(C.TRANSCRIBING,  TRANSCRIPT,        C.QUIET,         forget                               ),
    drop (C.TRANSCRIBING,  SpeechStopped, InterimTranscript, FinalTranscript, TurnCompleted),
    never(C.TRANSCRIBING,  Opened),

    row  (PRESENT,         Parted,            C.ABSENT,        discard_held                         ),
    row  (C.ABSENT,        Ended,             C.GONE                                                ),
    never(PRESENT,         Ended),

    row  (C.GONE,          FinalTranscript,   STAY,            discard,                new_words    ),
    row  (C.GONE,          FinalTranscript,   STAY,            discard,                late_words   ),
    drop (C.GONE,          SpeechStarted, SpeechStopped, InterimTranscript, FinalTranscript, TurnCompleted),
    never(C.GONE,          Opened, Parted, Ended),
])
# fmt: on
