"""An agent on one model of OpenAI's that hears and speaks.

With an account: ``OPENAI_API_KEY=… python examples/realtime.py wav:examples/caller.wav:call.wav``. Without one, against a provider on
this machine: ``python -m fsm_agents.testing.provider --run examples/realtime.py wav:examples/caller.wav``.
"""

from fsm_agents import Agent, AgentSession, JobContext, RealTimePipeline, RoomOptions, WorkerJob
from fsm_agents.plugins.openai import OpenAIRealtime


class MyAgent(Agent):
    def __init__(self):
        super().__init__(instructions="You take orders in a small café. Answer in one short sentence.")

    async def on_enter(self):
        await self.session.say("Hello! What would you like?")


async def start_session(ctx: JobContext):
    model = OpenAIRealtime(model="gpt-4o-realtime-preview")
    pipeline = RealTimePipeline(model=model)
    session = AgentSession(agent=MyAgent(), pipeline=pipeline)
    await ctx.connect()
    await session.start()  # it goes on by itself until the caller leaves


def make_context():
    return JobContext(room_options=RoomOptions(room_id="your-room-id", auth_token="your-auth-token", name="Café"))  # noqa: S106 - a placeholder


if __name__ == "__main__":
    job = WorkerJob(entrypoint=start_session, jobctx=make_context)
    job.start()
