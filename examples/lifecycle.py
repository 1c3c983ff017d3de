"""The life of a session, step by step, with an entrypoint that stays until the end and tidies up.

Without an account: ``python -m fsm_agents.testing.provider --run examples/lifecycle.py wav:examples/caller.wav``. On its own, with
``OPENAI_API_KEY`` set and no caller (``python examples/lifecycle.py``), it greets an empty room until Ctrl-C.
"""

import asyncio  # noqa: TID251 - a program for one loop; anyio.sleep_forever() waits on both

from fsm_agents import Agent, AgentSession, JobContext, RealTimePipeline, RoomOptions, WorkerJob
from fsm_agents.plugins.openai import OpenAIRealtime


class MyAgent(Agent):
    def __init__(self):
        super().__init__(instructions="You take orders in a small café. Answer in one short sentence.")

    async def on_enter(self):  # when the session has started
        await self.session.say("Hello! What would you like?")

    async def on_exit(self):  # when it ends, however it ends
        print("The agent leaves.")


async def run_agent_session(ctx: JobContext):
    model = OpenAIRealtime(model="gpt-4o-realtime-preview")
    pipeline = RealTimePipeline(model=model)
    session = AgentSession(agent=MyAgent(), pipeline=pipeline)
    try:
        await ctx.connect()
        await session.start()
        await asyncio.Event().wait()  # for ever: when the caller has left, or on Ctrl-C, the job cancels it
    finally:
        await session.close()
        await ctx.shutdown()


def make_context() -> JobContext:
    room_options = RoomOptions(room_id="your-room-id", auth_token="your-token")  # noqa: S106 - a placeholder
    return JobContext(room_options=room_options)


if __name__ == "__main__":
    job = WorkerJob(entrypoint=run_agent_session, jobctx=make_context)
    job.start()
