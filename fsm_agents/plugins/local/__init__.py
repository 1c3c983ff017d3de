"""The embedded parts: everything for a spoken conversation on this machine, without key, account or network.

    WebRTCVAD, EnergyVAD     when the caller speaks
    PocketsphinxSTT          what the caller says, among what is expected   (extra [voice])
    EspeakTTS                the agent's voice                              (extra [voice])

Each is imported when it is first named, and its library when the first one is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fsm_agents.lazily import lazily

if TYPE_CHECKING:
    from fsm_agents.plugins.local.energy import EnergyVAD
    from fsm_agents.plugins.local.espeak import EspeakTTS
    from fsm_agents.plugins.local.sphinx import PocketsphinxSTT
    from fsm_agents.plugins.local.webrtc import WebRTCVAD

__all__ = ["EnergyVAD", "EspeakTTS", "PocketsphinxSTT", "WebRTCVAD"]

_HOMES = {"EnergyVAD": "energy", "EspeakTTS": "espeak", "PocketsphinxSTT": "sphinx", "WebRTCVAD": "webrtc"}

__getattr__, __dir__ = lazily(__name__, _HOMES)
