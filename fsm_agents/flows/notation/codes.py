"""What can be wrong with a flow as it is written, by code. Data only.

Paths (F4), order (F5) and safety (F6) are proved elsewhere, of flows that could be read; two of those codes are found here already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["CODES"]

CODES: Final[Mapping[str, str]] = {
    "F001": "The file is no TOML",
    "F002": "A setting stands under the wrong table",
    "F003": "A setting is unknown there",
    "F004": "Something is larger, longer or nested deeper than anyone writes",
    "F005": "A file is not there, is no text, or cannot be read",
    "F006": "A path leads out of the flow's folder",
    "F007": "A setting's value is not of its type",
    "F008": "Something that is needed is missing",
    "F009": "The language is unknown, or a sub-flow has another one",
    "F010": "Something stands where it cannot stand: in an included file, or in a tree that has Python rows",
    "F011": "A recording is missing, or cannot be played",
    "F101": "A row has more or fewer cells than the header",
    "F102": "A column is unknown",
    "F103": "``|`` inside a cell",
    "F104": "A row names no state",
    "F105": "A line of a table does not begin and end with ``|``",
    "F106": "A column, or the header, is missing",
    "F107": "A column stands in the header twice",
    "F108": "A line break or control character inside a cell",
    "F201": "``in`` or ``to`` cannot be read",
    "F202": "A name is no state",
    "F203": "``to`` is empty",
    "F204": "A state does two things, or a choice has two sources of values",
    "F205": "A setting means nothing where it stands (warning)",
    "F206": "A state is in two groups",
    "F301": "``on`` cannot be read",
    "F302": "``when`` or ``do`` cannot be read",
    "F303": "A name is neither an event nor a phrase",
    "F304": "A name is reserved, or stands for two things",
    "F305": "Many words in a cell, which could have a name (note)",
    "F306": "A phrase cannot be read, or is too large",
    "F307": "A word is not written as it is spoken, or not in the language's letters",
    "F308": "Named phrases run in a circle",
    "F309": "A slot, tool, field, condition or sub-flow is unknown, or cannot stand there",
    "F310": "A named phrase is unknown",
    "F311": "A prompt cannot be read",
    "F312": "A named prompt is unknown",
    "F313": "A value does not fit what it is given to or compared with",
    "F314": "A name is not written as names are",
    "F315": "A sub-flow has no such outcome",
    "F316": "A form of speaking a value is unknown",
    "F317": "The host must bring a slot type (note; warning, if it looks like a slip)",
    "F405": "Sub-flows run in a circle",
    "F602": "A ``talk`` state names a tool that is not declared",
}
"""Each code and what it means. F305 and F317 are notes (F317 a warning, if it looks like a slip), F205 is a warning; the others are errors."""
