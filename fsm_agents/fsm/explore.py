"""Exhaustive search: every joint state that any order of events and timers can reach, with the shortest story to what goes wrong.

A :class:`World` says where to begin, which events may come in a resting state, and how data is abstracted (texts are renamed,
counters forgotten) so that the space is finite. Properties are plain functions: *safety* looks at a resting state, *response* at
one move, *liveness* at the whole graph. Timers need no dimension of their own: what is armed follows from the states.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import MemberDescriptorType
from typing import Any, Generic, TypeVar

import attrs

from fsm_agents.fsm.engine import Due, Fault, Session, TableTransition
from fsm_agents.fsm.joint import Joint, Shared, Step
from fsm_agents.fsm.rows import Key, Kind, Row

__all__ = [
    "Finding", "Graph", "Move", "Properties", "Report", "World",
    "clone", "concerns", "describe", "explore", "is_idle", "live_timers", "states_of",
]  # fmt: skip

S = TypeVar("S", bound=Shared)
Place = tuple[Hashable, ...]


def clone(data: S) -> S:
    """A conversation that stands where ``data`` stands and shares nothing that changes with it."""
    twin = object.__new__(type(data))
    for slot in _slots(type(data)):  # type: ignore[arg-type]  # a type is hashable; its variable hides that
        try:
            slot.__set__(twin, slot.__get__(data))
        except AttributeError:  # it has no value yet
            continue
    for name, value in getattr(data, "__dict__", {}).items():
        setattr(twin, name, value)
    cells = []
    for cell in data.cells:
        copy: Session[Any] = Session(cell.node, cell.past, twin)
        copy.epoch = cell.epoch
        cells.append(copy)
    twin.cells = tuple(cells)
    return twin


@cache
def _slots(cls: type[Any]) -> tuple[MemberDescriptorType, ...]:
    # by descriptor, not by __slots__: that may be one string, and private names are mangled
    found = (each for base in cls.__mro__ for each in vars(base).items() if isinstance(each[1], MemberDescriptorType))
    return tuple(slot for name, slot in found if name != "cells")


def states_of(data: Shared) -> tuple[str, ...]:
    """The names of the states in which the machines rest."""
    return tuple(cell.node.name for cell in data.cells)


def live_timers(joint: Joint[Any], data: Shared) -> Iterator[Due]:
    """The timers that are armed in this resting state, each as the event of its being due."""
    for machine, cell in zip(joint.names, data.cells, strict=True):
        for timer in cell.node.timers:
            if data.delay(timer) is not None:
                yield Due(machine, timer.name, cell.epoch)


def describe(event: object) -> str:
    """An event as a line of a scene."""
    if isinstance(event, Due):
        return f"after {event.timer} ({event.machine})"
    if isinstance(event, str):
        return event
    fields = [(name, getattr(event, name)) for name in getattr(type(event), "__match_args__", ())]
    told = [(name, value) for name, value in fields if value not in ("", ()) and value is not None and value is not False]
    said = ", ".join(f"{name}={value!r}" for name, value in told)
    return f"{type(event).__name__}({said})" if said else type(event).__name__


class Move(Generic[S]):
    """One macro step between two resting states.

    Attributes:
        before: Where it began.
        step: What it did.
        after: Where it ended.
        event: The event from outside, or the timer.
    """

    __slots__ = ("_effects", "after", "before", "event", "step")

    def __init__(self, before: S, step: Step, after: S) -> None:
        self.before, self.step, self.after = before, step, after
        self.event: Any = step.event
        self._effects = step.effects

    def did(self, effect: type[Any]) -> list[Any]:
        """The effects of one class, in order."""
        if not self._effects:
            return []
        return [e for e in self._effects if e.__class__ is effect]


@attrs.frozen
class World(Generic[S]):
    """What the joined machines are explored in.

    Args:
        joint: The machines.
        start: A conversation in its first state.
        stimuli: The events that may come from outside in a resting state. Offer every event in every state: a superset of the
            real world, bounded where data grows.
        abstract: What of the data tells two resting states apart, with counters forgotten and texts renamed.
        stop: States beyond which nothing is explored.
    """

    joint: Joint[S]
    start: Callable[[], S]
    stimuli: Callable[[S], Iterable[object]]
    abstract: Callable[[S], Hashable] = lambda _data: ()
    stop: Callable[[S], bool] = lambda _data: False

    def place(self, data: S) -> Place:
        """The joint state as the search tells it apart."""
        return (tuple((cell.node.name, cell.past) for cell in data.cells), self.abstract(data))

    def moves(self, data: S) -> list[object]:
        """Everything that may happen next: events from outside, and timers."""
        return [*self.stimuli(data), *live_timers(self.joint, data)]


Safety = Callable[[Any], "str | None"]
Response = Callable[[Move[Any]], "str | None"]


@attrs.frozen
class Graph:
    """The reached joint states as numbers, with what leads from one to the next (event or timer). To be asked when it is complete."""

    nodes: list[Any] = attrs.field(factory=list)
    edges: list[list[tuple[object, int]]] = attrs.field(factory=list)
    parents: list[tuple[int, object] | None] = attrs.field(factory=list)
    _known: dict[Callable[[object], bool], tuple[list[int], dict[int, list[int]]]] = attrs.field(
        factory=dict, init=False, repr=False, eq=False
    )

    def story(self, node: int) -> tuple[str, ...]:
        """The shortest way to a node, as lines of a scene."""
        lines: list[str] = []
        while (parent := self.parents[node]) is not None:
            node, event = parent
            lines.append(describe(event))
        return tuple(reversed(lines))

    def reaches(self, goal: Callable[[Any], bool], *, by: Callable[[object], bool]) -> set[int]:
        """The nodes from which ``goal`` is certainly reached if only events that ``by`` allows happen, in whatever order."""
        good = {i for i, data in enumerate(self.nodes) if goal(data)}
        left, sources = self._ways(by)
        fresh = list(good)
        while fresh:  # backwards from the goal: a node is good once its last way that is not known to be good becomes so
            to = fresh.pop()
            for i in sources.get(to, ()):
                left[i] -= 1
                if not left[i] and i not in good:
                    good.add(i)
                    fresh.append(i)
        return good

    def _ways(self, by: Callable[[object], bool]) -> tuple[list[int], dict[int, list[int]]]:
        """How many ways lead from each node to others, and from where each node is reached; the same for all who ask by the same."""
        if by not in self._known:
            # An event that leads back to the same node (a timer used up by a row that stays) does not keep others from happening.
            ways = [{to for event, to in edges if to != i and by(event)} for i, edges in enumerate(self.edges)]
            sources: dict[int, list[int]] = {}
            for i, found in enumerate(ways):
                for to in found:
                    sources.setdefault(to, []).append(i)
            self._known[by] = [len(found) for found in ways], sources
        left, sources = self._known[by]
        return left.copy(), sources


Liveness = Callable[[Graph], Iterable["tuple[int, str]"]]


def concerns(*classes: type[Any], moved: str = "", changes: bool = False) -> Callable[[Response], Response]:
    """Say which moves a response property can find fault with, so that it is not asked about others: most find fault with few.

    Args:
        classes: Classes of events from outside, or ``Due``, whatever comes of them; and of effects, whatever they come from.
        moved: A machine: every move that takes it from one state to another.
        changes: Also every move that does something.
    """

    def mark(response: Response) -> Response:
        response.concerns = (frozenset(classes), moved, changes)  # type: ignore[attr-defined]
        return response

    return mark


_Kind = tuple["type[Any]", frozenset["type[Any]"], int, bool]


@attrs.frozen
class Properties:
    """What must hold, by name of function. Written next to the tables they are about."""

    safety: Sequence[Safety] = ()
    response: Sequence[Response] = ()
    liveness: Sequence[Liveness] = ()
    _about: dict[_Kind, tuple[Response, ...]] = attrs.field(factory=dict, init=False, repr=False, eq=False)

    def about(self, move: Move[Any], *, idle: bool) -> tuple[Response, ...]:
        """The response properties that concern a move: what it began with, what came of it, or whether nothing did."""
        key = (move.event.__class__, _NOTHING, 0, True) if idle else (move.event.__class__, *_outcome(move), False)
        found = self._about.get(key)
        if found is None:
            found = self._about[key] = tuple(
                response for response in self.response if _concerned(response, key, move.before.names)
            )
        return found


_NOTHING: frozenset[type[Any]] = frozenset()


def _outcome(move: Move[Any]) -> tuple[frozenset[type[Any]], int]:
    """The classes of its effects, and a bit for each machine that it takes to another state."""
    moved, bit = 0, 1
    for before, after in zip(move.before.cells, move.after.cells, strict=True):
        if before.node is not after.node:
            moved |= bit
        bit <<= 1
    effects = move.step.effects
    return frozenset([effect.__class__ for effect in effects]) if effects else _NOTHING, moved


def _concerned(response: Response, kind: _Kind, names: Mapping[str, int]) -> bool:
    if (mark := getattr(response, "concerns", None)) is None:
        return True
    (classes, machine, changes), (event, effects, moved, idle) = mark, kind
    went = bool(machine) and bool(moved >> names[machine] & 1)
    return event in classes or went or not classes.isdisjoint(effects) or (changes and not idle)


def is_idle(step: Step) -> bool:
    """Whether nothing came of an event: it was stale, or every machine drops it."""
    return all(taken.row.kind is Kind.DROP for _, taken in step.trail)


@attrs.frozen
class Finding:
    """A property that does not hold, with the shortest story to it."""

    name: str
    message: str
    scene: tuple[str, ...]

    def __str__(self) -> str:
        lines = "\n".join(f"    {n}. {line}" for n, line in enumerate(self.scene, 1))
        return f"{self.name}: {self.message}\n{lines}"


@attrs.frozen
class Report(Generic[S]):
    """What a search found.

    Attributes:
        graph: The reached resting states and what leads from one to the next.
        findings: The properties that do not hold, each with its shortest scene.
        steps: How many steps were tried.
        taken: The rows that were taken (a drop and a never too).
        effects: The classes of effects that came out.
        cells: The (machine, state, event or timer) in which a row was taken.
        complete: Whether everything was searched (else the limit was reached).
        refused: The cells that say ``never`` and in which the event came all the same.
    """

    graph: Graph
    findings: list[Finding]
    steps: int
    taken: set[Row[Any, Any]]
    effects: set[type[Any]]
    cells: set[tuple[str, Any, Key]]
    complete: bool
    refused: set[tuple[str, Any, Key]] = attrs.field(factory=set)

    @property
    def combinations(self) -> set[tuple[str, ...]]:
        """The combinations of resting states that were reached."""
        return {states_of(data) for data in self.graph.nodes}


def explore(world: World[S], properties: Properties | None = None, *, limit: int = 200_000, first: bool = False) -> Report[S]:
    """Search everything that can be reached, breadth first, so that every story is a shortest one.

    Args:
        world: Where to search.
        properties: What must hold.
        limit: How many joint states at the most; the report then says it is not ``complete``.
        first: Stop at the first finding.
    """
    return _Search(world, properties or Properties(), limit, first=first).run()


class _Search(Generic[S]):
    def __init__(self, world: World[S], properties: Properties, limit: int, *, first: bool) -> None:
        self.world, self.properties, self.limit, self.first = world, properties, limit, first
        self.report: Report[S] = Report(Graph(), [], 0, set(), set(), set(), complete=True)
        self.known: dict[Place, int] = {}
        self.told: set[str] = set()
        self.noted: set[tuple[int, TableTransition]] = set()
        self.steps = 0

    def run(self) -> Report[S]:
        queue: deque[int] = deque([self._visit(self.world.start(), None)])
        while queue and not (self.first and self.report.findings):
            node = queue.popleft()
            data = self.report.graph.nodes[node]
            if self.world.stop(data):
                continue
            spare: S | None = None
            for event in self.world.moves(data):
                after = clone(data) if spare is None else spare
                found, spare = self._try(node, data, event, after)
                queue.extend(found)
            if len(self.known) > self.limit:
                return attrs.evolve(self.report, steps=self.steps, complete=False)
        for live in self.properties.liveness:
            for node, message in live(self.report.graph):
                self._find(getattr(live, "__name__", "liveness"), message, self.report.graph.story(node))
        return attrs.evolve(self.report, steps=self.steps)

    def _try(self, node: int, data: S, event: object, after: S) -> tuple[tuple[int, ...], S | None]:
        """Where one event leads: new nodes, and ``after`` again if the event left it as it was (a copy saved)."""
        self.steps += 1
        graph = self.report.graph
        try:
            step = self.world.joint.step(after, event)
        except Exception as broken:  # noqa: BLE001 - whatever a table raises is the finding
            self._find("raised", f"{type(broken).__name__}: {broken}", (*graph.story(node), describe(event)))
            return (), None
        self._note(data, step)
        move, idle = Move(data, step, after), is_idle(step)
        for response in self.properties.about(move, idle=idle):
            if message := response(move):
                self._find(response.__name__, message, (*graph.story(node), describe(event)))
        if idle:
            graph.edges[node].append((event, node))
            return (), after
        place = self.world.place(after)
        if place in self.known:
            graph.edges[node].append((event, self.known[place]))
            return (), None
        fresh = self._visit(after, (node, event), place)
        graph.edges[node].append((event, fresh))
        return (fresh,), None

    def _visit(self, data: S, parent: tuple[int, object] | None, place: Place | None = None) -> int:
        graph = self.report.graph
        number = len(graph.nodes)
        self.known[self.world.place(data) if place is None else place] = number
        graph.nodes.append(data)
        graph.edges.append([])
        graph.parents.append(parent)
        for safety in self.properties.safety:
            if message := safety(data):
                self._find(safety.__name__, message, graph.story(number))
        return number

    def _note(self, before: S, step: Step) -> None:
        report, joint = self.report, self.world.joint
        for each in step.trail:
            if each in self.noted:
                continue
            self.noted.add(each)
            place, taken = each
            report.taken.add(taken.row)
            cell = (joint.machines[place], joint.engines[place].states[taken.source].member, taken.key)
            report.cells.add(cell)
            if taken.row.kind is Kind.NEVER:
                report.refused.add(cell)
        for effect in step.effects:
            report.effects.add(type(effect))
            if isinstance(effect, Fault):
                story = f"{effect.event} came in {effect.state}, where the table says it never does"
                name = f"never {effect.machine}.{effect.state}.{effect.event}"
                self._find(name, story, (*self._story_of(before), describe(step.event)))

    def _story_of(self, data: S) -> tuple[str, ...]:
        return self.report.graph.story(self.known[self.world.place(data)])

    def _find(self, name: str, message: str, scene: tuple[str, ...]) -> None:
        if name not in self.told:  # the first of its kind is the shortest; the others say nothing new
            self.told.add(name)
            self.report.findings.append(Finding(name, message, scene))
