"""What a server said, as text for a model: cleaned, cut, and with everything that is no text only named.

All of it is data of somebody else. Nothing here believes it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from fsm_agents.chat.result import fitted
from fsm_agents.chat.tool import ToolError
from fsm_agents.errors import ProviderError

__all__ = ["MOST_ERROR", "MCPToolError", "clean", "result_text"]

MOST_ERROR = 2_000
"""Characters of a server's error text that a model is shown."""
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
# Controls but tab and line feed; then what is not seen but read: zero width space, directions, fillers, tags. The two joiners stay:
# Persian and Indian scripts and many emoji need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


class MCPToolError(ToolError, ProviderError):
    """A call of a server's tool gave no result. The text is meant for the model.

    Args:
        told: What the model is told: our words, and of the server's at most ``MOST_ERROR`` cleaned characters.
        why: One line for us, with nothing of what the server said.
    """

    def __init__(self, told: str, why: str) -> None:
        super().__init__(told)
        self.why = why


def clean(text: str) -> str:
    """Text without terminal escapes, control characters and characters that nobody sees."""
    return _UNSEEN.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def result_text(result: Any, most: int) -> str:
    """The text of a ``CallToolResult``: its blocks one below the other; its structured content only if there are none."""
    blocks = [_block(block) for block in result.content]
    if not blocks and result.structured_content is not None:
        blocks = [json.dumps(result.structured_content, ensure_ascii=False)]
    return fitted(clean("\n".join(blocks)), most) or "[no content]"


def _block(block: Any) -> str:
    kind = block.type
    if kind == "text":
        return str(block.text)
    if kind in ("image", "audio"):
        return f"[{kind}, {block.mime_type}, {len(block.data) * 3 // 4} bytes, not shown]"
    if kind == "resource_link":
        return f"[link: {block.name} {block.uri}]"
    if kind == "resource":
        inside = block.resource
        text = getattr(inside, "text", None)
        return str(text) if text is not None else f"[resource: {inside.uri}, {inside.mime_type or 'bytes'}, not shown]"
    return f"[{kind}, not shown]"
