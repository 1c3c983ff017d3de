"""Floor 8, jobs: the entrypoint of a session, and the workers and processes that run it."""
