"""Groups of states in which each leads to each other: Tarjan's algorithm with a stack of its own, for flows of strangers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

__all__ = ["components"]


def components(arcs: Mapping[str, Collection[str]]) -> list[list[str]]:
    """The strongly connected components, each before those that lead to it.

    Args:
        arcs: For each name, the names it leads to; all of them are keys.
    """
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: list[str] = []
    inside: set[str] = set()
    found: list[list[str]] = []

    def begin(name: str) -> tuple[str, Iterator[str]]:
        number[name] = low[name] = len(number)
        open_.append(name)
        inside.add(name)
        return name, iter(arcs[name])

    for root in arcs:
        work = [] if root in number else [begin(root)]
        while work:
            name, rest = work[-1]
            after = next(rest, None)
            if after is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == number[name]:
                    members = [open_.pop()]
                    while members[-1] != name:
                        members.append(open_.pop())
                    inside.difference_update(members)
                    found.append(members)
            elif after not in number:
                work.append(begin(after))
            elif after in inside:
                low[name] = min(low[name], number[after])
    return found
