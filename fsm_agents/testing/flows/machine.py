"""``FlowMachine``: random callers in a suite of your own, drawn and shrunk by Hypothesis, with invariants of your own.

    class TestPizza(FlowMachine):
        flow = Flow.load("pizza.toml")

        @invariant()
        def never_more_than_twenty(self):
            assert self.slots.get("count", 0) <= 20

pytest runs it as it stands. Needs the extra ``[test]``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from fsm_agents.errors import MissingExtra, MisuseError
from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.secret import open_secret
from fsm_agents.testing.flows.coverage import Coverage
from fsm_agents.testing.flows.endings import Endings
from fsm_agents.testing.flows.player import Player
from fsm_agents.testing.flows.properties import PROPERTIES, Property
from fsm_agents.testing.flows.sentences import Choose, Sentences
from fsm_agents.testing.flows.story import story
from fsm_agents.testing.flows.walk import Drawer, Walk

if TYPE_CHECKING:
    from hypothesis.stateful import RuleBasedStateMachine

__all__ = ["FlowMachine"]


class FlowMachine:
    """Subclass it, and say which flow; methods under Hypothesis's ``@invariant()`` are asked after everything that happens.

    A rule of your own (``@rule()``) may do what it likes with :attr:`player`. Not a ``RuleBasedStateMachine`` itself, because pytest does
    not collect those; :meth:`state_machine` is one.

    Attributes:
        flow: The flow; its tools are not called, their results are drawn.
        properties: Asked of every step, beside those that every flow must keep.
        settings: ``hypothesis.settings`` of your own.
        coverage: What all runs of the class covered.
    """

    flow: ClassVar[Flow]
    properties: ClassVar[Sequence[Property]] = ()
    settings: ClassVar[Any] = None
    coverage: ClassVar[Coverage]

    walk: Walk

    def test_flow(self) -> None:
        """Run it: what pytest collects."""
        from hypothesis.stateful import run_state_machine_as_test

        run_state_machine_as_test(self.state_machine(), settings=self.settings)

    @classmethod
    def state_machine(cls) -> type[RuleBasedStateMachine]:
        """The machine that Hypothesis runs; its ``TestCase`` is for unittest.

        Raises:
            MisuseError: the class says no flow.
            MissingExtra: Hypothesis is not installed.
        """
        if not isinstance(getattr(cls, "flow", None), Flow):
            raise MisuseError(f'{cls.__name__} does not say which flow: flow = Flow.load("flow.toml")')
        try:
            from hypothesis import stateful
        except ImportError as missing:
            raise MissingExtra("test", "FlowMachine") from missing
        cls.coverage = Coverage.of(cls.flow)
        made: type[RuleBasedStateMachine] = type(cls.__name__, (cls, _rules(stateful, cls)), {"__module__": cls.__module__})
        return made

    # --- for invariants ------------------------------------------------------------------------------------------------------------------

    @property
    def player(self) -> Player:
        """The conversation."""
        return self.walk.player

    @property
    def state(self) -> str:
        """Where it is."""
        return self.player.where

    @property
    def slots(self) -> dict[str, Any]:
        """The slots that are set, by full name."""
        return {name: open_secret(value) for name, value in self.player.data.slots}

    @property
    def said(self) -> list[str]:
        """What the agent said so far."""
        return [line.text for line in self.player.said]


def _rules(stateful: Any, owner: type[FlowMachine]) -> Any:
    """The base class with the rules; made when it is needed, because Hypothesis may be missing."""
    from hypothesis import note
    from hypothesis import strategies as st

    sentences = Sentences(owner.flow)
    drawer, endings = Drawer(owner.flow, sentences), Endings(owner.flow, sentences)

    class Rules(stateful.RuleBasedStateMachine):  # type: ignore[misc]  # Hypothesis may be missing where this is checked
        """One walk, a rule at a time."""

        def __init__(self) -> None:
            super().__init__()
            self.walk = Walk(owner.flow, (*PROPERTIES, *owner.properties), owner.coverage.see)

        @stateful.rule(number=st.integers(0, 2**32 - 1))  # type: ignore[untyped-decorator]
        def something_happens(self, number: int) -> None:
            """The caller, a tool, a person, the model or the host does something; the number says what.

            One draw for every choice was tried: shrinking a failure took minutes, and this takes seconds.
            """
            choose: Choose = random.Random(number).randrange  # noqa: S311 - a walk, no key
            before = len(self.walk.happened)
            if not self.walk.over:
                for what in drawer.next(self.walk, choose):
                    self.walk.come(what)
            for what in self.walk.happened[before:]:
                note(what.line())
            self._hold()

        def teardown(self) -> None:
            """From wherever it stopped it can still end."""
            if self.walk.finding is None:
                self.walk.check_end(endings)
                self._hold()

        def _hold(self) -> None:
            if self.walk.finding is not None:
                raise AssertionError(story(self.walk))

    return Rules
