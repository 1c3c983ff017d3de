"""The demo's conversation: a pizza order as a state table. Every decision about the order is a row.

A state says something when it is entered and expects a few phrases (:mod:`fsm_agents.cli.demo_words`); what the caller says becomes an
event; the row says where that leads. Nothing here knows sound, speech-to-text or a clock: this table is shown, checked, recorded and
replayed like those of the package.
"""

# ruff: noqa: ARG001 - guards and actions share one signature: (event, data)
from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import attrs

from fsm_agents.fsm.engine import Set
from fsm_agents.fsm.joint import Joint, Shared
from fsm_agents.fsm.rows import STAY, Effects, anywhere, drop, enter, never, owes, row
from fsm_agents.fsm.table import StateTable

__all__ = [
    "DEMO", "ORDERING", "OVER", "Agreed", "ChangeAsked", "CountGiven", "Disagreed", "GoodbyeSaid", "HelpAsked", "Named", "NotUnderstood",
    "Order", "Ordered", "Ordering", "Prompt", "SilenceLasted", "SizeGiven", "Speak", "count_silence", "hear_someone", "note_count",
    "note_name", "note_order", "note_size", "out_of_patience",
]  # fmt: skip

PATIENCE = 3
"""Silences in a row after which nobody is there: a caller who looks something up needs one or two."""


class Ordering(Enum):
    """Where an order is."""

    ORDER = "what does the caller want?"
    NAME = "whose order is it?"
    CONFIRM = "is it right as it was read back?"
    CHANGE = "what shall be changed?"
    DONE = "it is placed; is there anything else?"
    ENDED = "the caller said goodbye"
    ABANDONED = "nobody answered any more"


# --- what the caller may do ---------------------------------------------------------------------------------------------------------


@attrs.frozen
class Ordered:
    """The caller named what they want; empty where they left it open."""

    count: int
    size: str
    topping: str


@attrs.frozen
class Named:
    """The caller gave a name."""

    name: str


@attrs.frozen
class Agreed:
    """The caller said yes."""


@attrs.frozen
class Disagreed:
    """The caller said no."""


@attrs.frozen
class ChangeAsked:
    """The caller wants something else."""


@attrs.frozen
class CountGiven:
    """The caller said how many."""

    count: int


@attrs.frozen
class SizeGiven:
    """The caller said how large."""

    size: str


@attrs.frozen
class HelpAsked:
    """The caller asked for help."""


@attrs.frozen
class GoodbyeSaid:
    """The caller said goodbye."""


@attrs.frozen
class NotUnderstood:
    """The caller said something that nobody expects here."""

    text: str


@attrs.frozen
class SilenceLasted:
    """The caller has said nothing for the wake-up time."""


# --- what the flow may ask for ------------------------------------------------------------------------------------------------------


class Prompt(Enum):
    """What can be said; the words are in :mod:`fsm_agents.cli.demo_words`."""

    ASK_NAME = "asks for the name"
    READ_BACK = "reads the order back"
    ASK_CHANGE = "asks what to change"
    PLACED = "says that the order is placed"
    THANK = "thanks for the call"
    HELP = "says what can be said here"
    SORRY = "says that it did not understand, and asks again"
    STILL_THERE = "asks whether the caller is there, and asks again"
    GIVE_UP = "says that nobody can be heard"

    def __repr__(self) -> str:
        return self.name


@attrs.frozen
class Speak:
    """Say this; its words follow from the order as it stands after the step."""

    prompt: Prompt


@attrs.define(eq=False)
class Order(Shared):
    """One order.

    Attributes:
        count: How many pizzas.
        size: How large; empty: the usual size.
        topping: With what.
        name: Whose.
        silences: How often in a row nobody answered.
    """

    count: int = 1
    size: str = ""
    topping: str = "cheese"
    name: str = ""
    silences: int = 0


def _says(*prompts: Prompt) -> Callable[[object, Order], Effects]:
    def say(event: object, order: Order) -> Effects:
        return tuple(map(Speak, prompts))

    say.__name__ = "say_" + "_and_".join(prompt.name.lower() for prompt in prompts)
    return say


