"""How much a proof is worth: delete each row and each action in turn, explore again, and see whether a property notices.

A survivor is a row that nothing depends on, or a property that nobody has written. Safety properties alone leave many survivors;
response properties ("words over a reply end it in the same step") are what kills them. Only properties count, not that a row is
no longer taken.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.draw_words import function_name, row_text
from fsm_agents.fsm.explore import Properties, World, explore
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.rows import Kind, Row
from fsm_agents.fsm.table import StateTable

__all__ = ["Mutant", "Score", "Verdict", "mutants", "score"]

S = TypeVar("S", bound=Shared)
R = TypeVar("R")
Tables = Mapping[str, StateTable[Any, Any]]
Rebuild = Callable[[Tables], Joint[Any]]

_DELETED = (Kind.ROW, Kind.AFTER, Kind.ALWAYS)
_CUT = (*_DELETED, Kind.ENTER, Kind.LEAVE)


@attrs.frozen
class Mutant(Generic[S]):
    """The tables with one thing taken out.

    Attributes:
        machine: Whose table it is.
        row: The row.
        action: Which of the row's actions is deleted; ``None``: the row itself.
    """

    machine: str
    row: Row[Any, Any]
    action: int | None
    _joint: Joint[S]
    _rebuild: Rebuild

    @property
    def name(self) -> str:
        """What was done, with file and line of the row."""
        if self.action is None:
            return f"{self.machine}: row {row_text(self.row)} ({self.row.where}) deleted"
        done = function_name(self.row.do[self.action])
        return f"{self.machine}: action {done} of row {row_text(self.row)} ({self.row.where}) deleted"

    def build(self) -> Joint[S]:
        """The joint with the changed table.

        Raises:
            TableError: the table cannot even be built so: the mutant is dead at birth.
        """
        # A deleted row stands nowhere instead of being gone: the machine still knows its event and its timer, so that what
        # notices is a property and not "no such event".
        instead = attrs.evolve(self.row, states=(), everywhere=False)
        if self.action is not None:
            instead = attrs.evolve(self.row, do=self.row.do[: self.action] + self.row.do[self.action + 1 :])
        tables = dict(self._joint.tables)
        tables[self.machine] = tables[self.machine].without(self.row, instead)
        return self._rebuild(tables)


@attrs.frozen
class Verdict:
    """What became of one mutant: ``killer`` is the property that noticed, or what was raised; empty: it survived."""

    mutant: str
    killer: str
    note: str = ""

    def __str__(self) -> str:
        return self.mutant + (f", killed by {self.killer}" if self.killer else "") + (f" ({self.note})" if self.note else "")


@attrs.frozen
class Score:
    """What became of all mutants."""

    verdicts: tuple[Verdict, ...]

    @property
    def killed(self) -> int:
        """How many were noticed."""
        return sum(bool(verdict.killer) for verdict in self.verdicts)

    @property
    def survivors(self) -> tuple[str, ...]:
        """Those that were not, by name."""
        return tuple(str(verdict) for verdict in self.verdicts if not verdict.killer)

    def __str__(self) -> str:
        head = f"{self.killed} of {len(self.verdicts)} mutants killed"
        return "\n".join([head, *(f"  survived: {name}" for name in self.survivors)])


def mutants(joint: Joint[S], rebuild: Rebuild | None = None) -> Iterator[Mutant[S]]:
    """Every mutant: each row, after, always deleted; each action of those and of enter and leave deleted.

    A ``drop``, ``never`` or ``owes`` is not: without a drop the event is dropped all the same.

    Args:
        joint: The machines.
        rebuild: Joins changed tables as ``joint`` was joined; by default with its name and its ``stale``.
    """

    def same(tables: Tables) -> Joint[S]:
        return Joint(joint.name, tables, stale=joint.stale)

    for machine, table in joint.tables.items():
        for row in table.rows:
            if row.kind in _DELETED:
                yield Mutant(machine, row, None, joint, rebuild or same)
            if row.kind in _CUT:
                for action in range(len(row.do)):
                    yield Mutant(machine, row, action, joint, rebuild or same)


def score(
    world_factory: Callable[[Joint[S]], World[S] | Sequence[World[S]]],
    properties: Properties,
    joint: Joint[S],
    *,
    rebuild: Rebuild | None = None,
    limit: int | None = None,
    processes: int = 1,
    only: Callable[[Mutant[S]], bool] | None = None,
) -> Score:
    """Explore every mutant up to its first finding, and say which were noticed.

    Args:
        world_factory: The world of a joint: its ``start`` must start that joint. Or several, from small to large: most mutants are
            noticed in the smallest, in a moment.
        properties: What must hold. The tables as they are must pass.
        joint: The machines.
        rebuild: See :func:`mutants`.
        limit: Joint states that a mutant's search may reach; a search that stops there has found nothing. By default three times
            what the tables reach as they are, and a thousand: a mutant may make the space infinite.
        processes: How many to explore at a time, in forked processes; where there is no fork, one.
        only: Which mutants to try; all by default.

    Raises:
        MisuseError: the tables as they are break a property, so that nothing would follow from a mutant's breaking it.
    """
    worlds = _worlds(world_factory(joint))

    def as_they_are(place: int) -> tuple[int, str]:
        base = explore(worlds[place], properties)
        return len(base.graph.nodes), str(base.findings[0]) if base.findings else ""

    limits = []
    for states, finding in _each(as_they_are, len(worlds), processes):
        if finding:
            msg = f"{joint.name}: the tables as they are break a property; mutants would prove nothing.\n{finding}"
            raise MisuseError(msg)
        limits.append(3 * states + 1_000 if limit is None else limit)
    tried = [mutant for mutant in mutants(joint, rebuild) if only is None or only(mutant)]

    def judge(place: int) -> Verdict:
        return _judge(tried[place], world_factory, properties, limits)

    return Score(tuple(_each(judge, len(tried), processes)))


_GLANCES = (250, 2_500)
"""Joint states of the first looks at a mutant."""


def _worlds(made: World[S] | Sequence[World[S]]) -> tuple[World[S], ...]:
    return (made,) if isinstance(made, World) else tuple(made)


def _judge(
    mutant: Mutant[S],
    world_factory: Callable[[Joint[S]], World[S] | Sequence[World[S]]],
    properties: Properties,
    limits: Sequence[int],
) -> Verdict:
    note = ""
    try:
        searched = list(zip(_worlds(world_factory(mutant.build())), limits, strict=True))
        for glance in (
            *_GLANCES,
            None,
        ):  # most are noticed after a few steps in one of the worlds: look around before looking closely
            left = []
            for world, limit in searched:
                most = limit if glance is None else min(glance, limit)
                report = explore(world, properties, limit=most, first=True)
                if report.findings:
                    return Verdict(mutant.name, report.findings[0].name)
                if not report.complete:
                    left.append((world, limit))
                    note = f"search stopped at {limit} states" if glance is None else note
            searched = left
    except Exception as broken:  # noqa: BLE001 - a table that is refused, or a property that meets what it never expected
        return Verdict(mutant.name, f"raised {type(broken).__name__}")
    return Verdict(mutant.name, "", note)


def _each(judge: Callable[[int], R], count: int, processes: int) -> list[R]:
    import multiprocessing

    if processes <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        return [judge(place) for place in range(count)]
    # fork, because tables hold functions and lambdas, which cannot be pickled: the children have them; numbers and names travel
    context = multiprocessing.get_context("fork")
    with warnings.catch_warnings():
        # Python 3.12 warns of every fork in a process with threads; these children only compute and hold no lock of theirs
        warnings.simplefilter("ignore", DeprecationWarning)
        pool = context.Pool(processes, _adopt, (judge,))
    with pool:
        return pool.map(_adopted, range(count), chunksize=1)


_JUDGE: list[Callable[[int], Any]] = []
"""In a forked child: what it was forked to do. Empty in every other process."""


def _adopt(judge: Callable[[int], Any]) -> None:
    _JUDGE[:] = [judge]


def _adopted(place: int) -> Any:
    return _JUDGE[0](place)
