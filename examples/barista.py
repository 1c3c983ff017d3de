"""A first agent: takes an order by voice, on local parts. The caller is a recording; the call is left in ``call.wav``.

Run it in the root of the repository: ``python examples/barista.py``.
"""

from fsm_agents import Agent, AgentSession, CascadingPipeline, ConversationFlow, JobContext, RoomOptions, WorkerJob
from fsm_agents.plugins.local import EspeakTTS, PocketsphinxSTT


class Barista(Agent):
    async def on_enter(self):
        await self.session.say("Hello! Coffee or tea?")

    async def on_exit(self):
        await self.session.say("Goodbye!")


class Order(ConversationFlow):
    expects = ["coffee", "tea", "nothing [thank you]"]

    async def run(self, transcript):
        if transcript.startswith("nothing"):
            await self.session.close("nothing was ordered")
        else:
            yield f"One {transcript}. Anything else?"


async def start(ctx: JobContext):
    session = AgentSession(Barista(), CascadingPipeline(stt=PocketsphinxSTT(), tts=EspeakTTS()), Order(), wake_up=10)
    session.on_wake_up = lambda: session.say("Are you still there?")
    await ctx.connect()
    await session.start()


WorkerJob(entrypoint=start, jobctx=lambda: JobContext(RoomOptions(room="wav:examples/caller.wav:call.wav"))).start()
