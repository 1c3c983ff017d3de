"""Forms with files, as the SDK sends recordings: read by hand, because the usual package is one more dependency for one request."""

from __future__ import annotations

import io
import re
import wave
from typing import Any

import attrs

from fsm_agents.testing.provider.checks import RefusedRequest

__all__ = ["Upload", "read_form"]


@attrs.frozen
class Upload:
    """A file in a form."""

    name: str
    content_type: str
    content: bytes = attrs.field(repr=False)

    def sound(self) -> tuple[bytes, int]:
        """Its sound, int16 little endian mono, and the rate in Hz.

        Raises:
            RefusedRequest: It is no WAV file of 16 bit mono sound.
        """
        try:
            with wave.open(io.BytesIO(self.content)) as sound:
                if (sound.getsampwidth(), sound.getnchannels()) != (2, 1):
                    raise RefusedRequest("the loopback provider reads 16 bit mono WAV only")
                return sound.readframes(sound.getnframes()), sound.getframerate()
        except (wave.Error, EOFError) as broken:
            raise RefusedRequest(f"the file is no WAV: {broken}") from None

    def told(self) -> dict[str, Any]:
        """What of it is worth remembering."""
        about: dict[str, Any] = {"name": self.name, "content_type": self.content_type, "bytes": len(self.content)}
        try:
            pcm, rate = self.sound()
        except RefusedRequest:
            return about
        return {**about, "rate": rate, "seconds": round(len(pcm) / 2 / rate, 3)}


def read_form(content_type: str, body: bytes) -> dict[str, Any]:
    """The fields of a multipart form; ``name[]`` is a list.

    Raises:
        RefusedRequest: It is no such form.
    """
    found = re.search(r'boundary="?([^";]+)', content_type)
    if not found:
        raise RefusedRequest("the form has no boundary")
    fields: dict[str, Any] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + found[1].encode())[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name, value = _field(head.decode("utf-8", "replace"), content)
        if name.endswith("[]"):
            fields.setdefault(name[:-2], []).append(value)
        else:
            fields[name] = value
    return fields


def _field(head: str, content: bytes) -> tuple[str, Any]:
    name = re.search(r'\bname="([^"]*)"', head)
    if not name:
        raise RefusedRequest("a part of the form has no name")
    file = re.search(r'filename="([^"]*)"', head)
    kind = re.search(r"(?i)^content-type:\s*(\S+)", head, re.MULTILINE)
    return name[1], Upload(file[1], kind[1] if kind else "", content) if file else content.decode("utf-8", "replace")
