"""Floor 5, watching: logs, spans, metrics and latencies, all computed from the recorded steps.

It may not steer: nothing here posts an event.
"""
