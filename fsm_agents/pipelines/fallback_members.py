"""Several providers for one stage, in order of preference: whose turn it is, who serves, and what is said when none can.

It asks nobody: the stages (``fallback_llm.py``, ``fallback_tts.py``, ``fallback_stt.py``) do.

**The order.** The first that is not left out. One that fails is left out for a while, and has its place again afterwards: a provider is
tried again at most once in that time, so a caller does not pay for it again and again, and the voice does not change back and forth. If
all are left out they are asked all the same, the one that worked last first: while one works, there is an answer.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

import anyio

from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.machines.link import DIAL_LIMIT
from fsm_agents.pipelines.fallback_link import Member, can_never_work
from fsm_agents.pipelines.parts import all_at_once, checked, close_all
from fsm_agents.runtime.link import plain

__all__ = ["Failure", "Fallback", "Members", "seconds"]

log = logging.getLogger("fsm_agents")

S = TypeVar("S")

WARM_UP_LIMIT = DIAL_LIMIT.seconds or 0.0
"""Seconds: one that is not ready by then is left out, and the session starts with the others."""
_LONGEST = 3600.0

Failure = tuple[Member[Any], Exception]
"""Who failed, and how."""


def seconds(owner: str, name: str, given: object) -> float:
    """A number of seconds that an option may be.

    Raises:
        MisuseError: It may not.
    """
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= _LONGEST:
        raise MisuseError(f"{owner}({name}={given!r}): give seconds above 0, at most {_LONGEST:g}")
    return float(given)


class Members(Generic[S]):
    """The providers of one fallback.

    Args:
        owner: Whose they are, for messages.
        providers: The stages, the preferred one first.
        kind: What they must be.
        cool_down: Seconds for which one is left out after a first failure.

    Raises:
        MisuseError: There is none, one is no such stage, or one is there twice.

    Attributes:
        serving: Who answered last; ``None``: nobody yet.
    """

    def __init__(self, owner: str, providers: Sequence[S], kind: type[Any], cool_down: float) -> None:
        self.owner = owner
        if isinstance(providers, str) or not isinstance(providers, Sequence) or not providers:
            raise MisuseError(f"{owner}({providers!r}): give a list of one {kind.__name__} or more, the preferred one first")
        for number, stage in enumerate(providers):
            checked(owner, f"providers[{number}]", stage, kind)
            if any(stage is other for other in providers[:number]):
                raise MisuseError(f"{owner}(providers[{number}]={type(stage).__name__}): it is in the list already")
        left_out = seconds(owner, "cool_down", cool_down)
        names = _names(providers)
        self.all = tuple(Member(stage, name, left_out) for stage, name in zip(providers, names, strict=True))
        self.serving: Member[S] | None = None

    # --- whose turn it is ----------------------------------------------------------------------------------------------------------

    def in_turn(self, tried: list[Member[S]] | None = None) -> Iterator[Member[S]]:
        """Whom to ask, one after the other, each told that it is asked; nobody twice.

        Args:
            tried: Who was asked already; those who are asked now are added.
        """
        tried = [] if tried is None else tried
        while (member := self._next(tried)) is not None:
            tried.append(member)
            member.ask()
            yield member

    def _next(self, tried: Iterable[Member[S]]) -> Member[S] | None:
        left = [member for member in self.all if member not in tried and not member.out]
        ready = next((member for member in left if member.ready), None)
        return ready or max(left, key=lambda member: member.worked, default=None)

    # --- what became of it ---------------------------------------------------------------------------------------------------------

    def serve(self, member: Member[S]) -> None:
        """It has answered."""
        member.answered()
        before, self.serving = self.serving, member
        if before is not None and before is not member:
            log.info("%s: %s answers, in the place of %s", self.owner, member.name, before.name)

    def failed(self, member: Member[S], broken: Exception) -> None:
        """It has not answered, or broke off: it is left out for a while, or for good."""
        if can_never_work(broken):
            self._refuse(member, broken)
        else:
            self.leave_out(member, broken)

    def leave_out(self, member: Member[S], broken: Exception) -> None:
        """Do without it for a while."""
        told = member.broken is not None and plain(member.broken) == plain(broken)
        if member.failed(broken):
            level = logging.DEBUG if told and not getattr(broken, "retryable", True) else logging.WARNING
            log.log(level, "%s: left out for %.0f s: %s", self.owner, member.rest, self.said(member, broken))

    def _refuse(self, member: Member[S], broken: Exception) -> None:
        if not member.out:
            member.refuse(broken)
            log.warning("%s: left out for good: %s", self.owner, self.said(member, broken))

    # --- early and late ------------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Ask each that can tell without waiting whether it can ever work; those that cannot are out.

        Raises:
            MisuseError: None can: what the first said.
        """
        for member in self.all:
            check = getattr(member.stage, "check", None)
            if check is None or member.out:
                continue
            try:
                check()
            except Exception as broken:
                self._refuse(member, broken)
        self._need_one()

    async def warm_up(self) -> None:
        """Have them all get ready at once. One that fails for good is out; one that is only busy, or not ready in time, is left out.

        Raises:
            Exception: None can work: what the first said.
        """
        failures: dict[str, Exception] = {}
        waiting = [member for member in self.all if hasattr(member.stage, "warm_up") and not member.out]
        await all_at_once({f"warm up {member.name}": partial(self._warm_up, member, failures) for member in waiting})
        if failures and all(member.out or member.name in failures for member in self.all):
            first = self.all[0]
            raise failures.get(first.name) or first.broken or next(iter(failures.values()))
        self._need_one()

    async def _warm_up(self, member: Member[S], failures: dict[str, Exception]) -> None:
        member.ask()
        try:
            with anyio.fail_after(WARM_UP_LIMIT):
                await member.stage.warm_up()  # type: ignore[attr-defined]
            member.answered()
        except Exception as raised:  # a stage may raise anything
            late = ProviderError(f"{member.name} was not ready within {WARM_UP_LIMIT:g} s", retryable=True)
            broken = late if isinstance(raised, TimeoutError) else raised
            failures[member.name] = broken
            if getattr(broken, "retryable", not can_never_work(broken)):
                self.leave_out(member, broken)
            else:  # a key that is refused now is refused later
                self._refuse(member, broken)

    async def aclose(self) -> None:
        """Close them all, and forget what they did."""
        await close_all({member.name: member.stage for member in self.all})
        for member in self.all:
            member.reset()
        self.serving = None

    def _need_one(self) -> None:
        first = self.all[0].broken
        if first is not None and all(member.out for member in self.all):
            raise first

    # --- what is said --------------------------------------------------------------------------------------------------------------

    def said(self, member: Member[S], broken: Exception) -> str:
        """The failure in one line that names the provider."""
        line = plain(broken)
        return line if line.startswith(member.name) else f"{member.name}: {line}"

    def none_answers(self, failures: Sequence[Failure]) -> Exception:
        """What to raise when nobody has answered: the failure of each, or their own words when none can ever work."""
        errors = [broken for _, broken in failures] or [member.broken for member in self.all if member.broken is not None]
        if errors and all(can_never_work(broken) for broken in errors):
            return errors[0]
        lines = "; ".join(self.said(member, broken) for member, broken in failures)
        retryable = any(getattr(broken, "retryable", True) for broken in errors)
        return ProviderError(f"{self.owner}: none of {len(self.all)} answers: {lines or 'all are out'}", retryable=retryable)


