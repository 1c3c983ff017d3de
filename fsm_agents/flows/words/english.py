"""The language pack ``en-US``: what every caller says, whatever a flow is about, and how values are said. Words only; no rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from fsm_agents.flows.phrases import read_phrase
from fsm_agents.flows.words.choices import Choice
from fsm_agents.flows.words.dates import Date
from fsm_agents.flows.words.normalise import normalise
from fsm_agents.flows.words.numbers import NUMBER_WORDS, Digits, Number, cardinal, digit_words, ordinal
from fsm_agents.flows.words.pack import LanguagePack
from fsm_agents.flows.words.times import Time
from fsm_agents.flows.words.types import TextType, YesNo

__all__ = ["ENGLISH"]

_AGAIN = "((that / it) [again / please] / again / that one more time)"
_PERSON = (
    "(operator / agent / representative / human [being] / [real / live] person / someone / somebody / colleague / receptionist)"
)

_DESK = "(manager / supervisor / front desk / customer (service / support))"

PHRASES: Final = {
    "yes": """
        (yes / yeah / yep / yup / yes yes / sure / sure thing / of course / certainly / absolutely / definitely / correct / right
        / exactly / okay / all right / fine / uh huh / mm hmm / perfect / sounds good / that sounds (good / right) / go ahead /
        why not / do it / please do / by all means) / (yes / yeah / yep / yup) (sure / of course / certainly / absolutely /
        definitely / correct / right / exactly / okay / it is / it does / that's (right / correct / fine / okay / good / all
        right) / i do / i would / i am / we do / please do / go ahead / sounds good / perfect) / that's (right / correct / fine /
        okay / good / all right / true) / that is (right / correct / fine / okay / good / true) / it is / it does / i do / i would
        / you got it / that works / works for me / i think so / i guess so / no problem / good / great / sounds great
        / you bet / yup yup / oh (yes / yeah / okay) / (yes / yeah / yep) (sir / ma'am)""",
    "no": """
        (no / nope / nah / no no / no no no / no way / not really / of course not / certainly not / absolutely not / definitely
        not / not at all / negative / wrong / incorrect / not quite / not yet / i don't think so / i'd rather not / don't) / (no /
        nope / nah) (not really / of course not / i don't / i do not / it isn't / it's not / it is not / it doesn't / i don't
        think so / that's (wrong / incorrect / not right / not correct / not it) / that is (wrong / incorrect / not right / not
        correct) / sir / ma'am) / that's (wrong / incorrect / not right / not correct / not it) / that is (wrong / incorrect / not
        right / not correct / not it) / it isn't / it's not / it is not / it doesn't / i don't / i do not / i wouldn't""",
    "repeat": f"""
        [sorry / excuse me / wait] [can (you / i) / could (you / i) / would you / please / i need you to] (repeat [{_AGAIN}] / say
        {_AGAIN} / hear that again / tell me again / read (that / it) [back] [to me] again / one more time) / [sorry / excuse me]
        (what (was that / did you say / are you saying) / come again / pardon [me] / i beg your pardon / i (didn't / did not /
        couldn't / could not) (hear / get / catch / understand) (you / that / it / what you said) / i don't understand / what) /
        excuse me / again / once (more / again)""",
    "help": """
        help [me] / [some] help / [can / could] you help [me] / what (can / should / do) i (say / do) [now / here] / what are (my
        / the) (options / choices) / what (options / choices) (are there / do i have) / how does (this / it) work / i don't know
        what to (say / do) / i'm (lost / confused) / options""",
    "operator": f"""
        [a / an / the] {_PERSON} / [a / the] {_DESK}
        / [speak / talk / speaking / talking] (to / with) [a / an / the / your / some / one of your] (colleagues / {_PERSON} / {_DESK})
        / (get / give / find) me [a / an / the] ({_PERSON} / {_DESK})
        / (put / connect / transfer) me [through] [(to / with) [a / an / the / your] ({_PERSON} / {_DESK})]
        / is there (someone / somebody / anyone / a person) [there / i can (talk / speak) to]""",
    "goodbye": """
        [okay] [thanks / thank you [very much / so much]] (goodbye / good bye / bye [now] / bye bye / good night / see you [later]
        / talk to you later / have a (good / nice / great) (day / one / evening / night / weekend)) / (have / you have) a (good /
        nice / great) (day / one / evening / night / weekend) (goodbye / bye [now] / bye bye) / hang up / end (the / this) call /
        (i / i've) (have to / got to / gotta) go [now]""",
    "start_over": """
        start ([all] over [again] / again / from (the beginning / scratch)) / begin again / restart / (go / let's go) back to the
        (start / beginning) / from the (start / beginning / top) / (can we / let's) (start ([all] over [again] / again) / begin
        again)""",
    "cancel": """
        cancel [it / that / this / everything / the whole thing] / never mind / nevermind / forget (it / about it / that / this) /
        stop [it / that / this] / abort / scratch that / i (changed / have changed) my mind / i've changed my mind / i don't want
        (it / that / this) [any more / anymore]""",
    "correction": """
        (sorry / no / nope / actually / wait / hold on / i'm sorry / my mistake / correction / not that / i mean / i meant /
        no i (mean / meant) / (sorry / no / actually / wait / oh) (sorry / no / actually / wait / i meant / i mean / i said / i
        want / i wanted / i'd like / i would like / it's / it is / that's / make that) / i said / i meant to say / i wanted /
        change (it / that) to / (can / could) (you / we) (make / change) (it / that) [to] / let's make (it / that) / rather /
        instead)""",
    "nothing": """
        nothing [else / more / at all / for now / right now] / no nothing [else] / (that's / that is / that'll be / that will be)
        (all / it / everything) [for now / for today / i need / i want] / no (that's / that is / that'll be / that will be) (all /
        it / everything) [for now / for today] / none [of (them / those / these)] / neither [of (them / those / these)] / not any
        / no more / nothing [else] thanks / i'm (good / done / all set / finished) / all (good / done / set) / no i'm (good / done
        / all set / finished)""",
    "dont_know": """
        i don't (know / remember / have (it / that / one)) [that / it] / i do not (know / remember) [that / it] / (i'm / i am) not
        (sure / certain) / not sure / no idea / i have no idea / i (can't / cannot) remember / i forgot / i'm not really sure /
        dunno""",
    "hold_on": """
        (hold on / hang on) [a (second / sec / minute / moment)] / (just / wait) [just] (a / one) (second / sec / minute / moment)
        / (one / a) (second / sec / minute / moment) / give me (a / one) (second / sec / minute / moment) / let me (think / see /
        check / look / get (it / that)) / wait [a bit]""",
}
"""Named phrases of every flow. Each is disjoint from the others (a test proves it), but ``correction``, which only begins a sentence."""

