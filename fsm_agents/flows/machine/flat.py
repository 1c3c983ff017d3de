"""A flow laid flat: sub-flows become states called ``identify/phone``, and each state has all its edges in the order in which they win.

Nearness: a row that names the state, the state's own question, a row of its group, an ``any`` row; then, from a sub-flow outwards, the
same of the state that runs it. Sub-flows see the words, keys, failures and events of those around them, and nothing else of theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from operator import is_
from typing import TypeAlias

import attrs

from fsm_agents.flows.phrases import MAX_WORDS
from fsm_agents.flows.problems import FlowError, Place, Problem
from fsm_agents.flows.spec import FlowSpec, RowSpec, SlotSpec, StateSpec, ToolSpec
from fsm_agents.flows.syntax import (
    After,
    Failure,
    Goto,
    Llm,
    Named,
    Optional,
    Phrase,
    PhraseRef,
    Press,
    Sequence,
    SlotRef,
    Target,
    Trigger,
    Visit,
    Word,
)  # fmt: skip

__all__ = ["CHECKING", "Edge", "FlatFlow", "FlatState", "Near", "Scope", "landing"]

CHECKING = ":checking"
"""What is put behind the name of a state that asks for a slot, while a tool checks the answer."""


_Scoped: TypeAlias = tuple[Phrase, int, frozenset[str]]
"""A phrase with full names, how many words it is, and its slots."""
_NONE: frozenset[str] = frozenset()


@attrs.frozen(eq=False)
class Scope:
    """One running of one flow file: the top flow, or the sub-flow of one ``run`` state.

    Args:
        path: Put before names: empty, or ``identify/``.
        spec: The file.
        runner: The flat name of the state that runs it; empty for the top flow.
        parent: Where that state stands.
    """

    path: str
    spec: FlowSpec
    runner: str = ""
    parent: Scope | None = None
    _named: dict[str, _Scoped | None] = attrs.field(factory=dict, init=False, repr=False)

    def full(self, name: str) -> str:
        """The flat name of a state, slot or tool of this file."""
        return self.path + name

    def scoped(self, phrase: Phrase, own: str = "") -> tuple[Phrase, tuple[str, ...]]:
        """A phrase with its named phrases written out and its slots by their full names, and those names; ``{}`` is ``own``.

        A named phrase is written out once, however often it is used.

        Raises:
            FlowError: it is too large (F306), or runs in a circle (F308): of a flow that was not read, but made of objects.
        """
        made, words, slots = self._scoped(phrase, own)
        if words > MAX_WORDS:
            message = f"{words:,} words when its named phrases are filled in"
            raise FlowError([Problem("F306", message, Place(self.spec.file), fix="make several rows of it")])
        return made, tuple(sorted(slots))

    def _scoped(self, phrase: Phrase, own: str) -> _Scoped:
        if isinstance(phrase, Word):
            return phrase, 1, _NONE
        if isinstance(phrase, SlotRef):
            full = self.full(phrase.slot or own)
            return phrase if full == phrase.slot else SlotRef(full), 1, frozenset((full,))
        if isinstance(phrase, PhraseRef):
            return self._written_out(phrase.name, own)
        if isinstance(phrase, Optional):
            made, words, slots = self._scoped(phrase.inner, own)
            return phrase if made is phrase.inner else Optional(made), words, slots
        parts = phrase.items if isinstance(phrase, Sequence) else phrase.ways
        found, words, slots = [], 0, _NONE
        for part in parts:
            made, more, inner = self._scoped(part, own)
            found.append(made)
            words += more
            slots = slots | inner if inner else slots
        if all(map(is_, found, parts)):
            return phrase, words, slots
        return type(phrase)(tuple(found)), words, slots

    def _written_out(self, name: str, own: str) -> _Scoped:
        if name not in self._named:
            self._named[name] = None  # until it is made: meanwhile it runs in a circle
            self._named[name] = self._scoped(self.spec.phrases[name], own)
        found = self._named[name]
        if found is None:
            message = f"named phrases run in a circle: {name}"
            raise FlowError([Problem("F308", message, Place(self.spec.file), fix="write the words out")])
        return found


@attrs.frozen(order=True)
class Near:
    """How near an edge was written: first the depth outwards, then 0 the state, 1 its question, 2 its group, 3 ``any``."""

    depth: int
    rank: int

    def __str__(self) -> str:
        return ("state", "question", "group", "any")[self.rank] + (f" ({self.depth} out)" if self.depth else "")


@attrs.frozen(eq=False)
class Edge:
    """One trigger of one row, as it holds in one state.

    Args:
        number: Unique in the flow: a sentence says by it which edges take it.
        trigger: What it answers.
        target: Where it leads, by flat names: a rule such as "an ``any`` row to the state itself is ``again``" is applied.
        scope: Whose names it uses.
        near: How near it was written.
        row: The row; ``None`` for a state's own question.
        phrase: Of words: the phrase with full names.
        slots: The full names of the slots in its phrase.
        free: Whether it takes free text: such edges are tried after all others.
    """

    number: int
    trigger: Trigger
    target: Target
    scope: Scope
    near: Near
    row: RowSpec | None
    phrase: Phrase | None = None
    slots: tuple[str, ...] = ()
    free: bool = False

    @property
    def place(self) -> Place:
        """Where it was written."""
        return self.row.place if self.row is not None else Place()


@attrs.frozen(eq=False)
class FlatState:
    """A state with all its edges, in winning order for events; for words the free ones come after the others.

    Args:
        name: ``identify/phone``.
        spec: Its settings.
        scope: Where it stands.
        edges: All its edges, nearest first, then in the order of rows.
    """

    name: str
    spec: StateSpec
    scope: Scope
    edges: tuple[Edge, ...]

    @cached_property
    def words(self) -> tuple[Edge, ...]:
        """The edges that take words, in winning order."""
        said = [edge for edge in self.edges if edge.phrase is not None]
        return (*(edge for edge in said if not edge.free), *(edge for edge in said if edge.free))

    @cached_property
    def slots(self) -> tuple[str, ...]:
        """The full names of the slots that its words may fill."""
        return tuple(sorted({name for edge in self.words for name in edge.slots}))

    @cached_property
    def keys(self) -> tuple[Edge, ...]:
        """The edges that a single key takes."""
        return tuple(edge for edge in self.edges if isinstance(edge.trigger, Press))

    @cached_property
    def judged(self) -> tuple[Edge, ...]:
        """The edges that the model judges."""
        return tuple(edge for edge in self.edges if isinstance(edge.trigger, Llm))

    def named(self, event: str) -> tuple[Edge, ...]:
        """The edges on a built-in or host event."""
        return self._named.get(event, ())

    @cached_property
    def _named(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges on events, by the event: a table asks for each there is."""
        found: dict[str, tuple[Edge, ...]] = {}
        for edge in self.edges:
            if isinstance(edge.trigger, Named):
                found[edge.trigger.name] = (*found.get(edge.trigger.name, ()), edge)
        return found

    def failures(self, kind: str) -> tuple[Edge, ...]:
        """The edges on ``no_input``, ``no_match`` or ``invalid``."""
        return tuple(edge for edge in self.edges if isinstance(edge.trigger, Failure) and edge.trigger.kind == kind)

    @cached_property
    def timed(self) -> tuple[Edge, ...]:
        """The edges on ``after``."""
        return tuple(edge for edge in self.edges if isinstance(edge.trigger, After))

    @property
    def ends(self) -> bool:
        """Whether the whole flow ends here."""
        return self.spec.kind == "end" and self.scope.parent is None

    @cached_property
    def passes(self) -> bool:
        """Whether it goes on by itself when what it says was heard."""
        return self.spec.kind == "say" and bool(self.named("said"))

    @property
    def works(self) -> bool:
        """Whether it waits for a tool, a person or another agent."""
        return self.spec.kind in ("call", "handoff")

    @property
    def listens(self) -> bool:
        """Whether it waits for the caller, so that silence and what nobody takes are failures."""
        return self.spec.kind in ("ask", "talk") or (self.spec.kind == "say" and not self.passes)

    @property
    def slot(self) -> str:
        """The full name of the slot it asks for; empty if it asks for none."""
        return self.scope.full(self.spec.ask) if self.spec.ask else ""


