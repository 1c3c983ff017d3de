"""What a flow means: its states flattened, its rows as a state table, its data, events and effects. Pure."""
