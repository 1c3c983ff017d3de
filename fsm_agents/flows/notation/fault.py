"""What one text (a cell, a prompt, a duration) raises when it cannot be read: code, place inside that text, why, fix. No files here."""

from __future__ import annotations

from fsm_agents.errors import FSMAgentsError

__all__ = ["Fault"]


class Fault(FSMAgentsError):  # noqa: N818 - it is a fault of the text, and reads as it should
    """A text cannot be read; whoever knows where it stands makes a :class:`~fsm_agents.flows.problems.Problem` of it.

    Args:
        code: ``F302``; see :mod:`fsm_agents.flows.notation.codes`.
        message: What is wrong, in one line.
        at: Where in the text, from 0.
        width: How many characters are meant.
        why: Why that is a problem; may be empty.
        fix: Text that can be pasted; may be empty.
    """

    def __init__(self, code: str, message: str, *, at: int = 0, width: int = 1, why: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.at, self.width, self.why, self.fix = code, message, at, width, why, fix

    def moved(self, by: int) -> Fault:
        """The same fault in a text that this one is a part of, from ``by`` on."""
        return Fault(self.code, self.message, at=self.at + by, width=self.width, why=self.why, fix=self.fix)
