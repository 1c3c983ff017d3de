"""The support line by voice, with OpenAI's models: words that the table knows are taken at once; for others the model proposes an edge.

Run it in the root of the repository with a key (``OPENAI_API_KEY``), or against a provider on this machine:

    python -m fsm_agents.testing.provider --run examples/flows/support.py wav:examples/caller.wav
"""

from pathlib import Path

from fsm_agents import Agent, AgentSession, CascadingPipeline, ConversationFlow, Flow, JobContext, RoomOptions, WorkerJob
from fsm_agents.plugins.openai import OpenAILLM, OpenAISTT, OpenAITTS


def read_bill(customer: str):
    return {"owed": 42 if customer == "123456" else 0, "due": "2026-12-01"}


def line_status(customer: str = ""):
    """Whether the line of a customer is up."""
    return {"up": not customer.startswith("9")}


async def queue(target: str, carry: dict):
    """Puts the caller through, and returns when somebody has answered; raises if nobody does."""
    print(f"put through to {target}: {carry}", flush=True)


support = Flow.load(Path(__file__).parent / "support.toml").bind(tools=[read_bill, line_status], hand_offs={"queue": queue})


async def start(ctx: JobContext):
    pipeline = CascadingPipeline(stt=OpenAISTT(), llm=OpenAILLM(), tts=OpenAITTS())
    flow = ConversationFlow(support, on_event=lambda name, slots: print(f"{name}: {slots}", flush=True))
    session = AgentSession(Agent("You work for Northnet, a small telephone company. Be brief and kind."), pipeline, flow)
    await ctx.connect()
    await session.start()


if __name__ == "__main__":
    WorkerJob(entrypoint=start, jobctx=lambda: JobContext(RoomOptions(name="Northnet"))).start()
