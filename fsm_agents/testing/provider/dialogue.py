"""What the provider hears and says where a program is to be shown (``--run``): a caller who orders, and a model that takes the order.

It fits ``examples/caller.wav`` ("coffee", then "nothing thank you"), and whoever says one of these things in a recording of their own.
"""

from __future__ import annotations

from fsm_agents.testing.provider.script import Script, read_script

__all__ = ["dialogue"]

_SCRIPT = {
    "expects": ["coffee", "tea", "hello", "yes [please]", "no [thank you]", "nothing [thank you]", "thank you", "goodbye"],
    "transcripts": ["coffee", "nothing thank you"],
    "answers": [
        {"when": "coffee", "text": "One coffee, with pleasure. Anything else?"},
        {"when": "tea", "text": "One tea, with pleasure. Anything else?"},
        {"when": "thank you", "text": "You are welcome. Goodbye!"},
        {"when": "goodbye", "text": "Goodbye!"},
        {"when": "hello", "text": "Hello! Coffee or tea?"},
    ],
    "voice": "espeak",
}


def dialogue() -> Script:
    """The script. Its voice and its ears need the extra ``[voice]``; without, it speaks in tones, and takes its turns as written."""
    return read_script(_SCRIPT)
