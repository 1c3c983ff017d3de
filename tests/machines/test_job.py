"""The job: its room is joined or not, its end begins once, and nothing is joined after it."""

from __future__ import annotations

from fsm_agents.fsm.check import check
from fsm_agents.fsm.explore import Move, Properties, World, explore
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.mutants import score
from fsm_agents.fsm.rows import Kind
from fsm_agents.machines.job import (
    ENDS,
    JOB,
    ConnectSessions,
    DoneShutDown,
    Job,
    LeaveLateRoom,
    RoomJoined,
    RoomLeft,
    ShutDown,
    ShutdownAsked,
    job_joint,
)  # fmt: skip

EVENTS = (RoomJoined(), RoomLeft(), ShutdownAsked(), DoneShutDown())


def world(joint: Joint[Shared] | None = None) -> World[Shared]:
    """Every event in every state."""
    machine = joint or job_joint()
    return World(machine, lambda: machine.start(Shared()), lambda _job: EVENTS, lambda _job: ())


def where(job: Shared) -> Job:
    found: Job = job.cell("job").state
    return found


def a_joined_room_is_used_or_left(move: Move[Shared]) -> str | None:
    """Sessions are told of it while the job lives; it is left again when nobody else would."""
    joined, ends, over = isinstance(move.event, RoomJoined), where(move.before) in ENDS, where(move.before) is Job.OVER
    if bool(move.did(ConnectSessions)) != (joined and not ends) or bool(move.did(LeaveLateRoom)) != (joined and over):
        return "a room is joined, and nobody is told, or nobody leaves it"
    return None if not joined or ends or where(move.after) is Job.JOINED else "it is joined, and not known"


def a_left_room_is_known(move: Move[Shared]) -> str | None:
    """What a session leaves is not joined any more."""
    before = where(move.before)
    expected = Job.AWAY if before is Job.JOINED else before
    return None if not isinstance(move.event, RoomLeft) or where(move.after) is expected else "left, and not known"


def the_end_comes_once(move: Move[Shared]) -> str | None:
    """It begins when it is asked for first, ends when it is done, and nothing leads back."""
    before, after = where(move.before), where(move.after)
    begins = isinstance(move.event, ShutdownAsked) and before not in ENDS
    if bool(move.did(ShutDown)) != begins or (begins and after is not Job.ENDING):
        return "the end does not begin, or twice"
    done = before is Job.ENDING and isinstance(move.event, DoneShutDown)
    if (after is Job.OVER) != (done or before is Job.OVER):
        return "over too early, or never"
    return "it lives again" if before in ENDS and after not in ENDS else None


PROPERTIES = Properties((), (a_joined_room_is_used_or_left, a_left_room_is_known, the_end_comes_once), ())


def test_the_job_holds_its_properties() -> None:
    report = explore(world(), PROPERTIES)
    assert (report.complete, report.findings, len(report.graph.nodes)) == (True, [], len(Job))
    assert {row for row in JOB.rows if row.kind is Kind.ROW} == {row for row in report.taken if row.kind is Kind.ROW}


def test_the_job_has_no_problem() -> None:
    assert list(check(JOB)) == []


def test_every_mutant_of_the_job_is_noticed() -> None:
    found = score(world, PROPERTIES, job_joint(), rebuild=lambda tables: Joint("job", tables))
    assert found.survivors == ()
