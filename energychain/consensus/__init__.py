"""Floor 2: which block is next. Here, proof of work."""
