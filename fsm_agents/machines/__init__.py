"""Floor 3, the tables of a voice agent: session, caller, reply, turn, link, and how they are joined.

Sans-IO: no clock, no loop, no provider. Every decision of a conversation is a row in one of these files.
"""
