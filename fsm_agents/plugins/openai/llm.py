"""``OpenAILLM``: a language model behind chat completions or the Responses interface."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Literal

from fsm_agents.chat.history import ChatContext
from fsm_agents.chat.tool import FunctionTool
from fsm_agents.errors import MisuseError, nearest, strict_keywords
from fsm_agents.plugins.openai.account import MAX_RETRIES, STALL, Account
from fsm_agents.plugins.openai.asking import EVENTS, asking, insisting
from fsm_agents.plugins.openai.chat_stream import read_chat
from fsm_agents.plugins.openai.messages import chat_messages, chat_tools, response_input, response_tools
from fsm_agents.plugins.openai.response_stream import read_response
from fsm_agents.stages.base import LLMChunk

__all__ = ["TIMEOUT", "OpenAILLM"]

TIMEOUT = 5.5
"""Seconds until an answer has begun, for all tries together: with the pause that ends a turn, the words before and an apology after it,
below the 8 s of silence after which callers hang up."""
_HOTTEST = 2.0


@strict_keywords
class OpenAILLM:
    """A language model (implements :class:`fsm_agents.stages.base.LLM`).

    Args:
        model: Its name, as the server knows it.
        temperature: 0 (always the likeliest word) to 2; ``None`` for the model's own. Reasoning models take none.
        api: ``"chat"``, which every server has, or ``"responses"``. Nothing is stored on the server with either.
        max_output_tokens: How long an answer may become; ``None`` for the model's own limit.
        extra: Further fields of the request as the server documents them, for example ``{"reasoning_effort": "low"}``.
        api_key: The key; ``None``: from ``OPENAI_API_KEY``.
        base_url: The server; ``None``: from ``OPENAI_BASE_URL``, else OpenAI's.
        timeout: Seconds until an answer must have begun, for each try, 0 to 600. All tries together get as much, or :data:`TIMEOUT`
            where that is longer.
        stall: Seconds between two pieces of an answer, 0 to 600.
        max_retries: Tries after the first, 0 to 10, as long as nothing was answered.

    Raises:
        MisuseError: A value is not possible.
    """

    def __init__(  # noqa: PLR0913 - keywords, each documented
        self,
        model: str = "gpt-4",
        *,
        temperature: float | None = None,
        api: Literal["chat", "responses"] = "chat",
        max_output_tokens: int | None = None,
        extra: Mapping[str, Any] | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = TIMEOUT,
        stall: float = STALL,
        max_retries: int = MAX_RETRIES,
    ) -> None:
        if api not in ("chat", "responses"):
            raise MisuseError(f"OpenAILLM(api={api!r}); {nearest(str(api), ('chat', 'responses'))}")
        if temperature is not None and not 0 <= temperature <= _HOTTEST:
            raise MisuseError(f"OpenAILLM(temperature={temperature!r}): give 0 to {_HOTTEST:g}, or None for the model's own")
        if max_output_tokens is not None and (not isinstance(max_output_tokens, int) or max_output_tokens < 1):
            raise MisuseError(f"OpenAILLM(max_output_tokens={max_output_tokens!r}): give a whole number above 0, or None")
        self.model, self.temperature, self.api, self.max_output_tokens = model, temperature, api, max_output_tokens
        self.extra = dict(extra or {})
        self._account = Account(
            f"OpenAILLM ({model})", model, api_key=api_key, base_url=base_url, timeout=timeout, stall=stall,
            max_retries=max_retries, patience=TIMEOUT, load=_chat if api == "chat" else _responses,
        )  # fmt: skip

    async def chat(self, context: ChatContext, tools: Sequence[FunctionTool]) -> AsyncIterator[LLMChunk]:
        """The model's answer to ``context``: text in pieces, whole tool calls, at last the usage.

        Raises:
            MisuseError: There is no key.
            OpenAIProviderError: The other side failed. What was yielded before stands.
        """
        ask = _chat if self.api == "chat" else _responses
        read = read_chat if self.api == "chat" else read_response
        request = self._chat_request(context, tools) if self.api == "chat" else self._response_request(context, tools)

        async def once(until: float) -> AsyncGenerator[LLMChunk]:
            asked = asking(self._account, ask, request, EVENTS, until)
            async with asked as body, aclosing(read(self._account, body)) as chunks:
                async for chunk in chunks:
                    yield chunk

        async with aclosing(insisting(self._account, once)) as chunks:
            async for chunk in chunks:
                yield chunk

    def check(self) -> None:
        """Whether there is a key, without asking the server.

        Raises:
            MisuseError: There is none.
        """
        self._account.check()

    async def warm_up(self) -> None:
        """Load the client and ask the server once whether it takes the key and has the model; see :meth:`Account.warm_up`."""
        await self._account.warm_up()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._account.aclose()

    def _chat_request(self, context: ChatContext, tools: Sequence[FunctionTool]) -> dict[str, Any]:
        # OpenAI's newer models refuse max_tokens; the servers that imitate it know nothing else
        limit = "max_completion_tokens" if self._account.is_openai else "max_tokens"
        return _given(
            model=self.model,
            messages=chat_messages(context.export()),
            tools=chat_tools(tools) or None,
            temperature=self.temperature,
            stream=True,
            stream_options={"include_usage": True},
            extra_body=self.extra or None,
            **{limit: self.max_output_tokens},
        )

    def _response_request(self, context: ChatContext, tools: Sequence[FunctionTool]) -> dict[str, Any]:
        instructions, said = response_input(context.export())
        return _given(
            model=self.model,
            instructions=instructions or None,
            input=said,
            tools=response_tools(tools) or None,
            temperature=self.temperature,
            max_output_tokens=self.max_output_tokens,
            store=False,
            stream=True,
            extra_body=self.extra or None,
        )

    def __repr__(self) -> str:
        """Say the model and the server."""
        return f"OpenAILLM(model={self.model!r}, base_url={self._account.where!r})"


def _given(**fields: Any) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def _chat(client: Any) -> Any:
    return client.chat.completions.with_streaming_response.create


def _responses(client: Any) -> Any:
    return client.responses.with_streaming_response.create
