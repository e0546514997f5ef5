"""Floor 2: which block is next, and who decides it."""
