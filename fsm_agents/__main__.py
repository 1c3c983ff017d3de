"""``python -m fsm_agents``: the same as the command ``fsm-agents``."""

from __future__ import annotations

from fsm_agents.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
