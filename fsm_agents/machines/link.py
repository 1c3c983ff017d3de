"""The link: a connection to a provider, with its retries. One for each provider of a session; it talks one way, and is joined to nothing.

Where there are several providers for one stage, each has a link of its own, and the first that is not left out is used. A provider that
is asked anew for each answer has a link, too: an answer that is asked of it dials, the first of what it answers is the connection.
"""

from __future__ import annotations

from enum import Enum

import attrs

from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.rows import STAY, Effects, Timer, after, anywhere, drop, owes, row
from fsm_agents.fsm.table import StateTable

__all__ = [
    "BACKOFF", "COOL_DOWN", "DIAL_LIMIT", "LINK", "MOST_TRIES", "STEADY", "Dial", "DialAsked", "DialFailed", "DialInsisted", "Dialed",
    "HangUp", "HangUpAsked", "Line", "Link", "LinkBroke", "LinkDown", "LinkUp", "RenewAsked", "link_joint",
]  # fmt: skip

MOST_TRIES = 4
"""Tries in a row before a link is given up until it has cooled down: about 4 s in all with the doubling backoff."""


@attrs.define(eq=False)
class Line(Shared):
    """The data of one link: how many tries in a row have failed."""

    failures: int = 0


@attrs.frozen
class DialAsked:
    """The provider is needed."""


@attrs.frozen
class DialInsisted:
    """The provider is needed although it is left out: there is no other."""


@attrs.frozen
class Dialed:
    """The connection stands."""


@attrs.frozen
class DialFailed:
    """It could not be made; ``retryable``: trying again may help."""

    reason: str
    retryable: bool = True


@attrs.frozen
class LinkBroke:
    """It stood, and is gone; ``retryable``: connecting again may help."""

    reason: str
    retryable: bool = True


@attrs.frozen
class RenewAsked:
    """It stands, and is to be made anew, on purpose: the other side is about to end it. That is no failure."""


@attrs.frozen
class HangUpAsked:
    """The provider is not needed any more."""


@attrs.frozen
class Dial:
    """Connect; post ``Dialed`` or ``DialFailed``."""


@attrs.frozen
class HangUp:
    """Close whatever is open."""


@attrs.frozen
class LinkUp:
    """Whoever waits may use the provider."""


@attrs.frozen
class LinkDown:
    """Whoever waits must do without it for now."""

    reason: str


class Link(Enum):
    """How a provider can be reached."""

    DOWN = "not connected, not needed"
    DIALING = "being connected"
    UP = "connected"
    WAITING = "will be tried again"
    COOLING = "given up until it has cooled down"
    CLOSED = "not used any more"


L = Link


def _doubled(line: Line) -> int:
    return 1 << min(line.failures - 1, 4)


DIAL_LIMIT = Timer("dial_limit", 10.0, "the usual connect deadline of HTTP clients")
BACKOFF = Timer("backoff", 0.5, "doubled with each failure, at most 8 s: what the providers' own clients do", factor=_doubled)
STEADY = Timer("steady", 30.0, "longer than the longest run of retries")
COOL_DOWN = Timer("cool_down", 60.0, "how long the peers leave a failed provider out")


def may_retry(failed: DialFailed | LinkBroke, line: Line) -> bool:
    """Trying again may help, and has not been tried too often."""
    return failed.retryable and line.failures + 1 < MOST_TRIES


def not_too_often(event: object, line: Line) -> bool:
    """It has not been tried too often."""
    return line.failures + 1 < MOST_TRIES


def dial(event: object, line: Line) -> Effects:
    """Try."""
    return (Dial(),)


def up(event: Dialed, line: Line) -> Effects:
    """It stands. Earlier failures are remembered until it has proved steady: one that connects and breaks in turn is not up."""
    return (LinkUp(),)


def forgive(event: object, line: Line) -> Effects:
    """It is steady; earlier failures are forgotten."""
    return (Set("failures", 0),)


def count(event: object, line: Line) -> Effects:
    """One more failure."""
    return (Set("failures", line.failures + 1),)


def give_up(failed: DialFailed | LinkBroke, line: Line) -> Effects:
    """Do without it."""
    return Set("failures", 0), LinkDown(failed.reason)


def too_late(event: object, line: Line) -> Effects:
    """It did not answer, too often."""
    return HangUp(), Set("failures", 0), LinkDown("it did not answer in time")


def hang_up(event: object, line: Line) -> Effects:
    """Close what is open."""
    return (HangUp(),)


# fmt: off
LINK: StateTable[Link, Line] = StateTable("link", Link, start=L.DOWN, final=(L.CLOSED,), rows=[
    #     in          on             to           do                     when
    row  (L.DOWN,     DialAsked,     L.DIALING,   dial                               ),
    row  (L.DOWN,     DialInsisted,  L.DIALING,   dial                               ),
    owes (L.DOWN,     "whoever needs the provider"),
    drop (L.DOWN,     Dialed, DialFailed, LinkBroke, RenewAsked),

    row  (L.DIALING,  Dialed,        L.UP,        up                                 ),
    row  (L.DIALING,  DialFailed,    L.WAITING,   count,                 may_retry   ),
    row  (L.DIALING,  DialFailed,    L.COOLING,   give_up                            ),
    after(L.DIALING,  DIAL_LIMIT,    L.WAITING,   (hang_up, count),      not_too_often),
    after(L.DIALING,  DIAL_LIMIT,    L.COOLING,   too_late                           ),
    drop (L.DIALING,  DialAsked, DialInsisted, LinkBroke, RenewAsked),

    row  (L.UP,       LinkBroke,     L.WAITING,   count,                 may_retry   ),
    row  (L.UP,       LinkBroke,     L.COOLING,   give_up                            ),
    row  (L.UP,       RenewAsked,    L.DIALING,   (hang_up, dial)                    ),   # nothing failed: no count, no pause
    after(L.UP,       STEADY,        STAY,        forgive                            ),
    owes (L.UP,       "the provider: the connection stands or breaks"),
    drop (L.UP,       DialAsked, DialInsisted, Dialed, DialFailed),

    after(L.WAITING,  BACKOFF,       L.DIALING,   dial                               ),
    row  (L.WAITING,  DialInsisted,  L.DIALING,   dial                               ),
    drop (L.WAITING,  DialAsked, Dialed, DialFailed, LinkBroke, RenewAsked),

    after(L.COOLING,  COOL_DOWN,     L.DOWN                                          ),
    row  (L.COOLING,  DialInsisted,  L.DIALING,   dial                               ),
    drop (L.COOLING,  DialAsked, Dialed, DialFailed, LinkBroke, RenewAsked),

    anywhere(         HangUpAsked,   L.CLOSED,    hang_up,               but=(L.CLOSED,)),
    row  (L.CLOSED,   Dialed,        STAY,        hang_up                            ),   # it connected too late
    drop (L.CLOSED,   DialAsked, DialInsisted, DialFailed, LinkBroke, RenewAsked, HangUpAsked),
])
# fmt: on


def link_joint() -> Joint[Line]:
    """The link as a machine of its own."""
    return Joint("link", {"link": LINK})
