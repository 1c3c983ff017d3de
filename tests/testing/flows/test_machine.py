"""FlowMachine: a class in a suite of one's own, with invariants; it finds what is broken. Hypothesis shrinks it; not here, that takes seconds."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant

from fsm_agents.errors import MisuseError
from fsm_agents.testing import FlowMachine
from tests.testing.flows.flows import broken, shop

FEW = hypothesis.settings(
    max_examples=15, stateful_step_count=15, deadline=None, suppress_health_check=list(hypothesis.HealthCheck), database=None,
    phases=[hypothesis.Phase.generate], derandomize=True,
)  # fmt: skip


class TestShop(FlowMachine):
    """Collected and run by pytest as it stands."""

    flow = shop()
    settings = FEW

    @invariant()
    def never_more_than_twenty(self) -> None:
        assert self.slots.get("count", 0) <= 20
        assert self.state
        assert self.said


def test_an_invariant_that_does_not_hold_is_found() -> None:
    class Few(FlowMachine):
        flow = shop()
        settings = hypothesis.settings(FEW, max_examples=200)

        @invariant()
        def never_more_than_six(self) -> None:
            assert self.slots.get("count", 0) <= 6

    with pytest.raises(AssertionError) as failed:
        Few().test_flow()
    assert "<= 6" in str(failed.value) or "count" in str(failed.value) or failed.value.__notes__


def test_a_property_that_does_not_hold_is_told_as_a_scene() -> None:
    class Holed(FlowMachine):
        flow = broken('say = "{count} coffees[ for {who}]?"', 'say = "{count} coffees for {who}?"')
        settings = hypothesis.settings(FEW, max_examples=300)

    with pytest.raises(AssertionError, match="walk FAILED: F404"):
        Holed().test_flow()


def test_it_is_a_state_machine_of_hypothesis() -> None:
    machine = TestShop.state_machine()
    assert issubclass(machine, RuleBasedStateMachine)
    assert machine.TestCase is not None
    assert TestShop.coverage.flow is shop()


def test_without_a_flow_it_says_so() -> None:
    class Nothing(FlowMachine):
        pass

    with pytest.raises(MisuseError, match="Nothing does not say which flow"):
        Nothing().test_flow()
