"""A support line in text whose model is the OpenAI plugin, against the provider on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fsm_agents.flows.flow import Flow
from fsm_agents.plugins.openai import OpenAILLM
from fsm_agents.session.agent import Agent
from fsm_agents.session.flows.text import Ended, FlowSession, HandedOver
from fsm_agents.testing.provider import ProviderServer, provider_process
from tests.session.flows.texts import HELPDESK, noon, said

pytestmark = [pytest.mark.anyio, pytest.mark.real_clock]


@pytest.fixture(scope="module")
def server() -> Iterator[ProviderServer]:
    with provider_process() as running:
        yield running


def calls(name: str, **arguments: Any) -> dict[str, Any]:
    return {"calls": [{"name": name, "arguments": arguments}]}


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_a_support_call(server: ProviderServer, api: Any) -> None:
    """An edge, an answer with a tool, a forbidden tool, and the way out."""
    server.reset(
        {
            "answers": [
                calls("go_2_talk"),
                {
                    "calls": [
                        {"name": "refund", "arguments": {"customer": "123456"}},
                        {"name": "line_status", "arguments": {"customer": "123456"}},
                    ]
                },
                "Your line is up. Which lights are on?",
                calls("go_2_human"),
            ]
        }
    )
    llm = OpenAILLM(base_url=server.base_url, api_key=server.key, api=api, timeout=20.0, max_retries=0)
    asked: list[str] = []

    def line_status(customer: str) -> dict[str, bool]:
        asked.append(customer)
        return {"up": True}

    def refund(customer: str) -> None:
        asked.append("refund")

    flow = Flow.loads(HELPDESK).bind({"line_status": line_status, "refund": refund})
    session = FlowSession(flow, llm=llm, agent=Agent("You work for Northnet."), now=noon)
    try:
        assert said(await session.send("everything crawls since monday"))[-1] == "Let's have a look."
        assert said(await session.send("my number is 123456")) == ["Your line is up. Which lights are on?"]
        outs = await session.send("none, it does not help")
    finally:
        await llm.aclose()
    assert asked == ["123456"]
    assert HandedOver("queue:support", {"reason": "bad"}) in outs
    assert outs[-1] == Ended("done")
    requests = [one for one in server.requests() if one["method"] == "POST"]
    assert [one["status"] for one in requests] == [200] * 4
    assert "there is no tool" in repr(requests[2]["body"])
    assert "You work for Northnet." in repr(requests[0]["body"])


async def test_a_provider_that_fails_leaves_the_flow_where_it_is(server: ProviderServer) -> None:
    server.reset({})
    server.misbehave("/v1/chat/completions", "500", times=None)
    llm = OpenAILLM(base_url=server.base_url, api_key=server.key, timeout=5.0, max_retries=0)
    session = FlowSession(Flow.loads(HELPDESK), llm=llm, examples=True)
    try:
        outs = await session.send("everything crawls")
    finally:
        await llm.aclose()
    assert (session.state, said(outs)[-1]) == ("menu", "Your bill, or your line?")
