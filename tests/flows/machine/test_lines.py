"""What is said: which words are a secret's is known from the template; the values are never looked for."""

from __future__ import annotations

import pytest

from fsm_agents.flows.flow import Flow
from fsm_agents.flows.machine.data import FlowData, changed
from fsm_agents.flows.machine.effects import Line
from fsm_agents.flows.machine.secret import Secret
from fsm_agents.flows.machine.view import View
from tests.flows.machine.play import BYE, USUAL, text

BODY = """
[states.a]
ask = "pin"
say = "Pin?"
[states.look]
call = "find"
[states.tell]
say = "{say}"
[slots.pin]
type = "digits"
secret = true
[slots.name]
type = "text"
[tools.find]
args = ["pin"]
returns = {{ owner = "text" }}
"""
ROWS = """
a | filled | | look |
look | ok, failed, timeout | | tell |
tell | yes | | bye |
"""
NINE = Secret("nine")


def line(say: str, **slots: object) -> Line:
    flow = Flow.loads(text(ROWS + USUAL, BODY.format(say=say) + BYE))
    data = FlowData(slots=changed((), **slots), results=(("find", (("owner", "Ann"),)),))
    state = flow.flat.states["tell"]
    assert state.spec.say is not None
    return View(flow.world, data).line(state.spec.say, state.scope)


@pytest.mark.parametrize(
    ("say", "kept", "parts"),
    [
        ("Pin {pin:last4}.", "Pin ***.", ("Pin ", NINE, ".")),
        ("{pin:last4}  and   nine,{pin:last4} ", "*** and nine,***", (NINE, " and nine,", NINE)),
        ("Hello[ {name}] nine.", "Hello Ann nine.", ()),
        ("Hello[, {pin:last4}]!", "Hello, ***!", ("Hello, ", NINE, "!")),
        ("{find.owner} it is.", "*** it is.", (Secret("Ann"), " it is.")),  # the tool was given the pin, and may repeat it
    ],
)
def test_a_secret_is_where_the_template_has_one(say: str, kept: str, parts: tuple[str | Secret, ...]) -> None:
    found = line(say, pin=Secret("9"), name="Ann")
    assert (found.text, found.parts) == (kept, parts)
    spoken = kept.replace("***", "Ann" if "owner" in say else "nine")
    assert found.words == spoken
    assert "".join(part for part, _ in found.pieces) == (kept if parts else "")
    assert "".join(part for _, part in found.pieces) == (spoken if parts else "")
    assert "'9'" not in repr(found)


def test_what_is_unset_is_a_hole_and_no_secret() -> None:
    assert line("Pin {pin:last4}.", name="Ann") == Line("Pin .")
