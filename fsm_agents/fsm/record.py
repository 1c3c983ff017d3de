"""The step log: one JSON line for each macro step, append-only, from which :mod:`fsm_agents.fsm.replay` does the call again.

A header says which tables and where the conversation stood; each line says what came, where the machines then rest, which rows
were taken, what was to be done and which timers were armed. Notes between the steps say what readers want to know and no step says
(words that were settled late); a replay passes over them. The log keeps the words of a call unless it is told to redact; what
is redacted cannot be replayed. No clock and no file here: the caller says when it was, and writes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MemberDescriptorType
from typing import Any, ClassVar, Generic, TypeVar
from weakref import WeakKeyDictionary

from fsm_agents.errors import MisuseError
from fsm_agents.fsm.codec import Codec, quote
from fsm_agents.fsm.draw_words import actions, function_name, goal, numbers, places
from fsm_agents.fsm.joint import Joint, Shared, Step
from fsm_agents.fsm.rows import Row
from fsm_agents.fsm.table import StateTable, key_name, state_name

__all__ = ["FORMAT", "StepLog", "fields_of", "fingerprint"]

S = TypeVar("S", bound=Shared)

FORMAT = 1
"""The version of the lines. A reader refuses another one."""


def fingerprint(joint: Joint[Any]) -> str:
    """What tells these tables from others: a hash of names only (states, events, guards, actions), the same in every process.

    It changes when a row changes, not when a function's body does: a replay finds that out.
    """
    lines = [joint.name, *(f"{key_name(event)} {function_name(asked)}" for event, asked in joint.stale.items())]
    for machine, table in joint.tables.items():
        lines.append(f"{machine} {_names(table.members)} {state_name(table.start)} {_names(table.final)}")
        nest = table.nest
        lines += [
            f"{group.name} {_names(nest.leaves(group))} {state_name(nest.landing(group))} {group.deep}"
            for group in nest.groups.values()
        ]
        lines += map(_row, table.rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def fields_of(data: Shared) -> Iterator[tuple[str, object]]:
    """The fields of a conversation's data that are not the engine's own."""
    for cls in reversed(type(data).__mro__):
        slots = [name for name, slot in vars(cls).items() if cls is not Shared and isinstance(slot, MemberDescriptorType)]
        yield from ((name, getattr(data, name)) for name in slots if hasattr(data, name))
    yield from getattr(data, "__dict__", {}).items()


class StepLog(Generic[S]):
    """Writes the steps of one conversation as lines.

    Call :meth:`begin` once, then :meth:`add` after each ``joint.step``, or :meth:`failed` if it raised.

    Args:
        joint: The machines.
        write: Called once for each line, with its line end: ``file.write`` or ``list.append``.
        classes: attrs and Enum classes that events may hold although no event's annotations name them.
        redact: Hide words: every ``str`` outside fields marked ``metadata={"public": True}``, and everything in fields marked
            ``metadata={"secret": True}``. States, rows, timers and numbers stay. Such a log is marked and cannot be replayed.

    Raises:
        MisuseError: two classes have one name.
    """

    def __init__(
        self, joint: Joint[S], write: Callable[[str], object], *, classes: Iterable[type[Any]] = (), redact: bool = False
    ) -> None:
        self.joint = joint
        self.write = write
        self.redact = redact
        self.count = 0
        self.form = _Form.of(joint, tuple(classes), redact)
        self.nodes: list[Any] = []

    def begin(self, data: S, settings: Mapping[str, object] | None = None) -> None:
        """Write the header: where the conversation stands now, usually at its start.

        Fields of the data that a log cannot hold (a flow, a callable) are only named: at a replay ``make_data`` must bring them.

        Args:
            data: The conversation.
            settings: What else a reader may want to know (which flow, which version); a replay does not look at it.

        Raises:
            MisuseError: a setting cannot be written.
        """
        form, write = self.form, self.form.codec.event
        form.learn(type(data))
        said = ",".join(f"{quote(key)}:{write(value)}" for key, value in (settings or {}).items())
        cells = ",".join(
            f"{key}[{form.state(cell.node)},{cell.epoch},{_past(cell.past)}]"
            for key, cell in zip(form.keys, data.cells, strict=True)
        )
        delays = ",".join(
            f"{quote(f'{m}.{name}')}:{write(data.delays[timer])}" for (m, name), (_, timer) in self.joint.timers.items()
        )
        fields = ",".join(f"{quote(key)}:{self._field(value)}" for key, value in fields_of(data))
        head = f'"format":{FORMAT},"joint":{quote(self.joint.name)},"tables":"{form.tables}","redacted":{write(self.redact)}'
        self.write(f'{{{head},"settings":{{{said}}},"cells":{{{cells}}},"delays":{{{delays}}},"data":{{{fields}}}}}\n')
        self.nodes = [cell.node for cell in data.cells]

    def add(self, at: int, step: Step, data: S) -> None:
        """Write one step.

        Args:
            at: When it was, in µs since the conversation began.
            step: What ``joint.step`` returned.
            data: The conversation, after it.

        Raises:
            MisuseError: the event or an effect holds what a log cannot; nothing is written then. Or :meth:`begin` was not called.
        """
        form = self.form
        text = self._opening(at, step.event)
        nodes, moved = self.nodes, ""
        for place, cell in enumerate(data.cells):
            if cell.node is not nodes[place]:
                moved += f",{form.keys[place]}{form.state(cell.node)}"
        if moved:
            text += f',"to":{{{moved[1:]}}}'
        if step.trail:
            text += f',"rows":[{",".join([form.rows[place][taken.row] for place, taken in step.trail])}]'
        if step.effects:
            text += f',"do":[{",".join(map(form.codec.effect, step.effects))}]'
        if step.arms:
            text += f',"arm":[{",".join([f"[{quote(a.machine)},{quote(a.timer)},{a.delay},{a.epoch}]" for a in step.arms])}]'
        if step.stale:
            text += ',"stale":true'
        self.write(text + "}\n")
        self.count += 1
        if moved:
            self.nodes = [cell.node for cell in data.cells]

    def failed(self, at: int, event: object, error: BaseException) -> None:
        """Write that the step raised; the conversation stands where it stood. Only the error's class: its text may hold words.

        Args:
            at: When it was, in µs since the conversation began.
            event: The event from outside.
            error: What ``joint.step`` raised.

        Raises:
            MisuseError: the event holds what a log cannot. Or :meth:`begin` was not called.
        """
        self.write(f'{self._opening(at, event)},"raised":{quote(type(error).__name__)}}}\n')
        self.count += 1

    def note(self, at: int, kind: str, values: Mapping[str, object]) -> None:
        """Write what no step says, for readers: a line of its own, which a replay passes over. It counts as no step.

        Args:
            at: When it was known, in µs since the conversation began.
            kind: What kind of note it is: a name, never redacted.
            values: What it says, by name; words among it are redacted where the steps' are.

        Raises:
            MisuseError: a value cannot be written. Or :meth:`begin` was not called.
        """
        self._check(at)
        write = self.form.codec.event
        said = "".join(f",{quote(key)}:{write(value)}" for key, value in values.items())
        self.write(f'{{"note":{quote(kind)},"at":{at}{said}}}\n')

    def _check(self, at: int) -> None:
        if not self.nodes:
            msg = "the log has no header yet: call begin(data) before the first step"
            raise MisuseError(msg)
        if at.__class__ is not int:
            msg = f"the time of a step is a whole number of µs, not {at!r}"
            raise MisuseError(msg)

    def _opening(self, at: int, event: object) -> str:
        self._check(at)
        # a string event is a name of the tables, not words: it is never redacted
        said = quote(event) if isinstance(event, str) else self.form.codec.event(event)
        return f'{{"n":{self.count + 1},"at":{at},"on":{said}'

    def _field(self, value: object) -> str:
        try:
            return self.form.codec.event(value)
        except MisuseError:
            return f'{{"?":{quote(type(value).__name__)}}}'


class _Form:
    """What all logs of one joint share, made once: names, row numbers and encoders."""

    known: ClassVar[WeakKeyDictionary[Joint[Any], dict[tuple[tuple[type[Any], ...], bool], _Form]]] = WeakKeyDictionary()

    def __init__(self, joint: Joint[Any], classes: tuple[type[Any], ...], redact: bool) -> None:  # noqa: FBT001 - part of a key
        self.codec = Codec(joint, classes, redact=redact)
        self.tables = fingerprint(joint)
        self.keys = [f"{quote(machine)}:" for machine in joint.tables]
        self.rows = [_labels(machine, table) for machine, table in joint.tables.items()]
        self.states: dict[Any, str] = {}

    @classmethod
    def of(cls, joint: Joint[Any], classes: tuple[type[Any], ...], redact: bool) -> _Form:  # noqa: FBT001 - part of a key
        forms = cls.known.setdefault(joint, {})
        if (classes, redact) not in forms:
            forms[classes, redact] = cls(joint, classes, redact)
        return forms[classes, redact]

    def learn(self, data: type[Any]) -> None:
        self.codec.learn(data)

    def state(self, node: Any) -> str:
        found = self.states.get(node)
        if found is None:
            found = self.states[node] = quote(node.name)
        return found


def _labels(machine: str, table: StateTable[Any, Any]) -> dict[Row[Any, Any], str]:
    return {row: quote(f"{machine}:{number}") for row, number in numbers(table).items()}


def _past(past: tuple[Any, ...]) -> str:
    return f"[{','.join(quote(state_name(state)) for state in past)}]"


def _names(states: Iterable[Any]) -> str:
    return " ".join(map(state_name, states))


def _row(row: Row[Any, Any]) -> str:
    keys = ", ".join(map(key_name, row.on))
    return " | ".join(
        [row.kind.value, places(row), keys, goal(row), actions(row), function_name(row.when) if row.when else "", row.note]
    )
