"""The exceptions of the package, one tree.

    FSMAgentsError
    ├── MisuseError      you called something wrongly; the message says what was possible
    ├── ProviderError    the other side failed (speech-to-text, model, text-to-speech, room)
    ├── TableError       a state table is wrong; raised when it is built, with every problem at once
    └── MissingExtra     an optional dependency is not installed; the message is the command to install it

A cancelled task is none of these: cancellation always passes through.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable
from typing import Any, TypeVar

__all__ = ["FSMAgentsError", "MissingExtra", "MisuseError", "ProviderError", "TableError", "nearest", "strict_keywords"]


class FSMAgentsError(Exception):
    """What every exception raised on purpose by this package is."""


class MisuseError(FSMAgentsError, ValueError):
    """A call that cannot be carried out: a bad argument, or a call that the state does not allow."""


class ProviderError(FSMAgentsError):
    """A provider (speech-to-text, model, text-to-speech, room) failed or answered nonsense.

    Args:
        message: One line that names the provider and what it did.
        retryable: Whether the same request may succeed later.
    """

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class TableError(FSMAgentsError, ValueError):
    """A state table cannot be used as it is written. The message lists every problem."""


class MissingExtra(FSMAgentsError, ImportError):  # noqa: N818 - it is no error of the caller's, and reads as it should
    """An optional dependency is missing.

    Args:
        extra: The name of the extra, for example ``"voice"``.
        needs: What needs it, for example ``"PocketsphinxSTT"``.
    """

    def __init__(self, extra: str, needs: str, hint: str = "") -> None:
        super().__init__(f"{needs} needs the extra [{extra}]: pip install 'fsm_agents[{extra}]'" + (f" ({hint})" if hint else ""))
        self.extra = extra


C = TypeVar("C", bound=type[Any])


def strict_keywords(cls: C) -> C:
    """Class decorator: a keyword that ``__init__`` does not know is a :class:`MisuseError` that offers the nearest one it knows.

    A misspelt option that is silently ignored, or answered with a bare ``TypeError``, costs an hour; this costs a second.
    """
    init = cls.__init__
    known = [
        name for name, part in inspect.signature(init).parameters.items() if name != "self" and part.kind is not part.VAR_KEYWORD
    ]

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **keywords: Any) -> None:
        for name in keywords:
            if name not in known:
                msg = f"{cls.__name__} has no option {name!r}; {nearest(name, known)}"
                raise MisuseError(msg)
        init(self, *args, **keywords)

    cls.__init__ = checked
    return cls


def nearest(word: str, known: Iterable[str]) -> str:
    """The sentence that offers the nearest known word, or lists what is known.

    >>> nearest("roomid", ["room_id", "name"])
    "did you mean 'room_id'?"
    """
    import difflib  # here: only who has made a mistake pays for it

    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names) or 'none'}"
