"""One flow file, read and resolved: every name in it is known, every setting has its type. Data only; sub-flows are specs of their own.

What it means while a call is running is :mod:`fsm_agents.flows.machine`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import attrs

from fsm_agents.flows.problems import NOWHERE, UNPLACED, Place, Spot
from fsm_agents.flows.syntax import Act, Inside, Phrase, Prompt, Ref, Target, Test, Trigger

__all__ = [
    "BargeIn", "Defaults", "FlowSpec", "GroupSpec", "Migration", "PropertySpec", "RowSpec", "SlotSpec", "StateKind", "StateSpec", "ToolSpec",
]  # fmt: skip

BargeIn: TypeAlias = Literal["any", "match", "none"]
StateKind: TypeAlias = Literal["ask", "call", "run", "handoff", "talk", "end", "say"]


@attrs.frozen
class Defaults:
    """``[defaults]``: what states and tools have that say nothing else. Seconds.

    The sources: no_input 7 s lies under the promise of no dead air for 8 s, and between VoiceXML platforms (3 s) and Voiceflow (10 s);
    tries 3 lies in what Dialogflow CX offers (1 to 6); between_keys and end_key are those of Twilio, Telnyx and Pipecat; complete and
    incomplete are the silence hangover measured for embedded voice activity detection and VoiceXML's completetimeout; a tool has 10 s
    and is bridged every 4 s, half of the dead air; a hand-off has 30 s; talk 8 turns, because a model without a bound is a trap.
    """

    no_input_after: float = 7.0
    tries: int = 3
    between_keys: float = 3.0
    end_key: str = "#"
    complete: float = 0.3
    incomplete: float = 1.0
    tool_timeout: float = 10.0
    wait_every: float = 4.0
    handoff_timeout: float = 30.0
    turns: int = 8
    barge_in: BargeIn = "any"
    before: Phrase | None = None
    after: Phrase | None = None


@attrs.frozen
class StateSpec:
    """``[states.X]``, with what its group and ``[defaults]`` give filled in.

    Args:
        name: Its name in its own file.
        say: Said on entering; ``None``: nothing.
        again: Said on entering it again; ``None``: ``say``.
        ask: The slot it asks for.
        retry: Said after the first, second … failure of any kind; the last one repeats.
        no_input: The same for silence.
        no_match: The same for what nobody takes.
        barge_in: Whether speech cuts what is said: any, only a sentence that some edge takes, or none.
        call: The tool it calls.
        wait: Said every :attr:`Defaults.wait_every` seconds while the tool, sub-flow or hand-off is at work; the last one repeats.
        timeout: Seconds: of the tool or hand-off; in another state the silence that counts as ``no_input``. ``None``: the default.
        run: The sub-flow it runs, by its name in ``flows``.
        with_: For ``run``: what the sub-flow takes, where it is called otherwise here: its name to a slot of this flow.
        handoff: Whom it hands the caller to: ``queue:shop``, ``agent:billing``, ``flow:survey``.
        carry: The slots that go with it.
        talk: Instructions: the model talks in this state.
        tools: The tools the model may use while it talks.
        turns: After so many answers of the model: ``out_of_tries``.
        end: The outcome with which the flow ends.
        tries: Failures in a row until ``out_of_tries``.
        place: Where it stands.
        places: Where each of its settings stands.
    """

    name: str
    say: Prompt | None = None
    again: Prompt | None = None
    ask: str = ""
    retry: tuple[Prompt, ...] = ()
    no_input: tuple[Prompt, ...] = ()
    no_match: tuple[Prompt, ...] = ()
    barge_in: BargeIn = "any"
    call: str = ""
    wait: tuple[Prompt, ...] = ()
    timeout: float | None = None
    run: str = ""
    with_: Mapping[str, str] = attrs.field(factory=dict)
    handoff: str = ""
    carry: tuple[str, ...] = ()
    talk: str = ""
    tools: tuple[str, ...] = ()
    turns: int = 8
    end: str = ""
    tries: int = 3
    place: Place = NOWHERE
    places: Mapping[str, Place] = attrs.field(factory=dict)

    @property
    def kind(self) -> StateKind:
        """What it does."""
        for kind in ("ask", "call", "run", "handoff", "talk", "end"):
            if getattr(self, kind):
                return kind
        return "say"

    @property
    def works(self) -> bool:
        """Whether it waits for something else than the caller."""
        return self.kind in ("call", "run", "handoff")


@attrs.frozen
class SlotSpec:
    """``[slots.X]``.

    Args:
        name: Its name in its own file.
        type: ``choice number digits date time yesno text``, or one that the host registers.
        says: How it may be answered; ``{}`` is the value. ``None``: the bare value.
        values: Of a choice: each value and how it is said.
        values_from: Of a choice: the list in a tool's last result.
        ordinals: Of such a choice: "the first one" too.
        keys: The key that means a value.
        many: Of a choice: several at once, a list.
        range: Of a number: the least and the greatest that is valid.
        hear: Of a number: what is understood; ``None``: up to the next power of ten less one, at least 99.
        length: Of digits: fewest and most.
        past: Of a date: it lies in the past.
        future: Of a date: at most so many days from today; ``None``: no bound.
        between: Of a time: earliest and latest, minutes from midnight.
        words: Of a text: fewest and most words.
        invalid: Said when words fit and the value does not.
        secret: Never logged, saved or shown to a model.
        check: A tool that says whether the value is valid.
        extra: Of a type that the host registers: its other settings.
        place: Where it stands.
        places: Where each of its settings stands.
    """

    name: str
    type: str
    says: Phrase | None = None
    values: Mapping[str, Phrase] = attrs.field(factory=dict)
    values_from: Ref | None = None
    ordinals: bool = False
    keys: Mapping[str, str] = attrs.field(factory=dict)
    many: bool = False
    range: tuple[int, int] | None = None
    hear: tuple[int, int] | None = None
    length: tuple[int, int] | None = None
    past: bool = False
    future: int | None = None
    between: tuple[int, int] | None = None
    words: tuple[int, int] = (1, 20)
    invalid: Prompt | None = None
    secret: bool = False
    check: str = ""
    extra: Mapping[str, Any] = attrs.field(factory=dict)
    place: Place = NOWHERE
    places: Mapping[str, Place] = attrs.field(factory=dict)


@attrs.frozen
class ToolSpec:
    """``[tools.X]``: what a tool takes (slots by name) and returns (fields by type).

    Args:
        name: Its name.
        args: The slots it gets, by name.
        returns: Its result's fields: ``number text yesno date time list``.
        timeout: Seconds; ``None``: the default.
        once: It is never cancelled and never repeated; its calls carry an idempotency key.
        example: What it returns where there is no host.
        mcp: A tool server of the agent provides it; the host need not bind it.
        place: Where it stands.
    """

    name: str
    args: tuple[str, ...] = ()
    returns: Mapping[str, str] = attrs.field(factory=dict)
    timeout: float | None = None
    once: bool = False
    example: Mapping[str, Any] = attrs.field(factory=dict)
    mcp: bool = False
    place: Place = NOWHERE


@attrs.frozen
class GroupSpec:
    """``[groups.X]``: states that share rows and settings."""

    name: str
    states: tuple[str, ...]
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    place: Place = NOWHERE


@attrs.frozen
class RowSpec:
    """One row.

    Args:
        inside: Where it holds.
        on: What it answers, each of them alone.
        when: Its condition.
        to: Where it leads.
        do: What is done on the way, in order.
        cells: The cells as they are written: in, on, when, to, do.
        block: The block of ``[rows]`` it stands in.
        spot: Where it stands.
    """

    inside: Inside
    on: tuple[Trigger, ...]
    to: Target
    when: Test | None = None
    do: tuple[Act, ...] = ()
    cells: tuple[str, str, str, str, str] = ("", "", "", "", "")
    block: str = "main"
    spot: Spot = UNPLACED

    @property
    def place(self) -> Place:
        """Where it begins."""
        return self.spot.place

    @property
    def places(self) -> tuple[Place, ...]:
        """Where each cell begins, in the order of ``cells``; where that is not known, the row."""
        return tuple(self.spot.cell(number, text) for number, text in enumerate(self.cells))


@attrs.frozen
class Migration:
    """``[migrate.N]``: how a session that was saved at version N is read: old names to new ones."""

    version: int
    states: Mapping[str, str] = attrs.field(factory=dict)
    slots: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class PropertySpec:
    """One line of ``[prove]``.

    Args:
        text: The whole sentence: ``never call book without yes in confirm``.
        place: Where it stands, without ``never`` or ``always``, which is its key.
    """

    text: str
    place: Place = NOWHERE


@attrs.frozen(slots=False)
class FlowSpec:
    """One file.

    Args:
        name: ``flow = "pizza"``.
        version: ``version = 3``.
        lang: The language pack: ``en-US``.
        start: The state it begins in.
        takes: The slots that a sub-flow gets from whoever runs it.
        gives: The slots that it gives back at an end.
        flows: The sub-flows by the name that ``run`` uses.
        events: What the host may send.
        conditions: What the host answers: yes or no.
        rows: In order.
        states: In order.
        slots: In order.
        groups: In order.
        phrases: Named phrases, and those of the language pack that it does not name itself.
        prompts: Named prompts.
        tools: In order.
        defaults: Settings of all states.
        words: Pronunciations, ARPABET.
        migrations: By version.
        prove: What must never happen, and what must always be possible: ``fsm-agents explore`` and walks hold the flow to it.
        file: The file it was read from, or the module of Python rows.
        text: The file's text; empty for Python rows.
        tree: The settings as they stand in the file (or were given), for writing them again; rows stand in ``rows``.
    """

    name: str
    version: int
    lang: str
    start: str
    rows: tuple[RowSpec, ...]
    states: Mapping[str, StateSpec]
    slots: Mapping[str, SlotSpec] = attrs.field(factory=dict)
    groups: Mapping[str, GroupSpec] = attrs.field(factory=dict)
    phrases: Mapping[str, Phrase] = attrs.field(factory=dict)
    prompts: Mapping[str, Prompt] = attrs.field(factory=dict)
    tools: Mapping[str, ToolSpec] = attrs.field(factory=dict)
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    flows: Mapping[str, FlowSpec] = attrs.field(factory=dict)
    events: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    defaults: Defaults = Defaults()
    words: Mapping[str, str] = attrs.field(factory=dict)
    migrations: Mapping[int, Migration] = attrs.field(factory=dict)
    prove: tuple[PropertySpec, ...] = ()
    file: str = ""
    text: str = ""
    tree: Mapping[str, Any] = attrs.field(factory=dict)

    def group_of(self, state: str) -> GroupSpec | None:
        """The group a state is in; a state is in one at most."""
        return next((group for group in self.groups.values() if state in group.states), None)
