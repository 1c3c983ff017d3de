"""The package itself: cheap to import, and nothing loads before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fsm_agents.plugins import local


def test_importing_it_loads_nothing_else() -> None:
    program = """
import sys, typing, importlib
import fsm_agents.plugins
before = set(sys.modules)
import fsm_agents.plugins.local as local
print(sorted(set(sys.modules) - before))
local.WebRTCVAD, local.EnergyVAD, local.PocketsphinxSTT, local.EspeakTTS
heavy = {"numpy", "webrtcvad", "pocketsphinx", "espeakng_loader"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['fsm_agents.plugins.local']", "[]"]


def test_it_names_what_it_has() -> None:
    assert set(local.__all__) <= set(dir(local))
    with pytest.raises(AttributeError, match="no attribute 'PiperTTS'"):
        _ = local.PiperTTS
