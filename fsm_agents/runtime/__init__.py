"""Floor 5, the only place that waits: tasks, timers, threads, and the functions that perform an effect.

It may not decide anything: decisions are rows of the tables below.
"""
