"""The appointment flow by messages: between two of them nothing runs, and the conversation is a line of JSON in a database.

Run it in the root of the repository, and type messages: ``python examples/flows/sms.py``. A stored conversation goes on where it was, also
after a new start: ``python examples/flows/sms.py conversations.json``.
"""

import json
import sys
from pathlib import Path

import anyio

from fsm_agents import Flow, FlowSession
from fsm_agents.session.flows.text import Ended, Said

FLOW = Flow.load(Path(__file__).parent / "appointment.toml")  # in earnest:  .bind(tools=[find_patient, find_times, book], …)


class Store(dict[str, dict]):
    """Stands for a database: what was saved, by the caller's number, in a file of JSON."""

    def __init__(self, path: Path | None):
        super().__init__(json.loads(path.read_text()) if path and path.exists() else {})
        self.path = path

    def keep(self, number: str, saved: dict | None):
        super().__setitem__(number, saved) if saved else self.pop(number, None)
        if self.path:
            self.path.write_text(json.dumps(self))


async def answer(store: Store, number: str, text: str) -> list[str]:
    """One message in, what is to be sent back out. A web framework would call this."""
    saved = store.get(number)  # tools answer with the examples in the flow file
    session = FlowSession.restore(FLOW, saved, resumed=False, examples=True) if saved else FlowSession(FLOW, examples=True)
    outs = await session.send(text)
    store.keep(number, None if any(isinstance(out, Ended) for out in outs) else session.save())
    return [out.text for out in outs if isinstance(out, Said)]


async def main():
    store = Store(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    for text in filter(str.strip, iter(sys.stdin.readline, "")):
        for line in await answer(store, "+1 555 1234", text.strip()):
            print(line)


if __name__ == "__main__":
    anyio.run(main)
