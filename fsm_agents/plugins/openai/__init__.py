"""OpenAI's models as stages, and every server that speaks OpenAI's interface: a base_url is all that differs.

    OpenAISTT(model="whisper-1")                 speech-to-text: uploads each utterance, streams where the model streams
    OpenAILLM(model="gpt-4")                     a language model: chat completions, or api="responses"
    OpenAITTS(model="tts-1", voice="alloy")      text-to-speech: PCM as it is made
    OpenAIRealtime(model="gpt-4o-realtime-preview")    a model that hears and speaks, for RealTimePipeline

The key comes from ``api_key`` or the environment (``OPENAI_API_KEY``), the server from ``base_url`` or ``OPENAI_BASE_URL``. Naming a
stage imports nothing; the ``openai`` package is loaded in a thread when a session starts or first asks. All of it runs on asyncio
and on trio.

**What one base_url covers.** ``base_url="http://localhost:PORT/v1"`` and any word as key:

    server              OpenAILLM (chat)   api="responses"   OpenAISTT               OpenAITTS             OpenAIRealtime
    Ollama (0.40)       yes, with tools    yes, stateless    yes                     yes, from 0.40.8      no
    vLLM                yes, with tools    yes               yes, stream left off    no                    only transcribes
    llama.cpp server    yes, with tools    yes, through chat yes (new in 2026)       no                    no
    speaches            as a proxy         no                yes                     yes (Kokoro, Piper)   yes
    LocalAI             yes                yes               yes                     yes                   yes

whisper.cpp's server serves ``OpenAISTT`` when its inference path is set to ``/v1/audio/transcriptions``. The table is read from the
servers' own documents, and none of them was run here: what was is the interface, by ``fsm_agents.testing.provider``.
What to set beside base_url: ``OpenAISTT(stream=True)`` where a model of another name sends events, ``OpenAITTS(rate=…)`` where the
server's ``pcm`` has not OpenAI's 24000 Hz (Piper voices have 22050 or 16000).

**When something fails.** Every failure of the other side is an :class:`OpenAIProviderError` (a ``ProviderError``) with one line that names
the stage, the model and what happened; ``kind`` says it in a word, and keys are never in it. What may help is tried again, up to
``max_retries`` times, as long as nothing of the answer was passed on. A missing key is a ``MisuseError`` of ``check()``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fsm_agents.lazily import lazily

if TYPE_CHECKING:
    from fsm_agents.plugins.openai.failures import OpenAIProviderError
    from fsm_agents.plugins.openai.llm import OpenAILLM
    from fsm_agents.plugins.openai.realtime import OpenAIRealtime
    from fsm_agents.plugins.openai.stt import OpenAISTT
    from fsm_agents.plugins.openai.tts import OpenAITTS

__all__ = ["OpenAILLM", "OpenAIProviderError", "OpenAIRealtime", "OpenAISTT", "OpenAITTS"]

_HOMES = {
    "OpenAILLM": "llm",
    "OpenAIProviderError": "failures",
    "OpenAIRealtime": "realtime",
    "OpenAISTT": "stt",
    "OpenAITTS": "tts",
}

__getattr__, __dir__ = lazily(__name__, _HOMES)
