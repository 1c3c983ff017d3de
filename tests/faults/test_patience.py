"""All tries of a request together: begun anew only while there is time left, on the virtual clock."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import pytest

from fsm_agents.plugins.openai.account import Account
from fsm_agents.plugins.openai.asking import insisting
from fsm_agents.plugins.openai.failures import OpenAIProviderError

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("each", "given", "tries"),
    [(0.1, 5.5, 3), (2.4, 5.5, 2), (5.5, 5.5, 1), (2.0, 20.0, 3)],
    ids=["fails at once", "fails late", "hangs", "more time was given"],
)
async def test_no_try_begins_when_the_time_is_over(each: float, given: float, tries: int) -> None:
    account = Account("A", "m", api_key="k", base_url=None, timeout=given, stall=5, max_retries=2, patience=5.5, load=str)
    ends: list[float] = []

    async def once(until: float) -> AsyncGenerator[str]:
        ends.append(until)
        await anyio.sleep_until(min(until, anyio.current_time() + each))
        raise OpenAIProviderError("it failed", "server")
        yield ""

    begun = anyio.current_time()
    with pytest.raises(OpenAIProviderError, match="it failed"):
        _ = [part async for part in insisting(account, once)]
    assert (len(ends), set(ends)) == (tries, {begun + max(5.5, given)})
    assert anyio.current_time() - begun <= max(5.5, given)
