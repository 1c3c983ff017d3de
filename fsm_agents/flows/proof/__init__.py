"""What is proved of a flow before a call: paths, ambiguity, safety, and what a search over all its states shows. Pure."""