class Fallback(Generic[S]):
    """What every fallback offers besides being a stage.

    Attributes:
        members: The providers.
    """

    members: Members[S]

    @property
    def serving(self) -> S | None:
        """The provider that answered last; ``None``: none yet."""
        return None if self.members.serving is None else self.members.serving.stage

    def check(self) -> None:
        """Ask each, without waiting, whether it can ever work; those that cannot are out.

        Raises:
            MisuseError: None can: what the first said.
        """
        self.members.check()

    async def warm_up(self) -> None:
        """Have them get ready, all at once; those that cannot are out.

        Raises:
            Exception: None can: what the first said.
        """
        await self.members.warm_up()

    async def aclose(self) -> None:
        """Close them all, and forget failures."""
        await self.members.aclose()


def _names(stages: Sequence[object]) -> list[str]:
    """A name for each stage, no two the same. Not its ``repr``: that may show a key."""
    plain_names = [_name(stage) for stage in stages]
    many, met = Counter(plain_names), Counter[str]()
    names = []
    for name in plain_names:
        met[name] += 1
        names.append(f"{name} #{met[name]}" if many[name] > 1 else name)
    return names


def _name(stage: object) -> str:
    model = getattr(stage, "model", None)
    return f"{type(stage).__name__} ({model})" if isinstance(model, str) else type(stage).__name__
