"""A question to a model, as the table asks it: what it is told, which functions it may call, and what its calls mean.

Each edge that the model may choose becomes a function. The model proposes by calling it; the rows decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fsm_agents.chat.message import ToolCall, ToolResult
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.flows.machine.effects import AskModel, Offer
from fsm_agents.flows.machine.events import Proposed
from fsm_agents.flows.machine.view import View
from fsm_agents.flows.syntax import Goto, Visit
from fsm_agents.flows.words.recogniser import Parse
from fsm_agents.flows.words.types import Invalid
from fsm_agents.session.flows.run import FlowRun
from fsm_agents.session.flows.talk import HIDDEN_TEXT, TalkTools, arguments, legal
from fsm_agents.session.flows.values import LONGEST_WRONG, Values

__all__ = ["Question"]


class Question:
    """One question.

    Args:
        run: The conversation.
        asked: What the table asks.
        instructions: The agent's own.

    Attributes:
        asked: As given.
        state: The state's own name.
        offers: The edges it may choose, by the name of their function, in the order in which they win.
        edges: Those functions.
        talk: The tools that it may use while it talks.
    """

    def __init__(self, run: FlowRun, asked: AskModel, instructions: str = "") -> None:
        self.run, self.asked = run, asked
        self._own = instructions
        self._values = Values(run.flow, run.data, run.moment)
        self.offers: dict[str, Offer] = {}
        for number, offer in enumerate(asked.offers, 1):
            self.offers[legal(f"go_{number}_{self.target(offer)}", self.offers)] = offer
        self.edges: tuple[FunctionTool, ...] = tuple(self._edge(name, offer) for name, offer in self.offers.items())
        self.talk = TalkTools(run, asked, self._values, self.offers)

    @property
    def tools(self) -> tuple[FunctionTool, ...]:
        """Every function that the model may call."""
        return (*self.edges, *self.talk.offered)

    def target(self, offer: Offer) -> str:
        """Where an edge leads, as it is written."""
        target = self.run.flow.flat.edges[offer.edge].target
        return target.state if isinstance(target, Goto | Visit) else target.value

    def sets(self, offer: Offer) -> dict[str, str]:
        """The slots an edge may fill: own names to full names. Secrets are never asked of a model."""
        return {name.rpartition("/")[2]: name for name in offer.sets if not self._values.secret(name)}

    def schema(self, name: str) -> dict[str, Any]:
        """The JSON schema of a slot, by its full name."""
        return self._values.schema(name)

    def _edge(self, name: str, offer: Offer) -> FunctionTool:
        properties = {own: self._values.schema(full) for own, full in self.sets(offer).items()}
        parameters = {"type": "object", "properties": properties, "required": [], "additionalProperties": False}
        return FunctionTool(name, offer.text, parameters, _not_called, is_async=True)

    # --- what it is told ------------------------------------------------------------------------------------------------------------------

    @property
    def instructions(self) -> str:
        """What the model is told; no secret is in it."""
        return "\n\n".join(filter(None, (self._own, self._task(), self._said(), self._choices(), self._when())))

    def _task(self) -> str:
        if not self.asked.talk:
            return "You judge what the caller of a conversation means. You do not answer the caller: nobody hears what you write."
        greets = "The caller has said nothing yet: you speak first." if self.asked.greets else ""
        return "\n".join(filter(None, (self.asked.talk, "You are heard, not read: speak in short plain sentences.", greets)))

    def _said(self) -> str:
        state = self.run.flow.flat.states[self.asked.state]
        if state.spec.say is None:
            return ""
        view = View(self.run.flow.world, self.run.data, self.run.data.facts)
        said = view.line(state.spec.say, state.scope).text
        return f"In this part of the conversation the caller was told: {said}" if said else ""

    def _choices(self) -> str:
        if not self.offers:
            return ""
        lines = "\n".join(f"- {name}: {offer.text}" for name, offer in self.offers.items())
        none = "If none of them is so, answer the caller." if self.asked.talk else "If none of them is so, call none."
        return f"If one of these is so, call its function and say nothing about it:\n{lines}\n{none}"

    def _when(self) -> str:
        moment = self.run.moment
        time = f", {moment.now:%H:%M}" if moment.now is not None else ""
        return f"Today is {moment.today:%A}, {moment.today.isoformat()}{time}. {HIDDEN_TEXT} stands for what you may not know."

    # --- what it chose --------------------------------------------------------------------------------------------------------------------

    def chosen(self, call: ToolCall) -> Parse | ToolResult | None:
        """What the call of an edge means: a reading of it, or an error that the model is told; ``None``: it calls no edge."""
        offer = self.offers.get(call.name)
        if offer is None:
            return None
        given = arguments(call)
        if given is None and self.sets(offer):
            return ToolResult(
                call.id, call.name, "the arguments are no JSON object; correct this and call it again", is_error=True
            )
        return self.parse(offer, given or {})

    def parse(self, offer: Offer, given: Mapping[str, Any]) -> Parse:
        """An edge with values for its slots, by their own names; what does not fit is ``invalid``."""
        values: list[tuple[str, Any]] = []
        invalid: list[tuple[str, str]] = []
        reasons: list[str] = []
        for own, full in self.sets(offer).items():
            if given.get(own) is None:
                continue
            value = self._values.read(full, given[own])
            if isinstance(value, Invalid):
                invalid.append((full, str(given[own])[:LONGEST_WRONG]))
                reasons.append(value.reason)
            else:
                values.append((full, value))
        return Parse(offer.edge, tuple(values), tuple(invalid), reasons=tuple(reasons))

    def answer(self, parses: Iterable[Parse] = (), text: str = "", *, spoken: bool = False) -> Proposed:
        """The answer to this question."""
        return Proposed(self.asked.number, tuple(parses), text, spoken, self.run.flow.facts())


async def _not_called() -> None:
    raise RuntimeError("an edge is not called: calling it is the choice")
