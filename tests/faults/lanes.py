"""Several providers that have loaded already: forks of one process, each with a socket and a state of its own.

A provider loads the SDK's types with the first request of a kind, which takes it seconds of a core; here one does so for all.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fsm_agents.testing.provider import ProviderServer

__all__ = ["providers"]

ROOT = Path(__file__).parents[2]
END = 5.0


@contextmanager
def providers(count: int) -> Iterator[list[ProviderServer]]:
    """So many providers while the block runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.lanes", str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        cwd=ROOT, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield [ProviderServer(json.loads(process.stdout.readline())["base_url"]) for _ in range(count)]
    finally:
        process.stdin.close()  # which each of them sees
        process.stdout.close()
        process.wait(END)


def load() -> None:
    """All that a provider loads when it is first asked."""
    from openai.types.audio import SpeechCreateParams, Transcription
    from openai.types.audio import transcription_create_params as transcriptions
    from openai.types.chat import ChatCompletionChunk
    from openai.types.chat import completion_create_params as chats
    from openai.types.responses import Response
    from openai.types.responses import response_create_params as responses

    from fsm_agents.testing.provider import checks, models, realtime_check, realtime_events
    from fsm_agents.testing.provider.script import Script
    from fsm_agents.testing.provider.state import ProviderState

    plain: tuple[Any, ...] = (
        chats.CompletionCreateParamsStreaming, chats.CompletionCreateParamsNonStreaming, SpeechCreateParams,
        responses.ResponseCreateParamsStreaming, responses.ResponseCreateParamsNonStreaming,
    )  # fmt: skip
    files: tuple[Any, ...] = (
        transcriptions.TranscriptionCreateParamsStreaming,
        transcriptions.TranscriptionCreateParamsNonStreaming,
    )
    for kind in (*plain, *realtime_check._kinds().values()):
        checks._adapter(kind, frozenset())
    for kind in files:
        checks._adapter(kind, frozenset({"file"}))
    for kind in (*realtime_events._kinds().values(), Transcription, ChatCompletionChunk, Response):
        kind.model_rebuild()
    models.known_models(ProviderState(Script()))


def main(count: int) -> None:
    """Serve as so many processes, until standard input is closed."""
    from fsm_agents.testing.provider.script import Script
    from fsm_agents.testing.provider.server import serve

    load()
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(write_through=False)  # a line in one write, whatever PYTHONUNBUFFERED says: all write to one pipe
    for _ in range(count):
        if not os.fork():
            serve(Script(), with_parent=True)
            return
    for _ in range(count):
        os.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]))
