"""What a flow's own ``[prove]`` says, held against every step of a walk; ``fsm-agents explore`` proves the same of all that can happen."""

from __future__ import annotations

from functools import lru_cache

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.proof.properties import Answers, Never, own_properties
from fsm_agents.flows.proof.watch import Watch
from fsm_agents.testing.flows.seen import Seen

__all__ = ["Promises"]


class Promises:
    """The promises of one conversation: what of it excuses what, so far.

    Args:
        flow: The flow.
    """

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.watch, self.answers = _read(flow)
        self.marks = [False] * len(self.watch.nevers)

    def broken(self, seen: Seen) -> tuple[str, str]:
        """The promise that a step breaks, and what is wrong; both empty: it breaks none."""
        data = seen.player.data
        for never, message in list(self.watch.after(self.flow.joint, seen.step, data.slots, self.marks)):
            return never.text, message
        where, tries = seen.player.where, data.failures.tries
        for answers in self.answers:
            if where in answers.states and tries >= answers.within:
                return answers.text, f"after {tries} failures the caller is still in '{where}'"
        return "", ""


@lru_cache(16)
def _read(flow: Flow) -> tuple[Watch, tuple[Answers, ...]]:
    own = own_properties(flow.flat)
    watch = Watch(flow.flat, [one for one in own if isinstance(one, Never)])
    return watch, tuple(one for one in own if isinstance(one, Answers))
