"""Floor 1, the engine: tables, the engine on top of ``transitions``, joined machines, and everything a table can do besides run.

Sans-IO: nothing here waits, reads a clock or knows what a voice agent is.
"""
