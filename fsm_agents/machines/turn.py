"""The turn: who may speak. The only machine with ``always`` rows: it reads where caller and reply rest, and never copies either.

``say()`` is queued and flushed by whoever may speak; a question stays pending until its answer is audible; a cut ends the speaking, never
a tool. The label that users see is computed from the three machines (:mod:`fsm_agents.machines.label`).
"""

from __future__ import annotations

from enum import Enum

from fsm_agents.fsm.rows import STAY, All, Level, Timer, after, always, anywhere, drop, never, row
from fsm_agents.fsm.table import StateTable
from fsm_agents.machines.caller import Caller as C
from fsm_agents.machines.events import Ended, Interrupted, ReplyFailed, SayAccepted, Silenced, TurnTaken, WordsHeard, WordsLost
from fsm_agents.machines.floor import (
    apologise,
    ask_again,
    close,
    cut,
    cut_and_keep,
    discard_all,
    firm,
    forced_or_soft,
    give_up,
    hold,
    hush,
    interject,
    is_apology,
    is_mute,
    keep,
    miss,
    no_tools,
    queue,
    requeue,
    resume,
    say_waiting,
    soft,
    speak,
    stop,
    text_pending,
    wake_up,
    words_lost,
)  # fmt: skip
from fsm_agents.machines.reply import OVER
from fsm_agents.machines.reply import Reply as R
from fsm_agents.machines.session import Session as S
from fsm_agents.machines.talk import Talk

__all__ = ["BARGE_IN", "FLOOR", "TURN", "WAKE_UP", "Turn"]


class Turn(Enum):
    """Who may speak."""

    AWAY = "nobody to talk to"
    LISTENING = "nobody speaks, nothing is owed"
    YIELDING = "the caller has the floor"
    ANSWERING = "our reply has the floor"
    HOLDING = "the caller talks over us: undecided, our gate is shut"
    OVERLAPPING = "what cannot be interrupted goes on under the caller"
    CLOSED = "the session is over"


T = Turn
FLOOR = (T.ANSWERING, T.HOLDING, T.OVERLAPPING)
"""The states in which a reply is alive."""
UNDER_CALLER = (T.HOLDING, T.OVERLAPPING)
LIVE_TURN = (T.AWAY, T.LISTENING, T.YIELDING, *FLOOR)

WAKE_UP = Timer("wake_up", None, "off unless AgentSession(wake_up=…) says after how many seconds")
BARGE_IN = Timer("barge_in", 0.5, "how long speech must last to end ours without words: longer than a cough with its hangover")

PRESENT = Level("caller", (C.QUIET, C.TALKING, C.TRAILING, C.PAUSING, C.TRANSCRIBING))
ABSENT = Level("caller", (C.ABSENT, C.GONE))
TALKS = Level("caller", (C.TALKING, C.TRAILING))
TALKS_NOT = Level("caller", (C.TALKING, C.TRAILING), negated=True)
HAS_FLOOR = Level("caller", (C.TALKING, C.TRAILING, C.PAUSING, C.TRANSCRIBING))
HAS_NO_FLOOR = Level("caller", (C.QUIET, C.ABSENT, C.GONE))
RUNS = Level("session", (S.RUNNING,))
REPLY_OVER = Level("reply", OVER)
SOUNDS = Level("reply", (R.AUDIBLE,))

