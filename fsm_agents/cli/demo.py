"""``fsm-agents demo``: a spoken conversation on the embedded parts, shown as it happens. Recording, logs and page stay behind."""

from __future__ import annotations

import importlib.util
from argparse import ArgumentParser, Namespace
from pathlib import Path

import anyio

from fsm_agents.cli.demo_call import Call, hold, voice
from fsm_agents.cli.demo_flow import beside, pizza
from fsm_agents.cli.demo_show import choose_show
from fsm_agents.cli.printing import say
from fsm_agents.errors import MissingExtra, MisuseError
from fsm_agents.observe.page import page

__all__ = ["add_arguments", "run"]

FOLDER = "fsm-agents-demo"


def add_arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "--fast", action="store_true", help="as fast as possible, on a virtual clock, instead of in real time (40 s)"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, help=f"where the files go (default: a fresh folder {FOLDER})")
    parser.add_argument("--backend", choices=("asyncio", "trio"), default="asyncio", help="the event loop (default: asyncio)")
    parser.add_argument("--plain", action="store_true", help="plain lines, also on a terminal")


def run(options: Namespace) -> int:
    """Hold it. 0: the conversation came to its end; 1: it did not."""
    if importlib.util.find_spec(options.backend) is None:
        raise MissingExtra("test", f"--backend {options.backend}")
    pipeline = voice()  # before anything is written: an extra may be missing
    flow = pizza()
    out = _folder(options.out)
    with choose_show(plain=options.plain) as show:
        if options.fast:
            from fsm_agents.testing.clock import run as run_virtually

            call = run_virtually(hold, pipeline, flow, out, show, backend=options.backend)
        else:
            call = anyio.run(hold, pipeline, flow, out, show, backend=options.backend)
    shown = page(out, title="A pizza order, as it went", beside=[beside(flow)])
    (out / "conversation.html").write_text(shown, encoding="utf-8")
    return _told(call, out)


def _told(call: Call, out: Path) -> int:
    say()
    for name, what in {
        "conversation.html": "the call as a page: timeline, diagrams, every decision",
        "conversation.wav": "the recording: caller left, agent right",
        "steps.jsonl": f"every step of the session: fsm-agents why {out / 'steps.jsonl'} --turn 3",
        "flow.jsonl": f"every step of the flow: fsm-agents why {out / 'flow.jsonl'} --turn 2",
    }.items():
        say(f"  {name:<18} {what}")
    if call.failure:
        say(f"The demo failed: {call.failure}. What there is of it is in {out}")
        return 1
    say(f"Begin your own: fsm-agents new my-agent. This one came to its end: {call.session.close_reason}. Its files are in {out}")
    return 0


def _folder(asked: Path | None) -> Path:
    out = asked
    number = 1
    while out is None or (asked is None and out.exists()):
        out = Path(FOLDER if number == 1 else f"{FOLDER}-{number}")
        number += 1
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "steps.jsonl").touch()
    except OSError as error:
        msg = f"--out {out}: no files can be written there ({(error.strerror or str(error)).lower()}); give another folder"
        raise MisuseError(msg) from error
    return out
