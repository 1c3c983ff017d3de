"""The appointment flow by voice, on local parts: ``python examples/flows/appointment.py``. The caller plays recordings; hear ``call.wav``."""

from pathlib import Path

import anyio

from fsm_agents import Agent, AgentSession, CascadingPipeline, ConversationFlow, Flow, JobContext, RoomOptions, WavRoom, WorkerJob
from fsm_agents.audio.frame import AudioFrame
from fsm_agents.audio.wav import read_wav
from fsm_agents.plugins.local import EspeakTTS, PocketsphinxSTT

HERE = Path(__file__).parent
ANSWERS = ("what", "identify/phone", "identify/born", "service", "offer", "confirm")


def find_patient(phone: str, born: str):
    return {"matches": int((phone, born) == ("5551234", "1982-05-04")), "id": "p-17"}


def find_times(service: str, day: str):
    times = ["noon"] if day.endswith("12-24") and service != "checkup" else ["half past nine", "two fifteen"]
    return {"count": len(times), "times": times}


def book(*, patient: str, service: str, day: str, pick: str, change: bool):
    print(f"{'moved' if change else 'booked'} for {patient}: {service} on {day} at {pick}")
    return {"taken": False}


appointment = Flow.load(HERE / "appointment.toml").bind([find_patient, find_times, book], conditions={"open_now": lambda: False})


class Caller:  # says what the state asks for, once the agent listens
    state, news = "", anyio.Event()

    def notice(self, state):
        self.news.set()
        self.state, self.news = state, anyio.Event()

    async def __call__(self, voice):
        for state in ANSWERS:
            while self.state != state:
                await self.news.wait()
            await voice.speak(AudioFrame(*read_wav(HERE / "voice" / f"{Path(state).name}.wav")))


caller = Caller()


async def start(ctx: JobContext):
    flow = ConversationFlow(appointment)
    session = AgentSession(Agent(), CascadingPipeline(stt=PocketsphinxSTT(), tts=EspeakTTS()), flow)
    session.watch(lambda _now, _step: caller.notice(flow.state if session.label == "listening" else ""))
    await ctx.connect()
    await session.start()


if __name__ == "__main__":
    WorkerJob(entrypoint=start, jobctx=lambda: JobContext(RoomOptions(room=WavRoom(caller, "call.wav")))).start()
