"""Flows in a session: FlowSession runs one as text; spoken, the pipeline drives it. Nothing is re-exported."""
