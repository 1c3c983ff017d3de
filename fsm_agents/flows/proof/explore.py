"""Searches everything that can happen in a flow, with a few values for all, and shows what breaks a property as a shortest scene. Pure.

On top of :func:`fsm_agents.fsm.explore.explore`; what is abstracted: texts, counters beyond what rows ask for, results that no row reads.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Final, TypeAlias

import attrs

from fsm_agents.flows.machine.data import Failures
from fsm_agents.flows.machine.events import Heard, NotJudged, Pressed, Proposed, SilenceLasted
from fsm_agents.flows.machine.flat import CHECKING, Edge, FlatFlow, FlatState
from fsm_agents.flows.machine.joined import flow_joint
from fsm_agents.flows.machine.takes import Take
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.problems import Place, Problem, Severity
from fsm_agents.flows.proof.cases import Condition, constants
from fsm_agents.flows.proof.happenings import NOBODY, Happenings
from fsm_agents.flows.proof.properties import END_REACHABLE, Answers, EndReachable, Never, Property, own_properties, read_property
from fsm_agents.flows.proof.scene import Scene
from fsm_agents.flows.proof.watch import Watch, WatchedData, WatchedJoint
from fsm_agents.flows.syntax import Failure
from fsm_agents.flows.words.pack import LanguagePack, pack
from fsm_agents.fsm import explore as fsm

__all__ = ["LIMIT", "Counterexample", "Explored", "explore_flow"]

LIMIT: Final = 20_000
"""Most resting states that are looked at; the flows of this project have some thousands."""

_Ways: TypeAlias = "dict[int, list[object]]"
Asked: TypeAlias = "str | Property | Callable[[fsm.Move[WatchedData]], str | None]"
"""A property: as text, read already, or a function of one move that says what is wrong with it."""


@attrs.frozen
class Counterexample:
    """A property that does not hold.

    Args:
        property: As it is written, or the name of the function.
        message: What happened.
        scene: The shortest way to it, as the lines of a scene.
    """

    property: str
    message: str
    scene: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.property}: {self.message}", *(f"    {line}" for line in self.scene)])


@attrs.frozen
class Explored:
    """What a search found.

    Args:
        broken: The properties that do not hold.
        held: Those that do, as far as was searched.
        places: How many different resting states there are.
        steps: How many steps were tried.
        complete: Whether everything was searched; else the limit was reached.
        untaken: The rows that were never taken; told only of a complete search.
        file: The flow's file.
    """

    broken: tuple[Counterexample, ...]
    held: tuple[str, ...]
    places: int
    steps: int
    complete: bool
    untaken: tuple[Place, ...] = ()
    file: str = ""

    def problems(self) -> list[Problem]:
        """The same as problems: F611 for each broken property, F612 if the search was cut off."""
        place = Place(self.file)
        found = [Problem("F611", f"{one.property}: {one.message}", place, trail=one.scene) for one in self.broken]
        if not self.complete:
            message = f"cut off after {self.places} states; what holds may hold only so far"
            found.append(Problem("F612", message, place, fix="a higher limit, or fewer properties", severity=Severity.WARNING))
        return found


def explore_flow(
    flat: FlatFlow,
    properties: Iterable[Asked] = (),
    *,
    limit: int = LIMIT,
    language: LanguagePack | None = None,
) -> Explored:
    """Search a flow. That an end is reachable from everywhere, and that no step raises, is always asked.

    Args:
        flat: The flow.
        properties: What must hold beside that, and beside what the flow's ``[prove]`` says.
        limit: Most resting states to look at.
        language: Its language pack; left out: the one it names.

    Raises:
        FlowError: a property cannot be read.
    """
    read = [read_property(one, flat) if isinstance(one, str) else one for one in properties]
    own: list[Any] = own_properties(flat)
    asked = [*own, *(one for one in read if one not in own)]
    return _Search(
        flat, [END_REACHABLE, *(one for one in asked if one != END_REACHABLE)], language or pack(flat.spec.lang), limit
    ).run()


class _Search:
    def __init__(self, flat: FlatFlow, asked: list[Any], language: LanguagePack, limit: int) -> None:
        self.flat, self.asked, self.limit = flat, asked, limit
        self.world = World(flat, language)
        self.happenings = Happenings(self.world)
        self.watch = Watch(flat, [one for one in asked if isinstance(one, Never)])
        self.joint = WatchedJoint(flow_joint(self.world), self.watch)
        self.found: dict[str, tuple[str, WatchedData, list[object]]] = {}
        self._numbered = {name: _numbered(state) for name, state in flat.states.items()}
        self._read = self._fields_read()
        self._asks = {name for name, state in flat.states.items() if self.happenings.timers_ask(state)}

    def run(self) -> Explored:
        """Search."""
        functions = [self._function(one) for one in self.asked if not isinstance(one, Never | EndReachable | Answers)]
        world = fsm.World(self.joint, self._start, self._stimuli, self._abstract)
        watching = fsm.Properties(response=[self._watching, *functions])
        report = fsm.explore(world, watching, limit=self.limit)
        if self.joint.raised is not None:
            where, event, message = self.joint.raised
            self.found["no step raises"] = (message, where, [event])
        for one in self.asked:
            if isinstance(one, EndReachable):
                self._ends(one, report)
            elif isinstance(one, Answers):
                self._answers(one, report)
        return self._told(report)

    def _start(self) -> WatchedData:
        data = self.joint.start(WatchedData())
        data.marks = (False,) * len(self.watch.nevers)
        return data

    def _stimuli(self, data: WatchedData) -> Iterable[object]:
        self.joint.at = data
        return self.happenings.of(data, asked=data.asked, sounds=data.sounds)

    # --- what tells two places apart ------------------------------------------------------------------------------------------------

    def _abstract(self, data: WatchedData) -> Hashable:
        name: str = data.cell("flow").state
        state = self.flat.states.get(name.removesuffix(CHECKING))
        results = tuple((tool, tuple(pair for pair in fields if (tool, pair[0]) in self._read)) for tool, fields in data.results)
        mark = data.bookmark and (data.bookmark.state, self._failures(data.bookmark.state, data.bookmark.failures))
        turns = min(data.turns, state.spec.turns) if state is not None else 0
        facts = data.facts if name in self._asks else ()
        checked = tuple(slot for slot, _ in data.checked)
        going = state is not None and (data.asked, data.sounds and state.passes)
        return data.slots, results, checked, self._failures(name, data.failures), mark, turns, facts, data.marks, going

    def _failures(self, name: str, failures: Failures) -> tuple[int, ...]:
        state = self.flat.states.get(name.removesuffix(CHECKING))
        if state is None:
            return ()
        kinds = self._numbered[state.name]
        return (min(failures.tries, state.spec.tries), *(min(failures.of(kind), most) for kind, most in kinds))

    def _fields_read(self) -> frozenset[tuple[str, str]]:
        """The fields of results that some condition compares, or some choice offers."""
        rows = [edge for edge in self.flat.edges.values() if edge.row is not None]
        tests = [Condition(edge.row.when, edge.scope) for edge in rows if edge.row is not None]
        read = {(scope.full(ref.name), ref.field) for scope, ref, _ in constants(tests).values() if ref.field}
        for name, slot in self.flat.slots.items():
            if slot.values_from is not None:
                path, slash, _ = name.rpartition("/")
                read.add((path + slash + slot.values_from.name, slot.values_from.field))
        return frozenset(read)

    # --- properties -------------------------------------------------------------------------------------------------------------------

    def _watching(self, move: fsm.Move[WatchedData]) -> str | None:
        for never, message in self.joint.broken:
            self.found.setdefault(never.text, (message, move.before, [move.event]))
        return None

    def _function(self, asked: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
        name = getattr(asked, "__name__", repr(asked))

        def look(move: fsm.Move[WatchedData]) -> str | None:
            message = asked(move)
            if message:
                self.found.setdefault(name, (message, move.before, [move.event]))
            return None

        return look

    def _ends(self, asked: EndReachable, report: fsm.Report[WatchedData]) -> None:
        graph = report.graph
        sources: dict[int, list[int]] = {}
        for at, edges in enumerate(graph.edges):
            for _, to in edges:
                sources.setdefault(to, []).append(at)
        good = {at for at, data in enumerate(graph.nodes) if data.cell("flow").node.final or not graph.edges[at]}
        fresh = list(good)
        while fresh:
            for at in sources.get(fresh.pop(), ()):
                # Hanging up ends every conversation: that does not count.
                if at not in good and any(to in good and not _hangs_up(graph.nodes[to]) for _, to in graph.edges[at]):
                    good.add(at)
                    fresh.append(at)
        bad = next((at for at in range(len(graph.nodes)) if at not in good), None)
        if bad is not None:
            where = graph.nodes[bad].cell("flow").state
            self.found.setdefault(asked.text, (f"from '{where}' no end can be reached, whatever happens", graph.nodes[bad], []))

    def _answers(self, asked: Answers, report: fsm.Report[WatchedData]) -> None:
        graph = report.graph
        for at, data in enumerate(graph.nodes):
            if data.cell("flow").state not in asked.states or data.failures.tries or data.asked:
                continue
            ways: _Ways = {at: []}
            for _ in range(asked.within):
                ways = self._failed(graph, ways)
            if ways:
                message = f"after {asked.within} failures the caller is still in '{data.cell('flow').state}'"
                self.found.setdefault(asked.text, (message, data, next(iter(ways.values()))))
                return

    def _failed(self, graph: fsm.Graph, ways: _Ways) -> _Ways:
        """Where one more failure leads that stays in the state. Words that a model is asked about are one when it knows no answer."""

        def stays(here: int, to: int, *, asked: bool) -> bool:
            before, after = graph.nodes[here], graph.nodes[to]
            return before.cell("flow").state == after.cell("flow").state and after.asked is asked

        judged = {
            to: [*way, event]
            for at, way in ways.items()
            for event, to in graph.edges[at]
            if _fails(event) and stays(at, to, asked=True)
        }
        return {
            to: [*way, event]
            for at, way in [*ways.items(), *judged.items()]
            for event, to in graph.edges[at]
            if (_fails(event) or (at in judged and self._knows_nothing(event, graph.nodes[at]))) and stays(at, to, asked=False)
        }

    def _knows_nothing(self, event: object, data: WatchedData) -> bool:
        talks = self.flat.states[data.cell("flow").state].spec.kind == "talk"
        return isinstance(event, NotJudged) or (isinstance(event, Proposed) and not event.parses and not talks)

    # --- what came of it ----------------------------------------------------------------------------------------------------------------

    def _told(self, report: fsm.Report[WatchedData]) -> Explored:
        graph = report.graph
        number = {id(data): at for at, data in enumerate(graph.nodes)}
        scene = Scene(self.world, self.joint, self._start)
        broken = []
        for text, (message, data, more) in self.found.items():
            events: list[object] = [*more]
            at = number[id(data)]
            while (parent := graph.parents[at]) is not None:
                at, event = parent
                events.insert(0, event)
            broken.append(Counterexample(text, message, scene.lines(events)))
        names = [getattr(one, "text", getattr(one, "__name__", repr(one))) for one in self.asked]
        held = tuple(name for name in [*names, "no step raises"] if name not in self.found)
        untaken = self._untaken(report) if report.complete else ()
        return Explored(tuple(broken), held, len(graph.nodes), report.steps, report.complete, untaken, self.flat.spec.file)

    def _untaken(self, report: fsm.Report[WatchedData]) -> tuple[Place, ...]:
        took = {id(act.edge.row) for row in report.taken for act in row.do if isinstance(act, Take)}
        rows: dict[int, Edge] = {id(edge.row): edge for edge in self.flat.edges.values() if edge.row is not None}
        return tuple(edge.place for ident, edge in rows.items() if ident not in took)


def _numbered(state: FlatState) -> tuple[tuple[str, int], ...]:
    """The kinds of failures that are counted by some row of a state, each with the highest count."""
    most: dict[str, int] = {}
    for edge in state.edges:
        if isinstance(edge.trigger, Failure) and edge.trigger.count:
            most[edge.trigger.kind] = max(most.get(edge.trigger.kind, 0), edge.trigger.count)
    return tuple(most.items())


def _hangs_up(data: WatchedData) -> bool:
    return data.outcome == "hung_up"


def _fails(event: object) -> bool:
    if isinstance(event, Heard):
        return event.text == NOBODY or bool(event.parses and event.parses[0].invalid)
    return isinstance(event, SilenceLasted) or (isinstance(event, Pressed) and len(event.keys) > 1)
