"""Reads and writes flows: TOML files with pipe tables, and Python rows with the same cells. Pure but for reading files."""
