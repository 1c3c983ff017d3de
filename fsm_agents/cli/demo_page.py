"""The page that shows a call: who spoke when, what was heard, which rows decided. One file that asks no network for anything.

The page is made of what the demo leaves (step logs, recording) and of what was said; the script in it only shows, it computes no latency.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from fsm_agents.cli.demo_call import Spoken
from fsm_agents.cli.demo_flow import DEMO, ORDERING, Order
from fsm_agents.fsm.codec import Codec
from fsm_agents.fsm.draw import Marks, sketch
from fsm_agents.fsm.draw_words import identifiers, numbers, row_id, row_text
from fsm_agents.fsm.engine import Due
from fsm_agents.fsm.explore import describe
from fsm_agents.fsm.joint import Joint, Step
from fsm_agents.fsm.replay import Log, standing
from fsm_agents.fsm.table import StateTable, state_name
from fsm_agents.machines.joined import CONVERSATION
from fsm_agents.machines.turn import TURN
from fsm_agents.observe.recorded import steps, timeline
from fsm_agents.observe.timeline import Timeline

__all__ = ["MOST_AUDIO", "page"]

MOST_AUDIO = 3_000_000
"""Bytes of sound that are put into the page; a longer recording stays beside it, and the page plays without sound."""
PEAK = 0.02
"""Seconds for each bar of the drawn sound."""
