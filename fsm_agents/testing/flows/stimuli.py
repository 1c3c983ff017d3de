"""What may happen to a conversation by itself or by callers and the host, each as one line of a scene. Answers: :mod:`.answers`."""

from __future__ import annotations

from typing import Protocol

import attrs

from fsm_agents.flows.problems import FlowError
from fsm_agents.testing.flows.answers import Unplayable, waiting
from fsm_agents.testing.flows.player import Player
from fsm_agents.testing.flows.times import seconds

__all__ = ["Condition", "CutIn", "Event", "HangUp", "Pause", "Pressed", "Resume", "Says", "Silence", "Stimulus", "Store", "Until"]


class Stimulus(Protocol):
    """One thing that happens."""

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        ...

    def play(self, player: Player) -> None:
        """Let it happen.

        Raises:
            Unplayable: it cannot happen now.
        """
        ...

    def line(self) -> str:
        """As a line of a scene."""
        ...


@attrs.frozen
class Says:
    """The caller says something, once the agent is silent."""

    text: str

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        return not player.ended

    def play(self, player: Player) -> None:
        """Let it happen."""
        player.hear(self.text)

    def line(self) -> str:
        """As a line of a scene."""
        return f"caller: {self.text}"


@attrs.frozen
class CutIn:
    """The caller speaks while the agent does."""

    text: str
    told_late: bool = False

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        return not player.ended

    def play(self, player: Player) -> None:
        """Let it happen."""
        player.cut_in(self.text, told_late=self.told_late)

    def line(self) -> str:
        """As a line of a scene."""
        return f"cuts in: {self.text}"


@attrs.frozen
class Pressed:
    """The caller presses keys; ``over``: while the agent speaks, if it does."""

    keys: str
    over: bool = False

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        return not player.ended

    def play(self, player: Player) -> None:
        """Let it happen."""
        player.press(self.keys)

    def line(self) -> str:
        """As a line of a scene."""
        return f"{'press over' if self.over else 'press'}: {self.keys}"


@attrs.frozen
class Silence:
    """The caller says nothing until the flow notices."""

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        state = player.state
        return not player.ended and state is not None and state.listens and player.asked is None and not player.data.keys

    def play(self, player: Player) -> None:
        """Let it happen."""
        if not player.silence():
            raise Unplayable(f"silence means nothing here: {waiting(player)}")

    def line(self) -> str:
        """As a line of a scene."""
        return "silence:"


@attrs.frozen
class Pause:
    """Time passes, µs; ``silent`` writes it as a silence of the caller's."""

    micros: int
    silent: bool = False

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        return not player.ended

    def play(self, player: Player) -> None:
        """Let it happen."""
        if self.silent:
            player.listen()
        player.pass_time(self.micros)

    def line(self) -> str:
        """As a line of a scene."""
        return f"{'silence' if self.silent else 'wait'}: {seconds(self.micros)}"


@attrs.frozen
class Until:
    """Time passes until a timer of a state is due: ``after 5s``. What is due before it happens too."""

    timer: str

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        return not player.ended

    def play(self, player: Player) -> None:
        """Let it happen."""
        if not player.until(self.timer):
            raise Unplayable(f"'{self.timer}' was never due: {waiting(player)}")

    def line(self) -> str:
        """As a line of a scene."""
        return f"wait: {self.timer}"


@attrs.frozen
class Event:
    """The host sends an event."""

    name: str

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        return not player.ended

    def play(self, player: Player) -> None:
        """Let it happen."""
        player.send(self.name)

    def line(self) -> str:
        """As a line of a scene."""
        return f"event: {self.name}"


@attrs.frozen
class Condition:
    """A condition of the host's says something else from now on."""

    name: str
    holds: bool

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        return True

    def play(self, player: Player) -> None:
        """Let it happen."""
        player.conditions[self.name] = self.holds

    def line(self) -> str:
        """As a line of a scene."""
        return f"when: {self.name} = {'yes' if self.holds else 'no'}"


@attrs.frozen
class HangUp:
    """The caller leaves."""

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        return not player.ended

    def play(self, player: Player) -> None:
        """Let it happen."""
        player.hang_up()

    def line(self) -> str:
        """As a line of a scene."""
        return "hang up:"


@attrs.frozen
class Store:
    """The conversation is saved and goes on; what was saved must go on as it does."""

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        return not player.ended

    def play(self, player: Player) -> None:
        """Let it happen; what cannot be restored, for a secret is missing, is said so, and is not compared."""
        try:
            player.store()
        except FlowError as refused:
            _only_secrets(refused)

    def line(self) -> str:
        """As a line of a scene."""
        return "# saved, and restored beside it"


@attrs.frozen
class Resume:
    """The conversation is saved, and goes on in another process."""

    def fits(self, player: Player) -> bool:
        """Whether it can happen now."""
        return not player.ended

    def play(self, player: Player) -> None:
        """Let it happen."""
        try:
            player.resume()
        except FlowError as refused:
            raise Unplayable(f"it cannot go on elsewhere: {_only_secrets(refused)}") from None

    def line(self) -> str:
        """As a line of a scene."""
        return "resume:"


def _only_secrets(refused: FlowError) -> str:
    """What is said of a conversation that needs a secret which is not stored; anything else is a fault."""
    if any(problem.code != "F807" for problem in refused.problems):
        raise refused
    return refused.problems[0].message