BEFORE: Final = """
    um / uh / er / erm / hmm / ah / well / okay / so / yeah / yes / hi / hello / hey / just / please
    / (i'd / i would / we'd / we would) like [to / to have / to get] / (i / we) (want / need) [to / to have / to get]
    / (can / could / may) (i / we) [please] [have / get] / (can / could) you [please] / (give / get) me / let me (have / get)
    / i'll (have / take / get) / i will (have / take) / i think / i guess / maybe"""
"""Lead-ins. Not "oh": it is a digit, and begins corrections."""

BEFORE_THING: Final = BEFORE.replace("[to / to ", "[to ")
"""Without the "to" that only a verb follows: "i'd like to" and "book a table"."""

AFTER: Final = (
    "please / thanks / thank you [very much / so much] / then / for me / i think / i guess / if (possible / you can / you could)"
)
"""Tail words."""

TEXTS: Final = {
    "wait": "One moment, please.",
    "no_match": "Sorry, I did not get that.",
    "no_input": "Are you still there?",
    "invalid": "Sorry, that is not possible.",
    "failed": "Sorry, that did not work.",
    "resumed": "Welcome back.",
}
"""What is said where a flow says nothing."""

_NTH = tuple(read_phrase(f"[the] {ordinal(at)} [one] / (number / option) {cardinal(at)}") for at in range(1, 21))
_LAST = read_phrase("[the] last [one]")
_COMMON = frozenset(
    (
        "a an and any are as at be but by can could do does for from get give go had has have he her here him his how i "
        "i'd i'll i'm i've if in is it it's just know like make me more my need new no not of okay on one or our out "
        "please right say she so some sorry take than that that's the their them then there these they this those to up "
        "us want was we were what when where which who why will with would yes you your "
    ).split()
)


def _read(text: str) -> Any:
    return read_phrase(" ".join(text.split()))


# --- how {x:form} is said -------------------------------------------------------------------------------------------------------------


def _money(value: Any) -> str:
    """42.5 -> forty two dollars and fifty cents."""
    cents = round(float(value) * 100)
    sign, (whole, rest) = "minus " if cents < 0 else "", divmod(abs(cents), 100)
    dollars = f"{cardinal(whole)} dollar{'' if whole == 1 else 's'}"
    small = f"{cardinal(rest)} cent{'' if rest == 1 else 's'}"
    return sign + (f"{dollars} and {small}" if whole and rest else small if rest else dollars)


def _listed(word: str, value: Any) -> str:
    """``a, b or c``."""
    texts = [str(one) for one in value] if isinstance(value, Iterable) and not isinstance(value, str | dict) else [str(value)]
    return f" {word} ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else "".join(texts)


def _digits(value: Any) -> str:
    """A number or text, its digits one by one."""
    return digit_words(str(value)) or str(value)


def _last4(value: Any) -> str:
    """The last four signs, one by one: as much as may be said of a secret."""
    return _digits("".join(re.findall(r"\w", str(value)))[-4:])


FORMS: Final[dict[str, Callable[[Any], str]]] = {
    "money": _money,
    "or": lambda value: _listed("or", value),
    "and": lambda value: _listed("and", value),
    "last4": _last4,
    "digits": _digits,
    "cardinal": lambda value: cardinal(int(value)),
    "ordinal": lambda value: ordinal(int(value)),
    "plain": str,
}
"""Forms of values."""

_PHRASES = {name: _read(text) for name, text in PHRASES.items()}
_TYPES = (
    Choice(_read("and / with / plus / and with / and also"), (*_NTH, _LAST), ("number", NUMBER_WORDS)),
    Number(),
    Digits(),
    Date(),
    Time(),
    TextType(),
)

_LETTERS = re.compile(r"[a-zà-öø-ɏ'’-]+")

ENGLISH: Final = LanguagePack(
    lang="en-US",
    phrases=_PHRASES,
    before=_read(BEFORE),
    after=_read(AFTER),
    normalise=normalise,
    types={one.name: one for one in (*_TYPES, YesNo(_PHRASES["yes"], _PHRASES["no"]))},
    texts=TEXTS,
    forms=FORMS,
    alphabet=lambda word: _LETTERS.fullmatch(word.casefold()) is not None,
    common=_COMMON,
    articles=frozenset(("a", "an", "the")),
    before_thing=_read(BEFORE_THING),
)
"""American English."""
