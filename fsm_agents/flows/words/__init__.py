"""Words: language packs, the normaliser, slot types, and the automata that tell which edges a sentence takes. Pure."""