# fmt: off
TURN: StateTable[Turn, Talk] = StateTable("turn", Turn, start=T.AWAY, final=(T.CLOSED,), rows=[
    #      in               to               do            when
    always(T.AWAY,          T.LISTENING,     None,         PRESENT                     ),
    always(T.AWAY,          T.ANSWERING,     speak,        say_waiting                 ),   # the goodbye in on_exit
    always(T.LISTENING,     T.AWAY,          None,         ABSENT                      ),
    always(T.LISTENING,     T.YIELDING,      None,         HAS_FLOOR                   ),
    always(T.LISTENING,     T.ANSWERING,     speak,        text_pending                ),   # the only place where a turn is committed
    always(T.LISTENING,     T.ANSWERING,     ask_again,    words_lost                  ),   # what the caller said was not understood
    always(T.LISTENING,     T.ANSWERING,     speak,        say_waiting                 ),
    always(T.YIELDING,      T.LISTENING,     None,         HAS_NO_FLOOR                ),
    always(T.ANSWERING,     T.LISTENING,     None,         REPLY_OVER                  ),
    always(T.ANSWERING,     T.OVERLAPPING,   None,         All((firm, SOUNDS, TALKS))  ),
    always(T.ANSWERING,     T.HOLDING,       hold,         TALKS                       ),
    always(T.ANSWERING,     STAY,            interject,    say_waiting                 ),
    always(T.HOLDING,       T.YIELDING,      None,         REPLY_OVER                  ),   # it ended while held
    always(T.HOLDING,       T.ANSWERING,     resume,       TALKS_NOT                   ),   # a cough
    always(T.OVERLAPPING,   T.YIELDING,      None,         REPLY_OVER                  ),
    always(T.OVERLAPPING,   T.ANSWERING,     None,         TALKS_NOT                   ),
    always(T.OVERLAPPING,   T.HOLDING,       hold,         All((soft, TALKS))          ),   # what could not be interrupted has sounded
    always(T.OVERLAPPING,   STAY,            interject,    say_waiting                 ),

    #      in               on / timer       to            do                    when
    after (T.LISTENING,     WAKE_UP,         T.LISTENING,  wake_up,              All((RUNS, no_tools))),
    after (T.LISTENING,     WAKE_UP,         T.LISTENING                                       ),   # on_enter or a tool runs
    after (T.HOLDING,       BARGE_IN,        T.OVERLAPPING, resume,              firm          ),
    after (T.HOLDING,       BARGE_IN,        T.YIELDING,   cut                                 ),

    row   (T.ANSWERING,     WordsHeard,      T.YIELDING,   cut,                  soft          ),
    row   (T.HOLDING,       WordsHeard,      T.YIELDING,   cut,                  soft          ),
    drop  ((T.LISTENING, T.YIELDING, *FLOOR), WordsHeard),
    never (T.AWAY,          WordsHeard),

    row   (T.ANSWERING,     TurnTaken,       T.LISTENING,  cut_and_keep,         soft          ),
    row   (T.HOLDING,       TurnTaken,       T.LISTENING,  cut_and_keep,         soft          ),
    row   ((T.LISTENING, T.YIELDING, *FLOOR), TurnTaken, STAY, keep                            ),
    never (T.AWAY,          TurnTaken),

    row   ((T.LISTENING, T.YIELDING, *FLOOR), WordsLost, STAY, miss                            ),
    never (T.AWAY,          WordsLost),

    row   (FLOOR,           Interrupted,     T.LISTENING,  stop,                 forced_or_soft),
    drop  (LIVE_TURN,       Interrupted),

    row   (T.ANSWERING,     ReplyFailed,     T.LISTENING,  (give_up, close),     is_mute       ),   # a mute agent must not keep a caller
    row   (T.ANSWERING,     ReplyFailed,     T.LISTENING,  give_up,              is_apology    ),   # or the apology apologises for ever
    row   (T.ANSWERING,     ReplyFailed,     STAY,         apologise                           ),
    row   (UNDER_CALLER,    ReplyFailed,     T.YIELDING,   (give_up, close),     is_mute       ),
    row   (UNDER_CALLER,    ReplyFailed,     T.YIELDING,   give_up,              is_apology    ),
    row   (UNDER_CALLER,    ReplyFailed,     T.YIELDING,   requeue                             ),   # asked again, with the caller's next words
    never ((T.AWAY, T.LISTENING, T.YIELDING), ReplyFailed),

    row   (FLOOR,           Silenced,        T.AWAY,       hush                                ),
    row   ((T.LISTENING, T.YIELDING), Silenced, T.AWAY,    discard_all                         ),
    never (T.AWAY,          Silenced),

    anywhere(               SayAccepted,     STAY,         queue,                but=(T.CLOSED,)),
    row   (T.ANSWERING,     Ended,           T.CLOSED,     hush                                ),   # the goodbye took too long
    row   (T.AWAY,          Ended,           T.CLOSED                                          ),
    never ((T.LISTENING, T.YIELDING, T.HOLDING, T.OVERLAPPING), Ended),

    never (T.CLOSED,        WordsHeard, WordsLost, TurnTaken, Interrupted, ReplyFailed, Silenced, SayAccepted, Ended),
])
# fmt: on