def note_order(said: Ordered, order: Order) -> Effects:
    """Keep what is wanted."""
    return Set("count", said.count), Set("size", said.size), Set("topping", said.topping or order.topping)


def note_name(said: Named, order: Order) -> Effects:
    """Keep the name."""
    return (Set("name", said.name),)


def note_count(said: CountGiven, order: Order) -> Effects:
    """Keep how many."""
    return (Set("count", said.count),)


def note_size(said: SizeGiven, order: Order) -> Effects:
    """Keep how large."""
    return (Set("size", said.size),)


def count_silence(event: object, order: Order) -> Effects:
    """Once more nobody answered."""
    return (Set("silences", order.silences + 1),)


def hear_someone(event: object, order: Order) -> Effects:
    """Somebody is there."""
    return (Set("silences", 0),)


def out_of_patience(event: object, order: Order) -> bool:
    """It was asked often enough."""
    return order.silences + 1 >= PATIENCE


O = Ordering  # noqa: E741 - the tables of this package name their states by one letter
P = Prompt
OPEN = (O.ORDER, O.NAME, O.CONFIRM, O.CHANGE, O.DONE)
OVER = (O.ENDED, O.ABANDONED)

# fmt: off
ORDERING: StateTable[Ordering, Order] = StateTable("demo", Ordering, start=O.ORDER, final=OVER, rows=[
    enter(O.NAME,        (hear_someone, _says(P.ASK_NAME))),
    enter(O.CONFIRM,     (hear_someone, _says(P.READ_BACK))),
    enter(O.CHANGE,      (hear_someone, _says(P.ASK_CHANGE))),
    enter(O.DONE,        (hear_someone, _says(P.PLACED))),
    enter(O.ENDED,       _says(P.THANK)),
    enter(O.ABANDONED,   _says(P.GIVE_UP)),

    #     in             on              to            do                                     when
    row  (O.ORDER,       Ordered,        O.NAME,       note_order                                             ),
    row  (O.NAME,        Named,          O.CONFIRM,    note_name                                              ),
    row  (O.CONFIRM,     Agreed,         O.DONE                                                               ),
    row  (O.CONFIRM,     Disagreed,      O.CHANGE                                                             ),
    row  (O.CONFIRM,     ChangeAsked,    O.CHANGE                                                             ),   # also over the read-back
    row  (O.CHANGE,      CountGiven,     O.CONFIRM,    note_count                                             ),
    row  (O.CHANGE,      SizeGiven,      O.CONFIRM,    note_size                                              ),

    anywhere(            GoodbyeSaid,    O.ENDED,                                             but=OVER        ),
    anywhere(            HelpAsked,      STAY,         (hear_someone, _says(P.HELP)),         but=OVER        ),
    anywhere(            NotUnderstood,  STAY,         (hear_someone, _says(P.SORRY)),        but=OVER        ),
    anywhere(            SilenceLasted,  O.ABANDONED,  None,                out_of_patience,  but=OVER        ),
    anywhere(            SilenceLasted,  STAY,         (count_silence, _says(P.STILL_THERE)), but=OVER        ),

    # What a state does not expect is NotUnderstood there: its phrases decide what an utterance can be.
    never((O.NAME, O.CONFIRM, O.CHANGE, O.DONE, *OVER),  Ordered),
    never((O.ORDER, O.CONFIRM, O.CHANGE, O.DONE, *OVER), Named),
    never((O.ORDER, O.NAME, O.CHANGE, O.DONE, *OVER),    Agreed, Disagreed, ChangeAsked),
    never((O.ORDER, O.NAME, O.CONFIRM, O.DONE, *OVER),   CountGiven, SizeGiven),
    never(OVER,          GoodbyeSaid, HelpAsked),
    drop (OVER,          NotUnderstood, SilenceLasted),
    owes (OPEN,          "the caller; one who says nothing is heard as SilenceLasted"),
])
# fmt: on

DEMO: Joint[Order] = Joint("demo", {"demo": ORDERING})
"""The table, ready to be stepped: ``DEMO.start(Order())``."""
