"""The link: tried, tried again with doubling pauses, given up, cooled down; never flapping, never stuck."""

from __future__ import annotations

from collections.abc import Iterator

from fsm_agents.fsm.check import check
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.explore import Graph, Move, Properties, World, explore
from fsm_agents.fsm.joint import Joint
from fsm_agents.fsm.mutants import score
from fsm_agents.machines.link import (
    LINK,
    MOST_TRIES,
    Dial,
    DialAsked,
    Dialed,
    DialFailed,
    DialInsisted,
    HangUp,
    HangUpAsked,
    Line,
    Link,
    LinkBroke,
    LinkDown,
    LinkUp,
    RenewAsked,
    link_joint,
)  # fmt: skip

EVENTS = (
    DialAsked(), DialInsisted(), Dialed(), DialFailed("no"), DialFailed("wrong key", retryable=False), LinkBroke("gone"),
    LinkBroke("wrong key", retryable=False), RenewAsked(), HangUpAsked(),
)  # fmt: skip


def world(joint: Joint[Line] | None = None) -> World[Line]:
    """Every event in every state."""
    machine = joint or link_joint()
    return World(machine, lambda: machine.start(Line()), lambda _line: EVENTS, lambda line: line.failures)


def where(line: Line) -> Link:
    found: Link = line.cell("link").state
    return found


def up_means_told(move: Move[Line]) -> str | None:
    """Who waits is told exactly when the link comes up, and when it is given up."""
    before, after = where(move.before), where(move.after)
    if bool(move.did(LinkUp)) != (after is Link.UP and before is not Link.UP):
        return "up and nobody knows"
    if bool(move.did(LinkDown)) != (after is Link.COOLING and before is not Link.COOLING):
        return "given up and nobody knows"
    return None if all(told.reason for told in move.did(LinkDown)) else "given up without a reason"


def dialing_dials(move: Move[Line]) -> str | None:
    """One dial for each time the link is being connected; what is overtaken or not needed is hung up."""
    before, after, event = where(move.before), where(move.after), move.event
    if bool(move.did(Dial)) != (after is Link.DIALING and before is not Link.DIALING):
        return "dialing without a dial, or the other way round"
    late = isinstance(event, Due) and event.timer == "dial_limit"
    ends = after is Link.CLOSED and (before is not Link.CLOSED or isinstance(event, Dialed))
    renewed = before is Link.UP and isinstance(event, RenewAsked)
    return None if bool(move.did(HangUp)) == (late or ends or renewed) else "something is left open, or closed too early"


def tries_are_counted(move: Move[Line]) -> str | None:
    """No more than MOST_TRIES failures in a row; steadiness and giving up forgive, connecting alone does not."""
    before, after, event = move.before, move.after, move.event
    if after.failures >= MOST_TRIES:
        return "tried too often"
    if where(after) is Link.WAITING and where(before) is not Link.WAITING:
        return None if after.failures == before.failures + 1 else "a failure was not counted"
    if where(after) is Link.COOLING and where(before) is not Link.COOLING:
        hopeless = isinstance(event, DialFailed | LinkBroke) and not event.retryable
        return None if after.failures == 0 and (hopeless or before.failures + 1 == MOST_TRIES) else "given up at the wrong time"
    if isinstance(event, Due) and event.timer == "steady":
        return None if after.failures == 0 else "steady and not forgiven"
    return None if after.failures == before.failures else "forgiven too early"


def the_asked_happens(move: Move[Line]) -> str | None:
    """Asking dials from rest, hanging up closes from everywhere, a break leads on, timers lead on."""
    before, after, event = where(move.before), where(move.after), move.event
    if isinstance(event, DialAsked) and before is Link.DOWN and after is not Link.DIALING:
        return "asked and not dialed"
    if isinstance(event, DialInsisted) and before in (Link.DOWN, Link.WAITING, Link.COOLING) and after is not Link.DIALING:
        return "insisted on and not dialed"
    if isinstance(event, RenewAsked) and (after is Link.DIALING) != (before in (Link.UP, Link.DIALING)):
        return "not renewed, or renewed where there is nothing"
    if isinstance(event, HangUpAsked) and after is not Link.CLOSED:
        return "asked to end and goes on"
    if isinstance(event, Dialed) and before is Link.DIALING and after is not Link.UP:
        return "connected and not up"
    if (
        isinstance(event, LinkBroke | DialFailed)
        and after is before
        and before is (Link.UP if isinstance(event, LinkBroke) else Link.DIALING)
    ):
        return "failed and nothing follows"
    return "a timer led nowhere" if isinstance(event, Due) and event.timer != "steady" and after is before else None


def rest_is_reached(graph: Graph) -> Iterator[tuple[int, str]]:
    """Without news a link comes to rest by its timers."""
    good = graph.reaches(lambda line: where(line) in (Link.DOWN, Link.UP, Link.CLOSED), by=lambda event: isinstance(event, Due))
    yield from ((node, "it never comes to rest") for node in range(len(graph.nodes)) if node not in good)


def steadiness_forgives(graph: Graph) -> Iterator[tuple[int, str]]:
    """A link that stays up forgets its failures."""
    good = graph.reaches(lambda line: line.failures == 0, by=lambda event: isinstance(event, Due))
    yield from ((node, "never forgiven") for node, line in enumerate(graph.nodes) if where(line) is Link.UP and node not in good)


PROPERTIES = Properties(
    (), (up_means_told, dialing_dials, tries_are_counted, the_asked_happens), (rest_is_reached, steadiness_forgives)
)


def test_the_link_holds_its_properties() -> None:
    report = explore(world(), PROPERTIES)
    assert report.complete
    assert report.findings == []
    assert {row for row in LINK.rows if row.kind.value in ("row", "after")} == {
        r for r in report.taken if r.kind.value in ("row", "after")
    }


def test_the_link_has_no_problem() -> None:
    assert list(check(LINK)) == []


def test_every_mutant_of_the_link_is_noticed() -> None:
    found = score(world, PROPERTIES, link_joint(), rebuild=lambda tables: type(link_joint())("link", tables))
    assert found.survivors == ()


def test_the_backoff_doubles() -> None:
    joint = link_joint()
    line = joint.start(Line())
    delays = []
    joint.step(line, DialAsked())
    for _ in range(MOST_TRIES - 1):
        step = joint.step(line, DialFailed("no"))
        delays += [arm.delay for arm in step.arms if arm.timer == "backoff"]
        (due,) = (arm for arm in step.arms if arm.timer == "backoff")
        joint.step(line, Due("link", "backoff", due.epoch))
    assert delays == [500_000, 1_000_000, 2_000_000]
