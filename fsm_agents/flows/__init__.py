"""Floor 4, the user's own conversation tables: loaded, checked, drawn, and run one event at a time.

Sans-IO: a flow asks for speech, tools and models by effects; it calls none.
"""
