"""The host of ``bank.toml``, as text: what the flow needs of it, and nothing else. Account 4711, code 0000.

Run it in the root of the repository, and type what the caller says: ``python examples/flows/more/bank.py``. Checked with its host:
``cd examples/flows/more; fsm-agents check bank.toml --bind bank:bound``.
"""

import sys
from pathlib import Path

import anyio

from fsm_agents import Flow, FlowSession
from fsm_agents.flows.words.types import Custom, register_type
from fsm_agents.session.flows.text import Ended, HandedOver, Said

register_type(
    Custom("zone", grammar="zone (a / b)", parse=lambda words: words[-1].upper(), say=lambda value: f"zone {value.lower()}")
)


def known_account(account: str):
    """The ``check`` of the slot: whether there is such an account."""
    return {"valid": account == "4711"}


def is_pin(number: str, pin: str):
    """A tool of the sub-flow ``code.toml``."""
    return {"right": (number, pin) == ("4711", "0000")}


def balance(account: str, pin: str):
    return {"owed": 12 if (account, pin) == ("4711", "0000") else 0}


def bound(flow: Flow) -> Flow:
    return flow.bind([known_account, is_pin, balance])


async def main():
    session = FlowSession(bound(Flow.load(Path(__file__).with_name("bank.toml"))))
    for text in filter(str.strip, iter(sys.stdin.readline, "")):
        for out in await session.send(text.strip()):
            match out:
                case Said(text):
                    print(text)
                case HandedOver(to, carry):
                    print(f"(over to {to}, with {dict(carry)})")
                case Ended(outcome):
                    print(f"(ended: {outcome})")
                    return


if __name__ == "__main__":
    anyio.run(main)
