"""The page's program, name by name and line by line; tests run it with the import package changed, and nothing else."""

# ruff: noqa: I001
# mypy: ignore-errors
# fmt: off
from videosdk.agents import AgentSession, Agent, WorkerJob, JobContext, RoomOptions
from videosdk.plugins.openai import OpenAIRealtime
from videosdk.agents import RealTimePipeline


class MyAgent(Agent):
    def __init__(self):
        super().__init__(instructions="You are a helpful meeting assistant.")

    async def on_enter(self):
        await self.session.say("Hello! How can I help you today?")


async def start_session(ctx: JobContext):
    model = OpenAIRealtime(model="gpt-4o-realtime-preview")
    pipeline = RealTimePipeline(model=model)
    session = AgentSession(
        agent=MyAgent(),
        pipeline=pipeline
    )
    await ctx.connect()
    await session.start()


def make_context():
    return JobContext(
        room_options=RoomOptions(
            room_id="your-room-id",
            auth_token="your-auth-token",
            name="Assistant Bot"
        )
    )


if __name__ == "__main__":
    job = WorkerJob(entrypoint=start_session, jobctx=make_context)
    job.start()
