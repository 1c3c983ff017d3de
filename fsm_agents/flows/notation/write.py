"""Writes a flow as a file, in the one canonical way; reading it gives an equal flow. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from fsm_agents.errors import MisuseError
from fsm_agents.flows.notation.fmt import aligned
from fsm_agents.flows.notation.layout import COLUMNS, NEEDED
from fsm_agents.flows.notation.settings import FILE
from fsm_agents.flows.problems import NOWHERE, UNPLACED
from fsm_agents.flows.spec import FlowSpec, RowSpec
from fsm_agents.flows.syntax import Function

__all__ = ["to_toml", "without_places"]

TABLES: Final = ("phrases", "prompts", "slots", "tools", "groups", "states", "defaults", "words", "migrate", "prove")
"""The order of the tables behind ``[rows]``."""
SUBTABLES: Final = ("values", "keys")
"""Settings of slots that have a table of their own: one value per line, so that a change is one line of a diff."""

_BARE = re.compile(r"[A-Za-z0-9_\-]+\Z")
_ESCAPED = re.compile(r'[\x00-\x1f\x7f"\\]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def to_toml(spec: FlowSpec) -> str:
    """The flow as the text of a file. Its sub-flows are files of their own, and what it included stands in it.

    Raises:
        MisuseError: a row holds a Python function, which no file can hold.
    """
    for row in spec.rows:
        _refuse_functions(row)
    tree = spec.tree
    head = [f"{key} = {_value(tree[key])}" for key in FILE if key in tree]
    parts = ["\n".join(head), "[rows]\n" + "\n".join(_blocks(spec.rows))]
    for table in TABLES:
        if table in tree:
            parts += _table(table, tree[table])
    return "\n\n".join(parts) + "\n"


def _refuse_functions(row: RowSpec) -> None:
    for part in (row.when, *row.do):
        if isinstance(part, Function):
            what = f"the row at {row.place} holds the Python function {part.name!r}"
            raise MisuseError(f"{what}: no file can hold it; name a condition or a tool")


def _blocks(rows: tuple[RowSpec, ...]) -> Iterator[str]:
    for block, group in itertools.groupby(rows, key=lambda row: row.block):
        cells = [row.cells for row in group]
        used = [number for number, name in enumerate(COLUMNS) if name in NEEDED or any(row[number] for row in cells)]
        text = "\n".join(aligned([[row[number] for number in used] for row in [COLUMNS, *cells]])) + "\n"
        if "'''" in text:
            escaped = _escape(text, keep="\n")
            yield f'{block} = """\n{escaped}"""'
        else:
            yield f"{block} = '''\n{text}'''"


def _table(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    """A table, and those inside it."""
    if name == "prove":
        yield "\n".join([f"[{name}]", *(f"{word} = {_listed(texts)}" for word, texts in table.items())])
        return
    if name in ("phrases", "prompts", "defaults", "words"):
        yield "\n".join([f"[{name}]", *_lines(table)])
        return
    if not table:
        yield f"[{name}]"
    for entry, settings in table.items():
        path = f"{name}.{_key(entry)}"
        below = {
            key: value for key, value in settings.items() if name == "slots" and key in SUBTABLES and isinstance(value, dict)
        }
        parts = [f"[{path}]", *_lines({key: value for key, value in settings.items() if key not in below})]
        for key, value in below.items():
            parts += [f"[{path}.{key}]", *_lines(value)]
        yield "\n".join(parts)


def _listed(texts: list[str]) -> str:
    """A list of sentences, one in a line."""
    return "\n".join(["[", *(f"    {_text(text)}," for text in texts), "]"]) if len(texts) > 1 else _value(texts)


def _lines(settings: Mapping[str, Any]) -> Iterator[str]:
    for key, value in settings.items():
        yield f"{_key(key)} = {_value(value)}"


def _key(name: str) -> str:
    return name if _BARE.match(name) else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, int | float):
        return repr(value)
    return str(value.isoformat())


def _text(value: str) -> str:
    return f'"{_escape(value)}"'


def _escape(text: str, keep: str = "") -> str:
    def one(found: re.Match[str]) -> str:
        char = found.group()
        return char if char in keep else _SHORT.get(char, f"\\u{ord(char):04x}")

    return _ESCAPED.sub(one, text)


def without_places(spec: FlowSpec) -> FlowSpec:
    """The flow without where it stands: two notations of one flow are equal in this form."""
    return attrs.evolve(
        spec,
        rows=tuple(attrs.evolve(row, spot=UNPLACED) for row in spec.rows),
        states=_bare(spec.states), slots=_bare(spec.slots), tools=_bare(spec.tools), groups=_bare(spec.groups),
        prove=tuple(attrs.evolve(one, place=NOWHERE) for one in spec.prove),
        flows={name: without_places(flow) for name, flow in spec.flows.items()},
        file="", text="", tree=dict(spec.tree),
    )  # fmt: skip


def _bare(parts: Mapping[str, Any]) -> dict[str, Any]:
    nowhere: dict[str, Any] = {"place": NOWHERE, "places": {}}
    return {
        name: attrs.evolve(part, **{key: value for key, value in nowhere.items() if hasattr(part, key)})
        for name, part in parts.items()
    }
