"""Voice agents as explicit state machines.

The session, the turn, the reply and your own conversation are tables: read them, draw them, check every cell, explore them exhaustively,
replay a call from its log. Names that need a heavy package are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fsm_agents.lazily import lazily

if TYPE_CHECKING:
    from fsm_agents.audio.frame import AudioFrame
    from fsm_agents.chat.tool import FunctionTool, ToolContext, ToolError, function_tool
    from fsm_agents.errors import FSMAgentsError, MissingExtra, MisuseError, ProviderError, TableError
    from fsm_agents.flows.flow import Flow
    from fsm_agents.flows.problems import FlowError
    from fsm_agents.fsm.table import StateTable
    from fsm_agents.jobs.context import JobContext, RoomOptions
    from fsm_agents.jobs.worker_job import WorkerJob
    from fsm_agents.pipelines.base import TurnOptions
    from fsm_agents.pipelines.cascade import CascadingPipeline
    from fsm_agents.pipelines.fallback_llm import FallbackLLM
    from fsm_agents.pipelines.fallback_stt import FallbackSTT
    from fsm_agents.pipelines.fallback_tts import FallbackTTS
    from fsm_agents.pipelines.realtime import RealTimePipeline
    from fsm_agents.plugins.mcp.http import MCPServerHTTP
    from fsm_agents.plugins.mcp.stdio import MCPServerStdio
    from fsm_agents.rooms.memory import MemoryRoom
    from fsm_agents.rooms.wav import WavRoom
    from fsm_agents.session.agent import Agent
    from fsm_agents.session.flow import ConversationFlow
    from fsm_agents.session.flows.text import FlowSession
    from fsm_agents.session.handle import SpeechHandle
    from fsm_agents.session.session import AgentSession

_HOME = {
    "Agent": "session.agent",
    "AgentSession": "session.session",
    "AudioFrame": "audio.frame",
    "CascadingPipeline": "pipelines.cascade",
    "ConversationFlow": "session.flow",
    "FSMAgentsError": "errors",
    "Flow": "flows.flow",
    "FlowError": "flows.problems",
    "FlowSession": "session.flows.text",
    "FallbackLLM": "pipelines.fallback_llm",
    "FallbackSTT": "pipelines.fallback_stt",
    "FallbackTTS": "pipelines.fallback_tts",
    "FunctionTool": "chat.tool",
    "JobContext": "jobs.context",
    "MCPServerHTTP": "plugins.mcp.http",
    "MCPServerStdio": "plugins.mcp.stdio",
    "MemoryRoom": "rooms.memory",
    "MissingExtra": "errors",
    "MisuseError": "errors",
    "ProviderError": "errors",
    "RealTimePipeline": "pipelines.realtime",
    "RoomOptions": "jobs.context",
    "SpeechHandle": "session.handle",
    "StateTable": "fsm.table",
    "TableError": "errors",
    "ToolContext": "chat.tool",
    "ToolError": "chat.tool",
    "TurnOptions": "pipelines.base",
    "WavRoom": "rooms.wav",
    "WorkerJob": "jobs.worker_job",
    "function_tool": "chat.tool",
}

__all__ = [
    "Agent", "AgentSession", "AudioFrame", "CascadingPipeline", "ConversationFlow", "FSMAgentsError", "FallbackLLM",
    "FallbackSTT", "FallbackTTS", "Flow", "FlowError", "FlowSession", "FunctionTool", "JobContext", "MCPServerHTTP",
    "MCPServerStdio", "MemoryRoom", "MissingExtra", "MisuseError", "ProviderError", "RealTimePipeline", "RoomOptions",
    "SpeechHandle", "StateTable", "TableError", "ToolContext", "ToolError", "TurnOptions", "WavRoom", "WorkerJob",
    "function_tool",
]  # fmt: skip
__version__ = "0.1.0"

__getattr__, __dir__ = lazily(__name__, _HOME)
