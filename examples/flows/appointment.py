"""The appointment flow by voice, on local parts: ``python examples/flows/appointment.py``. The caller plays recordings; see ``call.wav``."""

from pathlib import Path

import anyio

from fsm_agents import Agent, AgentSession, CascadingPipeline, ConversationFlow, Flow, JobContext, RoomOptions, WavRoom, WorkerJob
from fsm_agents.audio.frame import AudioFrame
from fsm_agents.audio.wav import read_wav
from fsm_agents.plugins.local import EspeakTTS, PocketsphinxSTT

HERE = Path(__file__).parent
SAYS = {"what": "book", "identify/phone": "phone", "identify/born": "born", "service": "service", "offer": "pick", "confirm": "yes"}


def find_patient(phone: str, born: str):
    return {"matches": int(phone.endswith("1234")), "id": "p-17"}


def find_times(service: str, day: str):
    return {"count": 2, "times": ["half past nine", "two fifteen"]}


def book(patient: str, service: str, day: str, pick: str, change: bool):
    return {"taken": False}


appointment = Flow.load(HERE / "appointment.toml").bind(tools=[find_patient, find_times, book], conditions={"open_now": lambda: False})


class Patient:
    """The caller: says what the state asks for, once the agent listens."""

    state, news = "", anyio.Event()

    def notice(self, state):
        self.news.set()
        self.state, self.news = state, anyio.Event()

    async def __call__(self, voice):
        for state, line in SAYS.items():
            while self.state != state:
                await self.news.wait()
            await voice.speak(AudioFrame(*read_wav(HERE / "voice" / f"{line}.wav")))


patient = Patient()


async def start(ctx: JobContext):
    flow = ConversationFlow(appointment, on_event=lambda name, slots: print(f"{name}: {slots}"))
    session = AgentSession(Agent(), CascadingPipeline(stt=PocketsphinxSTT(), tts=EspeakTTS()), flow)
    session.watch(lambda _now, _step: patient.notice(flow.state if session.label == "listening" else ""))
    await ctx.connect()
    await session.start()


if __name__ == "__main__":
    WorkerJob(entrypoint=start, jobctx=lambda: JobContext(RoomOptions(room=WavRoom(patient, "call.wav")))).start()
