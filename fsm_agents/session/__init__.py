"""Floor 7, what users subclass and hold: the agent and its session."""
