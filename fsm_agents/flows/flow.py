"""``Flow``: a conversation as a table, loaded, checked and bound; it is stepped one event at a time and waits for nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.flows import hearing, storage
from fsm_agents.flows.binding import Binding, bind
from fsm_agents.flows.machine.build import BEGIN
from fsm_agents.flows.machine.data import FlowData
from fsm_agents.flows.machine.events import Facts, Heard
from fsm_agents.flows.machine.flat import CHECKING, FlatFlow, FlatState
from fsm_agents.flows.machine.flatten import flatten
from fsm_agents.flows.machine.joined import flow_joint
from fsm_agents.flows.machine.world import World
from fsm_agents.flows.notation.folder import Reading, read_flow, read_text
from fsm_agents.flows.notation.rawrows import RawRow
from fsm_agents.flows.notation.recordings import Recordings, recordings
from fsm_agents.flows.notation.rows import flow_of
from fsm_agents.flows.problems import FlowError, Problem, Severity
from fsm_agents.flows.proof.structure import structure
from fsm_agents.flows.proof.told import Teller
from fsm_agents.flows.proof.unset_told import unset
from fsm_agents.flows.proof.ways import Ways
from fsm_agents.flows.spec import FlowSpec
from fsm_agents.flows.words.pack import LanguagePack, pack
from fsm_agents.flows.words.recogniser import Recogniser
from fsm_agents.flows.words.types import Moment
from fsm_agents.fsm.joint import Joint, Step
from fsm_agents.fsm.table import StateTable

__all__ = ["Flow"]


@attrs.frozen(eq=False, slots=False, repr=False)
class Flow:
    """A conversation as a table. Get one by :meth:`load`, :meth:`loads` or :meth:`of`; it never changes, and serves any number of calls.

    Args:
        spec: What was read.
        problems: Warnings and notes of reading it; errors are raised.
        binding: What the host gave.
        folder: Where its recordings are; ``None``: it was read from a text.
    """

    spec: FlowSpec
    problems: tuple[Problem, ...] = ()
    binding: Binding = attrs.field(factory=Binding)
    folder: Path | None = None

    @classmethod
    def load(cls, path: str | Path) -> Flow:
        """The flow in a TOML file, with its sub-flows and included files, all of them in its folder.

        Raises:
            FlowError: every problem of every file, each with its place, why, and what to write instead.
        """
        made = cls._made(read_flow(path), Path(path).parent)
        made.recordings  # noqa: B018 - what cannot be played is said here, with the other problems
        return made

    @classmethod
    def loads(cls, text: str, file: str = "flow.toml", files: Mapping[str, str] | None = None) -> Flow:
        """The flow in a text; ``files`` holds the texts of its sub-flows and included files by name.

        Raises:
            FlowError: as :meth:`load`.
        """
        return cls._made(read_text(text, file=file, files=files or {}))

    @classmethod
    def of(cls, tree: Mapping[str, Any], rows: Iterable[RawRow], *, flows: Mapping[str, Flow] | None = None) -> Flow:
        """The flow of Python rows (:mod:`fsm_agents.flows.notation.rows`).

        Args:
            tree: What a file holds beside its rows.
            rows: Made by ``says`` and ``on``, in order.
            flows: Sub-flows by the name that ``run`` uses.

        Raises:
            FlowError: as :meth:`load`.
        """
        return cls._made(flow_of(tree, rows, flows={name: flow.spec for name, flow in (flows or {}).items()}))

    @classmethod
    def _made(cls, reading: Reading, folder: Path | None = None) -> Flow:
        flow = cls(reading.spec, tuple(reading.problems), folder=folder)
        found = structure(flow.flat)
        errors = [problem for problem in found if problem.severity is Severity.ERROR]
        if errors:
            raise FlowError(errors)
        return attrs.evolve(flow, problems=(*flow.problems, *found))

    def bind(
        self,
        tools: Mapping[str, Any] | Iterable[Any] = (),
        conditions: Mapping[str, Callable[[], bool]] | None = None,
        hand_offs: Mapping[str, Callable[..., Any]] | None = None,
    ) -> Flow:
        """The flow with what the host gives it.

        Args:
            tools: Functions by name, or a list of functions that are called as the flow calls them. Each gets the slots in its ``args`` by
                name as typed values (those that are set), may take ``ctx: ToolContext``, is sync or async, returns a mapping or an attrs
                object with the fields in ``returns``, and raises for ``failed``.
            conditions: Functions without arguments, by name: yes or no, at once.
            hand_offs: Who takes over, by target (``queue:shop``) or kind (``queue``): ``async fn(target, carry)``, which returns when they
                have taken over, and raises if nobody does.

        It is compiled here too, so that the first caller does not wait for it.

        Raises:
            FlowError: all that is missing or does not fit (F7), and every value that is used on a way on which it is not set (F404):
                here, and not in a call.
        """
        try:
            binding = bind(self.flat, tools, conditions or {}, hand_offs or {})
        except FlowError as wrong:
            raise FlowError([*wrong.problems, *self._unset]) from None
        self.ready()
        bound = attrs.evolve(self, binding=binding)
        made = {name: value for name, value in vars(self).items() if name not in ("spec", "problems", "binding")}
        vars(bound).update(made)  # what was compiled is the same whatever it is bound to
        return bound

    def ready(self) -> None:
        """Compile it, and refuse what reading it does not find; asked by :meth:`bind` and by every session; again it costs nothing.

        Raises:
            FlowError: a value is said, handed to a tool or chosen from on a way on which it is not set (F404).
        """
        if self._unset:
            raise FlowError(self._unset)
        self.joint  # noqa: B018 - made now

    @cached_property
    def _unset(self) -> tuple[Problem, ...]:
        """The errors among the values that may be unset. A search through all ways: 2 ms for 30 rows, so reading does not wait for it."""
        found = unset(Ways(self.flat), Teller())
        return tuple(problem for problem in found if problem.severity is Severity.ERROR)

    # --- what it is --------------------------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Its name."""
        return self.spec.name

    @property
    def version(self) -> int:
        """Its version."""
        return self.spec.version

    @cached_property
    def digest(self) -> str:
        """What tells its content from another: rows, words and settings, but not how they are aligned."""
        text = json.dumps([_content(scope.spec) for scope in self.flat.scopes.values()], sort_keys=True, default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @cached_property
    def flat(self) -> FlatFlow:
        """Its states and edges, with those of its sub-flows."""
        return flatten(self.spec)

    @cached_property
    def recordings(self) -> Recordings:
        """Its recorded prompts, by the name in the file.

        Raises:
            FlowError: some are missing, lie elsewhere, or cannot be played (F011).
        """
        found, problems = recordings(self.spec, self.folder)
        if problems:
            raise FlowError(problems)
        return found

    @cached_property
    def pack(self) -> LanguagePack:
        """Its language."""
        return pack(self.spec.lang)

    @cached_property
    def world(self) -> World:
        """What its rows read."""
        return World(self.flat, self.pack)

    @cached_property
    def joint(self) -> Joint[FlowData]:
        """Its machines, compiled: the flow, its keypad, its patience."""
        return flow_joint(self.world)

    @property
    def table(self) -> StateTable[str, FlowData]:
        """Its state table."""
        return self.joint.tables["flow"]

    def __repr__(self) -> str:
        return f"<Flow {self.id} v{self.version}: {len(self.flat.states)} states, {len(self.spec.rows)} rows>"

    # --- one conversation ----------------------------------------------------------------------------------------------------------------

    def start(self) -> FlowData:
        """A new conversation; its first event is :class:`~fsm_agents.flows.machine.events.Begun`."""
        return self.joint.start(FlowData())

    def step(self, data: FlowData, event: object) -> Step:
        """Tell the conversation what happened; the effects of the step are to be performed by the caller."""
        return self.joint.step(data, event)

    def state(self, data: FlowData) -> FlatState | None:
        """Where the conversation is; ``None`` before it began and after the caller left."""
        name: str = data.cell("flow").state
        return self.flat.states.get(name.removesuffix(CHECKING))

    def ended(self, data: FlowData) -> bool:
        """Whether it is over."""
        return data.cell("flow").node.final

    def facts(self) -> Facts:
        """What the host's conditions are now; they come with each event.

        Raises:
            Exception: what a condition raised.
        """
        return hearing.facts(self.binding)

    def heard(self, data: FlowData, text: str, moment: Moment) -> Heard:
        """The event that the caller said ``text`` in the state where the conversation is."""
        return hearing.heard(self.world, self.state(data), self.recogniser(data), text, moment, self.facts())

    def recogniser(self, data: FlowData, state: FlatState | None = None) -> Recogniser:
        """What a state (left out: the one where the conversation is) understands; compiled once for each (and each list of a tool)."""
        return self._ears.of(self.state(data) if state is None else state, data)

    def hears_secret(self, state: FlatState | None) -> bool:
        """Whether what is said in a state may be a secret."""
        return state is not None and hearing.hears_secret(self.world, state)

    @cached_property
    def _ears(self) -> hearing.Ears:
        return hearing.Ears(self.world)

    def save(self, data: FlowData) -> dict[str, Any]:
        """The conversation as plain JSON, without secrets, under the flow's id, version and digest."""
        return storage.write(self.flat, self.digest, data, data.cell("flow").state)

    def restore(self, saved: object) -> FlowData:
        """The conversation that :meth:`save` gave, perhaps at an earlier version; its next event is ``Resumed``.

        Raises:
            FlowError: it is none of this flow, or of a version that this one does not migrate, or was edited (F8).
        """
        data, state = storage.read(self.world, self.digest, saved)
        self.joint.start(data)
        if state != BEGIN:
            cell = data.cell("flow")
            cell.node = self.table.engine.start(data, state).node
        return data

    def to_toml(self) -> str:
        """The flow as a file; read again it is the same flow.

        Raises:
            MisuseError: it has Python functions, which no file can hold; names them.
        """
        from fsm_agents.flows.notation.write import to_toml

        return to_toml(self.spec)

    def check_event(self, name: str) -> str:
        """The name of an event that the host may send.

        Raises:
            MisuseError: the flow has none of that name.
        """
        from fsm_agents.errors import nearest

        known = {event for scope in self.flat.scopes.values() for event in scope.spec.events}
        if name not in known:
            msg = f"{self.id} takes no event {name!r}; {nearest(name, known)}: list it in  events = […]"
            raise MisuseError(msg)
        return name


def _content(spec: FlowSpec) -> list[Any]:
    said = {key: value for key, value in spec.tree.items() if key != "prove"}  # what is proved changes no conversation
    return [said, [row.cells for row in spec.rows]]
