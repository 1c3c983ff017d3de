"""The page's program, name by name and line by line; tests run it with the import package changed, and nothing else."""

# ruff: noqa: I001
# mypy: ignore-errors
# fmt: off
import asyncio
from videosdk.agents import AgentSession, Agent, WorkerJob, JobContext, RoomOptions
from videosdk.plugins.openai import OpenAIRealtime
from videosdk.agents import RealTimePipeline


class MyAgent(Agent):
    def __init__(self):
        super().__init__(instructions="You are a helpful meeting assistant.")

    async def on_enter(self):
        await self.session.say("Hello! How can I help you today?")

    async def on_exit(self):
        print("Agent is leaving the session")


async def run_agent_session(ctx: JobContext):
    model = OpenAIRealtime(model="gpt-4o-realtime-preview")
    pipeline = RealTimePipeline(model=model)
    session = AgentSession(agent=MyAgent(), pipeline=pipeline)
    try:
        await ctx.connect()
        await session.start()
        await asyncio.Event().wait()
    finally:
        await session.close()
        await ctx.shutdown()


def make_context() -> JobContext:
    room_options = RoomOptions(room_id="your-room-id", auth_token="your-token")
    return JobContext(room_options=room_options)


if __name__ == "__main__":
    job = WorkerJob(entrypoint=run_agent_session, jobctx=make_context)
    job.start()
