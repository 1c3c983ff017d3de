"""Floor 9, public tools for tests, ours and yours: a virtual clock, fakes, scenes, conformance suites.

Import what you need from its file, for example ``from fsm_agents.testing.clock import run``.
"""
