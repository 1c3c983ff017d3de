"""The words of the demo's conversation: what callers may say in each state, what that means, and what the agent says. Pure."""

from __future__ import annotations

from functools import cache

from fsm_agents.cli.demo_flow import (
    Agreed,
    ChangeAsked,
    CountGiven,
    Disagreed,
    GoodbyeSaid,
    HelpAsked,
    Named,
    NotUnderstood,
    Order,
    Ordered,
    Ordering,
    Prompt,
    SizeGiven,
)  # fmt: skip
from fsm_agents.plugins.local.phrases import Match, PhraseSet

__all__ = ["EXPECTS", "GREETING", "goodbye", "pizzas", "sentence", "understood"]

COUNTS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
SIZES = ("small", "medium", "large")
TOPPINGS = ("cheese", "ham", "mushrooms", "olives", "onions")
NAMES = ("anna", "ben", "clara", "david", "maria", "peter")

_COUNT, _SIZE = f"({' | '.join(COUNTS)})", " | ".join(SIZES)
_NUMBER = " | ".join(word for word in COUNTS if word != "a")
_ALWAYS = ("help", "goodbye")

EXPECTS: dict[Ordering, tuple[str, ...]] = {
    Ordering.ORDER: (f"[i want] {_COUNT} [{_SIZE}] (pizza | pizzas) [with ({' | '.join(TOPPINGS)})] [please]", *_ALWAYS),
    Ordering.NAME: (f"[my name is | the name is | it is] ({' | '.join(NAMES)})", *_ALWAYS),
    Ordering.CONFIRM: ("yes [please]", "no [thank you]", "[stop] i want to change it", *_ALWAYS),
    Ordering.CHANGE: (f"make it ({_NUMBER})", f"make (it | them) ({_SIZE})", *_ALWAYS),
    Ordering.DONE: ("goodbye", "thank you [goodbye]", "help"),
    Ordering.ENDED: (),
    Ordering.ABANDONED: (),
}
"""What callers may say: words, ``[optional words]``, ``(one way | another way)``. The recogniser of a state knows nothing else."""

GREETING = "Hello, this is the pizza line. What would you like?"
_QUESTIONS = {
    Ordering.ORDER: "What would you like?",
    Ordering.NAME: "What is your name?",
    Ordering.CONFIRM: "Is that right?",
    Ordering.CHANGE: "What shall I change?",
    Ordering.DONE: "Is there anything else?",
}
_HELP = {
    Ordering.ORDER: "You can say, for example, two large pizzas with mushrooms.",
    Ordering.NAME: "Tell me a name for the order, for example Anna.",
    Ordering.CONFIRM: "Say yes, no, or I want to change it.",
    Ordering.CHANGE: "You can say, for example, make it three.",
    Ordering.DONE: "Say goodbye when you are done.",
}


def understood(state: Ordering, text: str) -> object:
    """The event that ``text`` is in ``state``: only a whole sentence of what is expected there is understood."""
    words = text.split()
    if not EXPECTS[state] or _phrases(state).match(text) is not Match.COMPLETE:
        return NotUnderstood(text)
    if "help" in words:
        return HelpAsked()
    if "goodbye" in words or words[:1] == ["thank"]:
        return GoodbyeSaid()
    return _MEANINGS[state](words)


def sentence(prompt: Prompt, state: Ordering, order: Order) -> str:
    """What is said for ``prompt``, of the order as it stands in ``state``."""
    said = {
        Prompt.ASK_NAME: f"{pizzas(order).capitalize()}. What is your name?",
        Prompt.READ_BACK: f"Thank you, {order.name.capitalize()}. That is {pizzas(order)}, ready in twenty minutes. Is that right?",
        Prompt.ASK_CHANGE: "Of course. What shall I change?",
        Prompt.PLACED: "Your order is placed. Is there anything else?",
        Prompt.THANK: "Thank you for calling.",
        Prompt.HELP: _HELP.get(state, ""),
        Prompt.SORRY: f"Sorry, I did not understand that. {_QUESTIONS.get(state, '')}",
        Prompt.STILL_THERE: f"Are you still there? {_QUESTIONS.get(state, '')}",
        Prompt.GIVE_UP: "I cannot hear you. Please call again.",
    }
    return said[prompt]


def goodbye(order: Order) -> str:
    """The last words."""
    return f"Goodbye, {order.name.capitalize()}!" if order.name else "Goodbye!"


def pizzas(order: Order) -> str:
    """The order in words: ``two large pizzas with mushrooms``."""
    number = next(word for word, count in COUNTS.items() if count == order.count and word != "a")
    return " ".join([number, *order.size.split(), "pizza" if order.count == 1 else "pizzas", "with", order.topping])


@cache
def _phrases(state: Ordering) -> PhraseSet:
    return PhraseSet(EXPECTS[state])


def _ordered(words: list[str]) -> object:
    count = next(COUNTS[word] for word in words if word in COUNTS)
    size, topping = (next((word for word in words if word in known), "") for known in (SIZES, TOPPINGS))
    return Ordered(count, size, topping)


def _confirmed(words: list[str]) -> object:
    if "change" in words:
        return ChangeAsked()
    return Agreed() if words[0] == "yes" else Disagreed()


def _changed(words: list[str]) -> object:
    return CountGiven(COUNTS[words[-1]]) if words[-1] in COUNTS else SizeGiven(words[-1])


_MEANINGS = {
    Ordering.ORDER: _ordered,
    Ordering.NAME: lambda words: Named(words[-1]),
    Ordering.CONFIRM: _confirmed,
    Ordering.CHANGE: _changed,
}
