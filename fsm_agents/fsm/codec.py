"""Events and effects as JSON, and events back again: the same text on every machine, Python version and run.

What can be written: ``str int float bool None``, tuples, Enum members (by name) and attrs objects made of these. Anything else is
refused when it is recorded, not when somebody needs the log. Classes are found by name among those that the joint speaks of:
nothing is imported or evaluated because a log says so.
"""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, Flag
from json.encoder import encode_basestring_ascii
from typing import Any

import attrs

from fsm_agents.errors import MisuseError, nearest
from fsm_agents.fsm.engine import Due, Fault
from fsm_agents.fsm.joint import Joint

__all__ = ["HIDDEN", "Codec", "quote"]

HIDDEN = "***"
"""What stands in a redacted log instead of words."""

# ASCII only: a lone surrogate from a provider, a file opened in another encoding and U+2028 as a "line end" all stay harmless.
quote: Callable[[str], str] = encode_basestring_ascii

_Encoder = Callable[[Any], str]


class Codec:
    """Writes what a joint hears and does, and reads what it heard.

    Args:
        joint: Its events, and all attrs and Enum classes that their fields' annotations name, can be read back.
        classes: More classes that a log may hold, where annotations do not lead to them.
        redact: Hide every ``str`` except in fields marked ``metadata={"public": True}``, and everything in fields marked
            ``metadata={"secret": True}``. What was written so cannot be replayed.

    Attributes:
        event: Writes what must be read back; a class that :meth:`decode` does not know is refused.
        effect: Writes what is only compared.

    Raises:
        MisuseError: two classes have one name, so that a log could not tell them apart.
    """

    def __init__(self, joint: Joint[Any], classes: Iterable[type[Any]] = (), *, redact: bool = False) -> None:
        self.classes: dict[str, type[Any]] = {}
        self._learned: set[type[Any]] = set()
        for cls in (Due, *(key for key in joint.routes if isinstance(key, type)), *classes):
            self.learn(cls)
        self.event: _Encoder = _Writer(self.classes, redact=redact).write
        self.effect: _Encoder = _Writer(None, redact=redact).write

    def learn(self, cls: type[Any]) -> None:
        """Be able to read ``cls`` and what its annotations name; annotations that cannot be resolved are passed over."""
        if cls in self._learned:
            return
        self._learned.add(cls)
        if _readable(cls) and self.classes.setdefault(cls.__name__, cls) is not cls:
            msg = f"two classes are called {cls.__name__}; a log could not tell them apart: rename one"
            raise MisuseError(msg)
        for named in _named(cls):
            self.learn(named)

    def decode(self, value: object) -> Any:
        """What was written, from parsed JSON.

        Raises:
            MisuseError: it names a class or member that is not known, or fields that the class does not have.
        """
        if isinstance(value, list):
            return tuple(self.decode(item) for item in value)
        if not isinstance(value, Mapping):
            return value
        fields = dict(value)
        name, _, member = str(fields.pop("_", "")).partition(".")
        cls = self.classes.get(name)
        if cls is None:
            msg = f"the log holds a {name or 'mapping'}, which the tables do not speak of; pass its class in classes=, or: "
            raise MisuseError(msg + nearest(name, self.classes))
        items = {key: self.decode(item) for key, item in fields.items()}
        try:
            return cls[member] if issubclass(cls, Enum) else cls(**items)
        except (KeyError, TypeError, ValueError) as wrong:
            msg = f"the log's {name} is not what {name} is now: {wrong}"
            raise MisuseError(msg) from wrong


class _Writer:
    """Encoders by class, each made when its class is first met. ``known`` limits the classes, if it is given."""

    def __init__(self, known: Mapping[str, type[Any]] | None, *, redact: bool) -> None:
        self.known = known
        self.redact = redact
        self.encoders: dict[type[Any], _Encoder] = {
            str: _hidden if redact else quote,
            int: int.__repr__,
            float: _float,
            bool: lambda value: "true" if value else "false",
            type(None): lambda _: "null",
            tuple: self._tuple,
        }
        if redact:  # they hold names of the tables, not words of a caller
            self.encoders[Due] = self.encoders[Fault] = _Writer(known, redact=False).write

    def write(self, value: object) -> str:
        encoder = self.encoders.get(value.__class__)
        return (encoder or self._compile(value.__class__))(value)

    def _compile(self, cls: type[Any]) -> _Encoder:
        if not _readable(cls):
            msg = (
                f"a log cannot hold a {cls.__module__}.{cls.__qualname__}: use str, int, float, bool, None, tuples, Enum members "
                f"and attrs classes made of these (a tuple for a list, an id for a live object)"
            )
            raise MisuseError(msg)
        if self.known is not None and self.known.get(cls.__name__) is not cls:
            msg = f"a {cls.__qualname__} could not be read back from the log: no event's annotations name it; pass it in classes="
            raise MisuseError(msg)
        self.encoders[cls] = encoder = _enum if issubclass(cls, Enum) else self._object(cls)
        return encoder

    def _object(self, cls: type[Any]) -> _Encoder:
        """Only what the constructor takes is written: the other fields follow from it."""
        fields = tuple((f",{quote(f.alias or f.name)}:", f.name, self._field(f)) for f in attrs.fields(cls) if f.init)
        head = f'{{"_":{quote(cls.__name__)}'
        known = self.encoders.get

        def encode(value: Any) -> str:
            text = head
            for key, name, encoder in fields:
                item = getattr(value, name)
                text += key + (encoder or known(item.__class__) or self.write)(item)
            return text + "}"

        return encode

    def _field(self, field: attrs.Attribute[Any]) -> _Encoder | None:
        """What writes this field whatever stands in it; ``None``: the encoder of the value's class."""
        if field.metadata.get("secret") == "always":
            return _hidden
        if self.redact and field.metadata.get("secret"):
            return _hidden
        if self.redact and field.metadata.get("public"):
            return _Writer(self.known, redact=False).write
        return None

    def _tuple(self, value: tuple[Any, ...]) -> str:
        return "[" + ",".join([self.write(item) for item in value]) + "]"


def _readable(cls: type[Any]) -> bool:
    return attrs.has(cls) or (issubclass(cls, Enum) and not issubclass(cls, Flag))


def _named(cls: type[Any]) -> list[type[Any]]:
    """The attrs and Enum classes in the annotations of ``cls``."""
    try:
        waiting: list[Any] = list(typing.get_type_hints(cls).values())
    except Exception:  # noqa: BLE001 - a name that only a type checker sees; the class can be passed by hand
        return []
    found = []
    while waiting:
        part = waiting.pop()
        waiting += typing.get_args(part)
        if isinstance(part, type) and _readable(part):
            found.append(part)
    return found


def _hidden(_value: object) -> str:
    return f'"{HIDDEN}"'


def _enum(member: Enum) -> str:
    return f'{{"_":{quote(f"{type(member).__name__}.{member.name}")}}}'


def _float(value: float) -> str:
    if not math.isfinite(value):
        msg = f"a log cannot hold the float {value}"
        raise MisuseError(msg)
    return float.__repr__(value)
