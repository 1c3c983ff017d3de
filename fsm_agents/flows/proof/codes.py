"""What is proved of a flow, by code: how bad it is, and one line that says what it is. Data only.

Codes that reading a file gives (``F0`` to ``F3``, ``F405``) are the notation's; ``F7`` and ``F8`` belong to the host and the store.
"""

from __future__ import annotations

from typing import Final

from fsm_agents.flows.problems import Severity

__all__ = ["CODES"]

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

CODES: Final[dict[str, tuple[Severity, str]]] = {
    "F401": (_E, "A state asks for a slot and does not say what then"),
    "F402": (_E, "A tool, a hand-off or a sub-flow ends in a way that nobody answers"),
    "F403": (_E, "An event that must be answered is answered only under conditions"),
    "F404": (_E, "A value is used on a way on which it is not set"),
    "F406": (_E, "'back' can be reached without a visit"),
    "F407": (_N, "A slot is cleared, and what a tool made of it is still used"),
    "F408": (_N, "Free text is taken and never confirmed"),
    "F409": (_E, "Open speech-to-text is needed, and there is none"),
    "F410": (_E, "A state cannot be reached"),
    "F411": (_E, "From a state no end can be reached"),
    "F412": (_E, "Failures without end: 'out_of_tries' reaches nobody"),
    "F413": (_E, "States fill each other in a circle"),
    "F414": (_E, "'next' in a state that asks nothing"),
    "F415": (_E, "An event that cannot happen where a row waits for it"),
    "F416": (_E, "A state says nothing and waits for the caller"),
    "F417": (_W, "A time or a count that the tries of a state are over before"),
    "F418": (_W, "Something is declared, and nothing uses it"),
    "F501": (_E, "A row can never win"),
    "F502": (_N, "A nearer row overrides another"),
    "F503": (_E, "Two rows accept the same words"),
    "F504": (_E, "Phrases are too large to decide"),
    "F505": (_E, "Two edges of one state take free text"),
    "F506": (_E, "A phrase accepts that nothing is said"),
    "F507": (_W, "Two rows sound alike"),
    "F508": (_E, "The same words give a slot different values"),
    "F509": (_W, "A condition can never hold"),
    "F601": (_E, "A model would fill a secret slot"),
    "F602": (_E, "A model may use a tool that is not declared"),
    "F603": (_E, "A tool that must not be interrupted can be left"),
    "F604": (_E, "A secret would leave the flow"),
    "F610": (_E, "A property cannot be read"),
    "F611": (_E, "A property does not hold"),
    "F612": (_W, "A search was cut off"),
}
"""Each code with its usual severity and its title; ``F404`` of a condition is a note."""
