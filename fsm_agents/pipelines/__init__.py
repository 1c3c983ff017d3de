"""Floor 6, how stages are wired into an ear and a mouth: the cascade, and one realtime model for both directions."""
