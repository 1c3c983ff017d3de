"""The demo's agent, and the flow that steps its table: a turn of the caller becomes an event, the row's prompts become speech."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from fsm_agents.cli.demo_flow import DEMO, OVER, Order, Ordering, SilenceLasted, Speak
from fsm_agents.cli.demo_words import EXPECTS, GREETING, goodbye, sentence, understood
from fsm_agents.fsm.joint import Step
from fsm_agents.session.agent import Agent
from fsm_agents.session.flow import ConversationFlow

__all__ = ["PizzaAgent", "PizzaFlow"]


class PizzaFlow(ConversationFlow):
    """Takes an order. It decides nothing: :data:`fsm_agents.cli.demo_flow.ORDERING` does.

    Args:
        watch: Told of every step of the table.
    """

    def __init__(self, watch: Callable[[Step], object] = lambda _step: None) -> None:
        super().__init__()
        self.order = DEMO.start(Order())
        self.expects = EXPECTS[self.state]
        self._watch = watch

    @property
    def state(self) -> Ordering:
        """Where the order is."""
        state: Ordering = self.order.cell("demo").state
        return state

    @property
    def over(self) -> bool:
        """Whether the conversation is at its end."""
        return self.state in OVER

    async def run(self, transcript: str) -> AsyncIterator[str]:
        """The answer to what the caller said."""
        for text in self.tell(understood(self.state, transcript)):
            yield text

    async def on_turn_end(self) -> None:
        """The last words of a conversation that is over have been spoken: end the call."""
        if self.over:
            await self.session.close(self.state.value)

    async def wake_up(self) -> None:
        """The caller has been silent: ask again, or end the call."""
        for text in self.tell(SilenceLasted()):
            await self.session.say(text)
        if self.over:
            await self.session.close(self.state.value)

    def tell(self, event: object) -> list[str]:
        """Step the table: what is to be said now. What is expected from now on is told at once, since a caller may talk over the answer."""
        step = DEMO.step(self.order, event)
        self._watch(step)
        self.expects = EXPECTS[self.state]
        self.session.expect(self.expects)
        return [sentence(effect.prompt, self.state, self.order) for effect in step.effects if isinstance(effect, Speak)]


class PizzaAgent(Agent):
    """Greets, and says goodbye.

    Args:
        order: The order of this call.
    """

    def __init__(self, order: Order) -> None:
        super().__init__()
        self.order = order

    async def on_enter(self) -> None:
        """The first words; they can be interrupted like any other."""
        self.session.say(GREETING)

    async def on_exit(self) -> None:
        """The last words: the session is closed when they have sounded."""
        await self.session.say(goodbye(self.order))
