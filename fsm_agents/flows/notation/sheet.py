"""One file while it is read: its tree, where everything in it stands, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from fsm_agents.flows.notation.fault import Fault
from fsm_agents.flows.notation.kinds import Kind
from fsm_agents.flows.notation.readers import Wrong
from fsm_agents.flows.notation.scan import Path
from fsm_agents.flows.notation.source import Source
from fsm_agents.flows.notation.troubles import Troubles
from fsm_agents.flows.problems import Place, Severity

__all__ = ["BAD", "Sheet"]

BAD: Final = object()
"""What a setting is that could not be read; the problem is told already."""


class Sheet:
    """A file (or tree) with those it includes.

    Args:
        source: The file.
        troubles: Where problems go.

    Attributes:
        tree: What the file and those it includes say.
        homes: Where an included entry comes from, by its table and name.
        broken: The settings that could not be read.
    """

    def __init__(self, source: Source, troubles: Troubles) -> None:
        self.source, self.troubles = source, troubles
        self.tree: dict[str, Any] = dict(source.tree)
        self.homes: dict[Path, Source] = {}
        self.broken: set[Path] = set()
        self._before = troubles.errors
        if source.text:
            troubles.knows(source.file, source.lines())

    def table(self, name: str) -> Mapping[str, Any]:
        """One of the file's tables; empty, if it is not there or is no table (which is told elsewhere)."""
        found = self.tree.get(name)
        return found if isinstance(found, dict) else {}

    @property
    def bad(self) -> bool:
        """Whether an error was found since this file was begun: in it, or in one that it names."""
        return self.troubles.errors > self._before

    def home(self, path: Path) -> Source:
        """The file an entry stands in."""
        return self.homes.get(path[:2], self.source)

    def place(self, path: Path) -> Place:
        """Where a key stands."""
        return self.home(path).place(path)

    def places(self, path: Path, names: Iterable[str]) -> Mapping[str, Place]:
        """Where the settings of a table stand."""
        return _Places(self.home(path), path, frozenset(names))

    def problem(
        self, code: str, message: str, path: Path, *, why: str = "", fix: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        """Something is wrong with what stands at ``path``."""
        if self.troubles.full and severity is Severity.ERROR:
            self.troubles.errors += 1
            return
        self.troubles.add(code, message, self.place(path), why=why, fix=fix, severity=severity)

    def fault(self, path: Path, fault: Fault) -> None:
        """A value could not be read; a fault before its beginning is one of its key."""
        home = self.home(path)
        self.troubles.fault(fault, home.place(path) if fault.at < 0 else home.inside(path, fault.at, fault.width))

    def read(self, kind: Kind, path: Path, value: Any) -> Any:
        """The value of a setting as its kind reads it, or :data:`BAD`."""
        try:
            return kind.read(value)
        except (Fault, Wrong) as wrong:
            self.wrong(path, wrong)
            return BAD

    def wrong(self, path: Path, wrong: Fault | Wrong) -> None:
        """A value, or parts of it, could not be read."""
        self.broken.add(path)
        for inner, fault in wrong.faults if isinstance(wrong, Wrong) else [((), wrong)]:
            self.fault((*path, *inner), fault)


class _Places(Mapping[str, Place]):
    """Where the settings of a table stand; looked up when somebody asks, which is seldom."""

    def __init__(self, source: Source, path: Path, names: frozenset[str]) -> None:
        self._source, self._path, self._names = source, path, names

    def __getitem__(self, name: str) -> Place:
        if name not in self._names:
            raise KeyError(name)
        return self._source.place((*self._path, name))

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def __len__(self) -> int:
        return len(self._names)