@attrs.frozen(eq=False, slots=False)
class FlatFlow:
    """A flow with all its sub-flows in one.

    Args:
        spec: The top file.
        scopes: The top flow and each running of a sub-flow, by path.
        states: By flat name; a state that runs a sub-flow is none of them.
        start: The flat name of the first state.
    """

    spec: FlowSpec
    scopes: Mapping[str, Scope]
    states: Mapping[str, FlatState]
    start: str

    @cached_property
    def slots(self) -> Mapping[str, SlotSpec]:
        """Every slot by its full name."""
        return {scope.full(name): slot for scope in self.scopes.values() for name, slot in scope.spec.slots.items()}

    @cached_property
    def tools(self) -> Mapping[str, ToolSpec]:
        """Every tool by its full name (``identify/find_patient``)."""
        return {scope.full(name): tool for scope in self.scopes.values() for name, tool in scope.spec.tools.items()}

    @cached_property
    def edges(self) -> Mapping[int, Edge]:
        """Every edge by its number."""
        return {edge.number: edge for state in self.states.values() for edge in state.edges}

    def landing(self, scope: Scope, name: str) -> str:
        """The flat state that going to state ``name`` of ``scope`` enters: of a ``run`` state the first one of its sub-flow."""
        return landing(self.scopes, scope, name)

    def entered(self, scope: Scope, name: str) -> list[Scope]:
        """The sub-flows that begin when state ``name`` of ``scope`` is entered, outermost first."""
        found = []
        while (state := scope.spec.states[name]).run and state.kind == "run":
            scope = self.scopes[scope.full(name) + "/"]
            found.append(scope)
            name = scope.spec.start
        return found

    @cached_property
    def ordinary(self) -> frozenset[str]:
        """The states that can be reached without a ``visit``: going to one of them forgets where a visit came from."""
        found, fresh = {self.start}, [self.start]
        while fresh:
            for name in self.nexts(fresh.pop(), visits=False):
                if name not in found:
                    found.add(name)
                    fresh.append(name)
        return frozenset(found)

    def nexts(self, name: str, *, visits: bool = True) -> Iterator[str]:
        """The states that some edge of a state leads to."""
        for edge in self.states[name].edges:
            if isinstance(edge.target, Goto) or (visits and isinstance(edge.target, Visit)):
                yield edge.target.state

    @cached_property
    def visitors(self) -> tuple[str, ...]:
        """The states that a visit may come from, so that ``back`` may lead there."""
        return tuple(name for name, state in self.states.items() if any(isinstance(edge.target, Visit) for edge in state.edges))


def landing(scopes: Mapping[str, Scope], scope: Scope, name: str) -> str:
    """As :meth:`FlatFlow.landing`."""
    while (state := scope.spec.states[name]).run and state.kind == "run":  # most run nothing, and this is asked of every edge
        scope = scopes[scope.full(name) + "/"]
        name = scope.spec.start
    return scope.full(name)
