"""A provider on this machine: a server that speaks OpenAI's interface, follows a script, and misbehaves on request.

    with provider_process() as server:
        stt = OpenAISTT(base_url=server.base_url, api_key=server.key)
        server.misbehave("/v1/audio/transcriptions", "429", retry_after=0.1)

or, from a shell, ``python -m fsm_agents.testing.provider`` (it prints its base_url as one line of JSON), or with a program that is to
ask it, ``python -m fsm_agents.testing.provider --run examples/cascading.py wav:examples/caller.wav`` (it shows what is said).

It is a real process on loopback, so that sockets, half-sent bodies and closed connections are real. What it is asked is checked
against the types of the installed ``openai`` package, and what it answers is built from them: a request that passes here has
fields that exist. It does not judge as OpenAI's own servers do (prices, limits, content), and it understands nothing: words come
from the script, sound is a tone as long as the text. (A script may ask for the ears and the voice of the extra [voice], as --run does.)

    POST /v1/audio/transcriptions    json, or events with stream=true             transcriptions.py
    POST /v1/audio/speech            pcm or wav, in chunks of an odd length       speech.py
    POST /v1/chat/completions        whole or streamed, with tools                chat.py
    POST /v1/responses               whole or streamed, with tools                responses.py
    GET  /v1/models, /v1/models/…    the names in the SDK's types                 models.py

A further interface (realtime, say) is one more module with ``routes(state)``, named in ``app.py``. The extra ``[web]`` is needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fsm_agents.testing.provider.app import make_app
    from fsm_agents.testing.provider.faults import FAULTS, Fault
    from fsm_agents.testing.provider.process import ProviderServer, provider_process
    from fsm_agents.testing.provider.script import Script, read_script

__all__ = ["FAULTS", "Fault", "ProviderServer", "Script", "make_app", "provider_process", "read_script"]

_HOMES = {
    "FAULTS": "faults",
    "Fault": "faults",
    "ProviderServer": "process",
    "Script": "script",
    "make_app": "app",
    "provider_process": "process",
    "read_script": "script",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
