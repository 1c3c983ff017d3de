"""What a scene expects of a conversation, each as one line: what is said, where it stands, what a slot holds, how it ends."""

from __future__ import annotations

import re
from typing import Any, Final, TypeAlias

import attrs

from fsm_agents.flows.machine.data import get
from fsm_agents.flows.machine.secret import open_secret
from fsm_agents.flows.words.pack import LanguagePack
from fsm_agents.testing.flows.answers import waiting
from fsm_agents.testing.flows.player import Player
from fsm_agents.testing.flows.seen import Said
from fsm_agents.testing.flows.times import SECOND, seconds

__all__ = ["AgentSays", "EmittedIt", "Ends", "Expectation", "Heard", "InState", "SlotHolds", "matches", "shown_value"]

MOST_TOLD: Final = 6
"""Lines of the agent that a message quotes."""


@attrs.define
class Heard:
    """How far a scene has listened: expectations go through what the agent said, and what the host was told, in order.

    Attributes:
        lines: Lines of the agent that were looked at.
        events: Events for the host that were looked at.
    """

    lines: int = 0
    events: int = 0


@attrs.frozen
class AgentSays:
    """The agent says a line, or several that follow each other; ``*`` stands for any words.

    Compared are words and signs, spaces aside; a number is as good in digits as in words.
    """

    text: str

    def wrong(self, player: Player, heard: Heard) -> str:
        """What is so instead; empty: it is as expected."""
        said = player.said[heard.lines :]
        for start in range(len(said)):
            for stop in range(start + 1, min(len(said), start + 1 + MOST_JOINED) + 1):
                if matches(self.text, " ".join(line.text for line in said[start:stop]), player.flow.pack):
                    heard.lines += stop
                    return ""
        return f"the agent says {_quoted(said)}"

    def line(self) -> str:
        """As a line of a scene."""
        return f"agent: {self.text}"


MOST_JOINED: Final = 8
"""So many lines of the agent one line of a scene may be."""


@attrs.frozen
class InState:
    """The flow is in this state."""

    name: str

    def wrong(self, player: Player, heard: Heard) -> str:
        """What is so instead; empty: it is as expected."""
        state = player.state
        names = (state.name, state.spec.name) if state is not None else ()
        return "" if self.name in names else f"the flow is in {player.where}"

    def line(self) -> str:
        """As a line of a scene."""
        return f"state: {self.name}"


@attrs.frozen
class SlotHolds:
    """A slot (by its full name) has this value; ``None``: it is unset."""

    name: str
    value: Any

    def wrong(self, player: Player, heard: Heard) -> str:
        """What is so instead; empty: it is as expected."""
        value = open_secret(get(player.data.slots, self.name))
        if value == self.value:
            return ""
        return f"{self.name} is {'unset' if value is None else shown_value(value)}"

    def line(self) -> str:
        """As a line of a scene."""
        told = " unset" if self.value is None else f" = {shown_value(self.value)}"
        return f"slot: {self.name}{told}"


@attrs.frozen
class EmittedIt:
    """The host was told."""

    name: str

    def wrong(self, player: Player, heard: Heard) -> str:
        """What is so instead; empty: it is as expected."""
        names = [event.name for event in player.emitted[heard.events :]]
        if self.name in names:
            heard.events += names.index(self.name) + 1
            return ""
        return f"the host was told {', '.join(names) or 'nothing'}"

    def line(self) -> str:
        """As a line of a scene."""
        return f"emitted: {self.name}"


@attrs.frozen
class Ends:
    """The call is over with this outcome, and what was said was heard, within so many µs from its beginning (0: any time)."""

    outcome: str
    within: int = 0

    def wrong(self, player: Player, heard: Heard) -> str:
        """What is so instead; empty: it is as expected."""
        if not player.ended:
            return f"the call goes on: {waiting(player)}"
        if player.outcome != self.outcome:
            return f"the call ended with {player.outcome}"
        if self.within and player.time > self.within:
            return f"the call took {seconds(player.time // (SECOND // 10) * (SECOND // 10))}"
        return ""

    def line(self) -> str:
        """As a line of a scene."""
        return f"end: {self.outcome}" + (f" within {seconds(self.within)}" if self.within else "")


Expectation: TypeAlias = AgentSays | InState | SlotHolds | EmittedIt | Ends
"""Something that must be so."""


def matches(pattern: str, text: str, pack: LanguagePack) -> bool:
    """Whether a text is what is expected."""
    wanted = [re.escape(_spelled(part, pack)) for part in pattern.split("*")]
    if len(wanted) == 1:
        return _spelled(pattern, pack) == _spelled(text, pack)
    return re.fullmatch(" ?.* ?".join(wanted), _spelled(text, pack)) is not None


def _spelled(text: str, pack: LanguagePack) -> str:
    """A text with its numbers in words, and single spaces."""
    return " ".join(_NUMBER.sub(lambda found: _words(found.group(), pack), text).split())


_NUMBER: Final = re.compile(r"(?<![\w.,:])[$£€]?\d(?:[\d.,:]*\d)?(?:st|nd|rd|th|%)?(?!\w)")


def _words(number: str, pack: LanguagePack) -> str:
    return " ".join(word for word, _ in pack.normalise(number))


def shown_value(value: Any) -> str:
    """A slot's value as a scene writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _quoted(said: list[Said]) -> str:
    if not said:
        return "nothing"
    shown = " ".join(f'"{line.text}"' for line in said[-MOST_TOLD:])
    return f"… {shown}" if len(said) > MOST_TOLD else shown
