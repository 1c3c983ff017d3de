"""Floor 9, the command line: the only folder that may print."""
