"""What a flow says in a session: the lines of one step are one group of says, and it is known when they are over, and what was heard.

It speaks through the session's own ``say()`` and decides nothing: the turn table says when who may speak.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import anyio
import attrs

from fsm_agents.flows.machine.effects import SayLines
from fsm_agents.flows.spec import BargeIn
from fsm_agents.session.flows.run import FlowRun
from fsm_agents.session.handle import SpeechHandle

if TYPE_CHECKING:
    from fsm_agents.session.session import AgentSession

__all__ = ["FlowSays", "Group"]


@attrs.define(eq=False)
class Group:
    """The lines of one step.

    Attributes:
        said: What is said.
        run: The conversation in the flow that says it.
        left: How many lines are not over.
        heard: Whether any of it sounded.
        cut: Whether it was ended before its end.
        numbers: Of its says.
        refused: Whether some of it was not spoken at all: the session ends.
    """

    said: SayLines
    run: FlowRun
    left: int
    numbers: list[int] = attrs.field(factory=list)
    heard: bool = False
    cut: bool = False
    refused: bool = False


class FlowSays:
    """Says the lines of one flow.

    Args:
        session: Who speaks.
        over: Told of each group that is over.

    Attributes:
        live: The groups that are not over, in the order in which they are said.
        unheard: What was said last, if nothing of it sounded: it may have to be said again.
        count: How many groups there were.
    """

    def __init__(self, session: AgentSession, over: Callable[[Group], object]) -> None:
        self._session, self._over = session, over
        self.live: list[Group] = []
        self.unheard: SayLines | None = None
        self.count = 0
        self._changed = anyio.Event()

    async def over(self) -> None:
        """Wait until all that is being said, or waits to be said, is over."""
        while self.live:
            self._changed = anyio.Event()
            await self._changed.wait()

    @property
    def numbers(self) -> set[int]:
        """The numbers of the says in these groups."""
        return {number for group in self.live for number in group.numbers}

    @property
    def barge_in(self) -> BargeIn | None:
        """What may end what is being said; ``None``: nothing is."""
        return self.live[0].said.barge_in if self.live else None

    def say(self, said: SayLines, run: FlowRun, *, answer: bool) -> None:
        """Say lines as one reply; ``answer``: they answer what the caller said last."""
        self.count += 1
        self.unheard = None
        group = Group(said, run, len(said.lines))
        self.live.append(group)
        soft, over = said.barge_in == "any", partial(self._settled, group)
        for line in said.lines:
            number = self._session.say_line(
                line.text, interruptible=soft, answer=answer, audio=line.audio, pieces=line.pieces, over=over
            )
            group.numbers.append(number)

    def _settled(self, group: Group, handle: SpeechHandle) -> None:
        group.left -= 1
        group.heard = group.heard or bool(handle.heard)
        group.cut = group.cut or handle.interrupted
        group.refused = group.refused or bool(handle.refused)
        if group.left:
            return
        self.live.remove(group)
        self._changed.set()
        if group.cut and not group.heard and not self.live:
            self.unheard = group.said
        self._over(group)
