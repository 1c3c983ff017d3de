"""What is kept of a call, to look for a secret in."""

import json
import re
from typing import Any

__all__ = ["kept"]

_CHANCE = re.compile(r'"(id|at|began)": ?("[^"]*"|\d+)')
"""A random id and a time hold any four digits now and then."""


def kept(what: Any) -> str:
    """What is saved, or the JSON that was written, without the ids and times that it has by chance."""
    return _CHANCE.sub(r'"\1": "-"', what if isinstance(what, str) else json.dumps(what))
