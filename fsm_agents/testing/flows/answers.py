"""Answers to what a flow asks for: tools, people who take over, the model. Each is one line of a scene."""

from __future__ import annotations

import json
from typing import Any, Final, Literal, TypeAlias

import attrs

from fsm_agents.errors import MisuseError, nearest
from fsm_agents.flows.machine.effects import AskModel, CallTool, HandOver
from fsm_agents.flows.machine.events import Failed, NotJudged, Proposed, Succeeded
from fsm_agents.flows.proof.scene import shown_fields
from fsm_agents.flows.results import ResultError, fields_of
from fsm_agents.flows.spec import SlotSpec
from fsm_agents.flows.words.recogniser import Parse
from fsm_agents.testing.flows.player import Player
from fsm_agents.testing.flows.times import ANSWERS_AFTER, seconds

__all__ = ["HandOff", "How", "Late", "Model", "Tool", "Unplayable", "parse_offer", "waiting"]

How: TypeAlias = Literal["ok", "failed", "timeout"]


class Unplayable(MisuseError):  # noqa: N818 - a scene that cannot go on is no error of this code
    """What a script asks for cannot happen now; the message says why, and what could."""


@attrs.frozen
class Tool:
    """A tool answers.

    Args:
        tool: Its name, with or without the sub-flow's.
        how: ``ok``, ``failed`` or ``timeout``.
        fields: Of ``ok``: fields by name. What is not given comes from the tool's ``example``.
        after: µs until it answers.
    """

    tool: str
    how: How = "ok"
    fields: tuple[tuple[str, Any], ...] = ()
    after: int = ANSWERS_AFTER

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        asked = player.pending
        return isinstance(asked, CallTool) and self.tool in (asked.tool, asked.tool.rpartition("/")[2])

    def play(self, player: Player) -> None:
        """Let it happen."""
        if not self.fits(player):
            raise Unplayable(f"{self.tool} is not being called: {waiting(player)}")
        asked = player.pending
        assert isinstance(asked, CallTool)  # noqa: S101 - it fits
        if self.how == "timeout":
            player.time_out()
            return
        event = Failed(asked.number, "as told") if self.how == "failed" else self._result(player, asked)
        _answer(player, event, self.after)

    def _result(self, player: Player, asked: CallTool) -> Succeeded:
        tool = player.flow.flat.tools[asked.tool]
        try:
            return Succeeded(asked.number, fields_of(tool, {**tool.example, **dict(self.fields)}))
        except ResultError as wrong:
            fix = " ".join(f"{name}=…" for name in tool.returns)
            raise Unplayable(f"{wrong}; write  tool: {tool.name} ok {fix}") from None

    def line(self) -> str:
        """As a line of a scene."""
        after = f"after {seconds(self.after)} " if self.after != ANSWERS_AFTER and self.how != "timeout" else ""
        return f"tool: {self.tool.rpartition('/')[2]} {after}{self.how}{shown_fields(self.fields)}"


@attrs.frozen
class HandOff:
    """Somebody takes the caller over, or nobody does.

    Args:
        to: ``queue:shop``.
        how: ``ok``, ``failed`` or ``timeout``.
        after: µs until it is known.
    """

    to: str
    how: How = "ok"
    after: int = ANSWERS_AFTER

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        asked = player.pending
        return isinstance(asked, HandOver) and asked.to == self.to

    def play(self, player: Player) -> None:
        """Let it happen."""
        if not self.fits(player):
            raise Unplayable(f"nobody is handed over to {self.to}: {waiting(player)}")
        number = player.data.call
        if self.how == "timeout":
            player.time_out()
            return
        _answer(player, Succeeded(number) if self.how == "ok" else Failed(number, "as told"), self.after)

    def line(self) -> str:
        """As a line of a scene."""
        after = f"after {seconds(self.after)} " if self.after != ANSWERS_AFTER and self.how != "timeout" else ""
        return f"hand off: {self.to} {after}{self.how}"


def _answer(player: Player, event: Succeeded | Failed, after: int) -> None:
    """Time passes, then the answer comes; if the flow stopped waiting meanwhile, it comes too late and means nothing."""
    player.pass_time(after)
    if not player.ended:
        player.answer(event)


@attrs.frozen
class Late:
    """What nobody waits for any more answers all the same."""

    ok: bool = True

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        return bool(player.late) and not player.ended

    def play(self, player: Player) -> None:
        """Let it happen."""
        number = player.late[0]
        player.answer(Succeeded(number) if self.ok else Failed(number, "late"))

    def line(self) -> str:
        """As a line of a scene."""
        return "# an answer that comes too late"


Chosen: TypeAlias = "tuple[str, tuple[tuple[str, Any], ...]]"
"""An edge by the words of its ``llm "…"``, and the slots it sets by their own names."""


@attrs.frozen
class Model:
    """The model answers.

    Args:
        chosen: The edges it chooses.
        text: What it says.
        strays: Edges it chooses by numbers that nobody offered.
        fails: It does not answer, or what it answers cannot be read.
    """

    chosen: tuple[Chosen, ...] = ()
    text: str = ""
    strays: tuple[int, ...] = ()
    fails: bool = False

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        return player.asked is not None

    def play(self, player: Player) -> None:
        """Let it happen."""
        asked = player.asked
        if asked is None:
            raise Unplayable(f"the model is not asked: {waiting(player)}")
        parses = [parse_offer(player, asked, text, values) for text, values in self.chosen]
        parses += [Parse(number) for number in self.strays]
        player.pass_time(ANSWERS_AFTER)
        if not player.ended:
            player.answer(NotJudged(asked.number, "as told") if self.fails else Proposed(asked.number, tuple(parses), self.text))

    def line(self) -> str:
        """As a line of a scene."""
        if self.fails:
            return "model: fails"
        told = [f"chooses {json.dumps(text, ensure_ascii=False)}{_sets(values)}" for text, values in self.chosen]
        told += [f"says {json.dumps(self.text, ensure_ascii=False)}"] if self.text else []
        told += ["chooses what was not offered"] if self.strays else []
        return f"model: {' '.join(told) or 'silent'}"


def _sets(values: tuple[tuple[str, Any], ...]) -> str:
    return f" sets{shown_fields(values)}" if values else ""


def parse_offer(player: Player, asked: AskModel, text: str, values: tuple[tuple[str, Any], ...]) -> Parse:
    """The model's choice as an event brings it: values that do not fit their slots are invalid, not taken.

    Raises:
        Unplayable: nothing of that text is offered, or it sets another slot than the offer names.
    """
    offer = next((offer for offer in asked.offers if offer.text == text), None)
    if offer is None:
        raise Unplayable(f"the model is not offered {text!r}; {nearest(text, [offer.text for offer in asked.offers])}")
    full = {name.rpartition("/")[2]: name for name in offer.sets}
    if unknown := next((name for name, _ in values if name not in full), ""):
        raise Unplayable(f"this edge does not set {unknown!r}; {nearest(unknown, full)}")
    world = player.flow.world
    good: list[tuple[str, Any]] = []
    bad: list[tuple[str, str]] = []
    for name, value in values:
        slot: SlotSpec = player.flow.flat.slots[full[name]]
        read = list(value) if isinstance(value, tuple) else value
        if world.type_of(slot).fits(read, slot):
            good.append((full[name], value))
        else:
            bad.append((full[name], str(value)))
    return Parse(offer.edge, tuple(good), tuple(bad))


def waiting(player: Player) -> str:
    """What a conversation waits for, in half a sentence."""
    asked = player.pending
    if player.ended:
        return f"the call is over ({player.outcome or 'hung up'})"
    if player.asked is not None:
        offers = ", ".join(f'"{offer.text}"' for offer in player.asked.offers[:MOST_TOLD])
        return f"the model is asked in {player.where}" + (f" (it may choose {offers})" if offers else "")
    if isinstance(asked, CallTool):
        return f"{player.where} calls {asked.tool.rpartition('/')[2]}"
    if isinstance(asked, HandOver):
        return f"{player.where} hands over to {asked.to}"
    return f"{player.where} waits for the caller" if player.listening else f"the flow is in {player.where}"


MOST_TOLD: Final = 5
